"""The lanes: what each shows, and that under vcrpy every client library is answered without a network."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from conformance.lanes import EVERYTHING, LANES, open_lane
from conformance.marks import lane_shows, out_of_sight
from conformance.replay import Playback
from llm_sdk.codec import WireRequest
from llm_sdk.registry import get_codec

URL = "https://llm.example/v1/chat?a=1"
BODY = b'{"say": "hello"}'
HEADERS = {"X-Key": "k", "Content-Type": "application/json"}
ANSWER = Playback(201, {"content-type": "text/plain", "x-request-id": "r-1"}, (b"good", b" day \xe2", b"\x98\x80"))
Asked = tuple[int, str, bytes]


async def of_httpx() -> Asked:
    async with httpx.AsyncClient() as client:
        reply = await client.post(URL, content=BODY, headers=HEADERS)
        return reply.status_code, reply.headers["x-request-id"], reply.content


async def of_httpx2() -> Asked:
    httpx2 = pytest.importorskip("httpx2")
    with httpx2.Client() as client:
        reply = client.post(URL, content=BODY, headers=HEADERS)
        return reply.status_code, reply.headers["x-request-id"], reply.content


async def of_requests() -> Asked:
    reply = pytest.importorskip("requests").post(URL, data=BODY, headers=HEADERS, timeout=5)
    return reply.status_code, reply.headers["x-request-id"], reply.content


async def of_aiohttp() -> Asked:
    aiohttp = pytest.importorskip("aiohttp")
    async with aiohttp.ClientSession() as session, session.post(URL, data=BODY, headers=HEADERS) as reply:
        return reply.status, reply.headers["x-request-id"], await reply.read()


@pytest.mark.parametrize("ask", [of_httpx, of_httpx2, of_requests, of_aiohttp])
def test_every_client_is_answered_under_vcrpy(ask: Callable[[], Any]) -> None:
    lane = open_lane("patched")
    try:
        lane.play(lambda _: ANSWER)
        assert asyncio.run(ask()) == (201, "r-1", "good day ☀".encode())
        [performance] = lane.performances
    finally:
        lane.close()
    request = performance.request
    assert (request.method, request.path, request.body) == ("POST", "/v1/chat?a=1", BODY)
    assert {name.lower(): value for name, value in request.headers.items()}["x-key"] == "k"


def test_a_body_that_aiohttp_would_write_as_json_is_read_as_json() -> None:
    aiohttp = pytest.importorskip("aiohttp")

    async def ask() -> None:
        async with aiohttp.ClientSession() as session, session.post(URL, json={"say": ["hello"]}):
            pass

    lane = open_lane("patched")
    try:
        lane.play(lambda _: ANSWER)
        asyncio.run(ask())
        assert lane.performances[0].request.body == b'{"say": ["hello"]}'
    finally:
        lane.close()


def test_after_the_lane_nothing_is_patched() -> None:
    before = httpx.HTTPTransport.handle_request
    open_lane("patched").close()
    assert httpx.HTTPTransport.handle_request is before


def test_of_several_lanes_under_vcrpy_the_one_that_plays_has_the_requests() -> None:
    first, second = open_lane("patched"), open_lane("patched")
    try:
        for lane in (second, first):
            lane.play(lambda _: ANSWER)
            asyncio.run(of_httpx())
        assert [len(lane.performances) for lane in (first, second)] == [1, 1]
    finally:
        first.close()
        second.close()


def test_nothing_to_play_is_refused_in_process() -> None:
    lane = open_lane("in-process")
    assert lane.http_client is not None
    with pytest.raises(httpx.ConnectError):
        asyncio.run(lane.http_client.get(URL))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("in-process", EVERYTHING), ("socket", EVERYTHING - {"client", "waiting"}), ("patched", frozenset[str]())],
)
def test_what_each_lane_shows(name: str, shown: frozenset[str]) -> None:
    lane = open_lane(name)
    try:
        assert lane.shows == shown
        item: Any = SimpleNamespace(iter_markers=lambda _: [SimpleNamespace(args=("chunks", "waiting"))])
        assert out_of_sight(item, lane) == ", ".join(one for one in ("chunks", "waiting") if one not in shown)
    finally:
        lane.close()


def test_a_sight_that_no_lane_knows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a lane shows address, chunks, .*; not colours"):
        lane_shows("colours")  # type: ignore[arg-type]


def test_where_each_lane_sends_an_adapter() -> None:
    codec = get_codec("openai")
    lanes = {name: open_lane(name) for name in LANES}
    try:
        urls = {name: lane.base_url(codec) for name, lane in lanes.items()}
    finally:
        for lane in lanes.values():
            lane.close()
    assert urls["patched"] == codec.endpoint.base_url
    assert urls["in-process"] == f"https://provider.invalid{codec.endpoint.root}"
    assert urls["socket"].startswith("http://127.0.0.1:")
    assert urls["socket"].endswith(codec.endpoint.root)


def test_a_request_of_no_body() -> None:
    lane = open_lane("patched")
    try:
        lane.play(lambda request: Playback(200, {}, (request.method.encode(),)))
        assert httpx.get(URL).content == b"GET"
        assert lane.performances[0].request == WireRequest(
            "GET", "/v1/chat?a=1", b"", dict(lane.performances[0].request.headers)
        )
    finally:
        lane.close()
