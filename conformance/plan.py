"""What a run judges: every recorded call of every provider asked for, with what has to come of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from conformance.case import Case, Stage, load_cases
from conformance.catalogue import Requirement, requirement_by_id
from conformance.chunking import chunks, event_cuts
from conformance.conversation import Conversation
from conformance.evidence import shown_by_answer, shown_by_error, shown_by_input
from conformance.meaning import as_the_provider_reads, joins_turns
from conformance.outcome import Outcome, failed, has_own_marks
from conformance.replay import recorded_chunks
from conformance.sources import without_sources
from conformance.stream_judge import read_stream
from conformance.tool_results import takes_objects
from llm_sdk.capabilities import check
from llm_sdk.codec import Codec, WireRequest, WireResponse
from llm_sdk.comparison import describe
from llm_sdk.errors import (
    InvariantError,
    LanguageModelError,
    RefusalError,
    StatusCodeError,
    TransportError,
    UnsupportedError,
)
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.types import JsonObject, LanguageModelInput, TextPart, UserMessage
from mock_server.attribution import attribute
from mock_server.recordings import Exchange, RecordingError, read_exchanges, read_file

__all__ = [
    "Call",
    "CaseOf",
    "Pair",
    "Plan",
    "PlanError",
    "Refusal",
    "StagedCalls",
    "Target",
    "merge_patch",
    "read_exchange",
    "refusal_of",
]

FIRST_ERROR = 400


class PlanError(ValueError):
    """The recordings cannot be used for a run; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """One recorded call. ``golden`` is what the reference codec reads of the recorded answer; ``stage`` is the case's
    own word on it, and ``None`` for a recording from elsewhere. ``path`` is the request's as the provider sees it.
    ``is_marked`` says that its history has marks by which the reference knows again what it has read, as ids of
    reasoning that came without one: another adapter has marks of its own, or none.
    """

    provider: str
    case: str
    position: int
    stream: bool
    model_id: str
    input: LanguageModelInput
    exchange: Exchange
    path: str
    golden: Outcome
    of_case: Case | None = None
    stage: Stage | None = None
    is_marked: bool = False

    def __repr__(self) -> str:
        return f"<Call {self.id}>"  # short: pytest shows the parameters of every check

    @property
    def id(self) -> str:
        """Such as ``openai-tool-result-2-stream``."""
        return f"{self.provider}-{self.case}-{self.position}-{'stream' if self.stream else 'generate'}"

    def shows(self) -> list[Requirement]:
        """The requirements that a recording from elsewhere is an instance of."""
        found = dict.fromkeys(shown_by_input(self.input))
        if self.golden.answer is not None:
            found |= dict.fromkeys(shown_by_answer(self.golden.answer))
        if isinstance(self.golden.error, StatusCodeError):
            in_answer = self.exchange.status < FIRST_ERROR
            found |= dict.fromkeys(shown_by_error(self.golden.error, in_answer=in_answer))
        if isinstance(self.golden.error, RefusalError):
            found["CORE-07"] = None
        return [requirement_by_id(id) for id in found]

    @property
    def codec(self) -> Codec:
        """The protocol."""
        return get_codec(self.provider)

    @property
    def is_scripted(self) -> bool:
        """Whether the case itself says what has to come of it: not so for a live recording, or one from elsewhere."""
        return self.stage is not None and self.exchange.metadata.get("recorded") != "live"

    @property
    def is_answered(self) -> bool:
        """Whether the call comes to an answer."""
        return self.golden.response is not None

    @property
    def is_refused(self) -> bool:
        """Whether the model refused to answer."""
        return isinstance(self.golden.error, RefusalError)

    @property
    def is_simple(self) -> bool:
        """Whether the answer is one text, and nothing came before."""
        answer = self.golden.response
        return self.position == 1 and answer is not None and [part.type for part in answer.content] == ["text"]

    @property
    def breaks_the_protocol(self) -> bool:
        """Whether the recorded answer is not what the provider's protocol says."""
        return not self.is_answered and isinstance(self.golden.error, InvariantError | TransportError)

    @property
    def is_event_stream(self) -> bool:
        """Whether the answer came as a stream of events."""
        return self.exchange.streaming and self.exchange.status < FIRST_ERROR

    @property
    def events(self) -> list[bytes]:
        """The recorded body in pieces of one event each."""
        return chunks(self.exchange.response_body, event_cuts(self.exchange.response_body))

    @property
    def warns(self) -> list[str]:
        """The words that the warnings of the answer must have, for what the request leaves out."""
        return self.stage.warns.get(self.provider, []) if self.stage is not None else []

    def reading(self) -> JsonObject:
        """What the provider has to read of the request, as JSON, without the ids that only a history brings along."""
        read = self.input.model_dump(mode="json")
        if self.stage is not None and (patch := self.stage.reads_as.get(self.provider)):
            read = merge_patch(read, patch)
        return _without_signatures_of_texts(read)

    def misreading(self, read: JsonObject) -> str:
        """What a request that the provider reads as ``read`` says otherwise than this call; empty where it means the
        same, and where it says more than the provider has to read: all of the input."""
        expected = self.reading()
        misread = self._misread(read, expected)
        if not misread or self.says_all(read):
            return ""
        flat = without_sources(expected)
        return "" if flat is not None and not self._misread(read, flat) else misread

    def says_all(self, read: JsonObject) -> bool:
        """Whether the provider reads all of the input, and nothing of it was left out."""
        return not self._misread(read, _without_signatures_of_texts(self.input.model_dump(mode="json")))

    def _misread(self, read: JsonObject, expected: JsonObject) -> str:
        known = self.codec.capabilities
        ways = {"joins_turns": joins_turns(self.provider), "takes_objects": takes_objects(self.provider)}
        ways["open_parameters"] = known.open_parameters
        found = as_the_provider_reads(read, expected, known.required, defaults=dict(known.defaults), **ways)
        return describe(expected, found)


