"""What a scenario file says, as models: when a scenario applies, and what it answers.

A scenario is written once, in unified parts, and answers in every protocol. It is matched on the unified input, never
on a provider's own JSON.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, SerializeAsAny, model_validator
from pydantic.config import JsonDict, JsonValue
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from llm_sdk.json_model import JsonObject, Maybe, Model
from llm_sdk.types import (
    AudioPart,
    FilePart,
    FinishReason,
    ImagePart,
    ModelResponse,
    ModelUsage,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
)
from mock_server.asked import Asked
from mock_server.author import finish_reason_of
from mock_server.conditions import When
from mock_server.faults import Fault
from mock_server.ids import CallIds
from mock_server.pacing import Pace
from mock_server.recorded_reply import CassetteFile
from mock_server.templates import has_templates, render

__all__ = [
    "FixedReply",
    "FunctionReply",
    "Reply",
    "Scenario",
    "ScenarioFile",
    "ScriptedToolCall",
    "ScriptedToolResult",
    "Turn",
]


class ScriptedToolCall(Model):
    """A tool call of a scripted reply: its id is made up where it is left out."""

    type: Literal["tool-call"] = "tool-call"
    tool_name: str
    args: JsonObject = Field(default_factory=dict)
    tool_call_id: Maybe[str] = None
    id: Maybe[str] = None
    signature: Maybe[str] = None
    provider_executed: Maybe[bool] = None


class ScriptedToolResult(Model):
    """The result of a hosted tool in a scripted reply; without an id it belongs to the last call of that tool."""

    type: Literal["tool-result"] = "tool-result"
    tool_name: str
    content: list[Part]
    tool_call_id: Maybe[str] = None
    is_error: Maybe[bool] = None
    provider_executed: Maybe[bool] = None


ScriptedPart: TypeAlias = Annotated[
    TextPart | ImagePart | AudioPart | ScriptedToolCall | ScriptedToolResult | ReasoningPart | FilePart | OpaquePart,
    Field(discriminator="type"),
]


class Reply(Model):
    """A scripted answer: a text, a part, a list of both, or an object with these fields.

    ``refusal`` is the model's refusal, in place of ``content``. Several tool calls in one answer are parallel. What is
    left out (ids, usage, finish reason) is made up. Strings may be templates.
    """

    content: list[ScriptedPart] = Field(default_factory=list)
    refusal: Maybe[str] = None
    usage: Maybe[ModelUsage] = None
    finish_reason: Maybe[FinishReason] = None
    finish_detail: Maybe[str] = None
    id: Maybe[str] = None
    model_id: Maybe[str] = None

    @model_validator(mode="before")
    @classmethod
    def _read_short_forms(cls, value: Any) -> Any:
        if isinstance(value, str | list) or (isinstance(value, dict) and "type" in value):
            value = {"content": value}
        if not isinstance(value, dict):
            raise ValueError("a reply is a text, a part, a list of them, or an object")
        if "content" not in value:
            return value
        parts = value["content"] if isinstance(value["content"], list) else [value["content"]]
        return {
            **value,
            "content": [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts],
        }

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Reply":
        if self.refusal is not None and self.content:
            raise ValueError("a reply has either content or a refusal")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler.resolve_ref_schema(handler(schema))
        part = whole["properties"]["content"]["items"]
        parts = {"type": "array", "items": {"anyOf": [{"type": "string"}, part]}}
        short = [{"type": "string"}, parts, part]
        whole["properties"]["content"] = {"anyOf": short}
        return {"anyOf": [*short, dict(whole)]}

    def build(self, variables: Mapping[str, Any], ids: CallIds) -> ModelResponse:
        """The answer, with its templates rendered and its tool calls named.

        Raises BadTemplateError, or pydantic's ValidationError for a template that gives what its field cannot hold.
        """
        if (same := self._always) is not None:
            return same
        return self.finish(render(self.model_dump(), variables), ids)

    @cached_property
    def _always(self) -> ModelResponse | None:
        """The answer, where nothing in it depends on the request: no template, and no id that has to be made up."""
        made_up = (ScriptedToolCall, ScriptedToolResult)
        fields = self.model_dump()
        if has_templates(fields) or any(isinstance(part, made_up) for part in self.content):
            return None
        return self._response(fields)

    def finish(self, fields: JsonObject, ids: CallIds) -> ModelResponse:
        """The answer that has these fields of a reply; its tool calls are named here."""
        _name_tool_calls(fields["content"], ids)
        return self._response(fields)

    @staticmethod
    def _response(fields: JsonObject) -> ModelResponse:
        refusal = fields.pop("refusal", None)
        if refusal is not None:
            refused = {
                "content": [TextPart(text=refusal)],
                "finish_reason": "content_filter",
                "finish_detail": "refusal",
            }
            return ModelResponse.model_validate({**fields, **refused})
        response = ModelResponse.model_validate(fields)
        if response.finish_reason is not None:
            return response
        return response.model_copy(update={"finish_reason": finish_reason_of(response.content)})


class FixedReply(Reply):
    """An answer that is given as it is, from Python: nothing in it is a template."""

    response: ModelResponse

    def build(self, variables: Mapping[str, Any], ids: CallIds) -> ModelResponse:  # noqa: ARG002 - as it is
        """The response."""
        return self.response


ReplyFunction: TypeAlias = Callable[[Asked], Any] | Callable[[Asked], Awaitable[Any]]


class FunctionReply(Reply):
    """An answer that a function gives, sync or async, from Python: a text, a part, a list of both, the fields of a
    reply, or a ``ModelResponse``. Nothing in it is a template."""

    function: ReplyFunction = Field(exclude=True)

    @property
    def is_async(self) -> bool:
        """Whether the function has to be awaited."""
        call = getattr(self.function, "__call__", None)  # noqa: B004 - an object may have an async one
        return inspect.iscoroutinefunction(self.function) or inspect.iscoroutinefunction(call)

    def build_from(self, given: Any, ids: CallIds) -> ModelResponse:
        """The answer that ``given``, which the function has returned, stands for. Raises pydantic's ValidationError."""
        if isinstance(given, ModelResponse):
            return given
        reply = given if isinstance(given, Reply) else Reply.model_validate(_as_data(given))
        return reply.finish(reply.model_dump(), ids)


