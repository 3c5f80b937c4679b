"""What a function answered: the content of a tool result <-> ``functionResponse``.

``response`` has to be an object. A text that is one is sent as it is, because Gemini takes the whole of it for the
output; any other text stands under ``output``, or under ``error`` where the tool has failed (documented).
"""

from typing import Any

from pydantic_core import from_json

from llm_sdk.codec import dump_json
from llm_sdk.losses import tell_lost
from llm_sdk.providers.google import wire
from llm_sdk.providers.google.content import encode_input_content
from llm_sdk.providers.google.media import decode_blob, decode_file
from llm_sdk.types import JsonObject, Part, TextPart, ToolResultPart

OUTPUT, ERROR = "output", "error"


def encode_result(part: ToolResultPart, path: str, warnings: list[str], *, id: str | None) -> JsonObject:
    """The texts go into the response, media beside it: their order among each other is lost."""
    texts: list[str] = []
    media: list[JsonObject] = []
    for at, inner in enumerate(part.content):
        if isinstance(inner, TextPart):
            tell_lost(inner, f"{path}.content[{at}]", warnings, "signature")
    for item in encode_input_content(part.content, path, warnings):
        if "inlineData" in item or "fileData" in item:
            media.append(item)
        else:
            texts.append(item["text"] if "text" in item else dump_json(item).decode())
    result: JsonObject = {"name": part.tool_name, "response": encode_texts(texts, is_error=bool(part.is_error))}
    if id is not None:
        result["id"] = id
    if media:
        result["parts"] = media
    return {"functionResponse": result}


def encode_texts(texts: list[str], *, is_error: bool) -> JsonObject:
    """The response object of some texts."""
    if is_error:
        return {ERROR: texts[0] if len(texts) == 1 else texts or ""}
    if len(texts) == 1:
        whole = _as_object(texts[0])
        return {OUTPUT: texts[0]} if whole is None else whole
    return {OUTPUT: texts} if texts else {}


def decode_response_object(response: JsonObject) -> tuple[list[str], bool]:
    """The texts of a response object, and whether it is an error: what :func:`encode_texts` writes as that object."""
    match response:
        case {"output": said, **rest} if not rest and not (isinstance(said, str) and _as_object(said) is not None):
            texts, is_error = _texts(said), False
        case {"error": said, **rest} if not rest:
            texts, is_error = _texts(said), True
        case _:
            texts, is_error = ([] if not response else None), False
    return ([dump_json(response).decode()], False) if texts is None else (texts, is_error)


def decode_media(parts: list[wire.MediaPart]) -> list[Part]:
    """The media beside the response."""
    media: list[Part] = []
    for part in parts:
        if part.inline_data is not None:
            media.append(decode_blob(part.inline_data))
        elif part.file_data is not None:
            media.append(decode_file(part.file_data))
    return media


def decode_result(result: wire.FunctionResponse, tool_call_id: str) -> ToolResultPart:
    """A tool result."""
    texts, is_error = decode_response_object(result.response)
    content: list[Part] = [TextPart(text=text) for text in texts]
    return ToolResultPart(
        tool_call_id=tool_call_id,
        tool_name=result.name,
        content=content + decode_media(result.parts or []),
        is_error=is_error or None,
    )


def _texts(said: Any) -> list[str] | None:
    """One text, or several; None for anything else."""
    if isinstance(said, str):
        return [said]
    several = isinstance(said, list) and len(said) > 1 and all(isinstance(text, str) for text in said)
    return said if several else None


def _as_object(text: str) -> JsonObject | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
