"""Parts <-> the content chunks and the tool calls of a message."""

from collections.abc import Iterable, Iterator

from llm_sdk.accumulator import parse_tool_arguments
from llm_sdk.codec import dump_json
from llm_sdk.data_url import data_url, split_data_url
from llm_sdk.errors import UnsupportedError
from llm_sdk.losses import tell_lost
from llm_sdk.providers.mistral import wire
from llm_sdk.providers.mistral.sound import audio_format
from llm_sdk.providers.mistral.tool_call_ids import positional_id
from llm_sdk.types import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    JsonObject,
    OpaquePart,
    Part,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
)
from llm_sdk.wire_model import Wire

PROVIDER = "mistral"

SIGNED = "thinking"
"""The id of a reasoning part whose signature came from this provider: it goes back, and no other one does."""


def decode_chunk(chunk: wire.Chunk) -> Part | None:
    """A part of what is said; None where it has no unified form. A reference alone is a text without words."""
    match chunk:
        case wire.Text():
            return TextPart(text=chunk.text)
        case wire.Thinking() if all(isinstance(thought, wire.Text) for thought in chunk.thinking):
            return decode_thinking(chunk)
        case wire.Reference():
            return TextPart(text="", citations=decode_reference(chunk))
        case wire.Image():
            url = chunk.image_url if isinstance(chunk.image_url, str) else chunk.image_url.url
            found = split_data_url(url)
            return ImagePart(mime_type=found[0], data=found[1]) if found else ImagePart(url=url)
        case wire.Document():
            found = split_data_url(chunk.document_url)
            name = chunk.document_name
            if found:
                return FilePart(mime_type=found[0], data=found[1], filename=name)
            return FilePart(url=chunk.document_url, filename=name)
        case wire.InputAudio() if format := audio_format(chunk.input_audio):
            return AudioPart(data=chunk.input_audio, format=format)
    return None


def decode_thinking(chunk: wire.Thinking) -> ReasoningPart:
    """The texts of a thought, in one: a stream cuts them anywhere."""
    text = "".join(thought.text for thought in chunk.thinking if isinstance(thought, wire.Text))
    return ReasoningPart(text=text, signature=chunk.signature, id=SIGNED if chunk.signature is not None else None)


def decode_reference(chunk: wire.Reference) -> list[Citation]:
    """What a text rests on. Numbers of documents become their digits."""
    return [Citation(source=str(id)) for id in chunk.reference_ids]


def decode_answer(chunks: Iterable[wire.Chunk], warnings: list[str]) -> Iterator[Part]:
    """The parts of an answer's chunks, whole or of one delta; what has no unified form is opaque, with a warning."""
    for chunk in chunks:
        if isinstance(chunk, wire.Thinking):
            yield from _decode_thoughts(chunk, warnings)
        elif isinstance(chunk, wire.Text | wire.Reference) and (part := decode_chunk(chunk)) is not None:
            yield part
        else:
            yield opaque(chunk, warnings)


def _decode_thoughts(chunk: wire.Thinking, warnings: list[str]) -> Iterator[Part]:
    """A thought that holds more than text is taken apart: a stream brings it in pieces."""
    texts: list[wire.Thought] = []
    for thought in chunk.thinking:
        if isinstance(thought, wire.Text):
            texts.append(thought)
            continue
        if texts:
            yield decode_thinking(wire.Thinking(type="thinking", thinking=texts))
            texts = []
        yield opaque(wire.Thinking(type="thinking", thinking=[thought]), warnings, kind=thought.type)
    if texts or chunk.signature is not None:
        yield decode_thinking(wire.Thinking(type="thinking", thinking=texts, signature=chunk.signature))


def opaque(chunk: Wire, warnings: list[str], kind: str | None = None) -> OpaquePart:
    """A chunk in the provider's own words."""
    kind = kind or str(getattr(chunk, "type", "content"))
    warnings.append(f"{kind}: this content has no unified form and is kept as an opaque part")
    return OpaquePart(provider=PROVIDER, data=chunk.as_json())


def unknown_fields(chunk: wire.Chunk) -> Iterator[tuple[tuple[str, ...], JsonObject]]:
    """What of a content chunk is not in its unified form: where it stands, and the fields."""
    known = ("type", "text", "thinking", "signature", "reference_ids", "document_url", "document_name", "input_audio")
    yield (), chunk.rest(*known, "image_url")
    if isinstance(chunk, wire.Image) and isinstance(chunk.image_url, wire.ImageUrl):
        yield ("image_url",), chunk.image_url.rest("url")


