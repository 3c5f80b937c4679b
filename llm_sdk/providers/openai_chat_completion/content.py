"""Parts <-> the content parts and the tool calls of a message."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from llm_sdk.accumulator import parse_tool_arguments
from llm_sdk.codec import dump_json
from llm_sdk.data_url import data_url, split_data_url
from llm_sdk.errors import UnsupportedError
from llm_sdk.losses import tell_lost
from llm_sdk.providers.openai_chat_completion import id_forms, wire
from llm_sdk.types import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    JsonObject,
    OpaquePart,
    Part,
    SourcePart,
    TextPart,
    ToolCallPart,
)

PROVIDER = "openai-chat-completion"

EXTRA_CONTENT = "extra_content"
IMAGE = "image_url"

NO_ARGUMENTS = "null"
"""What Groq gives as the arguments of a call without any (recorded)."""

# The unified names of audio formats and the wire's; every other one is the same.
AUDIO_FORMATS = {"linear16": "pcm16"}
UNIFIED_AUDIO_FORMATS = {name: unified for unified, name in AUDIO_FORMATS.items()}


def decode_content(content: wire.Content) -> Part | None:
    """A part of what is said; None where it has no unified form."""
    match content:
        case wire.Text():
            return TextPart(text=content.text)
        case wire.Image(image_url=wire.ImageUrl(url=url)):
            found = split_data_url(url)
            return ImagePart(mime_type=found[0], data=found[1]) if found else ImagePart(url=url)
        case wire.InputAudio(input_audio=wire.Sound(format="wav" | "mp3")):
            sound = content.input_audio
            return AudioPart.model_validate({"data": sound.data, "format": sound.format})
        case wire.File(file=wire.FileFields(file_data=str(data))) if found := split_data_url(data):
            return FilePart(mime_type=found[0], data=found[1], filename=content.file.filename)
    return None


def unknown_fields(content: wire.Content) -> Iterator[tuple[tuple[str, ...], JsonObject]]:
    """What of a content part is not in its unified form: where it stands, and the fields."""
    match content:
        case wire.Text():
            yield (), content.rest("type", "text")
        case wire.Image():
            yield (), content.rest("type", "image_url")
            yield ("image_url",), content.image_url.rest("url")
        case wire.InputAudio():
            yield (), content.rest("type", "input_audio")
            yield ("input_audio",), content.input_audio.rest("data", "format")
        case wire.File():
            yield (), content.rest("type", "file")
            yield ("file",), content.file.rest("file_data", "filename")


def encode_content(parts: Iterable[Part], path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The content parts of what is said. Sources are given by their content; what is another provider's is left out
    with a warning."""
    for at, part in enumerate(parts):
        yield from encode_part(part, f"{path}.content[{at}]", warnings)


def encode_part(part: Part, path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The content of one part, which stands at ``path``."""
    match part:
        case TextPart():
            tell_lost(part, path, warnings, "citations", "signature")
            yield {"type": "text", "text": part.text}
        case ImagePart():
            url = part.url if part.data is None else data_url(part.mime_type, part.data)
            yield {"type": "image_url", "image_url": {"url": url}}
        case AudioPart():
            sound = {"data": part.data, "format": AUDIO_FORMATS.get(part.format, part.format)}
            yield {"type": "input_audio", "input_audio": sound}
        case FilePart():
            yield {"type": "file", "file": _encode_file(part, path)}
        case SourcePart():
            warnings.append(f"source: {path} is sent without its title and source")
            yield from encode_content(part.content, path, warnings)
        case OpaquePart():
            yield from encode_opaque(part, path, warnings)
        case _:
            raise UnsupportedError(f"{part.type} cannot be given to the model in this protocol", path=path)


def _encode_file(part: FilePart, path: str) -> JsonObject:
    if part.data is None:
        raise UnsupportedError("files go by data here, not by URL", path=f"{path}.url")
    name = {} if part.filename is None else {"filename": part.filename}
    return {"file_data": data_url(part.mime_type, part.data), **name}


def encode_opaque(part: OpaquePart, path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The provider's own JSON, unchanged; what belongs to another provider is left out with a warning."""
    if part.provider == PROVIDER:
        yield part.data
    else:
        warnings.append(f"opaque: {path} belongs to {part.provider} and was left out")


def shorten(content: list[JsonObject]) -> Any:
    """One text as a plain string, which every server takes; nothing at all as an empty one."""
    if not content:
        return ""
    return content[0]["text"] if len(content) == 1 and content[0].keys() == {"type", "text"} else content


def decode_tool_call(call: wire.ToolCall, position: int, warnings: list[str]) -> Part:
    """A call of the model. Raises MalformedArgumentsError for arguments that are no JSON object.

    A call without an id gets one from its position, and a call of another kind, such as a custom tool's, is one opaque
    part and a warning.
    """
    if isinstance(call, wire.FunctionCall):
        part = decode_function(call.function, call.id or made_up_id(position))
        signature = join_signature(call.extra_content)
        return part if signature is None else part.model_copy(update={"signature": signature})
    warnings.append(f"{call.type}: this kind of tool call has no unified form and is kept as an opaque part")
    return OpaquePart(provider=PROVIDER, data=call.as_json())


def decode_function(function: wire.FunctionFields, tool_call_id: str) -> ToolCallPart:
    """A call of a function, in ``tool_calls`` or in the deprecated field."""
    arguments = function.arguments
    if arguments == NO_ARGUMENTS:
        arguments = None
    args = arguments if isinstance(arguments, dict) else parse_tool_arguments(arguments or "", function.name)
    return ToolCallPart(tool_call_id=tool_call_id, tool_name=function.name, args=args)


def join_signature(extra_content: Any) -> str | None:
    """A call's signature: its :data:`EXTRA_CONTENT` as JSON, None where it has none."""
    return dump_json({EXTRA_CONTENT: extra_content}).decode() if extra_content else None


def split_signature(signature: str | None) -> JsonObject:
    """The other way. A signature of another provider gives nothing."""
    try:
        given = json.loads(signature or "null")
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) and given.keys() == {EXTRA_CONTENT} else {}


