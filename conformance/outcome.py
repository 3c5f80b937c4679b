"""What came of a call, and whether it is what had to come."""

import json
import os
import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.replay import Performance
from llm_sdk.accumulator import accumulate
from llm_sdk.comparison import describe
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import InvariantError, LanguageModelError, RefusalError, StatusCodeError
from llm_sdk.types import JsonObject, ModelResponse, ReasoningPart

__all__ = [
    "MADE_UP",
    "AdapterGoneError",
    "Outcome",
    "as_json",
    "comparable",
    "drop_made_up",
    "failed",
    "has_own_marks",
    "is_same",
    "outcome_of",
    "says_id",
    "told_by",
]

MADE_UP = frozenset({"id", "signature"})
"""Fields of a part that whoever answers may fill where a scripted answer does not."""
IDS = frozenset({"id", "tool_call_id"})
"""Fields that an adapter fills where the provider does not."""
WORD = re.compile(r"[^\W\d]\w+")
"""One that begins with a letter: a figure of the adapter's own, such as how long a call took, may be sent by chance."""
ROOM = str(Path(__file__).parent) + os.sep
LIBRARY = str(Path(os.__file__).parent) + os.sep
PACKAGES = f"{os.sep}site-packages{os.sep}"
"""What an adapter stands on, for as long as it is not installed itself."""
AT = ", raised in "
WORDS = 40
"""What is shown of what an exception says: those of pydantic end with an address."""
AS_THEY_ARE = frozenset({"args", "data"})
"""Fields whose content is the model's or the provider's own JSON: nothing in it is made up."""


class AdapterGoneError(Exception):
    """The adapter could not be asked, or its answer could not be read; the message says it all, without a traceback."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A response or an error, the partial responses before it, and what was sent. ``crash`` tells of an exception that
    is no LanguageModelError, which no caller should ever see: what it says, where it was raised, and the traceback."""

    response: ModelResponse | None = None
    error: LanguageModelError | None = None
    crash: str = ""
    partials: tuple[PartialModelResponse, ...] = ()
    performances: tuple[Performance, ...] = ()

    @property
    def traceback(self) -> str:
        """How Python shows the error."""
        return "".join(traceback.format_exception(self.error)) if self.error is not None else self.crash

    @property
    def answer(self) -> ModelResponse | None:
        """The response; that of a refusal stands in its error."""
        return self.error.response if isinstance(self.error, RefusalError) else self.response

    def after(self, performances: Iterable[Performance]) -> "Outcome":
        """The same outcome, with what was sent and answered."""
        return Outcome(self.response, self.error, self.crash, self.partials, tuple(performances))

    def describe(self) -> str:
        """The outcome in one line, or a traceback below what it comes to."""
        if self.crash:
            return self.crash
        if self.error is not None:
            return f"{type(self.error).__name__}: {self.error}"
        return "no response" if self.response is None else self.response.model_dump_json()


def outcome_of(partials: list[PartialModelResponse], error: BaseException | None = None) -> Outcome:
    """The outcome of a stream that gave these partials and then ended, or raised ``error``."""
    if error is not None:
        return failed(error, tuple(partials))
    try:
        return Outcome(response=accumulate(partials), partials=tuple(partials))
    except InvariantError as inconsistent:
        return failed(inconsistent, tuple(partials))


def failed(error: BaseException, partials: tuple[PartialModelResponse, ...] = ()) -> Outcome:
    """The outcome of a call that raised ``error`` after these partials."""
    if isinstance(error, LanguageModelError):
        return Outcome(error=error, partials=partials)
    if isinstance(error, AdapterGoneError):
        return Outcome(crash=str(error), partials=partials)
    return Outcome(crash=_told(error), partials=partials)


