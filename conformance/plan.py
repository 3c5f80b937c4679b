"""What a run judges: every recorded call of every provider asked for, with what has to come of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.case import Case, load_cases
from conformance.conversation import Conversation
from conformance.merge_patch import merge_patch
from conformance.outcome import Outcome, failed, has_own_marks
from conformance.replay import recorded_chunks
from conformance.stream_judge import read_stream
from conformance.targets import FIRST_ERROR, Call, CaseOf, Pair, Refusal, StagedCalls, Target
from llm_sdk.capabilities import check
from llm_sdk.codec import Codec, WireRequest, WireResponse
from llm_sdk.errors import LanguageModelError, UnsupportedError
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.types import JsonObject, LanguageModelInput, TextPart, UserMessage
from mock_server.attribution import attribute
from mock_server.recordings import Exchange, RecordingError, read_exchanges, read_file

__all__ = [
    "FIRST_ERROR",
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


class PlanError(ValueError):
    """The recordings cannot be used for a run; the message says which, why, and what to do."""


class Plan:
    """The calls of a run. Raises PlanError for recordings that are missing, broken or out of date."""

    def __init__(self, providers: Sequence[str], cassettes: Path, *, own: bool, only: Sequence[str] = ()) -> None:
        """``own``: the cassettes are those of the suite's cases, by provider and name; otherwise any recordings.
        ``only`` are names of cases; all by default."""
        self.calls: list[Call] = []
        self.refusals: list[Refusal] = []
        self.selected: dict[str, Sequence[Target]] = {}
        """What checks run over, by the name of a selection."""
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

    def conversations(self) -> list[StagedCalls]:
        """The calls of each case of several stages, together."""
        groups: dict[tuple[str, str, bool], list[Call]] = {}
        for call in self.calls:
            if call.of_case is not None:
                groups.setdefault((call.provider, call.case, call.stream), []).append(call)
        return [StagedCalls(tuple(group)) for group in groups.values() if len(group) > 1]

    def pairs(self, *, answered: bool) -> list[Pair]:
        """The whole and the streamed call of the same scripted answer, or of the same error."""
        whole = {(call.provider, call.case, call.position): call for call in self.calls if not call.stream}
        return [
            Pair((whole[call.provider, call.case, call.position], call))
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
