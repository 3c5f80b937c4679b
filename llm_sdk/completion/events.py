"""What a run tells, as frozen models. ``model_dump(by_alias=True)`` gives the camelCase of the reference."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, PrivateAttr
from pydantic.alias_generators import to_camel

from llm_sdk.errors import InvalidInputError
from llm_sdk.json_model import JsonObject, Maybe, Model
from llm_sdk.types import AssistantMessage, FinishReason, ModelResponse

__all__ = [
    "CompletionDone",
    "CompletionResult",
    "CompletionStats",
    "CompletionStatsEvent",
    "CompletionWarning",
    "ContentDelta",
    "Event",
    "RawDelta",
    "RawOutput",
    "StopReason",
    "ThinkingDelta",
    "ToolCall",
    "ToolCallError",
    "ToolCallErrorEvent",
    "ToolCallEvent",
    "ToolErrorCode",
    "ToolEvent",
]

ToolErrorCode: TypeAlias = Literal["PARSE_ERROR", "VALIDATION_ERROR", "UNKNOWN_TOOL"]
StopReason: TypeAlias = FinishReason | Literal["cancelled"]


class _Told(Model):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ToolCall(_Told):
    """A call that the model made, of a tool that was offered, with arguments that the tool takes.

    ``id`` is the provider's own where it has one. ``raw`` is what the model wrote: the text of the arguments, or with
    a text dialect the markup of the call. A whole answer, of ``stream=False``, has no such text: then it is the JSON of
    the arguments.
    """

    id: str
    name: str
    arguments: JsonObject
    raw: Maybe[str] = None

    _parsed: Any = PrivateAttr(default=None)
    _invoke: Callable[[], Any] | None = PrivateAttr(default=None)

    @property
    def parsed(self) -> Any:
        """The arguments as the tool's own type has them: a pydantic model, a dataclass, or the object itself."""
        return self._parsed

    @property
    def has_handler(self) -> bool:
        """Whether :meth:`invoke` can run the tool."""
        return self._invoke is not None

    def invoke(self) -> Any:
        """Run the tool's handler on the arguments.

        A call of ``acompletion`` gives an awaitable, whatever kind of function the handler is; one of ``completion``
        gives the result. Raises what the handler raises, and InvalidInputError where the tool has none.
        """
        if self._invoke is None:
            raise InvalidInputError(f"the tool {self.name!r} has no handler: give it one, or read call.arguments")
        return self._invoke()


class ToolCallError(_Told):
    """A call that cannot be made. ``raw`` is what the model wrote.

    Beside the JSON there are ``name``, and ``id`` where the call stands in the run's message all the same: then it has
    to be answered, with this error for example.
    """

    code: ToolErrorCode
    message: str
    raw: Maybe[str] = None
    id: str | None = Field(default=None, exclude=True)
    name: str | None = Field(default=None, exclude=True)


class CompletionStats(_Told):
    """How a run went. ``time_to_first_token`` is in milliseconds from the call to the first token of any kind.

    ``tokens_per_second`` is the rate from the first token to the last; unknown with fewer than two. ``cache_tokens``
    are the tokens of the prompt that the provider took from its cache. What is unknown is absent.
    """

    cache_tokens: Maybe[int] = None
    time_to_first_token: Maybe[float] = None
    tokens_per_second: Maybe[float] = None


class RawOutput(_Told):
    """The text as the model wrote it, with the markup of its calls and its thinking."""

    full_text: str


class ErrorMessage(_Told):
    """What ended a run."""

    message: str


class _Event(_Told):
    seq: Maybe[int] = None


class ContentDelta(_Event):
    """More of the answer's text."""

    type: Literal["contentDelta"] = "contentDelta"
    text: str


class ThinkingDelta(_Event):
    """More of what the model thinks."""

    type: Literal["thinkingDelta"] = "thinkingDelta"
    text: str


class RawDelta(_Event):
    """A piece of text as it came, before any dialect is read; only with ``emit_raw_deltas``."""

    type: Literal["rawDelta"] = "rawDelta"
    text: str


class ToolCallEvent(_Event):
    """The model called a tool."""

    type: Literal["toolCall"] = "toolCall"
    call: ToolCall


class ToolCallErrorEvent(_Event):
    """The model tried to call a tool."""

    type: Literal["toolCallError"] = "toolCallError"
    error: ToolCallError


class CompletionWarning(_Event):
    """Something that was left out of the request or of the answer."""

    type: Literal["completionWarning"] = "completionWarning"
    message: str


class CompletionStatsEvent(_Event):
    """How the run went; right before its end."""

    type: Literal["completionStats"] = "completionStats"
    stats: CompletionStats


class CompletionDone(_Event):
    """The end, always last. ``error`` is there when ``stop_reason`` is ``error`` because the run failed."""

    type: Literal["completionDone"] = "completionDone"
    stop_reason: Maybe[StopReason] = None
    raw: RawOutput
    error: Maybe[ErrorMessage] = None


ToolEvent: TypeAlias = ToolCallEvent | ToolCallErrorEvent
Event: TypeAlias = Annotated[
    ContentDelta
    | ThinkingDelta
    | RawDelta
    | ToolCallEvent
    | ToolCallErrorEvent
    | CompletionWarning
    | CompletionStatsEvent
    | CompletionDone,
    Field(discriminator="type"),
]


class CompletionResult(_Told):
    """Everything that a run came to; of one that was cancelled or failed, as far as it came.

    ``response`` is the whole answer in unified parts, without calls whose arguments are no JSON object.
    """

    content_text: str
    thinking_text: Maybe[str] = None
    tool_calls: list[ToolCall]
    tool_errors: list[ToolCallError]
    stats: Maybe[CompletionStats] = None
    stop_reason: Maybe[StopReason] = None
    raw: RawOutput
    warnings: list[str]
    response: ModelResponse

    @property
    def message(self) -> AssistantMessage:
        """The answer as the next message of the history."""
        return AssistantMessage(content=self.response.content)