class Target(Protocol):
    """What a check runs over: ``case`` is its name, or the id of a recording from elsewhere."""

    @property
    def provider(self) -> str: ...
    @property
    def case(self) -> str: ...
    @property
    def of_case(self) -> Case | None: ...
    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class CaseOf:
    """A case with one provider: one to be recorded."""

    provider: str
    of_case: Case

    @property
    def case(self) -> str:
        """The name of the case."""
        return self.of_case.name

    @property
    def id(self) -> str:
        """Such as ``openai-sound-input``."""
        return f"{self.provider}-{self.case}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An input that one protocol cannot carry: it must be refused for what stands at ``path``, with nothing sent."""

    provider: str
    of_case: Case
    input: LanguageModelInput
    path: str

    @property
    def case(self) -> str:
        """The name of the case."""
        return self.of_case.name

    @property
    def id(self) -> str:
        """Such as ``openai-sound-input``."""
        return f"{self.provider}-{self.case}"


@dataclass(frozen=True, slots=True)
class StagedCalls:
    """The calls of one case of several stages, all whole or all streamed."""

    calls: tuple[Call, ...]

    @property
    def provider(self) -> str:
        """Of all of them."""
        return self.calls[0].provider

    @property
    def case(self) -> str:
        """The name of the case."""
        return self.calls[0].case

    @property
    def of_case(self) -> Case | None:
        """The case."""
        return self.calls[0].of_case

    @property
    def id(self) -> str:
        """Such as ``openai-tool-result-stream``."""
        return f"{self.provider}-{self.case}-{'stream' if self.calls[0].stream else 'generate'}"


@dataclass(frozen=True, slots=True)
class Pair:
    """The whole and the streamed call of one scripted answer."""

    whole: Call
    streamed: Call

    @property
    def provider(self) -> str:
        """Of both."""
        return self.whole.provider

    @property
    def case(self) -> str:
        """The name of the case."""
        return self.whole.case

    @property
    def of_case(self) -> Case | None:
        """The case."""
        return self.whole.of_case

    @property
    def id(self) -> str:
        """Such as ``openai-tool-result-2``."""
        return self.whole.id.removesuffix("-generate")


