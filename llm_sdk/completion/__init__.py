"""``completion()``: one answer as streams of tokens and tool calls, over any language model.

A thin room on top of ``LanguageModel.stream()`` (``generate()`` with ``stream=False``): it talks to no provider itself.
:func:`completion` returns a run at once, with plain iterators and values; :func:`acompletion` one with asynchronous
iterators and awaitables. The module itself may be called as its function is, so that ``llm_sdk.completion(...)`` is
right whichever of the two the name stands for.

======================  ================================================================================================
token_stream            the text, piece by piece
tool_call_stream        ``toolCall`` and ``toolCallError`` events
text, tool_calls        the whole of both
stats                   ``cache_tokens``, ``time_to_first_token`` in ms, ``tokens_per_second``
events, final           everything in order; everything at the end
======================  ================================================================================================
"""

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Unpack

from llm_sdk.completion.dialects import DialectName
from llm_sdk.completion.errors import CompletionCancelledError
from llm_sdk.completion.events import (
    CompletionResult,
    CompletionStats,
    Event,
    ToolCall,
    ToolCallError,
    ToolCallErrorEvent,
    ToolCallEvent,
    ToolEvent,
)
from llm_sdk.completion.history import HistoryEntry
from llm_sdk.completion.options import CompletionOptions, prepare
from llm_sdk.completion.run import AsyncCompletionRun
from llm_sdk.completion.sync_run import CompletionRun, invoke_in_place
from llm_sdk.completion.tools import CompletionTool, ToolLike, invoke_async, tool

if TYPE_CHECKING:
    from llm_sdk.model import LanguageModel

__all__ = [
    "AsyncCompletionRun",
    "CompletionCancelledError",
    "CompletionOptions",
    "CompletionResult",
    "CompletionRun",
    "CompletionStats",
    "CompletionTool",
    "DialectName",
    "Event",
    "HistoryEntry",
    "ToolCall",
    "ToolCallError",
    "ToolCallErrorEvent",
    "ToolCallEvent",
    "ToolEvent",
    "ToolLike",
    "acompletion",
    "completion",
    "tool",
]


def completion(
    *,
    history: Iterable[HistoryEntry],
    model_id: str | None = None,
    model: "LanguageModel | None" = None,
    stream: bool = True,
    tools: Iterable[ToolLike] | None = None,
    kv_cache_key: str | None = None,
    **options: Unpack[CompletionOptions],
) -> CompletionRun:
    """Ask a model, and return at once; the answer is read on a thread of its own.

    Args:
        history: what was said: ``{"role", "content"}``, or unified messages. It always goes whole.
        model_id: ``provider/model``; its key comes from the environment. For many runs give a ``model``, which keeps
            its connections.
        model: any language model, in place of ``model_id``. It is used on the thread of the loop.
        stream: whether the answer is asked for as a stream. Without, the two streams of the run stay empty, and the
            whole answer counts as one token.
        tools: tools, dictionaries of tools, classes or functions.
        kv_cache_key: names what the prompt shares with earlier ones, for providers that have a cache to name; others
            say in a warning that it is ignored.
        options: see :class:`CompletionOptions`.

    Raises InvalidInputError, with its path, for what is wrong with the arguments; what goes wrong later is raised by
    everything that the run is read with.
    """
    return CompletionRun(
        prepare(
            model=model,
            model_id=model_id,
            history=history,
            stream=stream,
            tools=tools,
            kv_cache_key=kv_cache_key,
            invoke=invoke_in_place,
            options=options,
        )
    )


def acompletion(
    *,
    history: Iterable[HistoryEntry],
    model_id: str | None = None,
    model: "LanguageModel | None" = None,
    stream: bool = True,
    tools: Iterable[ToolLike] | None = None,
    kv_cache_key: str | None = None,
    **options: Unpack[CompletionOptions],
) -> AsyncCompletionRun:
    """The same on the running event loop, with asynchronous iterators and awaitables. Not a coroutine: it returns the
    run at once."""
    return AsyncCompletionRun(
        prepare(
            model=model,
            model_id=model_id,
            history=history,
            stream=stream,
            tools=tools,
            kv_cache_key=kv_cache_key,
            invoke=invoke_async,
            options=options,
        )
    )


class _CallableModule(ModuleType):
    """Importing the module makes it the attribute ``llm_sdk.completion``, whatever stood there before."""

    def __call__(self, *args: Any, **kwargs: Any) -> CompletionRun:
        return completion(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
__wrapped__ = completion
"""Where ``inspect.signature`` and ``help`` look for the signature of the module."""
