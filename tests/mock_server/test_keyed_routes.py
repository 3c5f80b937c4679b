"""One server, many tests: nothing of one API key is seen by another."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from plain_protocol import PLAIN, PlainCodec

from llm_sdk import LanguageModelInput, UserMessage
from mock_server import MockServer
from mock_server.access import Access
from mock_server.engine import Engine
from mock_server.keyed_routes import KeyedRoutes
from mock_server.reply import ReplyPlan


@dataclass(frozen=True)
class Server:
    """A server, and one client for whatever is asked of it."""

    mock: MockServer
    http: httpx.Client


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    begun = [{"name": "first", "when": {"last_user": "first"}, "reply": "given"}]
    with MockServer(begun, codecs=[PLAIN], isolate_keys=True) as mock, httpx.Client(base_url=mock.url) as http:
        yield Server(mock, http)


def ask(server: Server, key: str, text: str) -> httpx.Response:
    said = LanguageModelInput(messages=[UserMessage(content=text)])
    request = PLAIN.encode_request("p-1", said, stream=False)
    headers = {"x-plain-key": f"key {key}"} if key else {}
    return server.http.post("/plain/v1" + request.path, content=request.body, headers=headers)


def control(server: Server, key: str, method: str, name: str, body: str = "") -> httpx.Response:
    return server.http.request(method, f"/_mock/{name}", content=body, headers={"x-mock-key": key})


def test_scenarios_requests_and_faults_are_of_one_key(server: Server) -> None:
    assert control(server, "a", "POST", "scenarios", '{"scenarios": [{"reply": "of a"}]}').json() == {"added": 1}
    assert control(server, "b", "POST", "faults", '{"fault": {"status": 503}}').json() == {"added": 1}
    assert "of a" in ask(server, "a", "Hi").text
    assert ask(server, "b", "Hi").status_code == 503
    assert "You said" in ask(server, "c", "Hi").text
    assert "You said" in ask(server, "", "Hi").text
    came = {key: control(server, key, "GET", "requests").json()["requests"] for key in ("a", "b", "c", "never")}
    assert {key: [entry["status"] for entry in found] for key, found in came.items()} == {
        "a": [200],
        "b": [503],
        "c": [200],
        "never": [],
    }
    assert len(server.mock.requests) == 1  # the one without a key


def test_each_key_begins_with_what_the_server_began_with(server: Server) -> None:
    assert "given" in ask(server, "d", "first").text
    assert control(server, "d", "GET", "scenarios").json()["unused"] == []
    assert control(server, "e", "GET", "scenarios").json()["unused"] == ["first"]


def test_a_reset_is_of_one_key(server: Server) -> None:
    for key in ("f", "g"):
        ask(server, key, "Hi")
    control(server, "f", "POST", "reset")
    assert [len(control(server, key, "GET", "requests").json()["requests"]) for key in ("f", "g")] == [0, 1]


def test_traffic_is_counted_for_all_together(server: Server) -> None:
    ask(server, "h", "Hi")
    told = [line for line in control(server, "h", "GET", "metrics").text.splitlines() if "requests_total" in line]
    assert told
    assert set(told) <= set(server.http.get("/_mock/metrics").text.splitlines())


def test_a_token_is_still_needed_and_the_oldest_key_is_forgotten() -> None:
    engine = Engine(codecs=[PLAIN, PlainCodec("other")])
    routes = KeyedRoutes(engine, Access("127.0.0.1", token="t"), max_keys=2)

    def count(key: str) -> int:
        headers = {"x-mock-key": key, "x-mock-token": "t"}
        plan = routes.answer("GET", "/_mock/requests", headers, b"")
        assert isinstance(plan, ReplyPlan)
        return plan.body.count(b'"number"')

    refused = routes.answer("GET", "/_mock/requests", {"x-mock-key": "a"}, b"")
    assert isinstance(refused, ReplyPlan)
    assert refused.status == 401
    for key in ("a", "b"):
        routes.answer("POST", "/plain/v1/chat", {"x-plain-key": f"key {key}"}, b"{}")
    assert (count("a"), count("b")) == (1, 1)
    routes.answer("POST", "/plain/v1/chat", {"x-plain-key": "key c"}, b"{}")
    assert (count("b"), count("c"), count("a")) == (1, 1, 0)


def test_put_takes_the_place_of_the_scenario_of_the_same_name(server: Server) -> None:
    for reply in ("old", "new"):
        body = f'{{"scenarios": [{{"name": "one", "reply": "{reply}"}}]}}'
        assert control(server, "i", "PUT", "scenarios", body).json() == {"put": 1}
    assert "new" in ask(server, "i", "Hi").text
    told = control(server, "i", "GET", "scenarios").json()["scenarios"]
    assert [entry["name"] for entry in told] == ["first", "one"]
    assert control(server, "i", "PUT", "scenarios", "{").status_code == 400
