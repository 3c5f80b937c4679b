"""Who may control the server, and whom it serves at all."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import click
import pytest
from plain_protocol import PLAIN

from llm_sdk.errors import InvalidInputError
from llm_sdk.types import LanguageModelInput
from mock_server import MockServer
from mock_server.access import Access, is_loopback
from mock_server.engine import Engine
from mock_server.logs import begin_log
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes
from mock_server.scenario_files import read_scenarios
from mock_server.serving import ServeOptions, serve

HELLO = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "hello"}]})
LOCAL = Access("127.0.0.1")
OPEN = Access("0.0.0.0")  # noqa: S104 - the case
GUARDED = Access("0.0.0.0", "t1")  # noqa: S104 - the case


def test_a_loopback_address() -> None:
    yes = ("127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST.", "app.localhost", "::1", "[::1]")
    no = ("0.0.0.0", "::", "192.168.0.1", "localhost.example.com", "127.0.0.1.example.com", "")  # noqa: S104 - the case
    assert [is_loopback(host) for host in (*yes, *no)] == [True] * len(yes) + [False] * len(no)


@pytest.mark.parametrize(
    ("access", "headers", "status"),
    [
        (LOCAL, {"host": "127.0.0.1:8080"}, None),
        (LOCAL, {"host": "localhost:8080"}, None),
        (LOCAL, {"host": "[::1]:8080"}, None),
        (LOCAL, {}, None),
        (LOCAL, {"host": "rebound.example.com:8080"}, 403),
        (LOCAL, {"host": "localhost:8080", "origin": "http://localhost:8080"}, None),
        (LOCAL, {"host": "localhost:8080", "origin": "https://example.com"}, 403),
        (LOCAL, {"host": "localhost:8080", "origin": "null"}, 403),
        (LOCAL, {"host": "localhost:8080", "sec-fetch-site": "cross-site"}, 403),
        (OPEN, {"host": "10.0.0.1:8080"}, 403),
        (OPEN, {"host": "localhost:8080"}, 403),
        (GUARDED, {"host": "10.0.0.1:8080"}, 401),
        (GUARDED, {"authorization": "Bearer t2"}, 401),
        (GUARDED, {"authorization": "Bearer t1"}, None),
        (GUARDED, {"x-mock-token": "t1"}, None),
        (Access("127.0.0.1", "t1"), {"host": "localhost:1"}, 401),
        (Access("127.0.0.1", "t1", shared=True), {"x-mock-token": "t1"}, 501),
    ],
)
def test_control_is_for_whom_it_is_meant(access: Access, headers: dict[str, str], status: int | None) -> None:
    routes = Routes(Engine(codecs=[PLAIN]), access)

    def ask(path: str, body: bytes = b"") -> ReplyPlan:
        plan = routes.answer("POST" if body else "GET", path, headers, body, headers.get("host", ""))
        assert isinstance(plan, ReplyPlan)
        return plan

    for path in ("requests", "scenarios", "faults", "none"):
        assert ask(f"/_mock/{path}").status == (status or (404 if path == "none" else 200))
    assert ask("/_mock/metrics").status == (200 if access.shared else status or 200)  # any worker has those of all
    assert ask("/_mock/health").status == 200
    assert ask("/v1/chat", PLAIN.encode_request("m", HELLO, stream=False).body).status == 200
    assert not any(name.startswith("access-control") for name in ask("/_mock/requests").headers)


def test_other_machines_are_let_in_on_purpose_alone() -> None:
    with pytest.raises(click.UsageError, match="give --api-key KEY, or --allow-anyone"):
        serve(ServeOptions(host="0.0.0.0", port=0))  # noqa: S104 - the case
    with pytest.raises(InvalidInputError, match="give an api_key, or allow_anyone=True"):
        MockServer(host="0.0.0.0")  # noqa: S104 - the case


def chat(engine: Engine, body: bytes) -> None:
    Routes(engine).answer("POST", "/v1/chat?key=secret", {"authorization": "Bearer secret"}, body)


def test_metrics() -> None:
    engine = Engine(read_scenarios([{"name": "a", "when": {"last_user": "hello"}, "reply": "x"}]), codecs=[PLAIN])
    chat(engine, PLAIN.encode_request("m", HELLO, stream=False).body)
    chat(engine, PLAIN.encode_request("m", HELLO, stream=True).body)
    chat(engine, b"{")
    engine.traffic.took(0.003)
    engine.traffic.took(100)
    plan = Routes(engine).answer("GET", "/_mock/metrics", {}, b"")
    assert isinstance(plan, ReplyPlan)
    assert plan.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = plan.body.decode().splitlines()
    assert 'mock_server_requests_total{provider="plain",scenario="a",status="200"} 2.0' in lines
    assert 'mock_server_requests_total{provider="plain",scenario="",status="400"} 1.0' in lines
    assert "mock_server_open_streams 0.0" in lines
    assert 'mock_server_answer_seconds_bucket{le="0.0025"} 0.0' in lines
    assert 'mock_server_answer_seconds_bucket{le="0.005"} 1.0' in lines
    assert 'mock_server_answer_seconds_bucket{le="+Inf"} 2.0' in lines
    assert "mock_server_answer_seconds_sum 100.003" in lines


@pytest.fixture
def _log_as_it_was() -> Iterator[None]:
    package, requests = logging.getLogger("mock_server"), logging.getLogger("mock_server.requests")
    before = package.handlers[:], package.propagate, requests.level
    yield
    package.handlers[:], package.propagate, level = before
    requests.setLevel(level)


@pytest.mark.usefixtures("_log_as_it_was")
def test_the_log_has_a_line_for_every_request_and_no_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    begin_log("json")
    engine = Engine(codecs=[PLAIN])
    chat(engine, PLAIN.encode_request("m", HELLO, stream=False).body)
    chat(engine, b"{")
    logging.getLogger("mock_server").error("two\nlines")
    text = capsys.readouterr().err
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("request", "info"),
        ("request", "info"),
        ("message", "error"),
    ]
    told = ("number", "provider", "status", "model_id", "stream", "scenario")
    assert [lines[0][name] for name in told] == [1, "plain", 200, "m", False, None]
    assert lines[1]["status"] == 400
    assert "secret" not in text

    begin_log("text")
    chat(engine, b"{")
    assert " INFO #3 plain /v1/chat" in capsys.readouterr().err