class Plan:
    """The calls of a run. Raises PlanError for recordings that are missing, broken or out of date."""

    def __init__(self, providers: Sequence[str], cassettes: Path, *, own: bool, only: Sequence[str] = ()) -> None:
        """``own``: the cassettes are those of the suite's cases, by provider and name; otherwise any recordings.
        ``only`` are names of cases; all by default."""
        self.calls: list[Call] = []
        self.refusals: list[Refusal] = []
        absent = [provider for provider in providers if own and not (cassettes / provider).is_dir()]
        if absent:
            words = " ".join(f"--provider {provider}" for provider in absent)
            again = f"record them with: pytest conformance {words} --record"
            raise PlanError(f"{cassettes}: there are no cassettes of {', '.join(absent)} here; {again}")
        for provider in providers:
            if own:
                self._add_cases(provider, cassettes / provider, only)
            else:
                self._add_recordings(provider, cassettes, only)

    def _add_cases(self, provider: str, folder: Path, only: Sequence[str]) -> None:
        codec = get_codec(provider)
        unusable: list[tuple[str, PlanError]] = []
        for case in load_cases(only=tuple(only)):
            if case.applies_to(provider, codec.capabilities) and not case.sends_nothing:
                try:
                    self.calls += _calls_of(case, codec, folder / f"{case.name}.yaml")
                except PlanError as error:
                    unusable.append((case.name, error))
            elif (refusal := refusal_of(case, codec)) is not None:
                self.refusals.append(refusal)
        if unusable:
            (_, first), *others = unusable
            more = f"; so it is with {', '.join(name for name, _ in others)}" if others else ""
            raise PlanError(f"{first}{more}")

    def _add_recordings(self, provider: str, path: Path, only: Sequence[str]) -> None:
        codecs = {name: get_codec(name) for name in provider_names()}
        found = 0
        try:
            for exchange in read_exchanges(path):
                attributed = attribute(exchange, codecs)
                if attributed is None or attributed[0] != provider:
                    continue
                found += 1
                if not only or exchange.id in only:
                    self.calls += _foreign_call(codecs[provider], exchange, attributed[1])
        except RecordingError as error:
            raise PlanError(str(error)) from None
        if not found:
            raise PlanError(f"{path}: no exchange with {provider} was found here")

    def conversations(self) -> list["StagedCalls"]:
        """The calls of each case of several stages, together."""
        groups: dict[tuple[str, str, bool], list[Call]] = {}
        for call in self.calls:
            if call.of_case is not None:
                groups.setdefault((call.provider, call.case, call.stream), []).append(call)
        return [StagedCalls(tuple(group)) for group in groups.values() if len(group) > 1]

    def pairs(self, *, answered: bool) -> list["Pair"]:
        """The whole and the streamed call of the same scripted answer, or of the same error."""
        whole = {(call.provider, call.case, call.position): call for call in self.calls if not call.stream}
        return [
            Pair(whole[call.provider, call.case, call.position], call)
            for call in self.calls
            if call.stream and call.is_scripted and call.is_answered is answered
        ]


def refusal_of(case: Case, codec: Codec) -> Refusal | None:
    """What this protocol must refuse of a case: what the case itself says where it is about that, and of any other case
    what the first of its inputs asks for that the protocol does not have. None where all of that can be carried."""
    last = case.stages[-1]
    if last.expect is not None and last.expect.refused is not None:
        applies = case.applies_to(codec.provider, codec.capabilities)
        return Refusal(codec.provider, case, last.input, last.expect.refused) if applies else None
    for stage in case.stages:
        try:
            check(stage.input, codec.capabilities, codec.provider)
        except UnsupportedError as error:
            return Refusal(codec.provider, case, stage.input, error.path or "")
    return None