def _as_data(given: Any) -> Any:
    """Parts as the data that a reply is read from, wherever they stand."""
    match given:
        case list() | tuple():
            return [_as_data(part) for part in given]
        case dict() if "content" in given:
            return {**given, "content": _as_data(given["content"])}
    return given.model_dump() if hasattr(given, "model_dump") else given


def _name_tool_calls(parts: list[JsonObject], ids: CallIds) -> None:
    named: dict[str, str] = {}
    for part in parts:
        if part["type"] == "tool-call":
            part["tool_call_id"] = part.get("tool_call_id") or _new_id(part, ids)
            named[part["tool_name"]] = part["tool_call_id"]
        elif part["type"] == "tool-result" and not part.get("tool_call_id"):
            part["tool_call_id"] = named.get(part["tool_name"]) or _new_id(part, ids)


def _new_id(part: JsonObject, ids: CallIds) -> str:
    return ids.tool_call_id(part["tool_name"], hosted=bool(part.get("provider_executed")))


ANSWERS = ("reply", "cassette", "fault", "pace")
SEVERAL = ("turns", "sequence")


def _has(*names: str) -> JsonDict:
    """The schema of an object that has all of these keys."""
    return {"required": list(names)}


def _needs(*names: str) -> list[JsonValue]:
    """The schemas of objects that have one of these keys each."""
    return [_has(name) for name in names]


def _and_an_error(answer: str) -> JsonDict:
    """The schema of an object that has an answer and, beside it, an error that would come in its place."""
    error: JsonDict = {"required": ["status"], "not": _has("rate_limit")}
    return {**_has(answer, "fault"), "properties": {"fault": error}}


NOT_BOTH: list[JsonValue] = [_has("reply", "cassette"), _and_an_error("reply"), _and_an_error("cassette")]


