"""What a page in a browser may read of the stand-in."""

from collections.abc import Iterator

import httpx
import pytest
from click.testing import CliRunner

from llm_sdk.errors import InvalidInputError
from llm_sdk.registry import find_codec, provider_names
from mock_server import MockServer
from mock_server.cli import main
from mock_server.routes import base_path

PAGE = "http://localhost:5173"
OTHER = "https://evil.example"
BODY = {"model": "gpt-5", "input": "Hi"}
BASES = sorted({base_path(find_codec(name)) for name in provider_names()})


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with MockServer(allow_origins=[PAGE]) as mock, httpx.Client(base_url=origin_of(mock)) as client:
        yield client


def origin_of(mock: MockServer) -> str:
    return mock.base_url("anthropic").removesuffix("/anthropic")


def told(reply: httpx.Response) -> dict[str, str]:
    """What a browser goes by."""
    return {name: value for name, value in reply.headers.items() if name.startswith("access-control-")}


def ask_first(client: httpx.Client, path: str, origin: str) -> httpx.Response:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    return client.options(path, headers={"origin": origin, **asked})


@pytest.mark.parametrize("base", BASES)
def test_a_page_that_may_is_let_through_to_every_provider(client: httpx.Client, base: str) -> None:
    reply = ask_first(client, f"{base}/anything", PAGE)
    assert (reply.status_code, reply.content) == (204, b"")
    assert told(reply) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization,content-type",
        "access-control-max-age": "600",
        "access-control-expose-headers": "*",
    }


@pytest.mark.parametrize(
    ("asked", "status"),
    [({}, 200), ({"stream": True}, 200), ({"input": 7}, 400), ({"model": "m+fault,status=429"}, 429)],
    ids=["an answer", "a stream", "a refusal", "a fault"],
)
def test_a_page_that_may_reads_whatever_comes(client: httpx.Client, asked: dict[str, object], status: int) -> None:
    reply = client.post("/openai/v1/responses", json=BODY | asked, headers={"origin": PAGE})
    assert reply.status_code == status
    assert told(reply) == {"access-control-allow-origin": PAGE, "access-control-expose-headers": "*"}
    assert reply.headers["vary"] == "Origin"


def test_no_other_page_reads_anything(client: httpx.Client) -> None:
    assert ask_first(client, "/openai/v1/responses", OTHER).status_code == 404
    for headers in ({"origin": OTHER}, {}):
        reply = client.post("/openai/v1/responses", json=BODY, headers=headers)
        assert (reply.status_code, told(reply)) == (200, {})


def test_no_page_controls(client: httpx.Client) -> None:
    for path in ("/_mock/reset", "/_mock/health"):
        assert told(ask_first(client, path, PAGE)) == {}
    reply = client.post("/_mock/reset", headers={"origin": PAGE})
    assert (reply.status_code, told(reply)) == (403, {})


def test_all_pages_may_where_that_is_said() -> None:
    with MockServer(allow_origins=["*"]) as mock, httpx.Client(base_url=origin_of(mock)) as client:
        reply = client.post("/openai/v1/responses", json=BODY, headers={"origin": "null"})
    assert told(reply)["access-control-allow-origin"] == "null"


@pytest.mark.parametrize("origin", ["localhost:5173", "http://localhost:5173/", "localhost", ""])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(InvalidInputError, match="is no origin: give a scheme and a host"):
        MockServer(allow_origins=[origin])
    run = CliRunner().invoke(main, ["serve", "--port", "0", "--allow-origin", origin])
    assert run.exit_code == 2
    assert "--allow-origin" in run.output
