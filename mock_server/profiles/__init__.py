"""Servers that copy a protocol and deviate from it: each a file of rules, put on the replies of that protocol.

A profile is data. Its rules change the JSON that goes out, by paths such as ``choices.*.delta.role``, in which ``*`` is
every element of an array; what is not there is left alone. :func:`deviate` puts them around a codec, so that nothing
else knows of them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field

from llm_sdk.codec import Codec, Ids, ModelCall, StreamEncoder, WireRequest, WireResponse, dump_json
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import InvalidInputError, LanguageModelError, status_error
from llm_sdk.services import Services, services_of
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, JsonResponseFormat, ModelResponse

__all__ = ["PROFILES", "Profile", "deviate", "load_profile"]

FOLDER = Path(__file__).parent
PROFILES = ("llama.cpp", "ollama", "qvac", "vllm")
"""The servers that there are."""
EVERY = "*"
STATUS = "$status"
"""Stands for the status of the reply in a value that a rule sets."""

Place: TypeAlias = Literal["whole", "event", "error"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Rule(_Data):
    """A change to the JSON of whole answers, of events, or of errors: those that have something at the path ``where``,
    or all of them. ``drop`` goes before ``set``."""

    of: list[Place]
    where: str | None = None
    drop: list[str] = Field(default_factory=list)
    set: dict[str, Any] = Field(default_factory=dict)

    def apply(self, document: Any, status: int) -> None:
        """Change the document in place."""
        if self.where is not None and not any(_get(holder, key) for holder, key in _places(document, self.where)):
            return
        for path in self.drop:
            for holder, key in list(_places(document, path)):
                if isinstance(holder, dict):
                    holder.pop(key, None)
        for path, value in self.set.items():
            for holder, key in list(_places(document, path)):
                holder[key] = status if value == STATUS else value


class Refusal(_Data):
    """A request with all of these fields is answered with an error."""

    fields: list[str]
    status: int
    code: str
    message: str


class Failure(_Data):
    """How this server says that an answer failed: as a whole with ``status`` and ``error``; in a stream with the error
    as an event, and then its ``end`` mark."""

    status: int
    error: JsonObject
    end: str


class Profile(_Data):
    """One server. ``provider`` is the protocol that it copies.

    ``join`` is a path: events in a row that bring something there become one. ``escape`` are characters that its events
    have as escapes. ``ignores`` are fields of a request that mean nothing to it. ``failure`` is what becomes of an
    answer whose ``finish_reason`` is ``error``. ``error_types`` are the types of errors by status, such as ``503``, or
    by its class, such as ``5xx``; ``error_end`` is the end mark that follows an error in mid-stream.
    """

    provider: str
    source: str
    rules: list[Rule] = Field(default_factory=list)
    join: str | None = None
    escape: str = ""
    ignores: list[str] = Field(default_factory=list)
    refuses: list[Refusal] = Field(default_factory=list)
    failure: Failure | None = None
    error_types: dict[str, str] = Field(default_factory=dict)
    error_end: str | None = None

    def read(self, call: ModelCall) -> ModelCall:
        """The request as this server takes it. Raises StatusCodeError for what it refuses."""
        for refusal in self.refuses:
            if all(_is_asked(call, name) for name in refusal.fields):
                kind = status_error(refusal.status)
                raise kind(refusal.message, status_code=refusal.status, code=refusal.code)
        ignored = dict.fromkeys(self.ignores)
        return replace(call, input=call.input.model_copy(update=ignored)) if ignored else call

    def rewrite(self, reply: WireResponse, place: Place) -> WireResponse:
        """A whole answer, or an error, as this server writes it."""
        return replace(reply, body=self.dump(json.loads(reply.body), place, reply.status))

    def dump(self, document: Any, place: Place, status: int = 200) -> bytes:
        """The JSON of a document, once the rules were applied to it."""
        for rule in self.rules:
            if place in rule.of:
                rule.apply(document, status)
        kind = self.error_types.get(str(status)) or self.error_types.get(f"{status // 100}xx")
        if place == "error" and kind is not None:
            document["error"]["type"] = kind
        data = dump_json(document)
        return self.escaped(data) if place == "event" else data

    def escaped(self, data: bytes) -> bytes:
        """The JSON of an event with those characters as escapes that this server writes so."""
        for character in self.escape:
            data = data.replace(character.encode(), f"\\u{ord(character):04x}".encode())
        return data


class _Codec:
    """A codec whose replies deviate; all that it does not name is the codec's own."""

    def __init__(self, codec: Codec, profile: Profile) -> None:
        self._codec = codec
        self._profile = profile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)

    def decode_request(self, request: WireRequest) -> ModelCall:
        return self._profile.read(self._codec.decode_request(request))

    def encode_response(self, response: ModelResponse, *, call: ModelCall, ids: Ids) -> WireResponse:
        reply = self._codec.encode_response(response, call=call, ids=ids)
        failure = self._profile.failure
        if failure is not None and response.finish_reason == "error":
            return replace(reply, status=failure.status, body=dump_json(failure.error))
        return self._profile.rewrite(reply, "whole")

    def encode_error(self, error: LanguageModelError) -> WireResponse:
        return self._profile.rewrite(self._codec.encode_error(error), "error")

    @property
    def services(self) -> Services:
        return replace(services_of(self._codec), error_events=self._error_events)

    def _error_events(self, error: LanguageModelError, sent: Sequence[bytes]) -> list[ServerSentEvent]:  # noqa: ARG002 - the contract's
        body, end = dump_json(json.loads(self.encode_error(error).body)), self._profile.error_end
        events = [ServerSentEvent(self._profile.escaped(body))]
        return events if end is None else [*events, ServerSentEvent(end.encode())]

    def stream_encoder(self, *, call: ModelCall, ids: Ids) -> StreamEncoder:
        return _Encoder(self._codec.stream_encoder(call=call, ids=ids), self._profile)


