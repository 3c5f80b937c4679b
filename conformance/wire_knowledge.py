"""What the wire models of a provider know of its answers: which fields there are, and what may stand in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from llm_sdk.codec import Codec

__all__ = ["ANYTHING", "NOTHING", "Shape", "WireModels", "wire_models_of"]

Model: TypeAlias = type[BaseModel]
TELLING = ("type", "role")
"""The fields by which the members of a union are told apart."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What may stand in one place: objects of ``models``, lists of ``items``, one of ``words``. ``free``: any object,
    whose fields are not the protocol's own."""

    models: tuple[Model, ...] = ()
    items: tuple["Shape", ...] = ()
    words: frozenset[str] = frozenset()
    free: bool = False

    def fields_of(self, value: Mapping[str, Any]) -> Mapping[str, "Shape"]:
        """What is known of the fields of this object."""
        return _fields_in(self, *(word if isinstance(word := value.get(name), str) else None for name in TELLING))

    def item(self) -> "Shape":
        """What may stand in its lists."""
        return _item_of(self)

    def joined(self, other: "Shape") -> "Shape":
        """What may stand in the place of one or of the other."""
        models = tuple(dict.fromkeys([*self.models, *other.models]))
        return Shape(models, (*self.items, *other.items), self.words | other.words, self.free or other.free)


NOTHING = Shape()
"""Nothing is known."""
ANYTHING = Shape(free=True)


@cache
def _fields_in(shape: Shape, *telling: str | None) -> Mapping[str, Shape]:
    """The fields of all models that an object with these words in its :data:`TELLING` fields can be."""
    found: dict[str, Shape] = {}
    for model in shape.models:
        fields = _fields_of(model)
        words = (fields.get(name, NOTHING).words for name in TELLING)
        if all(not known or word is None or word in known for known, word in zip(words, telling, strict=True)):
            for name, field in fields.items():
                found[name] = found[name].joined(field) if name in found else field
    return found


@cache
def _item_of(shape: Shape) -> Shape:
    whole = Shape(free=shape.free and not shape.items)
    for item in shape.items:
        whole = whole.joined(item)
    return whole


@dataclass(frozen=True, slots=True)
class WireModels:
    """The models of one provider: of a whole answer, and of the events of a stream by their type (one that has none is
    under the empty type)."""

    answer: Shape
    events: Mapping[str, Shape]
    ends: frozenset[str] = frozenset()
    """The words for why an answer ended."""

    def event(self, type: str) -> Shape:
        """What is known of an event."""
        return self.events.get(type, self.events.get("", NOTHING))

    def types(self) -> frozenset[str]:
        """Every word for a kind of event or of object."""
        models = {*self.answer.models, *(model for shape in self.events.values() for model in shape.models)}
        words = (word for model in _reached(models) for word in _fields_of(model).get("type", NOTHING).words)
        return frozenset({*words, *filter(None, self.events)})


def wire_models_of(codec: Codec) -> WireModels:
    """The wire models in the package of a codec that is laid out as ours are: its ``wire`` has ``Response``, its
    ``stream_decoder`` has ``EVENTS``, its ``finish`` has ``FINISH_REASONS``. Nothing is known of any other."""
    module = type(codec).__module__
    package = next((name for name in (module, module.rpartition(".")[0]) if _has_wire(name)), None)
    if package is None:
        return WireModels(NOTHING, {})
    wire, decoder, finish = (import_module(f"{package}.{name}") for name in ("wire", "stream_decoder", "finish"))
    events = {type: Shape((model,)) for type, model in decoder.EVENTS.items()}
    return WireModels(Shape((wire.Response,)), events, frozenset(map(str, finish.FINISH_REASONS)))


def _has_wire(package: str) -> bool:
    try:
        return find_spec(f"{package}.wire") is not None
    except ImportError:  # it is no package, or there is no such module
        return False


@cache
def _fields_of(model: Model) -> Mapping[str, Shape]:
    model.model_rebuild()
    return {field.alias or name: _shape_of(field.annotation) for name, field in model.model_fields.items()}


def _shape_of(annotation: Any) -> Shape:
    origin = get_origin(annotation)
    if annotation in (Any, object) or annotation is dict or origin is dict:
        return ANYTHING
    if origin is Annotated:
        return _shape_of(get_args(annotation)[0])
    if origin is Literal:
        return Shape(words=frozenset(str(word) for word in get_args(annotation)))
    if origin in (Union, UnionType):
        whole = NOTHING
        for member in get_args(annotation):
            whole = whole.joined(_shape_of(member)) if member is not NoneType else whole
        return whole
    if origin is list:
        return Shape(items=(_shape_of(get_args(annotation)[0]),))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Shape(models=(annotation,))
    return NOTHING


def _reached(models: set[Model]) -> Iterator[Model]:
    """These models, and all that stand in their fields."""
    seen: set[Model] = set()
    waiting = list(models)
    while waiting:
        model = waiting.pop()
        if model in seen:
            continue
        seen.add(model)
        yield model
        for shape in _fields_of(model).values():
            while shape.models or shape.items:
                waiting += shape.models
                shape = shape.item()
