"""The JSON Schema of the unified types; ``python -m llm_sdk.schema`` prints it.

Every type stands under ``$defs`` by its name, the unions among them. The document itself accepts what is written or
read whole: an input, a response, a partial response. To check another type, refer to it:
``{"$ref": "#/$defs/Message", "$defs": ...}``. The nested form of tool calls and results is read but not described.
"""

import json
from typing import Any

from pydantic import BaseModel, TypeAdapter

from llm_sdk import deltas, types
from llm_sdk.types import JsonObject

__all__ = ["json_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
WHOLE = ("LanguageModelInput", "ModelResponse", "PartialModelResponse")
UNIONS = ("Message", "Part", "PartDelta", "ResponseFormatOption", "ToolChoiceOption", "ToolOption")
DISCRIMINATORS = ("type", "role")
# What validators say beside the fields.
DATA_OR_URL: JsonObject = {
    "oneOf": [
        {"required": ["mime_type", "data"], "properties": {key: {"type": "string"} for key in ("mime_type", "data")}},
        {"required": ["url"], "properties": {"url": {"type": "string"}}},
    ]
}
FUNCTION: JsonObject = {"const": "function", "type": "string"}


def json_schema() -> JsonObject:
    """One JSON Schema (draft 2020-12) of all unified types, as they stand in JSON."""
    exported = {name: getattr(module, name) for module in (types, deltas) for name in module.__all__}
    models = [name for name, item in exported.items() if isinstance(item, type) and issubclass(item, BaseModel)]
    schemas, document = TypeAdapter.json_schemas(
        [(name, "validation", TypeAdapter(exported[name])) for name in (*models, *UNIONS)]
    )
    unions = {name: schemas[name, "validation"] for name in UNIONS}
    definitions: JsonObject = {name: _refer(schema, unions) for name, schema in document["$defs"].items()}
    for definition in definitions.values():
        _require_discriminators(definition)
    definitions["Tool"]["properties"]["type"] = FUNCTION
    for name in ("ImagePart", "FilePart"):
        definitions[name] |= DATA_OR_URL
    return {
        "$schema": DIALECT,
        "title": "The unified types of llm_sdk",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in WHOLE],
        "$defs": dict(sorted({**definitions, **unions}.items())),
    }


def _refer(schema: Any, unions: JsonObject) -> Any:
    """The schema with every written-out union replaced by a reference to it."""
    if isinstance(schema, dict):
        untitled = {key: item for key, item in schema.items() if key != "title"}
        for name, union in unions.items():
            if untitled == union:
                return {"$ref": f"#/$defs/{name}"}
        return {key: _refer(item, unions) for key, item in schema.items()}
    return [_refer(item, unions) for item in schema] if isinstance(schema, list) else schema


def _require_discriminators(definition: JsonObject) -> None:
    """The key that tells the members of a union apart has a default in Python, but always stands in JSON."""
    for key in DISCRIMINATORS:
        if "const" in definition["properties"].get(key, {}):
            definition["properties"][key].pop("default")
            definition["required"] = [key, *definition.get("required", [])]


def main() -> None:
    """Print the schema."""
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
