"""What a protocol makes of everything that a caller can say: each request is written, and read back as the provider
reads it. The table in the documentation and the test that nothing vanishes both rest on this."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from llm_sdk.codec import Codec, SeededIds, WireRequest
from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.testing import questions
from llm_sdk.testing.questions import Question
from llm_sdk.types import JsonObject, LanguageModelInput

__all__ = ["Finding", "Outcome", "read_back", "said_by", "survey"]

NOTHING = {"type": "text", "text": ""}
"""Stands in a message that has nothing else."""
Outcome: TypeAlias = Literal["kept", "changed", "left out", "refused"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one question.

    ``became`` is what the provider reads in its place, as JSON: parts where a part was asked, else the fields of the
    input that differ from those of the same input without it. ``lost`` names the fields that hold something which is
    nowhere in what the provider reads. ``wire`` is what the body has more than without it. A question that was refused
    has an ``error`` and none of these.
    """

    question: Question
    error: UnsupportedError | InvalidInputError | None = None
    became: Any = None
    lost: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    wire: Any = None

    @property
    def outcome(self) -> Outcome:
        """In one word."""
        if self.error is not None:
            return "refused"
        if self.became == said_by(self.question):
            return "kept"
        return "changed" if self.became else "left out"


def survey(codec: Codec, asked: Iterable[Question] | None = None) -> Iterator[Finding]:
    """Ask everything, or only what is ``asked``."""
    if asked is None:
        form = codec.endpoint.hosted_call_id or codec.endpoint.tool_call_id
        own_search = questions.search(form.make(SeededIds(), "web_search"))
        asked = [*questions.parts(codec.provider), own_search, *questions.options(codec.provider)]
    for question in asked:
        try:
            yield _find(codec, question)
        except (UnsupportedError, InvalidInputError) as error:
            yield Finding(question, error)


def said_by(question: Question) -> Any:
    """What a question says, in the form of :attr:`Finding.became`."""
    asked = question.input.model_dump(mode="json")
    if question.place is not None:
        return _parts_at(question, asked)
    plain = question.without.model_dump(mode="json")
    return {name: value for name, value in asked.items() if value != plain.get(name)}


def read_back(codec: Codec, input: LanguageModelInput) -> tuple[LanguageModelInput, Any, tuple[str, ...]]:
    """What the provider reads of a request, its body as JSON, and the warnings. Raises what the codec raises."""
    sent = codec.encode_request("some-model", input, stream=False)
    path = codec.endpoint.root + sent.path
    call = codec.decode_request(WireRequest(sent.method, path, sent.body, sent.headers))
    return call.input, json.loads(sent.body), sent.warnings


def _find(codec: Codec, question: Question) -> Finding:
    read, body, warnings = read_back(codec, question.input)
    after = read.model_dump(mode="json")
    if question.place is not None:
        parts = [part for part in _parts_at(question, after) if part != NOTHING or question.variant == "empty"]
        return Finding(question, None, parts, _lost(question, after), warnings, body)
    read_without, plain_body, _ = read_back(codec, question.without)
    plain = read_without.model_dump(mode="json")
    became = {name: value for name, value in after.items() if value != plain.get(name)}
    wire = {name: value for name, value in body.items() if value != plain_body.get(name)}
    return Finding(question, None, became, _lost(question, after), warnings, wire)


def _parts_at(question: Question, input: JsonObject) -> list[JsonObject]:
    """The parts that stand where the question put one; with those that were moved out of a result, behind it."""
    role = {"tool result": "tool"}.get(str(question.place), question.place)
    frame = [part for message in question.without.messages for part in message.model_dump(mode="json")["content"]]
    found: list[JsonObject] = []
    for message in input["messages"]:
        content = message["content"]
        if role == "tool" and message["role"] == "tool":
            content = [inner for result in content for inner in result["content"]]
        is_behind_result = role == "tool" and message["role"] == "user"
        if message["role"] == role or is_behind_result:
            found += [part for part in content if part not in frame]
    return found


def _lost(question: Question, input: JsonObject) -> tuple[str, ...]:
    """The fields with a value that stands nowhere in ``input``; texts may stand inside others."""
    kept = list(_leaves(input))
    texts = "\n".join(value for _, value in kept if isinstance(value, str))

    def is_there(name: str, value: Any) -> bool:
        return value in texts if isinstance(value, str) else (name, value) in kept

    said = said_by(question)
    lost: dict[str, None] = {}
    for fields in said if question.place is not None else [said]:
        for field, inner in fields.items():
            if not all(is_there(*leaf) for leaf in _leaves(inner, field)):
                lost[field] = None
    return tuple(lost)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    else:
        yield name, value