class _Encoder:
    """Holds back an event that others may be joined to."""

    def __init__(self, encoder: StreamEncoder, profile: Profile) -> None:
        self._encoder = encoder
        self._profile = profile
        self._held: Any = None
        self._failed = False

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        self._failed = self._failed or partial.finish_reason == "error"
        return list(self._rewrite(self._encoder.feed(partial)))

    def close(self) -> list[ServerSentEvent]:
        events = self._encoder.close()
        if self._failed and (failure := self._profile.failure) is not None:
            events = [ServerSentEvent(dump_json(failure.error)), ServerSentEvent(failure.end.encode())]
        return [*self._rewrite(events), *self._release()]

    def _rewrite(self, events: Sequence[ServerSentEvent]) -> Iterator[ServerSentEvent]:
        for event in events:
            document = _read(event)
            path = self._profile.join
            if path is not None and document is not None and any(_get(*place) for place in _places(document, path)):
                self._held = document if self._held is None else _join(self._held, document, path)
                continue
            yield from self._release()
            yield event if document is None else ServerSentEvent(self._profile.dump(document, "event"))

    def _release(self) -> Iterator[ServerSentEvent]:
        held, self._held = self._held, None
        if held is not None:
            yield ServerSentEvent(self._profile.dump(held, "event"))


def deviate(codecs: Sequence[Codec], profile: Profile) -> list[Codec]:
    """The codecs, with the one that the profile copies in its place."""
    return [cast("Codec", _Codec(codec, profile)) if codec.provider == profile.provider else codec for codec in codecs]


@cache
def load_profile(name: str) -> Profile:
    """The profile of this name. Raises InvalidInputError that lists them for one that is not there."""
    if name not in PROFILES:
        raise InvalidInputError(f"no profile {name!r}; there are {', '.join(PROFILES)}", path="profile")
    return Profile.model_validate(yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")))


def _is_asked(call: ModelCall, name: str) -> bool:
    value = getattr(call.input, name)
    return isinstance(value, JsonResponseFormat) if name == "response_format" else bool(value)


def _get(holder: Any, key: Any) -> Any:
    return holder[key] if isinstance(holder, list) else holder.get(key)


def _places(document: Any, path: str) -> Iterator[tuple[Any, Any]]:
    """The holders of what a path leads to, each with its key there."""
    first, _, rest = path.partition(".")
    if isinstance(document, list) and first == EVERY:
        keys: list[Any] = list(range(len(document)))
    elif isinstance(document, dict):
        keys = [first]
    else:
        return
    for key in keys:
        if not rest:
            yield document, key
        elif (inner := _get(document, key)) is not None:
            yield from _places(inner, rest)


def _read(event: ServerSentEvent) -> Any:
    """The JSON of an event; None for an end mark."""
    try:
        document = json.loads(event.data)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _join(left: Any, right: Any, path: str) -> Any:
    for (into, key), (holder, _) in zip(_places(left, path), _places(right, path), strict=True):
        into[key] = _merge(into[key], holder[key])
    return left


def _merge(left: Any, right: Any) -> Any:
    """Two fragments as one: texts follow one another, elements of arrays belong together by their ``index``."""
    if isinstance(left, dict) and isinstance(right, dict):
        return {**left, **{key: _merge(left[key], value) if key in left else value for key, value in right.items()}}
    if isinstance(left, list) and isinstance(right, list):
        merged = list(left)
        for item in right:
            at = next((at for at, other in enumerate(merged) if other.get("index") == item.get("index")), None)
            if at is None:
                merged.append(item)
            else:
                merged[at] = _merge(merged[at], item)
        return merged
    return left + right if isinstance(left, str) and isinstance(right, str) else right
