"""Every place in every request, and every value of the wrong kind that JSON has: what a fuzzer need not look for.

``python -m benchmarks.wrong_values`` puts each of them there, asks the mock server, and ends with status 1 where an
answer is a 500 that nobody has asked for, an exception, or an error that is no JSON. It takes a quarter of an hour.

Places come from recorded requests, and from descriptions of requests, in which each property of each object stands
once: those of the providers' wire models, of the bodies that services read, and of JSON Schemas. A place is damaged by
putting each of :data:`WRONG` there.
"""

import inspect
import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.resources import files
from itertools import islice, product
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import click
from pydantic import BaseModel

from llm_sdk.codec import WireRequest
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.services import Service, services_of
from llm_sdk.types import LanguageModelInput, TextPart, UserMessage
from mock_server.cassette import load_cassette
from mock_server.engine import Engine
from mock_server.provider_state import Validation
from mock_server.recordings import read_exchanges
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes

__all__ = ["WRONG", "Damaged", "Place", "damaged", "described", "find_defects", "main", "of_schema", "recorded"]

WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, 10**400, "", "x", "\ud800", "\0", "a" * 300),
    *([], [None], [[]], {}, {"": None}, {"type": "x"}, {"type": None}, [{"type": {}}], [{"type": []}, "x"]),
)
GROUP = re.compile(r"\(\?P<\w+>[^()]*\)")
FIELD_VALUES = ("x", "v1beta", "v1")
"""What fields of a path may be."""
CHECKED: tuple[Validation, ...] = ("provider", "off")
"""A request that is let through is read further than one that is refused."""
DEEPEST = 12
"""So many objects and arrays inside of each other are looked into."""
SHORTEST: dict[str, Any] = {"string": "x", "integer": 1, "number": 1, "boolean": True, "array": [], "null": None}

Path_: TypeAlias = tuple[str | int, ...]
Schema: TypeAlias = Any


class Place(NamedTuple):
    """A place in a request: in its ``body``, the value to which ``path`` leads."""

    request: WireRequest
    body: Any
    path: Path_


class Damaged(NamedTuple):
    """A request with a wrong value in one place."""

    request: WireRequest
    path: Path_
    wrong: Any


def damaged(places: Iterable[Place], *, step: int = 1) -> Iterator[Damaged]:
    """Every place with every wrong value; every ``step``-th of all these."""
    for place, wrong in islice(product(places, WRONG), 0, None, step):
        body = json.dumps(_with(place.body, place.path, wrong)).encode()
        request = WireRequest(place.request.method, place.request.path, body, place.request.headers)
        yield Damaged(request, place.path, wrong)


def find_defects(provider: str, damaged: Iterable[Damaged], *, validation: Validation) -> Iterator[str]:
    """Ask a mock server all of this, and tell what is wrong with its answers: a 500 that nobody has asked for, an
    exception, a header that cannot be written, an error that is no JSON."""
    codec, routes = get_codec(provider), Routes(Engine(validation=validation))
    for request, path, wrong in damaged:
        headers = dict(request.headers)
        target = codec.endpoint.mount + request.path
        try:
            plan = routes.answer(request.method, target, headers, request.body, headers.get("host", ""))
            assert isinstance(plan, ReplyPlan)
            found = _defect(plan)
        except Exception as error:  # noqa: BLE001 - whichever it is, it is what is looked for
            found = f"{type(error).__name__}: {error}"
        if found is not None:
            where = ".".join(map(str, path))
            yield f"{provider} {request.path} {where} = {wrong!r:.60}, validation {validation}: {found}"


def _defect(plan: ReplyPlan) -> str | None:
    if plan.status >= 500:
        return f"status {plan.status}"
    for name, value in plan.headers.items():
        if not (f"{name}{value}".isascii() and f"{name}{value}".isprintable()):
            return f"the header {name} cannot be written"
    if plan.status >= 400:
        try:
            json.loads(plan.body)
        except ValueError:
            return "an error that is no JSON"
    return None


def recorded(provider: str, *more: Path) -> list[Place]:
    """One place of each kind in the recorded requests: the cassettes, and ``more`` recordings."""
    kinds: dict[Path_, Place] = {}
    for request in (*_of_cassettes(provider), *(one for path in more for one in _of_recordings(path))):
        try:
            body = json.loads(request.body)
        except ValueError:
            continue
        bare = request.path.partition("?")[0]
        for path in _paths(body):
            kind = (bare, *("*" if isinstance(key, int) else key for key in path))
            kinds.setdefault(kind, Place(request, body, path))
    return list(kinds.values())


def described(provider: str) -> list[Place]:
    """Every property of the provider's request, and of what its services read, once each."""
    codec = get_codec(provider)
    wire = import_module(f"llm_sdk.providers.{provider.replace('-', '_')}.wire")
    request = codec.encode_request(
        "m", LanguageModelInput(messages=[UserMessage(content=[TextPart(text="x")])]), stream=False
    )
    request = WireRequest(request.method, codec.endpoint.root + request.path, b"", request.headers)
    found = list(of_schema(request, wire.Request.model_json_schema(by_alias=True), json.loads(request.body or b"{}")))
    for service in services_of(codec).endpoints:
        for model in _bodies(service):
            if service.method == "POST" and (path := _path_of(service)) is not None:
                bare = WireRequest("POST", path, b"", request.headers)
                found += of_schema(bare, model.model_json_schema(by_alias=True))
    return found


def of_schema(request: WireRequest, schema: Schema, base: Any = None) -> Iterator[Place]:
    """Every property that a JSON Schema describes, once, in a body that is as small as it can be; ``base`` has what
    else the body must hold."""
    return _Described(request, schema, base if isinstance(base, dict) else {}).places(schema, (), 0)


