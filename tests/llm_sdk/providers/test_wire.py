"""Two halves of a codec can share a mistake. So everything that a provider's folder names has been seen: in recorded
traffic, or in a sample that the published schema accepts, and then it is listed in ``unseen``.

Names are the values of every ``Literal`` and every field in ``wire.py`` and ``wire_events.py``, the events that a
stream decoder reads, and the reasons for which an answer ends.
"""

import gzip
import inspect
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from conformance.published import DEFAULT_FOLDER, NAMES, load_schemas
from llm_sdk.registry import PROVIDERS
from providers.unseen import FIELDS, REPORTED, REPORTED_FIELDS, VALUES, Sample

CORPUS = DEFAULT_FOLDER.parent / "corpus"
# The recordings of a provider and of the servers that copy it, by the names of their files.
COPIES = {"openai-chat-completion": ["openai-compatible"], "anthropic": ["anthropic-compatible"]}
# JSON inside a JSON text does not match: its quotes have a backslash before them.
VALUE = re.compile(r'"\w+"\s*:\s*"([\w.\-/]{1,64})"')
FIELD = re.compile(r'"(\w+)"\s*:')
# Where the words for the end of an answer stand.
ENDS = ("finish.FINISH_REASONS", "finish.FOREIGN_FINISH_REASONS")


def room(provider: str, name: str) -> ModuleType | None:
    """A module of a provider's folder, where there is one of that name."""
    package = PROVIDERS[provider]
    there = (Path(str(import_module(package).__file__)).parent / f"{name}.py").is_file()
    return import_module(f"{package}.{name}") if there else None


def recorded_texts(provider: str) -> Iterator[str]:
    name = NAMES.get(provider, provider)
    for file in (name, *COPIES.get(provider, ())):
        with gzip.open(CORPUS / f"{file}.jsonl.gz", "rt", encoding="utf-8", newline="\n") as lines:
            for record in map(json.loads, lines):
                yield json.dumps(record["request_body"])
                yield record["response_body"]
    for sample in (DEFAULT_FOLDER / "samples").glob(f"{name}.*"):
        yield sample.read_text(encoding="utf-8")


@cache
def recorded(provider: str) -> tuple[set[str], set[str]]:
    """Every value that looks like a name, and every field."""
    if not CORPUS.is_dir():
        pytest.skip("the recorded traffic is not at hand: there is no ../shared/corpus beside this checkout")
    values: set[str] = set()
    fields: set[str] = set()
    for text in recorded_texts(provider):
        values.update(VALUE.findall(text))
        fields.update(FIELD.findall(text))
    return values, fields


def wire_fields(provider: str) -> Iterator[tuple[str, Any]]:
    """The name on the wire and the annotation of every field of every model."""
    for wire in filter(None, (room(provider, "wire"), room(provider, "wire_events"))):
        for _, model in inspect.getmembers(wire, inspect.isclass):
            if issubclass(model, BaseModel) and model.__module__ == wire.__name__:
                yield from ((field.alias or name, field.annotation) for name, field in model.model_fields.items())


def literals(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (value for value in get_args(annotation) if isinstance(value, str))
    else:
        for inner in get_args(annotation):
            yield from literals(inner)


def named_values(provider: str) -> set[str]:
    found = {value for _, annotation in wire_fields(provider) for value in literals(annotation)}
    decoder = import_module(f"{PROVIDERS[provider]}.stream_decoder").StreamDecoder
    found |= set(getattr(decoder, "READERS", ()))
    for place in ENDS:
        name, table = place.split(".")
        found |= set(getattr(room(provider, name), table, ()))
    return found


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_value_that_is_named_was_recorded_or_has_a_sample(provider: str) -> None:
    values, _ = recorded(provider)
    assert named_values(provider) - values == set(VALUES.get(provider, ())) | REPORTED.get(provider, set())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_field_that_is_named_was_recorded_or_has_a_sample(provider: str) -> None:
    _, fields = recorded(provider)
    named = {name for name, _ in wire_fields(provider)}
    assert named - fields == set(FIELDS.get(provider, ())) | REPORTED_FIELDS.get(provider, set())


def replaced(body: Any, name: str) -> Any:
    """The body with something else for a value of that name, or in the field of that name."""
    if isinstance(body, list):
        return [replaced(inner, name) for inner in body]
    if isinstance(body, dict):
        return {key: WRONG if key == name else replaced(inner, name) for key, inner in body.items()}
    return "something_else" if body == name else body


WRONG = [[["of another type"]]]
# Of a union whose other member takes everything; that of the published document names the field.
LOOSE = {("cohere", "json_schema")}
SAMPLES = [
    pytest.param(provider, name, sample, id=f"{provider}-{name}")
    for table in (VALUES, FIELDS)
    for provider, samples in table.items()
    for name, sample in samples.items()
]


@pytest.mark.parametrize(("provider", "name", "sample"), SAMPLES)
def test_the_published_schema_knows_the_others(provider: str, name: str, sample: Sample) -> None:
    """That of the API and that of the official client accept the sample, and one of them does not accept the same with
    something else in place of the name."""
    kind, body = sample
    schemas = [load_schemas(provider, folder) for folder in (DEFAULT_FOLDER, DEFAULT_FOLDER / "sdk")]
    if not any(kind in published.kinds for published in schemas):
        pytest.skip("the published schemas are not at hand: there is no ../shared/specs beside this checkout")
    assert [published.complaint(kind, body) for published in schemas] == ["", ""]
    assert replaced(body, name) != body
    complaints = [published.complaint(kind, replaced(body, name)) for published in schemas]
    assert any(complaints) is not ((provider, name) in LOOSE)
