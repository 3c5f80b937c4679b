"""Parts <-> the items and content parts of the Responses API. Input and output share them."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from llm_sdk.codec import dump_json
from llm_sdk.data_url import data_url, split_data_url
from llm_sdk.errors import UnsupportedError
from llm_sdk.losses import tell_lost
from llm_sdk.providers.openai import id_forms, wire
from llm_sdk.providers.openai.function_call import decode_function_call, encode_function_call, split_provenance
from llm_sdk.providers.openai.reasoning import decode_reasoning, encode_reasoning
from llm_sdk.types import (
    AssistantMessage,
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
    ToolResultPart,
)

PROVIDER = "openai"
WEB_SEARCH = "web_search"
ANNOTATION = "annotation"

PHASE = re.compile(r"[a-z_]*")
IMAGE_SIZE = re.compile(r"(\d+)x(\d+)")


def join_signature(id: str | None, phase: str | None) -> str | None:
    """A text part's signature: the id of the message item that it stands in, and its phase where it has one.

    The phase has to come back to the provider: without it a commentary is taken for the final answer.
    """
    return f"{id or ''}#{phase}" if phase else id


def split_signature(signature: str | None) -> tuple[str | None, str | None]:
    """Id and phase of a message. A signature of another provider gives neither."""
    id, _, phase = (signature or "").partition("#")
    ours = id.startswith(id_forms.MESSAGE_ID) or not id
    return (id or None, phase or None) if ours and PHASE.fullmatch(phase) else (None, None)


def decode_annotation(annotation: wire.Annotation) -> Citation:
    """A citation. ``signature`` is the container of a container file, and all of an annotation without a unified
    form."""
    match annotation:
        case wire.UrlCitation():
            return Citation(
                source=annotation.url,
                title=annotation.title,
                start_index=annotation.start_index,
                end_index=annotation.end_index,
            )
        case wire.FileCitation():
            return Citation(source=annotation.file_id, title=annotation.filename, start_index=annotation.index)
        case wire.ContainerFileCitation():
            return Citation(
                source=annotation.file_id,
                title=annotation.filename,
                start_index=annotation.start_index,
                end_index=annotation.end_index,
                signature=annotation.container_id,
            )
    fields = annotation.as_json()
    return Citation(source=str(fields.get("file_id") or ""), signature=dump_json({ANNOTATION: fields}).decode())


def other_annotation(signature: str) -> JsonObject | None:
    """The annotation without a unified form that a citation's signature holds; None where it holds none."""
    try:
        given = json.loads(signature)
    except (ValueError, RecursionError):
        return None
    known = isinstance(given, dict) and given.keys() == {ANNOTATION} and isinstance(given[ANNOTATION], dict)
    return given[ANNOTATION] if known else None


def encode_annotation(citation: Citation, text: str) -> JsonObject:
    """The annotation of a citation; one without indices spans the whole ``text``."""
    start, end = citation.start_index, citation.end_index
    span = {"start_index": start or 0, "end_index": len(text) if end is None else end}
    if citation.signature is not None:
        if (other := other_annotation(citation.signature)) is not None:
            return other
        return {
            "type": "container_file_citation",
            "container_id": citation.signature,
            "file_id": citation.source,
            "filename": citation.title or "",
            **span,
        }
    if start is not None and end is None:
        title = citation.title or ""
        return {"type": "file_citation", "file_id": citation.source, "filename": title, "index": start}
    return {"type": "url_citation", **span, "title": citation.title or "", "url": citation.source}


def decode_output_text(content: wire.OutputText, signature: str | None, warnings: list[str]) -> TextPart:
    """A text with its citations."""
    annotations = content.annotations or ()
    citations = [decode_annotation(annotation) for annotation in annotations]
    unknown = [annotation.type for annotation in annotations if isinstance(annotation, wire.Unknown)]
    warnings += [f"annotation: {kind} has no unified form and is kept in a signature" for kind in unknown]
    return TextPart(text=content.text, citations=citations or None, signature=signature)


def encode_output_text(part: TextPart) -> JsonObject:
    """The other way."""
    annotations = [encode_annotation(citation, part.text) for citation in part.citations or ()]
    return {"type": "output_text", "annotations": annotations, "logprobs": [], "text": part.text}


def decode_item(item: wire.Item, warnings: list[str]) -> list[Part]:
    """The parts of one item of an answer, or of the model's own turn in a history.

    An item without a unified form is one opaque part and a warning. Raises InvariantError for arguments that are no
    JSON object.
    """
    match item:
        case wire.Message():
            return decode_message(item, warnings)
        case wire.Reasoning():
            return [decode_reasoning(item)]
        case wire.FunctionCall():
            return [decode_function_call(item)]
        case wire.WebSearchCall():
            return decode_search(item)
        case wire.ImageGenerationCall() if item.result is not None:
            return [decode_image(item.result, item.output_format, item.size, item.id)]
    kind = item.type
    warnings.append(f"{kind}: this item has no unified form and is kept as an opaque part")
    return [OpaquePart(provider=PROVIDER, data=item.as_json())]


