"""Parts <-> the parts of Gemini's contents. Requests and answers share them."""

import hashlib
import re
from collections.abc import Iterable, Iterator

from llm_sdk.errors import UnsupportedError
from llm_sdk.losses import tell_lost
from llm_sdk.providers.google import wire
from llm_sdk.providers.google.foreign import is_foreign_handle, is_foreign_signature
from llm_sdk.providers.google.media import decode_blob, decode_file, encode_media
from llm_sdk.types import (
    AssistantMessage,
    AudioPart,
    FilePart,
    ImagePart,
    JsonObject,
    OpaquePart,
    Part,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

PROVIDER = "google"
WEB_SEARCH = "web_search"

SKIP_SIGNATURE = "skip_thought_signature_validator"
"""Stands in for the signature of a call that the model has not made itself, such as one of another provider. From
version 3 on, the models refuse a turn whose first call has none (documented)."""
SIGNING_MODEL = re.compile(r"(?:.*/)?gemini-(?:[3-9]|\d\d)\b.*")

MADE_UP_ID = "gemini_"
"""How an id begins that the provider did not give: it is never sent to it."""


def make_call_id(response_id: str | None, number: int, tool_name: str) -> str:
    """An id for a function call that came without one: the same whenever the same answer is read.

    ``number`` counts the calls of the answer that have none.
    """
    digest = hashlib.sha256(f"{response_id or ''}/{number}/{tool_name}".encode("utf-8", "surrogatepass"))
    return MADE_UP_ID + digest.hexdigest()[:16]


def decode_part(part: wire.Part, tool_call_id: str, warnings: list[str]) -> Part:
    """One part of the model's. ``tool_call_id`` is for a function call without an id.

    The signature of an image or a sound becomes its id: it is the handle by which the model knows it again. A part
    without a unified form is an opaque part and a warning.
    """
    signature = part.thought_signature
    kind = part.kind
    match kind:
        case "text":
            return TextPart(text=part.text or "", signature=signature)
        case "thought":
            return ReasoningPart(text=part.text or "", signature=signature)
        case "functionCall" if part.function_call and part.function_call.name:
            call = part.function_call
            return ToolCallPart(
                tool_call_id=call.id or tool_call_id,
                tool_name=part.function_call.name,
                args=call.args or {},
                signature=signature,
            )
        case "inlineData" if part.inline_data:
            return decode_blob(part.inline_data, signature)
        case "fileData" if part.file_data:
            return decode_file(part.file_data)
    warnings.append(f"{kind}: this part has no unified form and is kept as an opaque part")
    return OpaquePart(provider=PROVIDER, data=part.as_json())


def encode_text(text: str, signature: str | None, *, thought: bool = False) -> JsonObject:
    """A text or a thought, with the signature where it has one."""
    part: JsonObject = {"text": text}
    if thought:
        part["thought"] = True
    return {**part, "thoughtSignature": signature} if signature is not None else part


def encode_call(part: ToolCallPart, *, id: str | None) -> JsonObject:
    """A function call; ``id`` is left out where the provider gave none."""
    call: JsonObject = {"name": part.tool_name, "args": part.args}
    if id is not None:
        call["id"] = id
    return {"functionCall": call}


def needs_signature(model_id: str) -> bool:
    """Whether the model refuses a turn of its own whose first function call has no signature."""
    return SIGNING_MODEL.fullmatch(model_id) is not None


def encode_assistant(message: AssistantMessage, path: str, model_id: str, warnings: list[str]) -> list[JsonObject]:
    """The parts of one turn of the model. What only another provider can read is left out with a warning."""
    parts: list[JsonObject] = []
    for at, part in enumerate(message.content):
        parts += _encode_assistant_part(part, f"{path}.content[{at}]", warnings)
    first = next((at for at, part in enumerate(parts) if "functionCall" in part), None)
    if first is not None and needs_signature(model_id):
        parts[first] = {"thoughtSignature": SKIP_SIGNATURE, **parts[first]}
    return parts


def _encode_assistant_part(part: Part, path: str, warnings: list[str]) -> Iterator[JsonObject]:
    match part:
        case TextPart():
            tell_lost(part, path, warnings, "citations")
            signature = own_signature(part.signature, path, warnings)
            if part.text or signature or part.signature is None:
                yield encode_text(part.text, signature)
        case ReasoningPart():
            # Reasoning has no id here: one with an id is another provider's.
            signature = own_signature(part.signature, path, warnings, foreign=part.id is not None)
            if part.text or signature or part.signature is None:
                yield encode_text(part.text, signature, thought=True)
        case ToolCallPart(provider_executed=True) | ToolResultPart(provider_executed=True):
            warnings.append(f"hosted tool: {path} cannot be given back to this provider and was left out")
        case ToolCallPart():
            tell_lost(part, path, warnings, "id")
            id = None if part.tool_call_id.startswith(MADE_UP_ID) else part.tool_call_id
            yield signed(encode_call(part, id=id), own_signature(part.signature, path, warnings))
        case ImagePart() | AudioPart() | FilePart():
            handle = None if part.id is None or is_foreign_handle(part.id) else part.id
            tell_lost(part, path, warnings, "filename", *(() if handle else ("id",)))
            yield signed(encode_media(part), handle)
        case SourcePart():
            warnings.append(f"source: {path} is sent without its title and source")
            for inner in part.content:
                yield from _encode_assistant_part(inner, path, warnings)
        case OpaquePart():
            yield from encode_opaque(part, path, warnings)
        case _:
            raise UnsupportedError(f"a message of the model cannot carry {part.type} in this protocol", path=path)


def own_signature(signature: str | None, path: str, warnings: list[str], *, foreign: bool = False) -> str | None:
    """The signature, or None with a warning for one of another provider."""
    if signature is None or not (foreign or is_foreign_signature(signature)):
        return signature
    warnings.append(f"signature: that of {path} was made by another provider and was left out")
    return None


def signed(part: JsonObject, signature: str | None) -> JsonObject:
    """The part with its signature, where there is one."""
    return {**part, "thoughtSignature": signature} if signature is not None else part


def encode_opaque(part: OpaquePart, path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The provider's own JSON, unchanged; what belongs to another provider is left out with a warning."""
    if part.provider == PROVIDER:
        yield part.data
    else:
        warnings.append(f"opaque: {path} belongs to {part.provider} and was left out")


def encode_input_content(parts: Iterable[Part], path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """What a user says, or a function answers. Sources are given by their content."""
    for at, part in enumerate(parts):
        here = f"{path}.content[{at}]"
        match part:
            case TextPart():
                tell_lost(part, here, warnings, "citations")
                yield encode_text(part.text, own_signature(part.signature, here, warnings))
            case ImagePart() | AudioPart() | FilePart():
                tell_lost(part, here, warnings, "filename")
                yield encode_media(part)
            case SourcePart():
                warnings.append(f"source: {here} is sent without its title and source")
                yield from encode_input_content(part.content, here, warnings)
            case OpaquePart():
                yield from encode_opaque(part, here, warnings)
            case _:
                raise UnsupportedError(f"{part.type} cannot be given to the model in this protocol", path=here)
