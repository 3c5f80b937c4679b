"""Calls as nobody has ever recorded them: other words asked, and other words, ids, arguments and counts answered.

An adapter that knows the suite's recordings by heart gives their answers; one that reads what comes gives these. Which
letter stands for which, and what is added to each count, comes from the seed of the run, which its report tells.
"""

import json
import random
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

from conformance.plan import Call, read_exchange
from llm_sdk.accumulator import to_partials
from llm_sdk.codec import ModelCall, SeededIds, WireRequest
from llm_sdk.sse import encode_event
from llm_sdk.types import (
    Citation,
    LanguageModelInput,
    ModelResponse,
    ModelUsage,
    Part,
    ReasoningPart,
    TextPart,
    Tool,
    ToolCallPart,
    UserMessage,
)

__all__ = ["spoken", "varied"]

Cut: TypeAlias = Callable[[str], list[str]]
"""How a text is divided into those of deltas."""
LETTERS = string.ascii_lowercase
MOST_ADDED = 900
WORD = 8


def varied(call: Call, seed: int) -> Call:
    """The call with one more word in what the user says, and with its answer varied by meaning, in new bytes of the
    codec's own. Raises LanguageModelError for an answer that the codec cannot write."""
    assert call.golden.response is not None, "only an answer can be varied"  # noqa: S101
    vary = _variation(f"{seed}/{call.case}/{call.position}")
    keep = _words_of_tools(call.input.tools or ())
    response = vary.response(call.golden.response, keep)
    exchange = replace(call.exchange, metadata={}, **_written(call, response, _in_two))
    patched = call.stage is not None and call.provider in call.stage.reads_as  # its patch says every word of the input
    asked = call.input if patched else _with_a_word(call.input, vary.word)
    return replace(call, input=asked, exchange=exchange, golden=read_exchange(call.codec, exchange))


def _in_two(text: str) -> list[str]:
    return [piece for piece in (text[: len(text) // 2], text[len(text) // 2 :]) if piece]


def spoken(call: Call, response: ModelResponse, pieces: Cut = _in_two) -> Call:
    """The call, answered with ``response`` in the codec's own bytes; a streamed text comes in ``pieces``, and stands
    whole as ``text`` in the metadata of the exchange."""
    text = "".join(part.text for part in response.content if isinstance(part, TextPart))
    exchange = replace(call.exchange, metadata={"text": text}, **_written(call, response, pieces))
    return replace(call, exchange=exchange, stage=None)


def _written(call: Call, response: ModelResponse, pieces: Cut) -> dict[str, Any]:
    codec, ids = call.codec, SeededIds(call.id)
    request = WireRequest(call.exchange.method, call.path, call.exchange.request_body or b"")
    asked: ModelCall = replace(codec.decode_request(request), notices=())
    if not call.stream:
        reply = codec.encode_response(response, call=asked, ids=ids)
        return {"response_body": reply.body, "response_headers": dict(reply.headers)}
    encoder = codec.stream_encoder(call=asked, ids=ids)
    events = [event for partial in to_partials(response, pieces) for event in encoder.feed(partial)]
    line_end = codec.endpoint.line_end
    body = b"".join(encode_event(event, line_end) for event in [*events, *encoder.close()])
    return {"response_body": body, "response_headers": codec.response_headers(ids, stream=True)}


def _with_a_word(input: LanguageModelInput, word: str) -> LanguageModelInput:
    """The input with the word behind the last text that the user says."""
    messages = list(input.messages)
    for at in reversed(range(len(messages))):
        message = messages[at]
        last = message.content[-1] if isinstance(message, UserMessage) and message.content else None
        if isinstance(last, TextPart):
            said = [*message.content[:-1], last.model_copy(update={"text": f"{last.text} {word}"})]
            messages[at] = message.model_copy(update={"content": said})
            break
    return input.model_copy(update={"messages": messages})


def _words_of_tools(tools: Iterable[Any]) -> frozenset[str]:
    """The texts in the tools' schemas: an argument that is one of them may have to be one."""
    found: set[str] = set()

    def note(value: Any) -> Any:
        found.add(value)
        return value

    for tool in tools:
        if isinstance(tool, Tool):
            _each_text(tool.parameters, note)
    return frozenset(found)


def _each_text(value: Any, act: Callable[[str], str]) -> Any:
    """A JSON value with ``act`` done to every text in it that is no name of a field."""
    if isinstance(value, str):
        return act(value)
    if isinstance(value, dict):
        return {name: _each_text(item, act) for name, item in value.items()}
    return [_each_text(item, act) for item in value] if isinstance(value, list) else value


@cache
def _variation(seed: str) -> "_Variation":
    draw = random.Random(seed)  # noqa: S311 - to be had again from its seed is the point
    others = "".join(draw.sample(LETTERS, len(LETTERS)))
    table = str.maketrans(LETTERS + LETTERS.upper(), others + others.upper())
    return _Variation(table, "".join(draw.choices(LETTERS, k=WORD)), draw.randint(1, MOST_ADDED))


@dataclass(frozen=True, slots=True)
class _Variation:
    """Another letter for each: what is counted in characters or bytes, such as the range of a citation, stays right."""

    table: dict[int, int]
    word: str
    more: int

    def response(self, response: ModelResponse, keep: frozenset[str]) -> ModelResponse:
        content = [self._part(part, keep) for part in response.content]
        changes: dict[str, Any] = {"content": content, "id": self._text(response.id), "cost": None, "warnings": None}
        return response.model_copy(update={**changes, "usage": self._usage(response.usage)})

    def _text(self, text: str | None) -> str | None:
        return text.translate(self.table) if text is not None else None

    def _part(self, part: Part, keep: frozenset[str]) -> Part:
        match part:
            case TextPart():
                citations = [self._citation(one) for one in part.citations] if part.citations else part.citations
                return part.model_copy(update={"text": self._said(part.text), "citations": citations})
            case ReasoningPart():
                return part.model_copy(update={"text": self._text(part.text)})
            case ToolCallPart(provider_executed=None | False):
                args = _each_text(part.args, lambda text: text if text in keep else text.translate(self.table))
                return part.model_copy(update={"args": args, "tool_call_id": self._text(part.tool_call_id)})
        return part

    def _citation(self, citation: Citation) -> Citation:
        return citation.model_copy(update={"cited_text": self._text(citation.cited_text)})

    def _said(self, text: str) -> str:
        """A text that is JSON stays JSON."""
        try:
            value = json.loads(text)
        except ValueError:
            return text.translate(self.table)
        changed = _each_text(value, lambda inner: inner.translate(self.table))
        return json.dumps(changed, ensure_ascii=False) if isinstance(value, dict | list) else text.translate(self.table)

    def _usage(self, usage: ModelUsage | None) -> ModelUsage | None:
        if usage is None:
            return None
        more = {"input_tokens": usage.input_tokens + self.more, "output_tokens": usage.output_tokens + self.more}
        return usage.model_copy(update=more)
