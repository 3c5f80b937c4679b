"""What a wire model finds wrong with a body, and where in the JSON that stands."""

from collections.abc import Iterable, Sequence
from types import ModuleType

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from llm_sdk.codec import ModelCall
from llm_sdk.wire_model import UNKNOWN, Wire

__all__ = ["about_tag", "field_names", "field_path", "field_steps", "furthest", "unknown_fields"]


def furthest(error: ValidationError) -> ErrorDetails:
    """The complaint about the place that the reading got furthest to: of a union, the member that was meant."""
    return max(error.errors(), key=lambda complaint: len(complaint["loc"]))


def about_tag(complaint: ErrorDetails, field: str) -> ErrorDetails:
    """A complaint that an object is none of a union's, which ``field`` tells apart, as one about that field; any other
    complaint as it is."""
    if complaint["type"] != "union_tag_invalid":
        return complaint
    given, place = complaint["input"], complaint["loc"]
    if not isinstance(given, dict):
        return {"type": "model_type", "loc": place, "msg": "Input should be an object", "input": given}
    # The tag of the member stands before its field, as in every other complaint.
    place = (*place, UNKNOWN, field)
    if field not in given:
        return {"type": "missing", "loc": place, "msg": "Field required", "input": given}
    expected = complaint.get("ctx", {}).get("expected_tags", "")
    msg = f"Input should be one of {expected}"
    return {"type": "literal_error", "loc": place, "msg": msg, "input": given[field], "ctx": {"expected": expected}}


def field_names(models: ModuleType) -> frozenset[str]:
    """Every name that a field of the wire models in this module has on the wire."""
    found = (model for model in vars(models).values() if isinstance(model, type) and issubclass(model, Wire))
    return frozenset(field.alias or name for model in found for name, field in model.model_fields.items())


def field_steps(location: Sequence[int | str], names: frozenset[str]) -> list[int | str]:
    """A pydantic location as it stands in the JSON: positions, and ``names`` of fields.

    pydantic puts the tags of union members in between: behind a position in an array, or in place of a choice between
    types.
    """
    steps: list[int | str] = []
    for at, step in enumerate(location):
        if isinstance(step, int) or (step in names and not (at and isinstance(location[at - 1], int))):
            steps.append(step)
    return steps


def field_path(steps: Iterable[int | str]) -> str:
    """Steps as a path, such as ``messages[0].role``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def unknown_fields(call: ModelCall, request: type[Wire], others: frozenset[str]) -> list[str]:
    """The fields of a request that its provider does not know: neither in the model nor among the ``others``."""
    if not call.input.extra:
        return []
    known = others.union(field.alias or name for name, field in request.model_fields.items())
    return [name for name in call.input.extra if name not in known]
