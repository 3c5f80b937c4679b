"""What the control endpoints tell of the journal, and the page that shows it."""

import json
from typing import Any

import pytest
from plain_protocol import PLAIN

from llm_sdk.types import LanguageModelInput
from mock_server.engine import Engine
from mock_server.pending import PendingReply
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes

HELLO = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "hello"}]})


@pytest.fixture
def routes() -> Routes:
    here = Routes(Engine(codecs=[PLAIN]))
    for model, target in (("a-1", ""), ("a-2", ""), ("b-1", "?key=s3cret"), ("b-1", "")):
        body = PLAIN.encode_request(model, HELLO, stream=False).body if target or model != "a-2" else b"{"
        here.answer("POST", f"/v1/chat{target}", {}, body)
    return here


def get(routes: Routes, target: str) -> ReplyPlan:
    plan = routes.answer("GET", target, {}, b"")
    assert not isinstance(plan, PendingReply)
    return plan


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4]),
        ("?provider=plain&model=b-*", [3, 4]),
        ("?provider=other", []),
        ("?status=4xx", [2]),
        ("?status=200&since=1&limit=1", [4]),
        ("?since=&limit=", [1, 2, 3, 4]),
    ],
)
def test_exchanges_are_found(routes: Routes, query: str, numbers: list[int]) -> None:
    told = json.loads(get(routes, f"/_mock/requests{query}").body)
    assert [one["number"] for one in told["requests"]] == numbers
    assert (told["last"], told["dropped"]) == (4, 0)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("requests?modle=x", "modle: unknown parameter; there are provider, model, status, scenario, since, limit"),
        ("requests?limit=-1", "limit: '-1' is not a number of an exchange, or of exchanges"),
        ("requests?since=" + "9" * 99, "since: '" + "9" * 40 + "' is not a number of an exchange, or of exchanges"),
        ("verdict?format=yaml", "format: no format 'yaml'; there are json, text, junit"),
        ("verdict?ignore=nothing", "ignore: no rule nothing; there are retried-in-vain"),
    ],
)
def test_a_malformed_query_is_refused(routes: Routes, target: str, message: str) -> None:
    plan = get(routes, f"/_mock/{target}")
    assert plan.status == 400
    assert json.loads(plan.body)["error"]["message"].startswith(message)


def test_the_verdict_comes_in_every_format(routes: Routes) -> None:
    told: dict[str, Any] = json.loads(get(routes, "/_mock/verdict").body)
    assert [(found["rule"], found["exchanges"]) for found in told["findings"]] == [("key-in-url", [3])]
    text = get(routes, "/_mock/verdict?format=text")
    assert (text.headers["content-type"], text.body[:20]) == ("text/plain; charset=utf-8", b"verdict on 4 exchang")
    junit = get(routes, "/_mock/verdict?format=junit")
    assert (junit.headers["content-type"], junit.body[:5]) == ("application/xml", b"<?xml")
    ignoring = get(routes, "/_mock/verdict?format=text&ignore=key-in-url,sent-twice")
    assert ignoring.body == b"verdict on 4 exchanges: nothing found\n"


def test_the_page_is_one_file_and_nothing_else_may_run_in_it(routes: Routes) -> None:
    plan = get(routes, "/")
    assert plan.headers["content-type"] == "text/html; charset=utf-8"
    policy = plan.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    html = plan.body.decode()
    assert html.count("<script>") == html.count("<style>") == 1
    assert "http://" not in html
    assert "https://" not in html
    assert "innerHTML" not in html
