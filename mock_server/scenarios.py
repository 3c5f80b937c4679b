"""What a scenario file says, as models: when a scenario applies, and what it answers.

A scenario is written once, in unified parts, and answers in every protocol. It is matched on the unified input, never
on a provider's own JSON.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, SerializeAsAny, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from llm_sdk.codec import ModelCall
from llm_sdk.json_model import JsonObject, Maybe, Model
from llm_sdk.types import (
    AudioPart,
    FilePart,
    FinishReason,
    ImagePart,
    JsonResponseFormat,
    ModelResponse,
    ModelUsage,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
)
from mock_server.author import finish_reason_of
from mock_server.conversation import last_user, system_text, text_of, tool_name, tool_results
from mock_server.faults import Fault
from mock_server.ids import CallIds
from mock_server.pacing import Pace
from mock_server.templates import render

__all__ = [
    "FixedReply",
    "Match",
    "Reply",
    "Scenario",
    "ScenarioFile",
    "ScriptedToolCall",
    "ScriptedToolResult",
    "Turn",
    "When",
]

BUILT_IN_VARIABLES = ("last_user", "model", "provider", "system", "tool_result")


def _compile(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None


Regex = Annotated[re.Pattern[str], BeforeValidator(_compile)]
CallNumber = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True)
class Match:
    """A request that fits. ``anchor`` is the index of the message from which the scenario's turns count; -1 is the
    start of the conversation. ``variables`` are what templates may name."""

    anchor: int
    variables: Mapping[str, str]


class When(Model):
    """The conditions of a scenario; all that are given have to hold.

    Regular expressions may match anywhere in the text, and their named groups become variables of the reply's
    templates. ``model`` is a pattern such as ``gpt-*``; ``tools`` are names that must be offered; ``tool_result`` is
    about the results that the model has not answered yet; ``nth`` counts the requests that fit otherwise, from 1.
    """

    provider: Maybe[str] = None
    model: Maybe[str] = None
    last_user: Maybe[Regex] = None
    system: Maybe[Regex] = None
    any_message: Maybe[Regex] = None
    tools: Maybe[list[str]] = None
    tool_result: Maybe[Regex] = None
    response_format: Maybe[Literal["text", "json"]] = None
    headers: Maybe[dict[str, Regex]] = None
    nth: Maybe[CallNumber | list[CallNumber]] = None

    def match(self, provider: str, call: ModelCall, headers: Mapping[str, str]) -> Match | None:
        """Whether this call fits, ``nth`` aside. Header names are in lower case."""
        if self.provider not in (None, provider):
            return None
        if self.model is not None and not fnmatchcase(call.model_id, self.model):
            return None
        if not self._fits_options(call) or not self._fits_headers(headers):
            return None
        at, said = last_user(call.input)
        results = tool_results(call.input)
        texts = {"last_user": said, "system": system_text(call.input), "tool_result": text_of(results)}
        variables = {**texts, "provider": provider, "model": call.model_id}
        if self.tool_result is not None and not results:
            return None
        anchor = -1 if self.last_user is None else at
        for expression, text in zip((self.last_user, self.system, self.tool_result), texts.values(), strict=True):
            if expression is not None:
                if (found := expression.search(text)) is None:
                    return None
                variables |= _groups(found)
        if self.any_message is not None:
            hit = _find_message(call, self.any_message)
            if hit is None:
                return None
            variables |= _groups(hit[1])
            anchor = hit[0] if self.last_user is None else at
        return Match(anchor, variables)

    def counts(self, number: int) -> bool:
        """Whether the ``number``-th fitting call, from 1, is one of those asked for."""
        if self.nth is None:
            return True
        return number in self.nth if isinstance(self.nth, list) else number == self.nth

    @property
    def variables(self) -> set[str]:
        """The names that templates may use."""
        expressions = (self.last_user, self.system, self.tool_result, self.any_message)
        groups = (expression.groupindex for expression in expressions if expression is not None)
        return {*BUILT_IN_VARIABLES, *(name for group in groups for name in group)}

    def _fits_options(self, call: ModelCall) -> bool:
        if self.tools is not None:
            offered = {tool_name(tool) for tool in call.input.tools or ()}
            if not offered.issuperset(self.tools):
                return False
        if self.response_format is None:
            return True
        asked = "json" if isinstance(call.input.response_format, JsonResponseFormat) else "text"
        return asked == self.response_format

    def _fits_headers(self, headers: Mapping[str, str]) -> bool:
        wanted = self.headers or {}
        return all(expression.search(headers.get(name.lower(), "")) for name, expression in wanted.items())


def _find_message(call: ModelCall, expression: re.Pattern[str]) -> tuple[int, re.Match[str]] | None:
    for at, message in enumerate(call.input.messages):
        if (found := expression.search(text_of(message.content))) is not None:
            return at, found
    return None


def _groups(found: re.Match[str]) -> dict[str, str]:
    return {name: text or "" for name, text in found.groupdict().items()}


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
        whole["properties"]["content"] |= parts
        short = [{"type": "string"}, parts, part, dict(whole)]
        return {"anyOf": short}

    def build(self, variables: Mapping[str, Any], ids: CallIds) -> ModelResponse:
        """The answer, with its templates rendered and its tool calls named.

        Raises BadTemplateError, or pydantic's ValidationError for a template that gives what its field cannot hold.
        """
        fields: JsonObject = render(self.model_dump(), variables)
        refusal = fields.pop("refusal", None)
        if refusal is not None:
            refused = {
                "content": [TextPart(text=refusal)],
                "finish_reason": "content_filter",
                "finish_detail": "refusal",
            }
            return ModelResponse.model_validate({**fields, **refused})
        _name_tool_calls(fields["content"], ids)
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


class Turn(Model):
    """One answer of a scenario. A fault without a status damages the reply, or the answer that is made up where there
    is none."""

    reply: Maybe[SerializeAsAny[Reply]] = None
    fault: Maybe[Fault] = None
    pace: Maybe[Pace] = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Turn":
        if self.reply is not None and self.fault is not None and self.fault.status is not None:
            raise ValueError("a fault with a status is the whole answer: there is no reply beside it")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said here."""
        return self.reply is None and self.fault is None and self.pace is None


