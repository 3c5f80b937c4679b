"""The providers' published schemas, where they are at hand: a folder of ``<name>.<kind>.schema.json``."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind as Complaint

__all__ = ["DEFAULT_FOLDER", "Kind", "PublishedSchemas", "SchemaFileError", "load_schemas"]

Kind: TypeAlias = Literal["request", "response", "stream_event", "error"]
Validator: TypeAlias = Callable[[Any], str]
KINDS: tuple[Kind, ...] = ("request", "response", "stream_event", "error")
DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "specs"
"""Beside a checkout of this project."""
NAMES = {"openai": "openai-responses", "openai-chat-completion": "openai-chat"}
"""Provider -> the name of its files, where it is another."""
SHOWN = 200


class SchemaFileError(ValueError):
    """A schema file that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class PublishedSchemas:
    """One provider's schemas. A kind that has no file accepts everything, and is not in ``kinds``."""

    kinds: frozenset[Kind] = frozenset()
    _validators: dict[Kind, Validator] = field(default_factory=dict, repr=False)

    def complaint(self, kind: Kind, value: Any) -> str:
        """Why ``value`` (parsed JSON) is not what the provider documents, with the path; empty where it is."""
        validate = self._validators.get(kind)
        return validate(value) if validate else ""


@cache
def load_schemas(provider: str, folder: Path) -> PublishedSchemas:
    """The schemas of ``provider`` in ``folder``; none where it has no files there. Raises SchemaFileError."""
    validators: dict[Kind, Validator] = {}
    for kind in KINDS:
        file = folder / f"{NAMES.get(provider, provider)}.{kind}.schema.json"
        if file.is_file():
            validators[kind] = _validator(file)
    return PublishedSchemas(frozenset(validators), validators)


def _validator(file: Path) -> Validator:
    try:
        schema = json.loads(file.read_bytes())
        whole = jsonschema_rs.Draft202012Validator(schema)
    except (OSError, ValueError) as error:
        raise SchemaFileError(f"{file}: not a JSON Schema ({error})") from None
    dispatch = schema.get("x-dispatch", {})
    choose, names = dispatch.get("property"), dispatch.get("mapping", {})

    @cache
    def member(name: str) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator({"$ref": f"#/$defs/{names[name]}", "$defs": schema["$defs"]})

    def validate(value: Any) -> str:
        """A union is judged by the member that the value says it is, so that the complaint names the field."""
        kind = value.get(choose) if isinstance(value, dict) and choose else None
        error = next((member(kind) if kind in names else whole).iter_errors(value), None)
        return "" if error is None else _describe(error)

    return validate


def _describe(error: jsonschema_rs.ValidationError) -> str:
    error = _innermost(error)
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path).lstrip(".")
    message = error.message if len(error.message) <= SHOWN else f"{error.message[:SHOWN]}…"
    return f"{path or '(whole body)'}: {message}"


def _innermost(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """Of a union that fits in no way, the complaint of the member that was most likely meant: one that complains
    neither of the kind of the value nor of a fixed word in it, such as its ``type``, and complains least.
    """
    members = getattr(error.kind, "context", None)
    if not members:
        return error

    def is_another(inner: jsonschema_rs.ValidationError) -> bool:
        wrong_kind = isinstance(inner.kind, Complaint.Type) and list(inner.instance_path) == list(error.instance_path)
        return wrong_kind or isinstance(inner.kind, Complaint.Constant | Complaint.Enum)

    branch = min(members, key=lambda errors: (sum(map(is_another, errors)), len(errors)))
    return _innermost(branch[0]) if branch else error
