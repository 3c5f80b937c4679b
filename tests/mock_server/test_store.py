"""Servers that have one store answer as one: what each does with it, and two real workers with a Redis between them."""

import json
import signal
import socket
import sys
import threading
import time
from collections import Counter as Tally
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import fakeredis
import httpx
import pytest
from click.testing import CliRunner
from pydantic_core import from_json
from raw_connections import Serving, becomes
from test_mock_server_cli import rest_of_lines, serving

from llm_sdk.codec import WireRequest, WireResponse
from llm_sdk.errors import StatusCodeError
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.services import Exchanged
from mock_server.cli import main
from mock_server.clock import VirtualClock
from mock_server.engine import Engine
from mock_server.keyed_routes import KeyedRoutes
from mock_server.redis_store import TIMEOUT, RedisMemory, RedisStore, _Shelf, open_store
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes, base_path
from mock_server.scenario_files import read_scenarios
from mock_server.store import Order, Store

SCENARIOS: list[dict[str, Any]] = [
    {"name": "second", "when": {"last_user": "nth", "nth": 2}, "reply": "the second"},
    {"name": "in turn", "when": {"last_user": "turn"}, "sequence": [{"reply": "a"}, {"reply": "b"}, {"reply": "c"}]},
    {"name": "busy once", "when": {"last_user": "busy"}, "turns": [{"fault": {"status": 503}}, {"reply": "free"}]},
    {"name": "drawn", "when": {"last_user": "draw", "probability": 0.5}, "reply": "drawn"},
]
RULE = "faults: [{when: {last_user: rule}, fault: {status: 500}, times: 3}]"
LONG = "The same beginning. " * 300
OPENAI = get_codec("openai")


def said(text: str, **fields: Any) -> tuple[str, str, dict[str, Any], dict[str, str]]:
    return "POST", "/v1/responses", {"model": "gpt-5", "input": text, **fields}, {}


PACED = [{"when": {"last_user": "paced"}, "reply": "one two three", "pace": {"delay": 0.01}}]
LIMITED = {"x-mock-fault": "rate_limit=2; window=60"}
ASKED: list[Any] = [
    *[said("nth")] * 3,
    *[said("turn")] * 4,
    *[said("busy")] * 3,
    *[said("draw")] * 8,
    *[(*said("hello")[:3], LIMITED)] * 3,
    Order("add-faults", RULE),
    *[said("rule")] * 5,
    Order("clear-faults"),
    said("rule"),
    Order("add-faults", RULE),
    *[said("rule")] * 4,
    Order("add-scenarios", "scenarios: [{name: added, when: {last_user: more}, sequence: [{reply: x}, {reply: y}]}]"),
    *[said("more")] * 3,
    Order("put-scenarios", "scenarios: [{name: added, when: {last_user: more}, reply: put}]"),
    said("more"),
    *[said(LONG)] * 2,
    "previous",
    "previous",
    "retrieve",
    "delete",
    "retrieve",
    said("not kept", previous_response_id="resp_none"),
    ("POST", "/v1/responses", {"model": 7}, {}),
    Order("reset"),
    *[said("nth")] * 2,
    said("more"),
]


def play(*engines: Engine) -> Iterator[Any]:
    """All that comes back when the requests are dealt out among the engines."""
    last = ""
    for engine, asked in zip(cycle(engines), ASKED, strict=False):
        if isinstance(asked, Order):
            engine.obey(asked)
            continue
        if asked == "previous":
            asked = said("and then?", previous_response_id=last)
        elif asked in ("retrieve", "delete"):
            asked = ("GET" if asked == "retrieve" else "DELETE", f"/v1/responses/{last}", {}, {})
        method, path, body, headers = asked
        plan = engine.answer(OPENAI, WireRequest(method, path, json.dumps(body).encode(), headers))
        if plan.status == 200 and method == "POST":
            last = json.loads(plan.body)["id"]
        yield plan.status, plan.headers, plan.body


def engine(store: Store | None = None) -> Engine:
    return Engine(read_scenarios(SCENARIOS, providers=["openai"]), codecs=[OPENAI], clock=VirtualClock(), store=store)


@pytest.fixture
def redis() -> Iterator[fakeredis.FakeRedis]:
    with fakeredis.FakeRedis(server=fakeredis.FakeServer()) as client:
        yield client


def test_two_engines_with_one_store_answer_as_one_does(redis: fakeredis.FakeRedis) -> None:
    alone, first, second = engine(), engine(RedisStore(redis)), engine(RedisStore(redis))
    expected = list(play(alone))
    assert list(play(first, second)) == expected
    assert Tally(status for status, *_ in expected) == {200: 36, 503: 1, 429: 1, 500: 6, 404: 1, 400: 2}

    def recorded(of: Engine) -> list[Any]:
        return [exchange.to_json() | {"caller": "", "arrived": 0} for exchange in of.journal]

    for one in (first, second):
        one.catch_up()
        assert recorded(one) == recorded(alone)
        assert one.script.to_json() == alone.script.to_json()


