"""The judge of recorded traffic counts what holds, names what does not, and never crashes on what it judges."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from parrot import Parrot, ParrotEncoder

from conformance.cli import main
from conformance.corpus import CorpusReport, Selection, judge_corpus
from conformance.judgement import FIGURES
from llm_sdk.codec import ModelCall, WireRequest, WireResponse
from llm_sdk.errors import LanguageModelError, MalformedArgumentsError, RefusalError, StatusCodeError
from llm_sdk.registry import provider_names
from llm_sdk.sse import ServerSentEvent, ServerSentEventDecoder
from llm_sdk.types import ModelResponse

URL = "https://parrot.example/v1/say"
SAY = {"model": "grey", "say": "hé", "seed": 1.0, "stream": False}
STREAM = (
    'event: start\ndata: {"type":"start","id":"r1","warnings":["whistle: fiu","whistle: fi"]}\n\n'
    'data: {"type":"word","text":"hé"}\n\ndata: {"type":"word","text":"llo"}\n\n'
    'data: {"type":"ping"}\n\ndata: {"type":"end"}\n\n'
)
REFUSED_STREAM = (
    'data: {"type":"start","id":"r1"}\n\ndata: {"type":"refused"}\n\n'
    'data: {"type":"word","text":"no"}\n\ndata: {"type":"end"}\n\n'
)

RECORDS: dict[str, dict[str, Any]] = {
    "whole": {"response_body": '{"id": "r1", "said": "hé"}'},
    "songs": {"request_body": {**SAY, "songs": ["la", "li"]}, "response_body": '{"id": "r1", "said": ""}'},
    "refusal": {"response_body": '{"id": "r1", "refused": "no"}'},
    "failed": {"response_body": '{"id": "r1", "error": "out of breath"}'},
    "answer only": {"request_body": None, "response_body": '{"id": "r1", "said": "x"}'},
    "stream": {"response_body": STREAM, "streaming": True},
    "long stream": {"response_body": STREAM.replace("llo", "l" * 5000), "streaming": True},
    "refused stream": {"response_body": REFUSED_STREAM, "streaming": True},
    "failed stream": {"response_body": 'data: {"type":"error","message":"no"}\n\n', "streaming": True},
    "cut stream": {"response_body": STREAM[:-24], "streaming": True, "features": ["truncated-stream"]},
    "error": {"response_body": '{"error": "who?"}', "status": 401},
    "refused request": {"request_body": {**SAY, "say": ""}, "response_body": '{"error": "say what?"}', "status": 400},
    "elsewhere": {"response_body": "{}", "url": "https://parrot.example/v1/models"},
}


def record(id: str) -> dict[str, Any]:
    return {"id": id, "url": URL, "request_body": SAY, "status": 200, **RECORDS[id]}


def judge(folder: Path, *ids: str, codec: Parrot | None = None, **options: Any) -> CorpusReport:
    file = folder / "records.jsonl"
    file.write_text("".join(json.dumps(record(id)) + "\n" for id in ids or RECORDS), "utf-8")
    return judge_corpus(file, "parrot", codecs={"parrot": codec or Parrot()}, specs=folder, **options)


def counts(report: CorpusReport) -> dict[str, tuple[int, int]]:
    found = {figure: (report.judgement.passed[figure], report.judgement.total[figure]) for figure in FIGURES}
    return {figure: count for figure, count in found.items() if count != (0, 0)}


def test_a_faithful_codec_passes_every_figure(tmp_path: Path) -> None:
    report = judge(tmp_path)
    assert report.judgement.failures == []
    assert counts(report) == {
        "requests.read": (11, 11),
        "requests.rewritten": (10, 10),  # not the one that the provider refused
        "responses.read": (5, 5),
        "responses.rewritten": (5, 5),
        "streams.read": (5, 5),
        "streams.rechunked": (5, 5),
        "streams.grammar": (4, 4),  # not the one that reports an error
        "errors.read": (2, 2),
    }
    assert report.judgement.warnings == {"song": 2, "whistle": 6}


def test_the_report_for_machines_has_the_documented_shape(tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(json.dumps(record("whole")) + "\n")
    report = judge_corpus(file, "parrot", codecs={"parrot": Parrot()}, specs=tmp_path).as_json()
    none = {"passed": 0, "total": 0}
    one = {"passed": 1, "total": 1}
    assert report == {
        "provider": "parrot",
        "exchanges": 1,
        "figures": {
            "requests": {"read": one, "rewritten": one},
            "responses": {"read": one, "rewritten": one},
            "streams": {"read": none, "rechunked": none, "grammar": none},
            "errors": {"read": none},
        },
        "warnings": {},
        "failures": [],
    }


class CrashesOnRequests(Parrot):
    def decode_request(self, request: WireRequest) -> ModelCall:
        raise KeyError(request.path)


class ForgetsTheSeed(Parrot):
    def decode_request(self, request: WireRequest) -> ModelCall:
        call = super().decode_request(request)
        return ModelCall(call.model_id, call.input.model_copy(update={"seed": None}), call.stream)


class ForgetsTheId(Parrot):
    def encode_response(self, response: ModelResponse, **rest: Any) -> WireResponse:
        return super().encode_response(response.model_copy(update={"id": None}), **rest)


class ShoutsRefusals(Parrot):
    def decode_response(self, reply: WireResponse) -> ModelResponse:
        try:
            return super().decode_response(reply)
        except RefusalError as error:
            return ModelResponse(content=[], id=error.refusal)


class WarnsOfTheFirstAnswer(Parrot):
    """As a codec does of what it could not read: the answer that is written again does not hold it."""

    def __init__(self, warning: str) -> None:
        self._warnings = [[], [warning]]

    def decode_response(self, reply: WireResponse) -> ModelResponse:
        return super().decode_response(reply).model_copy(update={"warnings": self._warnings.pop() or None})


class NeverEnds(Parrot):
    def stream_encoder(self, **rest: Any) -> ParrotEncoder:
        encoder = super().stream_encoder(**rest)
        encoder.close = list
        return encoder


class CallsEveryEventOne(NeverEnds):
    def event_kind(self, event: ServerSentEvent) -> str:
        return "one" if event.data else ""


class MisreadsErrors(Parrot):
    def decode_error(self, reply: WireResponse) -> LanguageModelError:
        return StatusCodeError("an error", status_code=reply.status)


def test_a_codec_that_crashes_is_a_finding_and_not_a_crash(tmp_path: Path) -> None:
    report = judge(tmp_path, "whole", codec=CrashesOnRequests())
    assert counts(report)["requests.read"] == (0, 1)
    assert counts(report)["requests.rewritten"] == (0, 1)
    assert [(failure.figure, failure.message) for failure in report.judgement.failures] == [
        ("requests.read", "KeyError: '/v1/say'"),
        ("requests.rewritten", "not judged, because it was not read"),
    ]


@pytest.mark.parametrize(
    ("codec", "id", "figure", "message"),
    [
        (ForgetsTheSeed(), "whole", "requests.rewritten", "seed: 1.0 became absent"),
        (ForgetsTheId(), "whole", "responses.rewritten", 'read back, response.id: "r1" became "'),
        (ShoutsRefusals(), "refusal", "responses.rewritten", "IndexError: list index out of range"),
        (NeverEnds(), "stream", "streams.grammar", "event 3 after word: end was recorded, the end was written"),
        (MisreadsErrors(), "error", "errors.read", "status 401 became StatusCodeError, not AuthenticationError"),
    ],
)
def test_a_defect_is_named(tmp_path: Path, codec: Parrot, id: str, figure: str, message: str) -> None:
    report = judge(tmp_path, id, codec=codec)
    failure = report.judgement.failures[-1]
    assert (failure.id, failure.figure) == (id, figure)
    assert failure.message.startswith(message)
    assert report.judgement.passed[figure] == 0


def test_a_call_that_was_cut_is_not_looked_for_in_what_is_written(tmp_path: Path) -> None:
    cut = MalformedArgumentsError("the arguments of f end early").as_warning()
    assert judge(tmp_path, "whole", codec=WarnsOfTheFirstAnswer(cut)).judgement.failures == []
    [failure] = judge(tmp_path, "whole", codec=WarnsOfTheFirstAnswer("choices: 1 was left out")).judgement.failures
    assert failure.message == 'read back, response.warnings: ["choices: 1 was left out"] became absent'


def test_a_codec_may_say_itself_what_kind_an_event_is(tmp_path: Path) -> None:
    assert judge(tmp_path, "stream", codec=CallsEveryEventOne()).judgement.failures == []


class TakesChunksForLines(ServerSentEventDecoder):
    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        return super().feed(chunk) + super().close()


@pytest.mark.parametrize("id", ["stream", "long stream"])
def test_a_reader_that_minds_where_chunks_end_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, id: str
) -> None:
    monkeypatch.setattr("mock_server.recordings.ServerSentEventDecoder", TakesChunksForLines)
    report = judge(tmp_path, id)
    [failure] = [failure for failure in report.judgement.failures if failure.figure == "streams.rechunked"]
    assert failure.message.startswith("other events when cut at ")


def test_a_cut_stream_is_read_only_where_the_recording_says_so(tmp_path: Path) -> None:
    RECORDS["cut in silence"] = {"response_body": STREAM[:-24], "streaming": True}
    try:
        report = judge(tmp_path, "cut in silence")
    finally:
        del RECORDS["cut in silence"]
    assert [failure.message for failure in report.judgement.failures if failure.figure == "streams.read"] == [
        "StreamTruncatedError: the parrot fell silent"
    ]


def test_what_is_written_must_satisfy_the_published_schemas(tmp_path: Path) -> None:
    needs_mood = {"type": "object", "required": ["mood"]}
    (tmp_path / "parrot.response.schema.json").write_text(json.dumps(needs_mood))
    (tmp_path / "parrot.stream_event.schema.json").write_text(
        json.dumps(
            {
                "$ref": "#/$defs/Any",
                "$defs": {"Any": {"anyOf": [{"$ref": "#/$defs/Word"}, {}]}, "Word": needs_mood},
                "x-dispatch": {"property": "type", "mapping": {"word": "Word"}},
            }
        )
    )
    report = judge(tmp_path, "whole", "stream")
    complaint = '(whole body): "mood" is a required property'
    assert [(failure.figure, failure.message) for failure in report.judgement.failures] == [
        ("responses.rewritten", f"the published schema refuses what was written: {complaint}"),
        ("streams.grammar", f"the published schema refuses word: {complaint}"),
    ]


def test_a_selection_narrows_what_is_judged(tmp_path: Path) -> None:
    assert judge(tmp_path, selection=Selection(limit=3)).judgement.exchanges == 3
    assert judge(tmp_path, selection=Selection(id="refused")).judgement.exchanges == 2
    assert judge(tmp_path, selection=Selection(recorded_as="cockatoo")).judgement.exchanges == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--provider", provider_names()[0]], "nowhere: no such file or folder"),
        ([".", "--provider", "parakeet"], "no provider 'parakeet'; there are "),
    ],
)
def test_a_wrong_argument_is_one_sentence(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(main, ["corpus", *arguments])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {message}")
    assert len(result.output.splitlines()) == 1


CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
FLOORS = {figure: 1.0 if figure.endswith(".read") else 0.98 for figure in FIGURES}


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no recorded traffic at {CORPUS}")
@pytest.mark.parametrize("provider", provider_names())
def test_recorded_traffic_reaches_its_floors(provider: str) -> None:
    report = judge_corpus(CORPUS, provider)
    judgement = report.judgement
    assert judgement.exchanges > 100
    shares = {figure: judgement.passed[figure] / judgement.total[figure] for figure in FIGURES}
    missed = {figure: share for figure, share in shares.items() if share < FLOORS[figure]}
    assert not missed, report.as_text()
