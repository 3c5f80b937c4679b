"""The official JavaScript clients against the server: peers in another language, told what the scenarios said.

Each client goes through all scenarios in one process of Node, ``javascript/<script>.js``, which prints what it read in
the words of the table here. Needs node and npm; the clients are installed once, as their lock file says.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from javascript_clients import EXPECTED
from official_clients import CLIENTS, LOCKED_PACKAGES, STATUSES, OfficialClient

from llm_sdk.types import ImagePart, ReasoningPart, TextPart, ToolResultPart
from mock_server import MockServer, tool_call

NODE, NPM = shutil.which("node"), shutil.which("npm")
SCRIPTS = LOCKED_PACKAGES.parent
LOCK = SCRIPTS / "package-lock.json"
INSTALL_SECONDS, SCRIPT_SECONDS = 300, 90

STYLES = ("whole", "streamed")
SIGNATURE = "CiQBcsg="  # base64, as Gemini wants it
CALLS = [
    {"id": "gSIMJiOkT", "name": "get_weather", "args": {"city": "Paris"}},
    {"id": "hd1jUE8h9", "name": "get_weather", "args": {"city": "Rome"}},
]
ADA = {"name": "Ada", "age": 36, "friends": ["Charles"]}
USAGE = {
    "input_tokens": 30,
    "output_tokens": 20,
    "input_tokens_details": {"cached_text_tokens": 8},
    "output_tokens_details": {"reasoning_tokens": 12},
}
HEAD: dict[str, Any] = {"id": "answer-1", "model_id": "model-x", "usage": USAGE}
ANSWER = {
    "id": "answer-1",
    "model": "model-x",
    "calls": [],
    "input_tokens": 30,
    "output_tokens": 20,
    "total_tokens": 50,
    "cached_tokens": 8,
    "reasoning_tokens": 12,
}
"""What every scripted answer has, in the scripts' words."""

JAVASCRIPT = [client for client in CLIENTS.values() if client.language == "JavaScript"]


@dataclass(slots=True)
class Finding:
    """What a client's script printed, and the server that it was printed about."""

    told: Any
    mock: MockServer = field(repr=False)

    def requests(self, said: str) -> list[Any]:
        """The unified inputs of all requests whose last user message is this."""
        found = self.mock.assert_requested(last_user=f"^{said}$")
        return [exchange.input for exchange in found]


@pytest.fixture(scope="session")
def installed(pytestconfig: pytest.Config) -> Path:
    """A folder with the scripts and the clients."""
    if NODE is None or NPM is None:
        pytest.skip("node and npm are not installed")
    assert pytestconfig.cache is not None
    digest = hashlib.sha256(LOCKED_PACKAGES.read_bytes() + LOCK.read_bytes()).hexdigest()[:12]
    folder = pytestconfig.cache.mkdir(f"javascript-clients-{digest}")
    with FileLock(folder / "installing"):
        for path in (LOCKED_PACKAGES, LOCK, *SCRIPTS.glob("*.js")):
            shutil.copy(path, folder / path.name)
        done = folder / "installed"
        if not done.exists():
            install(folder)
            done.touch()
    return folder


def install(folder: Path) -> None:
    command = [str(NPM), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=True)  # noqa: S603 - npm, with a fixed list of packages
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not install the clients in {INSTALL_SECONDS} seconds")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm could not install the clients: {error.stderr.strip()[-300:]}")


@pytest.fixture(scope="module")
def findings(installed: Path) -> Callable[[OfficialClient], Finding | str]:
    """What each client read, or why it did not, asked once for all tests."""

    @cache
    def find(client: OfficialClient) -> Finding | str:
        return run(client, installed)

    return find


def run(client: OfficialClient, folder: Path) -> Finding | str:
    with MockServer() as mock:
        script_answers(mock)
        environment = {**os.environ, "BASE_URL": mock.base_url(client.provider)}
        try:
            done = subprocess.run(  # noqa: S603 - our own script
                [str(NODE), *EXPECTED[client.name].script],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=SCRIPT_SECONDS,
                check=True,
            )
        except subprocess.TimeoutExpired:
            return f"the client did not come to an end in {SCRIPT_SECONDS} seconds"
        except subprocess.CalledProcessError as error:
            return f"the script failed: {error.stderr}"
        return Finding(json.loads(done.stdout), mock)