def encode_content(parts: Iterable[Part], path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The content chunks of what is said, but for tool calls. Sources are given by their content; what is another
    provider's is left out with a warning."""
    for at, part in enumerate(parts):
        yield from encode_part(part, f"{path}.content[{at}]", warnings)


def encode_part(part: Part, path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The chunks of one part, which stands at ``path``."""
    match part:
        case TextPart():
            tell_lost(part, path, warnings, "signature")
            yield from encode_text(part, own_citations(part, path, warnings))
        case ReasoningPart():
            yield from encode_reasoning(part, path, warnings)
        case ImagePart():
            url = part.url if part.data is None else data_url(part.mime_type, part.data)
            yield {"type": "image_url", "image_url": {"url": url}}
        case FilePart():
            url = part.url if part.data is None else data_url(part.mime_type, part.data)
            name = {} if part.filename is None else {"document_name": part.filename}
            yield {"type": "document_url", "document_url": url, **name}
        case AudioPart():
            yield {"type": "input_audio", "input_audio": part.data}
        case SourcePart():
            warnings.append(f"source: {path} is sent without its title and source")
            yield from encode_content(part.content, path, warnings)
        case OpaquePart():
            yield from encode_opaque(part, path, warnings)
        case _:
            raise UnsupportedError(f"{part.type} cannot be given to the model in this protocol", path=path)


def own_citations(part: TextPart, path: str, warnings: list[str]) -> list[Citation]:
    """The citations that this provider has made: those that name a document and say nothing else of it."""
    own = [citation for citation in part.citations or () if citation == Citation(source=citation.source)]
    if len(own) < len(part.citations or ()):
        warnings.append(f"citations: {path} is sent without the citations of another provider")
    return own


def encode_text(part: TextPart, citations: list[Citation]) -> Iterator[JsonObject]:
    """A text, and a reference behind it where it rests on something."""
    if part.text or not citations:
        yield {"type": "text", "text": part.text}
    if citations:
        yield {"type": "reference", "reference_ids": [reference_id(citation.source) for citation in citations]}


def reference_id(source: str) -> int | str:
    """The number of a document, or its name."""
    is_number = source.isascii() and source.isdecimal() and (source == "0" or source[0] != "0") and len(source) < 19
    return int(source) if is_number else source


def encode_thinking(text: str, signature: str | None) -> JsonObject:
    """A thinking chunk, in an answer and in a history."""
    chunk: JsonObject = {"type": "thinking", "thinking": [{"type": "text", "text": text}] if text else []}
    return chunk if signature is None else {**chunk, "signature": signature}


def encode_reasoning(part: ReasoningPart, path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """A thought in a history. Its text means something to any model; a token of another provider means nothing."""
    own = part.id == SIGNED or (part.id is None and part.signature is None)
    if own:
        yield encode_thinking(part.text, part.signature)
    elif part.text:
        warnings.append(f"reasoning: {path} is sent without the id and the signature of another provider")
        yield encode_thinking(part.text, None)
    else:
        warnings.append(f"reasoning: {path} is for another provider only and was left out")


def encode_opaque(part: OpaquePart, path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The provider's own JSON, unchanged; what belongs to another provider is left out with a warning."""
    if part.provider == PROVIDER:
        yield part.data
    else:
        warnings.append(f"opaque: {path} belongs to {part.provider} and was left out")


def shorten(chunks: list[JsonObject]) -> str | list[JsonObject]:
    """One text as a plain string; nothing at all as an empty one."""
    if not chunks:
        return ""
    alone = len(chunks) == 1 and chunks[0].keys() == {"type", "text"}
    return str(chunks[0]["text"]) if alone else chunks


def decode_tool_call(call: wire.ToolCall, position: int) -> ToolCallPart:
    """A call of the model. Raises MalformedArgumentsError for arguments that are no JSON object."""
    function = call.function
    arguments = function.arguments
    args = arguments if isinstance(arguments, dict) else parse_tool_arguments(arguments, function.name)
    return ToolCallPart(tool_call_id=call_id(call.id, position), tool_name=function.name, args=args)


def call_id(id: str | None, position: int) -> str:
    """The id of the call at this position, which may have come without one."""
    return positional_id(position) if id in (None, "", wire.NO_ID) else str(id)


def encode_tool_call(id: str, part: ToolCallPart) -> JsonObject:
    """A call, in an answer and in a history."""
    function = {"name": part.tool_name, "arguments": dump_json(part.args).decode()}
    return {"id": id, "type": "function", "function": function}
