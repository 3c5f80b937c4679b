"""Whatever is sent, the answer is the provider's: never a 500 that nobody asked for, and never an exception.

Requests that were recorded are damaged in every way that JSON allows, at places that Hypothesis chooses; then all that
is no such request at all. A run that is guided by coverage is
``python -m benchmarks.fuzz``.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_sdk.codec import WireRequest
from llm_sdk.registry import get_codec, provider_names
from mock_server.cassette import load_cassette
from mock_server.engine import Engine
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes

WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, 10**400, "", "x", "\ud800", "\0", "a" * 300),
    *([], [None], [[]], {}, {"": None}, {"type": "x"}, {"type": None}, [{"type": {}}], [{"type": []}, "x"]),
)
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
BOUNDED = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in a JSON value; of a long array its first elements."""
    found = [path]
    if isinstance(value, dict):
        found += [place for key, item in value.items() for place in places(item, (*path, key))]
    elif isinstance(value, list):
        found += [place for at, item in enumerate(value[:3]) for place in places(item, (*path, at))]
    return found


def with_wrong(value: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    """The value with ``wrong`` in this place."""
    if not path:
        return wrong
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_wrong(value[path[0]], path[1:], wrong)
    return copy


@cache
def recorded(provider: str) -> list[tuple[WireRequest, tuple[Any, ...]]]:
    """Recorded requests, each with a place in it; one of each kind of place."""
    kinds: dict[tuple[Any, ...], tuple[WireRequest, tuple[Any, ...]]] = {}
    for entry in sorted(files(f"cassettes.{provider}").iterdir(), key=str):
        if not entry.name.endswith(".yaml"):
            continue
        for interaction in load_cassette(entry).interactions:  # type: ignore[arg-type]
            request, parts = interaction.request, urlsplit(interaction.request.uri)
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            try:
                body = json.loads(request.body)
            except ValueError:
                continue
            headers = {name: ", ".join(values) for name, values in request.headers.items()}
            for place in places(body):
                kind = (parts.path, *("*" if isinstance(key, int) else key for key in place))
                kinds.setdefault(kind, (WireRequest(request.method, target, request.body, headers), place))
    return list(kinds.values())


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


@pytest.mark.parametrize("provider", provider_names())
@given(data=st.data())
@BOUNDED
def test_a_value_of_the_wrong_kind_is_the_clients_mistake(provider: str, data: st.DataObject) -> None:
    request, place = data.draw(st.sampled_from(recorded(provider)))
    wrong = data.draw(st.sampled_from(WRONG))
    body = json.dumps(with_wrong(json.loads(request.body), place, wrong)).encode()
    validation = data.draw(st.sampled_from(["provider", "off"]))
    assert answered(provider, WireRequest(request.method, request.path, body, request.headers), validation) < 500


@pytest.mark.parametrize("provider", provider_names())
@given(data=st.data())
@BOUNDED
def test_what_is_no_such_request_is_refused(provider: str, data: st.DataObject) -> None:
    request, _ = data.draw(st.sampled_from(recorded(provider)))
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
    found = [
        (request, at)
        for request, at in recorded(provider)
        if tuple("*" if isinstance(key, int) else key for key in at) == place
    ]
    assert found
    for request, at in found[:1]:
        for wrong in WRONG:
            body = json.dumps(with_wrong(json.loads(request.body), at, wrong)).encode()
            assert answered(provider, WireRequest(request.method, request.path, body, request.headers)) < 500