def _calls_of(case: Case, codec: Codec, file: Path) -> Iterator[Call]:
    """The recorded calls of one of the suite's own cases: those for whole answers, then the streams."""
    again = f"record it with: pytest conformance --provider {codec.provider} --record --case {case.name}"
    if not file.exists():
        raise PlanError(f"{file}: there is no such cassette; {again}")
    try:
        exchanges = list(read_file(file, case.name))
    except RecordingError as error:
        raise PlanError(str(error)) from None
    if len(exchanges) != 2 * len(case.stages):
        raise PlanError(f"{file}: has {len(exchanges)} exchanges for a case of {len(case.stages)} stages; {again}")
    for stream, half in ((False, exchanges[: len(case.stages)]), (True, exchanges[len(case.stages) :])):
        conversation, is_marked = Conversation(), False
        for at, (stage, exchange) in enumerate(zip(case.stages, half, strict=True)):
            if stage.reply is not None and exchange.status >= FIRST_ERROR:
                found = f"an error of status {exchange.status} was recorded in place of the answer"
                raise PlanError(f"{file}: {found} at stage {at + 1}; {again}")
            path = codec.endpoint.root + exchange.url.removeprefix(codec.endpoint.base_url)
            sent = _read_request(codec, exchange, path, file)
            input = conversation.next_input(stage.input)
            golden = read_exchange(codec, exchange)
            own = (case, stage, is_marked)
            call = Call(codec.provider, case.name, at + 1, stream, sent[0], input, exchange, path, golden, *own)
            if found := call.misreading(sent[1]):
                raise PlanError(f"{file}: was recorded for another input than the case has now ({found}); {again}")
            yield call
            if golden.answer is not None:
                conversation.add_answer(golden.answer, stage.reply)
                is_marked = is_marked or has_own_marks(golden.answer, exchange.response_body)


def _foreign_call(codec: Codec, exchange: Exchange, path: str) -> Iterator[Call]:
    """A recording made elsewhere; nothing where its request cannot be sent again, as one that was refused."""
    try:
        if exchange.request_body is None:
            model_id, input = "unknown", LanguageModelInput(messages=[UserMessage(content=[TextPart(text="?")])])
        else:
            read = codec.decode_request(WireRequest(exchange.method, path, exchange.request_body))
            model_id, input = read.model_id, read.input
        codec.encode_request(model_id, input, stream=exchange.streaming)
    except LanguageModelError:
        return
    golden = read_exchange(codec, exchange)
    yield Call(codec.provider, exchange.id, 1, exchange.streaming, model_id, input, exchange, path, golden)


def _read_request(codec: Codec, exchange: Exchange, path: str, file: Path) -> tuple[str, JsonObject]:
    try:
        call = codec.decode_request(WireRequest(exchange.method, path, exchange.request_body or b""))
    except LanguageModelError as error:
        raise PlanError(f"{file}: a recorded request cannot be read ({error})") from None
    return call.model_id, call.input.model_dump(mode="json")


def _without_signatures_of_texts(read: JsonObject) -> JsonObject:
    for message in read["messages"]:
        for part in message["content"]:
            if part["type"] == "text":
                part.pop("signature", None)
    return read


def read_exchange(codec: Codec, exchange: Exchange) -> Outcome:
    """What the reference codec makes of a recorded answer."""
    reply = WireResponse(exchange.status, exchange.response_body, exchange.response_headers)
    try:
        if exchange.status >= FIRST_ERROR:
            return failed(codec.decode_error(reply))
        if exchange.streaming:
            found = read_stream(codec, recorded_chunks(exchange))
            return Outcome(found.response, found.error, partials=found.partials)
        return Outcome(codec.decode_response(reply))
    except Exception as error:  # noqa: BLE001 - whatever a codec raises is its reading
        return failed(error)


def merge_patch(value: Any, patch: Any) -> Any:
    """``value`` with an RFC 7386 merge patch applied: null takes away. Positions are keys of arrays; those behind the
    last one add to it."""
    if not isinstance(patch, dict):
        return patch
    if isinstance(value, list):
        kept = ((at, item) for at, item in enumerate(value) if patch.get(str(at), item) is not None)
        items = [merge_patch(item, patch[str(at)]) if str(at) in patch else item for at, item in kept]
        return items + [merge_patch(None, item) for at, item in patch.items() if int(at) >= len(value)]
    merged = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), item)
    return json.loads(json.dumps(merged))
