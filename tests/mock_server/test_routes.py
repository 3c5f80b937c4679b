"""Which path leads where, and the application that serves it, driven as an ASGI server would."""

import asyncio
import json
import logging
import re
from dataclasses import replace
from typing import Any

import pytest
from plain_protocol import PLAIN, PlainCodec

from llm_sdk.codec import Codec
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.types import LanguageModelInput
from mock_server.app import MockApp
from mock_server.engine import Engine
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes
from mock_server.scenario_files import read_scenarios
from mock_server.served_paths import paths_served
from mock_server.service_routes import claims

HELLO = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "hello"}]})
WHOLE = PLAIN.encode_request("m", HELLO, stream=False).body
STREAM = PLAIN.encode_request("m", HELLO, stream=True).body


def routes(*codecs: Codec) -> Routes:
    return Routes(Engine(codecs=codecs or (PLAIN,)))


def send(routes: Routes, method: str, target: str, body: bytes = b"", host: str = "localhost:1") -> ReplyPlan:
    return routes.answer(method, target, {}, body, host)


def read(plan: ReplyPlan) -> Any:
    assert plan.headers["content-length"] == str(len(plan.body))
    return json.loads(plan.body)


def test_a_provider_stands_below_its_mount_and_at_the_root() -> None:
    for target in ("/plain/v1/chat", "/v1/chat", "/v1/chat?x=1"):
        assert send(routes(), "POST", target, WHOLE).status == 200


def test_two_that_share_a_path_at_the_root_are_told_apart_by_mount_or_host() -> None:
    both = routes(PLAIN, PlainCodec("other"))
    assert send(both, "POST", "/plain/v1/chat", WHOLE).status == 200
    assert send(both, "POST", "/other/v1/chat", WHOLE).status == 200
    assert send(both, "POST", "/v1/chat", WHOLE, host="api.other.test").status == 200
    plan = send(both, "POST", "/v1/chat", WHOLE)
    assert plan.status == 404
    assert read(plan) == {
        "error": {"message": "2 providers have /v1/chat; use one of the base URLs /plain/v1, /other/v1"}
    }


def test_one_of_two_may_leave_the_root_to_the_other() -> None:
    other = PlainCodec("other")
    other.endpoint = replace(other.endpoint, at_root=False)
    both = routes(other, PLAIN)
    assert send(both, "POST", "/v1/chat", WHOLE).status == 200
    assert read(send(both, "GET", "/_mock/requests"))["requests"][-1]["provider"] == "plain"
    assert send(both, "POST", "/v1/chat", WHOLE, host="api.other.test").status == 200
    assert read(send(both, "GET", "/_mock/requests"))["requests"][-1]["provider"] == "other"
    assert send(routes(other), "POST", "/v1/chat", WHOLE).status == 200


def test_below_its_mount_a_path_may_lack_the_version_that_some_clients_have_in_the_base_url() -> None:
    lenient = PlainCodec("plain")
    lenient.endpoint = replace(lenient.endpoint, versions=("/v1",))
    assert send(routes(lenient), "POST", "/plain/chat?x=1", WHOLE).status == 200
    assert send(routes(lenient), "POST", "/plain/v1/chat", WHOLE).status == 200
    assert send(routes(lenient), "POST", "/chat", WHOLE).status == 404
    assert send(routes(), "POST", "/plain/chat", WHOLE).status == 404


@pytest.mark.parametrize("provider", provider_names())
def test_the_paths_that_are_named_are_answered(provider: str) -> None:
    codec = get_codec(provider)
    named = paths_served([codec])
    assert len(named) == len(set(named)) > 1
    for line in named:
        method, _, path = line.partition(" ")
        assert claims(codec, method, re.sub(r"{\w+}", "x", path)), line


def test_unknown_paths_say_what_there_is() -> None:
    assert read(send(routes(), "GET", "/v1/none?key=1"))["error"]["message"] == (
        "nothing answers GET /v1/none here; base URLs are /plain/v1"
    )
    assert read(send(routes(), "GET", "/plain/v1/none")) == {
        "problem": "Invalid URL (GET /v1/none). The mock server answers POST /v1/chat.",
        "code": "unknown_url",
    }
    assert "/_mock/health" in read(send(routes(), "GET", "/_mock/none"))["error"]["message"]
    plan = send(routes(), "GET", "/_mock/reset")
    assert (plan.status, plan.headers["allow"]) == (405, "POST")


def test_the_page_names_every_base_url() -> None:
    plan = routes().answer("GET", "/", {"accept": "text/plain"}, b"", "localhost:8080")
    assert isinstance(plan, ReplyPlan)
    assert plan.headers["content-type"].startswith("text/plain")
    assert "plain: http://localhost:8080/plain/v1" in plan.body.decode()


