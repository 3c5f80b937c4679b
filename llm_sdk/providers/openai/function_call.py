"""A call of a function of the caller's <-> a ``function_call`` item."""

import json

from llm_sdk.accumulator import parse_tool_arguments
from llm_sdk.codec import dump_json
from llm_sdk.providers.openai import id_forms, wire
from llm_sdk.types import JsonObject, ToolCallPart

PROVENANCE = ("namespace", "caller")
"""What a call says of where its tool was loaded from and which program made it (recorded); the API wants it back."""


def join_provenance(item: wire.FunctionCall) -> str | None:
    """A call's signature: its :data:`PROVENANCE` as JSON, None where it has none."""
    given = {name: value for name in PROVENANCE if (value := getattr(item, name)) is not None}
    return dump_json(given).decode() if given else None


def split_provenance(signature: str | None) -> JsonObject:
    """The other way. A signature of another provider gives nothing."""
    try:
        given = json.loads(signature or "null")
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) and given.keys() <= {*PROVENANCE} else {}


def decode_function_call(item: wire.FunctionCall) -> ToolCallPart:
    """Raises InvariantError for arguments that are no JSON object."""
    args = parse_tool_arguments(item.arguments, item.name)
    signature = join_provenance(item)
    return ToolCallPart(tool_call_id=item.call_id, tool_name=item.name, args=args, id=item.id, signature=signature)


def encode_function_call(part: ToolCallPart) -> JsonObject:
    """A call as it goes back to the provider; ``id`` only where it is one of the provider's."""
    item: JsonObject = {"type": "function_call", "call_id": part.tool_call_id, "name": part.tool_name}
    item["arguments"] = json.dumps(part.args, ensure_ascii=False, separators=(",", ":"))
    if part.id is not None and part.id.startswith(id_forms.FUNCTION_CALL_ID):
        item["id"] = part.id
    return {**item, **split_provenance(part.signature)}