def decode_message(message: wire.Message, warnings: list[str]) -> list[Part]:
    """The texts of a message of the model; other content is an opaque message of its own."""
    signature = join_signature(message.id, message.phase)
    if isinstance(message.content, str):
        return [TextPart(text=message.content, signature=signature)]
    parts: list[Part] = []
    for content in message.content:
        if isinstance(content, wire.OutputText):
            parts.append(decode_output_text(content, signature, warnings))
        elif isinstance(content, wire.InputText):
            parts.append(TextPart(text=content.text, signature=signature))
        else:
            warnings.append(f"{content.type}: this content has no unified form and is kept as an opaque part")
            parts.append(OpaquePart(provider=PROVIDER, data={**message.as_json(), "content": [content.as_json()]}))
    return parts


def decode_search(item: wire.WebSearchCall) -> list[Part]:
    """A hosted search: its call, and its sources as the result where they were asked for."""
    action = item.action or wire.SearchAction()
    call = ToolCallPart(
        tool_call_id=item.id, tool_name=WEB_SEARCH, args=action.rest("sources"), id=item.id, provider_executed=True
    )
    failed = item.status == "failed"
    if not action.sources and not failed:
        return [call]
    content: list[Part] = [
        SourcePart(source=source.url or source.name or "", title=source.title or "", content=[])
        for source in action.sources or ()
    ]
    result = ToolResultPart(
        tool_call_id=item.id,
        tool_name=WEB_SEARCH,
        content=content,
        is_error=failed or None,
        provider_executed=True,
    )
    return [call, result]


def encode_search(call: ToolCallPart, result: ToolResultPart | None) -> JsonObject:
    """The other way: the result's sources go back into the action."""
    action = dict(call.args)
    sources = [part for part in result.content if isinstance(part, SourcePart)] if result else []
    if sources:
        action["sources"] = [{"type": "url", "url": source.source} for source in sources]
    failed = result is not None and result.is_error
    item: JsonObject = {
        "id": call.id or call.tool_call_id,
        "type": "web_search_call",
        "status": "failed" if failed else "completed",
    }
    return {**item, "action": action} if action else item


def decode_image(data: str, output_format: str | None, size: str | None, id: str | None) -> ImagePart:
    """A generated image."""
    pixels = IMAGE_SIZE.fullmatch(size or "")
    return ImagePart(
        mime_type=f"image/{output_format or 'png'}",
        data=data,
        width=int(pixels[1]) if pixels else None,
        height=int(pixels[2]) if pixels else None,
        id=id,
    )


def encode_image(part: ImagePart, path: str) -> JsonObject:
    """The other way. Raises UnsupportedError for an image by URL, which an answer cannot carry."""
    if part.data is None:
        raise UnsupportedError("an image of the model goes by data here, not by URL", path=f"{path}.url")
    item: JsonObject = {
        "id": part.id if is_own_image(part.id) else "",
        "type": "image_generation_call",
        "status": "completed",
        "output_format": (part.mime_type or "image/png").removeprefix("image/"),
        "result": part.data,
    }
    return {**item, "size": f"{part.width}x{part.height}"} if part.width and part.height else item


def is_own_image(id: str | None) -> bool:
    """Whether an image's id is one of this provider: for others it may be a signature of any size."""
    return id is not None and id.startswith(id_forms.IMAGE_ID)