def test_control() -> None:
    here = routes()
    assert read(send(here, "GET", "/_mock/health"))["status"] == "ok"
    assert read(
        send(here, "POST", "/_mock/scenarios", b"scenarios: [{name: a, when: {last_user: h}, reply: scripted}]")
    ) == {"added": 1}
    assert b"scripted" in send(here, "POST", "/v1/chat", WHOLE).body
    (shown,) = read(send(here, "GET", "/_mock/scenarios"))["scenarios"]
    assert (shown["name"], shown["when"]) == ("a", {"last_user": "h"})
    (exchange,) = read(send(here, "GET", "/_mock/requests"))["requests"]
    assert (exchange["provider"], exchange["scenario"]) == ("plain", "a")
    assert exchange["input"] == HELLO.model_dump(mode="json")
    assert read(send(here, "POST", "/_mock/reset")) == {"status": "ok"}
    assert read(send(here, "GET", "/_mock/requests")) == {"requests": [], "last": 0, "dropped": 0}
    assert b"You said" in send(here, "POST", "/v1/chat", WHOLE).body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"scenarios: [{repli: x}]", "scenarios[0].repli: unknown key 'repli'; is 'reply' meant?"),
        (b"\xff", "the body is not UTF-8 text"),
    ],
)
def test_malformed_scenarios_are_refused_and_nothing_is_added(body: bytes, message: str) -> None:
    here = routes()
    plan = send(here, "POST", "/_mock/scenarios", body)
    assert plan.status == 400
    assert message in read(plan)["error"]["message"]
    assert read(send(here, "GET", "/_mock/scenarios")) == {"scenarios": [], "unused": [], "problems": []}


class Client:
    """Both ends of one ASGI connection. It goes away after ``patience`` messages."""

    def __init__(self, *pieces: bytes, patience: int | None = None) -> None:
        last = len(pieces) - 1
        self.incoming = [{"type": "http.request", "body": p, "more_body": at < last} for at, p in enumerate(pieces)]
        self.patience = patience
        self.got: list[dict[str, Any]] = []
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.incoming:
            return self.incoming.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.got.append(message)
        if len(self.got) == self.patience:
            self.gone.set()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.got)


async def serve(app: MockApp, client: Client, path: str = "/v1/chat") -> None:
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [(b"host", b"h")]}
    await asyncio.wait_for(app(scope, client.receive, client.send), 20)


def app_with(*scenarios: Any, **options: Any) -> MockApp:
    return MockApp(Engine(read_scenarios(scenarios, providers=["plain"]), codecs=[PLAIN]), **options)


def test_an_event_is_one_write() -> None:
    client = Client(STREAM)
    asyncio.run(serve(app_with(), client))
    start, *bodies, end = client.got
    assert start["status"] == 200
    assert all(message["body"].endswith(b"\n\n") and message["more_body"] for message in bodies)
    assert end == {"type": "http.response.body", "body": b""}


def test_a_body_may_come_in_pieces_and_is_bounded() -> None:
    client = Client(WHOLE[:5], WHOLE[5:])
    asyncio.run(serve(app_with(max_body_bytes=len(WHOLE)), client))
    assert client.got[0]["status"] == 200

    client = Client(WHOLE[:5], WHOLE[5:], b"never read")
    asyncio.run(serve(app_with(max_body_bytes=len(WHOLE) - 1), client))
    assert client.got[0]["status"] == 413
    assert json.loads(client.body)["error"]["message"] == f"the body is larger than {len(WHOLE) - 1} bytes"


def test_a_client_that_goes_away_ends_the_stream() -> None:
    client = Client(STREAM, patience=1)
    paced = read_scenarios([{"reply": "one two three", "pace": {"delay": 3600}}], providers=["plain"])
    engine = Engine(paced, codecs=[PLAIN])
    asyncio.run(serve(MockApp(engine), client))
    assert len(client.got) == 2, "the head and the first event, then nobody was there to wait for"
    assert [exchange.left for exchange in engine.journal] == [True]


def test_a_client_that_goes_away_before_the_answer_gets_none() -> None:
    client = Client(WHOLE)
    client.gone.set()
    asyncio.run(serve(app_with({"fault": {"latency": 3600}}), client))
    assert client.got == []


def test_an_answer_that_is_cut_has_no_last_message() -> None:
    client = Client(STREAM)
    asyncio.run(serve(app_with({"fault": {"cut_after_events": 2}}), client))
    assert [message.get("more_body") for message in client.got] == [None, True, True]


def test_a_defect_is_a_500_with_its_trace_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(PlainCodec):
        def decode_request(self, request: Any) -> Any:  # noqa: ARG002 - not read
            raise ZeroDivisionError("a defect")

    client = Client(WHOLE)
    with caplog.at_level(logging.ERROR, "mock_server"):
        asyncio.run(serve(MockApp(Engine(codecs=[Broken()])), client))
    assert client.got[0]["status"] == 500
    assert "a defect" in caplog.text
    assert b"a defect" not in client.body