class Scenario(Turn):
    """When to answer what.

    Either one answer, or ``turns``: the n-th answers when the model has answered n-1 times since the message that
    matched (``last_user``, ``any_message``), or since the start of the conversation. A turn that spoils the answer
    comes once; the same request again gets the next one. The last turn stays.
    """

    name: Maybe[str] = None
    when: When = Field(default_factory=When)
    turns: Maybe[Annotated[list[Turn], Field(min_length=1)]] = None

    @model_validator(mode="after")
    def _answers(self) -> "Scenario":
        if self.turns is None:
            if self.is_empty:
                raise ValueError("nothing to answer: give reply, fault, pace or turns")
            return self
        if self.reply is not None or self.fault is not None:
            raise ValueError("give either turns or one answer, not both")
        for at, turn in enumerate(self.turns):
            if turn.is_empty:
                raise ValueError(f"turn {at + 1} says nothing: give reply, fault or pace")
        return self

    def turn_for(self, answered: int, seen: int) -> Turn:
        """The turn when the model has answered ``answered`` times, and this same request has come ``seen`` times
        before."""
        groups: list[list[Turn]] = [[]]
        for turn in self.turns or [self]:
            groups[-1].append(turn)
            if turn.fault is None or not turn.fault.spoils:
                groups.append([])
        groups = [group for group in groups if group]
        group = groups[min(answered, len(groups) - 1)]
        turn = group[min(seen, len(group) - 1)]
        return turn if turn.pace is not None else turn.model_copy(update={"pace": self.pace})


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
