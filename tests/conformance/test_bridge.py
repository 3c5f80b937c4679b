"""Adapters behind a command: the protocol of docs/bridge-protocol.md, and every way in which a bridge can fail."""

import asyncio
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance import bridge as bridge_module
from conformance import bridge_model
from conformance.bridge import Bridge, BridgeError
from conformance.bridge_model import BridgeModel, read_error
from conformance.outcome import AdapterGoneError, failed
from llm_sdk import errors
from llm_sdk.accumulator import accumulate
from llm_sdk.types import LanguageModelInput, UserMessage
from mock_server import MockServer

SCRIPT = Path(__file__).with_name("scripted_bridge.py")
HELLO = LanguageModelInput(messages=[UserMessage(content="hello")])
PROVIDER = "openai"


def command(way: str = "good") -> str:
    return f"cmd: {shlex.join([sys.executable, str(SCRIPT), way])}"


def model_of(bridge: Bridge, base_url: str = "http://127.0.0.1:9") -> BridgeModel:
    return bridge.factory(PROVIDER)(base_url=base_url, api_key="k", model_id="m", http_client=None)


@pytest.fixture
def mock() -> Iterator[MockServer]:
    with MockServer() as mock:
        yield mock


@pytest.fixture
def model(mock: MockServer) -> Iterator[BridgeModel]:
    with Bridge(command()) as bridge:
        yield model_of(bridge, mock.base_url(PROVIDER))


def test_every_kind_of_call_comes_to_the_same(model: BridgeModel, mock: MockServer) -> None:
    mock.on(last_user="hello").reply("Good day.")

    async def ask() -> list[Any]:
        return [await model.generate(HELLO), accumulate([partial async for partial in model.stream(HELLO)])]

    answers = [*asyncio.run(ask()), model.generate_sync(HELLO), accumulate(model.stream_sync(HELLO))]
    assert [[part.text for part in answer.content] for answer in answers] == [["Good day."]] * 4
    assert [answer.finish_reason for answer in answers] == ["stop"] * 4
    assert [exchange.input for exchange in mock.requests] == [HELLO] * 4
    assert model.metadata is not None
    assert model.metadata.capabilities is not None
    assert model.metadata.capabilities.text_input is True


def test_an_error_keeps_its_class_and_its_fields(model: BridgeModel, mock: MockServer) -> None:
    mock.on(last_user="hello").fault(status=400, message="no such thing")
    with pytest.raises(errors.StatusCodeError) as caught:
        model.generate_sync(HELLO)
    assert (caught.value.status_code, caught.value.message, caught.value.provider) == (400, "no such thing", PROVIDER)
    with pytest.raises(errors.StatusCodeError):
        list(model.stream_sync(HELLO))
    top_k = HELLO.model_copy(update={"top_k": 3})
    with pytest.raises(errors.UnsupportedError) as refused:
        model.generate_sync(top_k)
    assert (refused.value.path, str(refused.value)) == ("top_k", "openai: top_k: this protocol has no such option")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"type": "RateLimitError", "message": "slow", "status_code": 429, "retry_after": 2}, errors.RateLimitError),
        ({"message": "slow", "status_code": 429}, errors.RateLimitError),
        ({"type": "ConnectionFailedError", "message": "reset"}, errors.ConnectionFailedError),
        ({"type": "InvalidInputError", "message": "no", "path": "messages[0]"}, errors.InvalidInputError),
        ({"type": "RefusalError", "message": "no", "refusal": "I will not"}, errors.RefusalError),
        ({"type": "status_error", "message": "a name that is no class"}, AdapterGoneError),
        ({"type": "TypeError", "message": "x is undefined"}, AdapterGoneError),
        ({"message": "no type"}, AdapterGoneError),
        ("no", AdapterGoneError),
    ],
)
def test_each_error_of_the_table(told: Any, expected: type[Exception]) -> None:
    assert type(read_error(told)) is expected