def script_answers(mock: MockServer) -> None:
    mock.on(last_user=": text").reply("Bonjour, ça va\u2028?", **HEAD)
    first, second = (tool_call(call["name"], call["args"], tool_call_id=call["id"]) for call in CALLS)
    mock.on(last_user=": tool call").reply(first, **HEAD)
    mock.on(last_user="parallel").reply(first, second, **HEAD).reply("Sunny in both.", **HEAD)
    mock.on(last_user=": image input").reply("A cat.", **HEAD)
    thought = ReasoningPart(text="Six times seven.", signature=SIGNATURE)
    mock.on(last_user=": reasoning").reply(thought, "42", **HEAD)
    mock.on(last_user="and then").reply("I am sure.", **HEAD)
    mock.on(last_user="structured").reply(json.dumps(ADA))
    # Whoever does not break it off waits for minutes.
    mock.on(last_user="abort").reply("word " * 3600, pace={"delay": 0.05})
    mock.on(last_user="cut stream").reply("a b c d e f g", fault={"cut_after_events": 4})
    for style in STYLES:
        busy = mock.on(last_user=f"{style}: retry")
        busy.fault(status=429, retry_after=0.001).fault(status=503, retry_after=0.001).reply("at last", **HEAD)
    for status in STATUSES:
        mock.on(last_user=f"fail with {status}").fault(status=status, message="as asked", retry_after=0.001)


@pytest.fixture
def found(client: OfficialClient, findings: Callable[[OfficialClient], Finding | str]) -> Finding:
    finding = findings(client)
    assert isinstance(finding, Finding), finding
    return finding


def named(client: OfficialClient) -> str:
    return client.name


every_client = pytest.mark.parametrize("client", JAVASCRIPT, ids=named)
every_style = pytest.mark.parametrize("style", STYLES)
reading_reasoning = pytest.mark.parametrize(
    "client", [client for client in JAVASCRIPT if "reasoning" not in client.lacks], ids=named
)


def answer(client: OfficialClient, *, finish: str, **said: Any) -> dict[str, Any]:
    """What a client tells of an answer with this in it."""
    expected = EXPECTED[client.name]
    whole = {**ANSWER, "text": "", "finish": getattr(expected, finish), **said}
    return {name: value for name, value in whole.items() if name not in expected.untold}


def told(client: OfficialClient, found: Any) -> dict[str, Any]:
    """What it told, without what it makes up itself."""
    return {name: value for name, value in found.items() if name not in EXPECTED[client.name].untold}


@pytest.mark.timeout(INSTALL_SECONDS + 60)
@every_client
def test_the_clients_are_there(client: OfficialClient, found: Finding) -> None:
    assert found.told.keys() == {"whole", "streamed", "once"}
    broken = [value["broken"] for group in found.told.values() for value in group.values() if "broken" in (value or ())]
    assert broken == []


@pytest.mark.shows
@every_client
@pytest.mark.parametrize(("style", "scenario"), [("whole", "text"), ("streamed", "stream")])
def test_text_with_usage_and_ids(client: OfficialClient, found: Finding, style: str, scenario: str) -> None:
    assert told(client, found.told[style]["text"]) == answer(client, finish="stop", text="Bonjour, ça va\u2028?")


@pytest.mark.shows("tool call")
@every_client
@every_style
def test_a_tool_call(client: OfficialClient, found: Finding, style: str) -> None:
    assert told(client, found.told[style]["tool call"]) == answer(client, finish="tool_calls", calls=CALLS[:1])