def _told(error: BaseException) -> str:
    """An exception of the adapter's, without the frames of the suite above it."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None and frames.tb_frame.f_code.co_filename.startswith(ROOM):
        frames = frames.tb_next
    said = " ".join("".join(traceback.format_exception_only(error)).split()[:WORDS])
    places = traceback.extract_tb(frames)
    own = [
        place for place in places if not place.filename.startswith((ROOM, LIBRARY)) and PACKAGES not in place.filename
    ]
    where = "".join(f"{AT}{place.filename}, line {place.lineno}, in {place.name}" for place in (own or places)[-1:])
    return f"{said}{where}\n{''.join(traceback.format_exception(type(error), error, frames))}".rstrip()


def as_json(outcome: Outcome) -> JsonObject:
    """The outcome as one JSON value, to compare two. Of an error its class and message count."""
    if outcome.crash:
        return {"crash": outcome.crash.partition("\n")[0].rpartition(AT)[0] or outcome.crash}
    if isinstance(outcome.error, RefusalError):
        response = outcome.error.response
        return {"refusal": outcome.error.refusal, "response": response.model_dump(mode="json") if response else None}
    if outcome.error is not None:
        return {"error": type(outcome.error).__name__, "message": outcome.error.message}
    return {"response": outcome.response.model_dump(mode="json") if outcome.response else None}


def is_same(expected: Outcome, actual: Outcome) -> bool:
    """Whether two outcomes are the same response, or the same error."""
    if actual.response is not None and actual.response == expected.response:
        return True
    return describe(*comparable(expected, actual)) == ""


def comparable(expected: Outcome, actual: Outcome) -> tuple[JsonObject, JsonObject]:
    """Two outcomes of one adapter as JSON. What the provider did not send is the adapter's own, and may be another in
    every call: an id, and of an error's message the words that it adds."""
    left, right = as_json(expected), as_json(actual)
    sent = b"".join(chunk for performance in expected.performances for chunk in performance.playback.chunks)
    if "message" in left and "message" in right:
        told = isinstance(expected.error, StatusCodeError)
        words = frozenset(WORD.findall(sent.decode("utf-8", "replace"))) if told else frozenset()
        if _words_of(left["message"], words) == _words_of(right["message"], words):
            right["message"] = left["message"]
    return left, _with_own_ids_of(left, right, sent)


def _words_of(message: str, words: frozenset[str]) -> list[str]:
    return [word for word in WORD.findall(message) if word in words]


def _with_own_ids_of(expected: Any, actual: Any, sent: bytes) -> Any:
    if isinstance(expected, list) and isinstance(actual, list):
        alike = [_with_own_ids_of(left, right, sent) for left, right in zip(expected, actual, strict=False)]
        return alike + actual[len(expected) :]
    if not isinstance(expected, dict) or not isinstance(actual, dict):
        return actual
    found = {
        key: value if key in AS_THEY_ARE else _with_own_ids_of(expected.get(key), value, sent)
        for key, value in actual.items()
    }
    for key in IDS & found.keys() & expected.keys():
        own = expected[key]
        if isinstance(own, str) and isinstance(found[key], str) and own.encode() not in sent:
            found[key] = own
    return found


def drop_made_up(actual: Any, expected: Any) -> Any:
    """``actual`` without the ids and signatures that ``expected`` does not say, and with no tool call id where that
    of ``expected`` is empty: the provider gave none, and any will do."""
    if isinstance(actual, dict) and isinstance(expected, dict):
        return {
            key: value if key in AS_THEY_ARE else drop_made_up(value, expected.get(key))
            for key, value in _without_made_up_call_id(actual, expected).items()
            if key in expected or key not in MADE_UP
        }
    if isinstance(actual, list) and isinstance(expected, list):
        rest = actual[len(expected) :]
        return [drop_made_up(left, right) for left, right in zip(actual, expected, strict=False)] + rest
    return actual


def _without_made_up_call_id(actual: JsonObject, expected: JsonObject) -> JsonObject:
    made_up = expected.get("tool_call_id") == "" and bool(actual.get("tool_call_id"))
    return {**actual, "tool_call_id": ""} if made_up else actual


def says_id(body: bytes, id: str) -> bool:
    """Whether an answer gives this id to anything: one that it does not say is a mark of who reads it."""
    return re.search(rb'"id"\s*:\s*' + re.escape(json.dumps(id, ensure_ascii=False).encode()), body) is not None


def has_own_marks(answer: ModelResponse, body: bytes) -> bool:
    """Whether reasoning was given an id that the answer does not say."""
    return any(isinstance(part, ReasoningPart) and part.id and not says_id(body, part.id) for part in answer.content)


def told_by(partial: PartialModelResponse) -> int:
    """How many characters of text, reasoning or arguments a partial response tells."""
    part = partial.delta.part if partial.delta is not None else None
    return len(getattr(part, "text", None) or "") + len(getattr(part, "args", None) or "")
