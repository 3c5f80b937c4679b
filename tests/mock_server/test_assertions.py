"""What a failed assertion says: what was expected, what came nearest, and why it does not fit."""

from typing import Any

import httpx
import pytest
from plain_protocol import PLAIN

from llm_sdk.types import LanguageModelInput
from mock_server import MockServer
from mock_server.scenario_files import ScenarioError
from mock_server.verdict import Level


def body(said: str, model: str = "model-1") -> bytes:
    input = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": said}]})
    return PLAIN.encode_request(model, input, stream=False).body


@pytest.fixture(scope="module")
def mock() -> MockServer:
    """In which three requests have come: one scripted, one refused, one that could not be read."""
    scenarios = [
        {"name": "hi", "when": {"last_user": "hello"}, "reply": "hi"},
        {"name": "busy", "when": {"last_user": "busy"}, "fault": {"status": 429}},
    ]
    server = MockServer(scenarios, in_process=True, codecs=[PLAIN])
    with httpx.Client(transport=server.transport, base_url=server.base_url("plain")) as client:
        for content in (body("hello"), body("busy", "model-2"), b"{"):
            client.post("/chat", content=content)
    return server


ALL = [
    "all requests that came:",
    "  #1 plain model-1 whole: 200, scenario 'hi'",
    "  #2 plain model-2 whole: 429, scenario 'busy'",
    "  #3 plain /v1/chat: 400, the body is not JSON",
]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, [1, 2]),
        ({"provider": "plain", "model": "*-2"}, [2]),
        ({"status": 200}, [1]),
        ({"status": "4xx"}, [2, 3]),
        ({"status": "4xx", "provider": "plain"}, [2, 3]),
        ({"status": "4xx", "last_user": "b"}, [2]),
        ({"scenario": "hi"}, [1]),
        ({"predicate": lambda asked: asked.last_user == "busy"}, [2]),
    ],
    ids=lambda given: str(list(given)),
)
def test_requests_are_found(mock: MockServer, asked: dict[str, Any], numbers: list[int]) -> None:
    assert [exchange.number for exchange in mock.assert_requested(times=len(numbers), **asked)] == numbers
    with pytest.raises(AssertionError):
        mock.assert_not_requested(**asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"last_user": "bye", "model": "model-2"},
            [
                "expected at least 1 request with last_user='bye', model='model-2', got 0",
                "nearest:",
                "  #2 plain model-2 whole: 429, scenario 'busy'",
                "      last_user: expected /bye/, got 'busy'",
                "  #1 plain model-1 whole: 200, scenario 'hi'",
                "      model: expected model-2, got model-1",
                "      last_user: expected /bye/, got 'hello'",
            ],
        ),
        (
            {"times": 2, "status": 200, "scenario": "busy"},
            [
                "expected 2 requests with status=200, scenario='busy', got 0",
                "nearest:",
                "  #2 plain model-2 whole: 429, scenario 'busy'",
                "      status: expected 200, got 429",
                "  #1 plain model-1 whole: 200, scenario 'hi'",
                "      scenario: expected 'busy', got 'hi'",
            ],
        ),
        (
            {"model": "model-1", "status": 404},
            [
                "expected at least 1 request with model='model-1', status=404, got 0",
                "nearest:",
                "  #1 plain model-1 whole: 200, scenario 'hi'",
                "      status: expected 404, got 200",
                "  #2 plain model-2 whole: 429, scenario 'busy'",
                "      model: expected model-1, got model-2",
                "      status: expected 404, got 429",
            ],
        ),
        ({"times": 0}, ["expected 0 requests, got 2"]),
    ],
    ids=str,
)
def test_what_was_expected_and_what_came(mock: MockServer, asked: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(AssertionError) as caught:
        mock.assert_requested(**asked)
    assert str(caught.value).splitlines() == [*said, *ALL]


def test_what_should_not_have_come(mock: MockServer) -> None:
    mock.assert_not_requested(last_user="secret")
    with pytest.raises(AssertionError) as caught:
        mock.assert_not_requested(last_user="hello", status=200)
    assert str(caught.value).splitlines() == ["expected no request with last_user='hello', status=200, got 1:", ALL[1]]


def test_the_end_of_a_server_fails_for_its_verdict() -> None:
    def run(level: Level | None) -> None:
        with (
            MockServer([{"fault": {"status": 503}}], in_process=True, codecs=[PLAIN], fail_on=level) as server,
            httpx.Client(transport=server.transport, base_url=server.base_url("plain")) as client,
        ):
            client.post("/chat", content=body("x"))
            client.post("/chat", content=body("x"))

    run(None)
    run("error")
    with pytest.raises(AssertionError, match="warning retried-at-once"):
        run("warning")


def test_the_verdict_can_be_asserted() -> None:
    server = MockServer([{"fault": {"status": 400}}], in_process=True, codecs=[PLAIN])
    with httpx.Client(transport=server.transport, base_url=server.base_url("plain")) as client:
        client.post("/chat", content=body("x"))
        server.assert_verdict(level="warning")
        client.post("/chat", content=body("x"))
    with pytest.raises(AssertionError, match=r"^verdict on 2 exchanges: 1 error, 0 warnings\nerror retried-in-vain: "):
        server.assert_verdict()
    server.assert_verdict(ignore=["retried-in-vain"])
    assert [finding.exchanges for finding in server.verdict().findings] == [(1, 2)]


@pytest.mark.parametrize("condition", [{"nth": 2}, {"probability": 0.5}])
def test_what_is_counted_or_drawn_cannot_be_asserted(condition: dict[str, Any]) -> None:
    with MockServer(in_process=True) as mock:
        (name,) = condition
        for check in (mock.assert_requested, mock.assert_not_requested):
            with pytest.raises(ScenarioError, match=f"{name}: is about which request a scenario answers"):
                check(**condition)
