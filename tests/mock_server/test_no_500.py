"""Whatever is sent, the answer is the provider's: never a 500 that nobody asked for, and never an exception.

A fixed part of all wrong values in all places of requests, which ``python -m benchmarks.wrong_values`` tries whole;
then what is no such request at all. A run that is guided by coverage is ``python -m benchmarks.fuzz``.
"""

import json
from functools import cache
from math import gcd
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.wrong_values import (
    CHECKED,
    WRONG,
    Damaged,
    Place,
    damaged,
    described,
    find_defects,
    of_schema,
    recorded,
)
from llm_sdk.codec import WireRequest
from llm_sdk.registry import get_codec, provider_names
from mock_server.engine import Engine
from mock_server.provider_state import Validation
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes

BYTES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"[" * 100_000, b'{"a":' * 5_000, b"\xff\xfe{}", b"null", b"1e999", b'{"model":"m","model":2}', b""]
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "content-type",
            "content-length",
            "authorization",
            "x-api-key",
            "anthropic-version",
            "anthropic-beta",
            "x-goog-api-key",
            "host",
            "accept-encoding",
            "x-mock-fault",
        ]
    ),
    st.text(st.characters(max_codepoint=255), max_size=30),
    max_size=4,
)
ASKED = 40
"""So many damaged requests of each provider."""
BOUNDED = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def routes(validation: Any) -> Routes:
    return Routes(Engine(validation=validation))


def answered(provider: str, request: WireRequest, validation: str = "provider") -> int:
    """The status of the answer, whose headers can be written."""
    mount = get_codec(provider).endpoint.mount
    headers = dict(request.headers)
    plan = routes(validation).answer(
        request.method, mount + request.path, headers, request.body, headers.get("host", "")
    )
    assert isinstance(plan, ReplyPlan)
    for name, value in plan.headers.items():
        assert f"{name}{value}".isascii()
        assert f"{name}{value}".isprintable()
    return plan.status


@cache
def places(provider: str) -> list[Place]:
    return [*recorded(provider), *described(provider)]


@pytest.mark.parametrize("provider", provider_names())
@pytest.mark.parametrize("validation", CHECKED)
def test_a_value_of_the_wrong_kind_is_the_clients_mistake(provider: str, validation: Validation) -> None:
    found = places(provider)
    step = len(found) * len(WRONG) // ASKED
    while gcd(step, len(WRONG)) > 1:  # so that it meets all values
        step += 1
    assert list(find_defects(provider, damaged(found, step=step), validation=validation)) == []


def test_every_property_of_a_schema_is_a_place_once() -> None:
    schema = {
        "properties": {
            "a": {"$ref": "#/$defs/a"},
            "b": {"anyOf": [{"type": "null"}, {"items": {"$ref": "#/$defs/a"}}]},
        },
        "required": ["a"],
        "$defs": {
            "a": {"properties": {"kind": {"const": "k"}, "next": {"$ref": "#/$defs/a"}, "n": {}}, "required": ["kind"]}
        },
    }
    found = list(of_schema(WireRequest("POST", "/x"), schema, {"model": "m"}))
    first = {"model": "m", "a": {"kind": "k"}}
    assert [(place.path, place.body) for place in found] == [
        (("a",), first),
        (("a", "kind"), first),
        (("a", "next"), {"model": "m", "a": {"kind": "k", "next": {"kind": "k"}}}),
        (("a", "n"), {"model": "m", "a": {"kind": "k", "n": "x"}}),
        (("b",), {**first, "b": None}),
        (("b", 0), {**first, "b": [{"kind": "k"}]}),
    ]
    assert [json.loads(one.request.body)["a"] for one in damaged(found[:1])][:3] == [None, True, 0]


def test_what_is_wrong_with_an_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    request = WireRequest("POST", get_codec("cohere").endpoint.root + "/v2/chat", b"{}")
    replies = [ReplyPlan(500, {}, ()), ReplyPlan(400, {}, ()), ReplyPlan(200, {"x": "\n"}, ()), ReplyPlan(200, {}, ())]
    monkeypatch.setattr(Routes, "answer", lambda *_: replies.pop(0) if replies else 1 / 0)
    told = list(find_defects("cohere", [Damaged(request, ("a", 0), None)] * 5, validation="off"))
    assert [line.partition("validation off: ")[2] for line in told] == [
        "status 500",
        "an error that is no JSON",
        "the header x cannot be written",
        "ZeroDivisionError: division by zero",
    ]
    assert told[0].startswith("cohere /v2/chat a.0 = None, ")


@pytest.mark.parametrize("provider", provider_names())
@given(data=st.data())
@BOUNDED
def test_what_is_no_such_request_is_refused(provider: str, data: st.DataObject) -> None:
    request = data.draw(st.sampled_from(places(provider))).request
    method = data.draw(st.sampled_from([request.method, "GET", "DELETE", "OPTIONS", "x"]))
    path = data.draw(st.sampled_from([request.path, request.path + "/x", request.path + "?a=%ff&key=%zz", "/", "/%00"]))
    headers = {**request.headers, **data.draw(HEADERS)}
    assert answered(provider, WireRequest(method, path, data.draw(BYTES), headers)) < 500


@pytest.mark.parametrize(
    ("provider", "place"),
    [
        ("openai", ("tool_choice", "name")),
        ("openai", ("input", "*", "call_id")),
        ("google", ("generationConfig", "speechConfig", "languageCode")),
        ("anthropic", ("top_p",)),
    ],
)
def test_what_was_found(provider: str, place: tuple[Any, ...]) -> None:
    """Places where some value was once answered with an exception."""
    kinds = {tuple("*" if isinstance(key, int) else key for key in one.path): one for one in places(provider)}
    assert list(find_defects(provider, damaged([kinds[place]]), validation="provider")) == []