class Turn(Model):
    """One answer of a scenario: a ``reply``, or what a ``cassette`` has recorded.

    The cassette is a file beside the scenarios; of its recordings of the form that is asked for, whole or streamed, the
    n-th answers when the model has answered n-1 times. A fault without a status damages the answer, or the one that is
    made up where there is none.
    """

    model_config = ConfigDict(json_schema_extra={"anyOf": _needs(*ANSWERS), "not": {"anyOf": NOT_BOTH}})

    reply: Maybe[SerializeAsAny[Reply]] = None
    cassette: Maybe[CassetteFile] = None
    fault: Maybe[Fault] = None
    pace: Maybe[Pace] = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Turn":
        if self.reply is not None and self.cassette is not None:
            raise ValueError("give either reply or cassette, not both")
        answers = self.reply is not None or self.cassette is not None
        if answers and self.fault is not None and self.fault.error_status is not None:
            raise ValueError("a fault with a status is the whole answer: there is no reply beside it")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said here."""
        return self.reply is None and self.cassette is None and self.fault is None and self.pace is None


Turns: TypeAlias = Annotated[list[Turn], Field(min_length=1)]


class Scenario(Turn):
    """When to answer what.

    Either one answer, or ``turns``: the n-th answers when the model has answered n-1 times since the message that
    matched (``last_user``, ``any_message``), or since the start of the conversation. A turn that spoils the answer
    comes once; the same request again gets the next one. Or a ``sequence``: the n-th answers the n-th request that
    fits, whatever conversation it belongs to. The last one stays. A ``fallback`` answers where no other scenario does.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": _needs(*ANSWERS, *SEVERAL),
            "not": {
                "anyOf": [
                    *NOT_BOTH,
                    _has(*SEVERAL),
                    *(_has(one, several) for one in ANSWERS[:3] for several in SEVERAL),
                ]
            },
        }
    )

    name: Maybe[str] = None
    when: When = Field(default_factory=When)
    turns: Maybe[Turns] = None
    sequence: Maybe[Turns] = None
    fallback: bool = False

    @model_validator(mode="after")
    def _answers(self) -> "Scenario":
        several = self.turns or self.sequence
        if several is None:
            if self.is_empty:
                raise ValueError("nothing to answer: give reply, cassette, fault, pace, turns or sequence")
            return self
        if self.reply is not None or self.cassette is not None or self.fault is not None:
            raise ValueError("give either turns or one answer, not both")
        if self.turns is not None and self.sequence is not None:
            raise ValueError("give either turns or sequence, not both")
        for at, turn in enumerate(several):
            if turn.is_empty:
                raise ValueError(f"turn {at + 1} says nothing: give reply, cassette, fault or pace")
        return self

    def turn_for(self, answered: int, seen: int, number: int = 1) -> Turn:
        """The turn when the model has answered ``answered`` times, this same request has come ``seen`` times before,
        and it is the ``number``-th, from 1, that fits."""
        if self.sequence is not None:
            turn = self.sequence[min(number, len(self.sequence)) - 1]
        else:
            group = self._groups[min(answered, len(self._groups) - 1)]
            turn = group[min(seen, len(group) - 1)]
        return turn if turn.pace is not None or self.pace is None else turn.model_copy(update={"pace": self.pace})

    @cached_property
    def _groups(self) -> list[list[Turn]]:
        """The turns by how often the model has answered: those that spoil the answer stand before the next that does
        not."""
        groups: list[list[Turn]] = [[]]
        for turn in self.turns or [self]:
            groups[-1].append(turn)
            if turn.fault is None or not turn.fault.spoils:
                groups.append([])
        return [group for group in groups if group]


class ScenarioFile(Model):
    """The file: its scenarios, of which the first that fits answers."""

    scenarios: list[Scenario]

    @model_validator(mode="after")
    def _names_are_unique(self) -> "ScenarioFile":
        names = [scenario.name for scenario in self.scenarios if scenario.name is not None]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two scenarios are named {name!r}")
        return self