@pytest.mark.shows("parallel tool calls", "tool results")
@every_client
@every_style
def test_parallel_tool_calls_and_their_results(client: OfficialClient, found: Finding, style: str) -> None:
    called, done = found.told[style]["parallel tool calls"]
    assert told(client, called) == answer(client, finish="tool_calls", calls=CALLS)
    assert told(client, done) == answer(client, finish="stop", text="Sunny in both.")
    request = found.requests(f"{style}: parallel tool calls.")[-1]
    results = [part for message in request.messages for part in message.content if isinstance(part, ToolResultPart)]
    form = EXPECTED[client.name].result
    assert [(part.tool_call_id, part.content) for part in results] == [
        (call["id"], [TextPart(text=form.format(call["args"]["city"]))]) for call in CALLS
    ]


@pytest.mark.shows("image input")
@every_client
@every_style
def test_an_image_is_read(client: OfficialClient, found: Finding, style: str) -> None:
    assert told(client, found.told[style]["image input"]) == answer(client, finish="stop", text="A cat.")
    (request,) = found.requests(f"{style}: image input.")
    (message,) = request.messages
    assert [(part.mime_type, part.data) for part in message.content if isinstance(part, ImagePart)] == [
        ("image/png", "iVBORw0KGgo=")
    ]


@pytest.mark.shows("reasoning")
@reading_reasoning
@every_style
def test_reasoning_goes_back_as_it_came(client: OfficialClient, found: Finding, style: str) -> None:
    first, second = found.told[style]["reasoning"]
    thought = {"reasoning": "Six times seven.", "signature": SIGNATURE}
    assert told(client, first) == answer(client, finish="stop", text="42", **thought)
    assert told(client, second) == answer(client, finish="stop", text="I am sure.")
    _, history, _ = found.requests(rf"{style}: and then\?")[0].messages
    thoughts = [part for part in history.content if isinstance(part, ReasoningPart)]
    kept = "" if EXPECTED[client.name].forgets_reasoning else "Six times seven."
    assert "".join(part.text for part in thoughts) == kept


@pytest.mark.shows("structured output")
@every_client
def test_structured_output_is_parsed(client: OfficialClient, found: Finding) -> None:
    assert found.told["once"]["structured output"] == [ADA, ADA]
    for request in found.requests("structured output"):
        assert request.response_format.json_schema["required"] == ["name", "age", "friends"]


@pytest.mark.shows("retry")
@every_client
@every_style
def test_a_retry_succeeds(client: OfficialClient, found: Finding, style: str) -> None:
    assert told(client, found.told[style]["retry"]) == answer(client, finish="stop", text="at last")
    assert [exchange.status for exchange in found.mock.assert_requested(last_user=f"{style}: retry")] == [429, 503, 200]


@pytest.mark.shows("cut stream")
@every_client
def test_a_stream_that_is_cut_is_an_error_of_the_client(client: OfficialClient, found: Finding) -> None:
    assert found.told["once"]["cut stream"]["kind"] == EXPECTED[client.name].cut


@pytest.mark.shows("abort")
@every_client
def test_a_stream_can_be_broken_off(client: OfficialClient, found: Finding) -> None:
    ended = found.told["once"]["abort"]
    assert ended.get("kind") == EXPECTED[client.name].abort
    assert 1 <= ended["pieces"] < 100  # of 3600; some may have come in the same read


@pytest.mark.shows
@every_client
@pytest.mark.parametrize("status", STATUSES)
@every_style
def test_errors_have_the_providers_form(
    client: OfficialClient,
    found: Finding,
    status: int,
    style: str,
    record_property: Callable[[str, object], None],
) -> None:
    expected = EXPECTED[client.name]
    error = found.told[style][str(status)]
    attempts = len(found.requests(rf"{style}: fail with {status}\."))
    record_property(style, attempts)
    assert (error["kind"], error["status"]) == (expected.errors[status], status)
    assert error["message"] == (HTTPStatus(status).phrase if status in expected.plain else "as asked")
    assert attempts == (3 if status in expected.retried else 1)


@pytest.mark.parametrize("client", [client for client in JAVASCRIPT if "ai" in client.packages], ids=named)
def test_several_steps_of_an_agent(client: OfficialClient, found: Finding) -> None:
    """The loop of ``ai`` itself, whole and streamed."""
    steps = {"text": "Sunny in both.", "steps": ["tool-calls", "stop"]}
    assert found.told["once"]["several steps"] == [steps, steps]