class _Described:
    """Walks a schema from its root, and knows which objects it has been in."""

    def __init__(self, request: WireRequest, root: Schema, base: dict[str, Any]) -> None:
        self._request = request
        self._root = root
        self._base = base
        self._seen: set[tuple[int, str]] = set()

    def places(self, schema: Schema, path: Path_, depth: int, holder: Any = None) -> Iterator[Place]:
        """The places below ``path``, in a body whose values on the way there are ``holder``."""
        schema = self._resolved(schema)
        if not isinstance(schema, dict) or depth > DEEPEST:
            return
        for branch in (*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from self.places(branch, path, depth, holder)
        new = [
            (key, inner) for key, inner in schema.get("properties", {}).items() if (id(schema), key) not in self._seen
        ]
        self._seen |= {(id(schema), key) for key, _ in new}
        for key, inner in new:
            yield from self._below(self._smallest(schema, depth), inner, (*path, key), depth, holder)
        if isinstance(schema.get("additionalProperties"), dict):
            yield from self._below({}, schema["additionalProperties"], (*path, "key"), depth, holder)
        if "items" in schema:
            yield from self._below([None], schema["items"], (*path, 0), depth, holder)

    def _below(self, around: Any, inner: Schema, path: Path_, depth: int, holder: Any) -> Iterator[Place]:
        around = {**self._base, **around} if not path[:-1] else around
        body = _with(around, path[-1:], self._smallest(inner, depth))
        body = body if holder is None else _with(holder, path[:-1], body)
        yield Place(self._request, body, path)
        yield from self.places(inner, path, depth + 1, body)

    def _resolved(self, schema: Schema) -> Schema:
        while isinstance(schema, dict) and "$ref" in schema:
            found = self._root
            for key in schema["$ref"].removeprefix("#").split("/")[1:]:
                found = found[key.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema

    def _smallest(self, schema: Schema, depth: int) -> Any:
        """A value of the right kind, with nothing that may be left out."""
        schema = self._resolved(schema)
        if not isinstance(schema, dict) or depth > DEEPEST:
            return "x"
        if "const" in schema or schema.get("enum"):
            return schema["const"] if "const" in schema else schema["enum"][0]
        for branches in ("anyOf", "oneOf"):
            if schema.get(branches):
                return self._smallest(schema[branches][0], depth + 1)
        if "properties" in schema or schema.get("allOf"):
            own = schema.get("properties", {})
            found = {key: self._smallest(own.get(key), depth + 1) for key in schema.get("required", ())}
            for part in schema.get("allOf", ()):
                more = self._smallest(part, depth + 1)
                found |= more if isinstance(more, dict) else {}
            return found
        kind = schema.get("type")
        return SHORTEST.get(kind, {}) if isinstance(kind, str) else "x"


def _with(value: Any, path: Path_, wrong: Any) -> Any:
    """The value with ``wrong`` in this place."""
    if not path:
        return wrong
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(value[path[0]] if len(path) > 1 else None, path[1:], wrong)
    return copy


def _paths(value: Any, path: Path_ = ()) -> list[Path_]:
    """The paths of everything in a JSON value; of a long array its first elements."""
    found = [path]
    if isinstance(value, dict):
        found += [place for key, item in value.items() for place in _paths(item, (*path, key))]
    elif isinstance(value, list):
        found += [place for at, item in enumerate(value[:3]) for place in _paths(item, (*path, at))]
    return found


def _of_cassettes(provider: str) -> Iterator[WireRequest]:
    for entry in sorted(files(f"cassettes.{provider}").iterdir(), key=str):
        if entry.name.endswith(".yaml"):
            for interaction in load_cassette(Path(str(entry))).interactions:
                request = interaction.request
                headers = {name: ", ".join(values) for name, values in request.headers.items()}
                yield WireRequest(request.method, _target(request.uri), request.body, headers)


def _of_recordings(path: Path) -> Iterator[WireRequest]:
    for exchange in read_exchanges(path):
        if exchange.request_body:
            yield WireRequest(exchange.method, _target(exchange.url), exchange.request_body, exchange.request_headers)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _bodies(service: Service) -> list[type[BaseModel]]:
    """The models of bodies in the module of a service: which of them it reads is not written anywhere."""
    module = inspect.getmodule(service.answer)
    return [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, BaseModel) and one.__name__.endswith("Request")
    ]


def _path_of(service: Service) -> str | None:
    """A path that leads to a service."""
    for value in FIELD_VALUES:
        path = GROUP.sub(value, service.path.pattern).replace("\\", "")
        if service.path.fullmatch(path):
            return path
    return None


@click.command()
@click.option("--provider", "providers", multiple=True, type=click.Choice(provider_names()), help="Which; all.")
@click.option(
    "--recordings", multiple=True, type=click.Path(exists=True, path_type=Path), help="More of them, with one provider."
)
@click.option(
    "--schema", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Of a request, with one provider."
)
def main(providers: tuple[str, ...], recordings: tuple[Path, ...], schema: Path | None) -> None:
    """Put every wrong value into every place of every request."""
    logging.disable(logging.CRITICAL)
    if len(providers) != 1 and (recordings or schema is not None):
        raise click.UsageError("recordings and a schema are about one --provider")
    defects = 0
    for provider in providers or provider_names():
        found = described(provider)
        places = [*recorded(provider, *recordings), *found]
        if schema is not None:
            places += of_schema(found[0].request, json.loads(schema.read_text(encoding="utf-8")), found[0].body)
        click.echo(f"{provider}: {len(places)} places, {2 * len(places) * len(WRONG)} requests")
        for validation in CHECKED:
            for told in find_defects(provider, damaged(places), validation=validation):
                defects += 1
                click.echo(told)
    sys.exit(1 if defects else 0)


if __name__ == "__main__":
    main()