def made_up_id(position: int) -> str:
    """The id of a call that came without one: the same whole and streamed."""
    return f"{id_forms.CALL_ID}{position}"


def encode_function(part: ToolCallPart) -> JsonObject:
    """Name and arguments of a call."""
    return {"name": part.tool_name, "arguments": dump_json(part.args).decode()}


def encode_tool_call(part: ToolCallPart) -> JsonObject:
    """A call, in an answer and in a history."""
    call: JsonObject = {"id": part.tool_call_id, "type": "function", "function": encode_function(part)}
    return {**call, **split_signature(part.signature)}


def decode_image(image: JsonObject, warnings: list[str]) -> OpaquePart:
    """What a model has drawn. OpenAI's protocol has no place for it, so that it is carried as it came."""
    data = {**image, "type": IMAGE}
    warnings.append(f"{IMAGE}: an image of the model has no unified form here and is kept as an opaque part")
    return OpaquePart(provider=PROVIDER, data=data)


def is_image(provider: str, data: JsonObject) -> bool:
    """Whether an opaque part is an image of the model."""
    return provider == PROVIDER and data.get("type") == IMAGE


def decode_annotation(annotation: wire.Annotation, warnings: list[str]) -> Citation | None:
    """A citation; None, with a warning, for a kind without a unified form."""
    if isinstance(annotation, wire.UrlCitation | wire.FlatUrlCitation):
        cited = annotation.url_citation if isinstance(annotation, wire.UrlCitation) else annotation
        start, end = cited.start_index, cited.end_index
        return Citation(source=cited.url, title=cited.title, start_index=start, end_index=end)
    warnings.append(f"annotation: {annotation.type} has no unified form")
    return None


def encode_annotation(citation: Citation, text: str) -> JsonObject:
    """The annotation of a citation; one without indices spans the whole ``text``."""
    fields = {
        "end_index": len(text) if citation.end_index is None else citation.end_index,
        "start_index": citation.start_index or 0,
        "title": citation.title or "",
        "url": citation.source,
    }
    return {"type": "url_citation", "url_citation": fields}


def numbered_citations(urls: list[Any], results: list[wire.SearchResult] | None, text: str) -> list[Citation]:
    """Perplexity's citations: a list of URLs beside the message, which the text refers to as ``[1]``, ``[2]``, …
    (recorded). One that the text does not refer to is for all of it."""
    titles = {result.url: result.title for result in results or ()}
    citations: list[Citation] = []
    for number, url in enumerate(urls, 1):
        if not isinstance(url, str):
            continue
        mark = f"[{number}]"
        spans = [(start, start + len(mark)) for start in _positions(text, mark)] or [(0, len(text))]
        title = titles.get(url) or ""
        citations += [Citation(source=url, title=title, start_index=start, end_index=end) for start, end in spans]
    return citations


def _positions(text: str, mark: str) -> Iterator[int]:
    at = text.find(mark)
    while at >= 0:
        yield at
        at = text.find(mark, at + len(mark))