def test_a_server_that_comes_later_knows_what_was_counted_and_told(redis: fakeredis.FakeRedis) -> None:
    first = engine(RedisStore(redis))
    for order in (Order("reset"), Order("add-scenarios", "scenarios: [{name: late, reply: said}]")):
        first.obey(order)
    first.answer(OPENAI, WireRequest("POST", "/v1/responses", json.dumps(said("nth")[2]).encode()))
    later = engine(RedisStore(redis))
    plan = later.answer(OPENAI, WireRequest("POST", "/v1/responses", json.dumps(said("nth")[2]).encode()))
    assert b"the second" in plan.body
    assert [exchange.number for exchange in later.journal] == [1, 2]
    assert later.script.unused == ["in turn", "busy once", "drawn"]


def test_a_reset_leaves_nothing_behind(redis: fakeredis.FakeRedis) -> None:
    first, second = engine(RedisStore(redis)), engine(RedisStore(redis))
    list(play(first, second))
    first.reset()
    assert redis.keys() == [b"mock-server::epoch"]
    second.catch_up()
    assert (len(second.journal), second.journal.dropped) == (0, 0)


def test_an_emptied_store_is_a_reset_for_all(redis: fakeredis.FakeRedis) -> None:
    first, second = engine(RedisStore(redis)), engine(RedisStore(redis))
    rule = Order("add-faults", "faults: [{fault: {status: 500}}]")
    first.obey(rule)
    second.catch_up()
    redis.flushall()
    for one in (first, second):
        one.catch_up()
        assert len(one.faults.rules) == 0
    first.obey(rule)
    second.catch_up()
    assert len(second.faults.rules) == 1


@pytest.mark.parametrize("isolate_keys", [False, True])
def test_a_lost_store_is_an_error_of_the_provider_until_it_is_back(
    redis: fakeredis.FakeRedis, isolate_keys: bool, caplog: pytest.LogCaptureFixture
) -> None:
    routes = (KeyedRoutes if isolate_keys else Routes)(Engine(store=RedisStore(redis)))
    server: Any = redis.connection_pool.connection_kwargs["server"]

    def ask(method: str, target: str, body: bytes = b"") -> ReplyPlan:
        plan = routes.answer(method, target, {"authorization": "Bearer sk-1", "x-mock-key": "sk-1"}, body)
        assert isinstance(plan, ReplyPlan)
        return plan

    body = json.dumps(said("x")[2]).encode()
    assert ask("POST", "/openai/v1/responses", body).status == 200
    server.connected = False
    for codec in map(get_codec, provider_names()):
        plan = ask("POST", base_path(codec) + "/x", body)
        error = codec.decode_error(WireResponse(plan.status, plan.body, dict(plan.headers)))
        assert isinstance(error, StatusCodeError)
        assert error.status_code == 503
        assert "cannot reach its state, the Redis at" in error.message
    assert b"cannot reach its state" in ask("GET", "/_mock/requests").body
    assert ask("POST", "/_mock/reset").status == 503
    assert "cannot reach its state" in caplog.text
    assert (ask("GET", "/_mock/health").status, ask("GET", "/_mock/ready").status) == (200, 503)
    server.connected = True
    assert ask("GET", "/_mock/ready").status == 200
    assert ask("POST", "/openai/v1/responses", body).status == 200
    assert [exchange["status"] for exchange in from_json(ask("GET", "/_mock/requests").body)["requests"]] == [200, 200]


def test_what_is_kept_apart_is_invisible_and_its_name_is_not_written_down(redis: fakeredis.FakeRedis) -> None:
    whole = engine(RedisStore(redis))
    one, other = whole.twin("sk-first"), whole.twin("sk-second")
    one.answer(OPENAI, WireRequest("POST", "/v1/responses", json.dumps(said("x")[2]).encode()))
    assert [len(each.journal) for each in (whole, one, other, whole.twin("sk-first"))] == [0, 1, 0, 1]
    assert not any(b"sk-first" in key for key in redis.scan_iter())


def test_a_client_that_left_is_noted_for_all(redis: fakeredis.FakeRedis) -> None:
    one, other = engine(RedisStore(redis)), engine(RedisStore(redis))
    sent = WireRequest("POST", "/v1/responses", json.dumps(said("x", stream=True)[2]).encode())
    plans = [one.answer(OPENAI, sent), other.answer(OPENAI, sent)]
    assert plans[0].on_left is not None
    plans[0].on_left()
    assert [exchange.left for exchange in other.journal] == [True, False]
    one.reset()
    plans[0].on_left()
    assert list(one.journal) == []


def test_what_a_provider_keeps_is_bounded(redis: fakeredis.FakeRedis) -> None:
    shelf = _Shelf(redis, "k", max_values=3, max_bytes=100)
    memory = RedisMemory(shelf)
    for number in range(5):
        memory[str(number)] = Exchanged(b"q\0", b"\xff%d" % number)
    assert (list(memory), len(memory), shelf.dropped) == (["2", "3", "4"], 3, 2)
    assert memory["4"] == Exchanged(b"q\0", b"\xff4")
    memory["2"] = Exchanged(b"", b"x" * 60)
    assert list(memory) == ["3", "4", "2"]
    memory["5"] = Exchanged(b"", b"x" * 60)
    assert list(memory) == ["5"]
    del memory["5"]
    assert "5" not in memory
    with pytest.raises(KeyError):
        del memory["5"]


