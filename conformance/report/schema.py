"""The JSON Schema of a report, made of the models that write it."""

import json
from collections.abc import Iterator

import jsonschema_rs

from conformance.report.document import SCHEMA, Document
from llm_sdk.types import JsonObject

__all__ = ["schema_of_a_report", "schema_text", "violations"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of_a_report() -> JsonObject:
    """The schema, as published."""
    return {"$schema": DIALECT, **Document.model_json_schema(), "title": "A report of llm-conformance"}


def schema_text() -> str:
    """The published file."""
    return json.dumps(schema_of_a_report(), ensure_ascii=False, indent=2) + "\n"


def violations(document: JsonObject) -> Iterator[str]:
    """What the published schema has against a report: one line each, with the place."""
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for error in validator.iter_errors(document):
        place = ".".join(map(str, error.instance_path)) or "the report"
        yield f"{place}: {error.message}"