def test_the_fields_of_an_error() -> None:
    told = {"status_code": 429, "retry_after": 2, "code": "quota", "request_id": "r-1", "body": "{}", "provider": "p"}
    error = read_error({"type": "RateLimitError", "message": "slow", **told})
    assert {name: getattr(error, name) for name in told} == told
    answer = {"content": [{"type": "text", "text": "I will not"}]}
    refusal = read_error({"type": "RefusalError", "message": "", "refusal": "I will not", "response": answer})
    assert isinstance(refusal, errors.RefusalError)
    assert refusal.response is not None
    assert refusal.response.model_dump(mode="json") == answer


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        ("dies", "ended with status 3; it wrote: out of cheese"),
        ("chatty", "wrote a line that is no JSON object with an id: connecting ..."),
        ("no-id", 'wrote a line that is no JSON object with an id: {"response": {}}'),
        ("wrong-response", "the bridge wrote response.content.0.text.text wrongly: Field required"),
        ("wrong-kind", "the bridge answered `generate` with `end`, not with `response`"),
        ("odd-error", "an error that is none of llm_sdk.errors, Error: x is not a function"),
        ("bare-error", "the bridge wrote an error that is no object: 'no'"),
        ("silent", "was silent for 0.5 seconds while a call waited"),
        ("stillborn", "ended with status 1; it wrote: Cannot find module 'openai'"),
        ("later", "does not speak version 1: it answered `hello` with"),
        ("never-answers", "did not answer `hello` within 2 seconds"),
    ],
)
@pytest.mark.parametrize("plain", [True, False], ids=["sync", "async"])
def test_a_bridge_that_fails_is_one_sentence(
    way: str, sentence: str, plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge_model, "ANSWER_SECONDS", 0.5)
    if way == "never-answers":
        monkeypatch.setattr(bridge_module, "START_SECONDS", 2.0)
    with Bridge(command(way)) as bridge:
        model = model_of(bridge)
        with pytest.raises(AdapterGoneError) as caught:
            model.generate_sync(HELLO) if plain else asyncio.run(model.generate(HELLO))
        assert sentence in str(caught.value)
        outcome = failed(caught.value)
        assert outcome.describe() == str(caught.value), "no traceback"


def test_the_next_call_finds_a_new_process() -> None:
    with Bridge(command("dies")) as bridge:
        model = model_of(bridge)
        first = bridge.connect()
        with pytest.raises(BridgeError):
            model.generate_sync(HELLO)
        assert bridge.connect() is not first


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(BridgeError, match="`no-such-program x` cannot be started"):
        Bridge("cmd: no-such-program x").connect()
    with pytest.raises(BridgeError, match="is no command"):
        Bridge("cmd: node 'bridge.mjs")
    with pytest.raises(BridgeError, match=r"has no command: write it as cmd: node bridge\.mjs"):
        Bridge("cmd:")


class Lines:
    """A connection that notes what is asked of it, and answers what it is told to."""

    metadata = None

    def __init__(self, *answers: Any) -> None:
        self.answers = answers
        self.noted: list[Any] = []

    def send(self, request: Any, deliver: Any) -> int:
        self.noted.append(request["op"])
        for answer in self.answers:
            deliver({"id": 1, **answer})
        return 1

    def forget(self, id: int, *, cancel: bool = False) -> None:
        assert id == 1
        self.noted.append("cancel" if cancel else "forget")

    def give_up(self, why: str) -> AdapterGoneError:
        return AdapterGoneError(why)


PARTIAL = {"partial": {"delta": {"index": 0, "part": {"type": "text", "text": "a"}}}}


def noted(*answers: Any) -> tuple[Lines, BridgeModel]:
    lines = Lines(*answers)
    return lines, BridgeModel(lambda: lines, PROVIDER, base_url="", api_key="", model_id="")


def test_a_stream_that_is_left_is_cancelled() -> None:
    lines, model = noted(PARTIAL, PARTIAL, {"end": True})

    async def leave() -> None:
        stream = model.stream(HELLO)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(leave())
    next(model.stream_sync(HELLO))
    assert lines.noted == ["stream", "cancel"] * 2


def test_a_call_that_is_cancelled_is_cancelled_there() -> None:
    lines, model = noted()

    async def cancel() -> None:
        task = asyncio.ensure_future(model.generate(HELLO))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(cancel())
    assert lines.noted == ["generate", "cancel"]


def test_a_call_that_has_ended_is_not_cancelled() -> None:
    lines, model = noted(PARTIAL, {"end": True})
    assert len(list(model.stream_sync(HELLO))) == 1
    assert lines.noted == ["stream", "forget"]


def test_the_suite_judges_a_command_over_the_socket(tmp_path: Path) -> None:
    words = ["--provider", PROVIDER, "--adapter", command(), "--case", "text", "--case", "unauthorized"]
    only = ["-k", "test_content or test_meaning or test_error or test_sync_twin or test_unsupported"]
    report = ["--report-json", str(tmp_path / "report.json")]
    run = [sys.executable, "-m", "conformance", "run", *words, *only, *report, "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own suite
    assert done.returncode == 0, done.stdout
    assert json.loads((tmp_path / "report.json").read_text())["transport"] == "socket"


@pytest.mark.parametrize(
    ("way", "line"),
    [
        ("good", f"smoke: {PROVIDER}, {{command}}, socket: the glue is right"),
        ("stillborn", "WRONG  model          `{words}` ended with status 1; it wrote: Cannot find module 'openai'"),
        ("dies", "WRONG  stream         `{words}` ended with status 3; it wrote: out of cheese"),
    ],
)
def test_smoke_takes_a_command(way: str, line: str) -> None:
    run = [sys.executable, "-m", "conformance", "smoke", "--provider", PROVIDER, "--adapter", command(way)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - the same
    wanted = line.format(command=command(way), words=command(way).removeprefix("cmd: "))
    assert wanted in done.stdout.splitlines()
    assert done.returncode == (0 if way == "good" else 1)