def test_a_rate_limit_holds_for_those_who_ask_at_once() -> None:
    server = fakeredis.FakeServer()

    def ask(_: int) -> bool:
        with fakeredis.FakeRedis(server=server) as client:
            return RedisStore(client).windows().take(("k",), limit=7, window=60.0, now=1000.0).allowed

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(40))) == 7


@pytest.fixture
def redis_url() -> Iterator[str]:
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    thread.join()
    server.server_close()


def test_two_workers_count_together(tmp_path: Path, redis_url: str) -> None:
    scenarios = tmp_path / "s.yaml"
    scenarios.write_text(
        "scenarios: [{name: third, when: {nth: 3}, reply: the third}, {name: never, when: {model: x}, reply: x}]"
    )
    arguments = ("--workers", "2", "--state", redis_url, "--scenarios", str(scenarios))
    with serving(*arguments) as (process, origin):
        rest_of_lines(process)
        answers: list[dict[str, Any]] = []
        for _ in range(12):  # a connection each, which the system spreads over both
            body = {"model": "gpt-5", "input": "x"} | ({"previous_response_id": answers[-1]["id"]} if answers else {})
            answers.append(httpx.post(f"{origin}/openai/v1/responses", json=body).json())
        texts = [answer["output"][0]["content"][0]["text"] for answer in answers]
        assert [at for at, text in enumerate(texts) if text == "the third"] == [2]
        journal = httpx.get(f"{origin}/_mock/requests").json()["requests"]
        assert [exchange["number"] for exchange in journal] == list(range(1, 13))
        assert [len(exchange["input"]["messages"]) for exchange in journal] == list(range(1, 24, 2))
        assert 'provider="openai",scenario="",status="200"} 11.0' in httpx.get(f"{origin}/_mock/metrics").text
        assert httpx.post(f"{origin}/_mock/reset").json() == {"status": "ok"}
        assert all(httpx.get(f"{origin}/_mock/requests").json()["requests"] == [] for _ in range(6))
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[1] == "scenarios that have never answered: third, never\n"
        assert process.returncode == 0


class SilentRedis:
    """In front of a Redis: passes on all that goes either way until it falls silent, and then nothing."""

    def __init__(self, url: str) -> None:
        self.behind = ("127.0.0.1", int(url.rpartition(":")[2].partition("/")[0]))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}/0"
        self.is_silent = False
        self.sockets: list[socket.socket] = [self.listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, server = self.listener.accept()[0], socket.create_connection(self.behind)
                self.sockets += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self.is_silent:
                    target.sendall(data)

    def close(self) -> None:
        for each in self.sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def test_a_redis_that_falls_silent_holds_up_nobody_for_long(redis_url: str) -> None:
    between = SilentRedis(redis_url)
    engine = Engine(read_scenarios(PACED, providers=["openai"]), store=open_store(between.url))
    running = Serving(engine=engine)
    origin = "http://{}:{}".format(*running.address)

    def ask(text: str, **fields: Any) -> httpx.Response:
        return httpx.post(f"{origin}/openai/v1/responses", json=said(text, **fields)[2])

    try:
        assert ask("x").status_code == 200
        with (
            ThreadPoolExecutor(9) as pool,
            httpx.stream("POST", f"{origin}/openai/v1/responses", json=said("paced", stream=True)[2]) as stream,
        ):
            pieces = stream.iter_raw()
            next(pieces)
            between.is_silent = True
            began = time.monotonic()
            refused = [pool.submit(ask, "x") for _ in range(5)]
            assert b"response.completed" in b"".join(pieces)
            assert not any(answer.done() for answer in refused), "a stream goes on meanwhile"
            answers = [answer.result() for answer in refused]
            assert time.monotonic() - began < 4 * TIMEOUT, "they did not wait in turn"
        assert {answer.status_code for answer in answers} == {503}
        assert all("the mock server cannot reach its state, the Redis at" in answer.text for answer in answers)
        between.is_silent = False
        assert becomes(lambda: ask("x").status_code == 200)
    finally:
        running.stop()
        between.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://localhost", "Redis URL must specify one of the following schemes"),
        ("redis://127.0.0.1:1/0", "no Redis answers there"),
    ],
)
def test_a_state_that_is_none_is_refused(url: str, message: str) -> None:
    done = CliRunner().invoke(main, ["serve", "--state", url])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for --state" in done.stderr
    assert message in done.stderr


def test_without_its_package_a_state_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    done = CliRunner().invoke(main, ["serve", "--state", "redis://127.0.0.1:1/0"])
    assert done.exit_code == 2
    assert "pip install 'llm-conformance[redis]'" in done.stderr