def encode_assistant(message: AssistantMessage, path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The items of one turn of the model.

    Text parts that stand side by side with the same signature are one message. What only another provider can read is
    left out with a warning.
    """
    results = _results_of_searches(message.content)
    inside = {place for place, _ in results.values()}
    at = 0
    for key, group in groupby(message.content, _message_key):
        parts = list(group)
        if key is not None:
            texts = [part for part in parts if isinstance(part, TextPart)]
            yield encode_message(texts, [f"{path}.content[{at + offset}]" for offset in range(len(texts))], warnings)
        else:
            for place, part in enumerate(parts, at):
                if place not in inside:
                    result = results[place][1] if place in results else None
                    yield from _encode_assistant_part(part, result, f"{path}.content[{place}]", warnings)
        at += len(parts)
    if not message.content:
        yield {"type": "message", "role": "assistant", "content": []}


def _results_of_searches(parts: list[Part]) -> dict[int, tuple[int, ToolResultPart]]:
    """By the place of each hosted search its result, which stands inside its item, and the place of that."""
    waiting: dict[str, int] = {}
    results: dict[int, tuple[int, ToolResultPart]] = {}
    for place, part in enumerate(parts):
        match part:
            case ToolCallPart(provider_executed=True) if _is_own_search(part):
                waiting[part.tool_call_id] = place
            case ToolResultPart(provider_executed=True) if part.tool_call_id in waiting:
                results[waiting.pop(part.tool_call_id)] = (place, part)
    return results


def _message_key(part: Part) -> tuple[str | None] | None:
    return (part.signature,) if isinstance(part, TextPart) else None


def encode_message(parts: list[TextPart], paths: list[str], warnings: list[str]) -> JsonObject:
    """A message of the model in a history; each of its texts stands at one of ``paths``.

    Only a message with the provider's id may be written in the form of its answers; any other is in the short form,
    which has no citations.
    """
    id, phase = split_signature(parts[0].signature)
    head: JsonObject = {"type": "message", "role": "assistant"}
    if phase:
        head["phase"] = phase
    if id:
        content = [encode_output_text(part) for part in parts]
        return {**head, "id": id, "status": "completed", "content": content}
    lost = ("citations",) if phase else ("citations", "signature")
    for part, path in zip(parts, paths, strict=True):
        tell_lost(part, path, warnings, *lost)
    if len(parts) == 1:
        return {**head, "content": parts[0].text}
    return {**head, "content": [{"type": "output_text", "text": part.text, "annotations": []} for part in parts]}


def _encode_assistant_part(
    part: Part, result: ToolResultPart | None, path: str, warnings: list[str]
) -> Iterator[JsonObject]:
    """The items of one part; ``result`` is that of a hosted search."""
    match part:
        case ReasoningPart(id=str(id)) if id.startswith(id_forms.REASONING_ID):
            yield encode_reasoning(part)
        case ReasoningPart():
            warnings.append(f"reasoning: {path} has no id of this provider and was left out")
        case ToolCallPart():
            yield from _encode_call(part, result, path, warnings)
        case ImagePart():
            tell_lost(part, path, warnings, *(() if is_own_image(part.id) else ("id",)))
            yield encode_image(part, path)
        case OpaquePart():
            yield from encode_opaque(part, path, warnings)
        case SourcePart():
            warnings.append(f"source: {path} is sent without its title and source")
            for inner in part.content:
                yield from _encode_assistant_part(inner, None, path, warnings)
        case TextPart():
            yield encode_message([part], [path], warnings)
        case ToolResultPart(provider_executed=True):
            warnings.append(f"hosted tool: {path} was run by another provider and was left out")
        case _:
            raise UnsupportedError(f"a message of the model cannot carry {part.type} in this protocol", path=path)


def _encode_call(
    part: ToolCallPart, result: ToolResultPart | None, path: str, warnings: list[str]
) -> Iterator[JsonObject]:
    """The item of a call. That of a hosted search holds its result."""
    if not part.provider_executed:
        item = encode_function_call(part)
        lost = ["signature"] if not split_provenance(part.signature) else []
        tell_lost(part, path, warnings, *lost, *(() if "id" in item else ("id",)))
        yield item
    elif _is_own_search(part):
        if result is not None and any(isinstance(page, SourcePart) and page.title for page in result.content):
            warnings.append(f"title: {path} is sent without the titles of the pages that it found")
        yield encode_search(part, result)
    else:
        warnings.append(f"hosted tool: {path} was run by another provider and was left out")


def _is_own_search(part: ToolCallPart) -> bool:
    return part.tool_name == WEB_SEARCH and (part.id or part.tool_call_id).startswith(id_forms.SEARCH_ID)


def encode_opaque(part: OpaquePart, path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The provider's own JSON, unchanged; what belongs to another provider is left out with a warning."""
    if part.provider == PROVIDER:
        yield part.data
    else:
        warnings.append(f"opaque: {path} belongs to {part.provider} and was left out")


def decode_input_content(content: wire.Content) -> Part | None:
    """A part of what the user or a tool says; None where it has no unified form."""
    match content:
        case wire.InputText() | wire.OutputText():
            return TextPart(text=content.text)
        case wire.InputImage(image_url=str(url)):
            found = split_data_url(url)
            return ImagePart(mime_type=found[0], data=found[1]) if found else ImagePart(url=url)
        case wire.InputFile(file_url=str(url), file_data=None):
            return FilePart(url=url, filename=content.filename)
        case wire.InputFile(file_data=str(data), file_url=None) if found := split_data_url(data):
            return FilePart(mime_type=found[0], data=found[1], filename=content.filename)
    return None


def encode_input_content(parts: Iterable[Part], path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The other way. Sources are given by their content; what is another provider's is left out with a warning."""
    for at, part in enumerate(parts):
        here = f"{path}.content[{at}]"
        match part:
            case TextPart():
                tell_lost(part, here, warnings, "citations", "signature")
                yield {"type": "input_text", "text": part.text}
            case ImagePart():
                url = part.url if part.data is None else data_url(part.mime_type, part.data)
                yield {"type": "input_image", "image_url": url, "detail": "auto"}
            case FilePart():
                yield _encode_file(part)
            case SourcePart():
                warnings.append(f"source: {here} is sent without its title and source")
                yield from encode_input_content(part.content, here, warnings)
            case OpaquePart():
                yield from encode_opaque(part, here, warnings)
            case _:
                raise UnsupportedError(f"{part.type} cannot be given to the model in this protocol", path=here)


def _encode_file(part: FilePart) -> dict[str, Any]:
    name = {} if part.filename is None else {"filename": part.filename}
    if part.data is None:
        return {"type": "input_file", "file_url": part.url, **name}
    return {"type": "input_file", "file_data": data_url(part.mime_type, part.data), **name}
