"""Messages <-> the messages and the documents of a request."""

from collections.abc import Iterator, Sequence
from typing import Any

from llm_sdk.errors import InvalidInputError, MalformedArgumentsError
from llm_sdk.extra import ExtraFields, merge_extra
from llm_sdk.losses import tell_lost
from llm_sdk.providers.cohere import wire
from llm_sdk.providers.cohere.assistant import decode_message, encode_message, unknown_block, whole_message
from llm_sdk.providers.cohere.content import (
    DOCUMENT,
    PROVIDER,
    TOOL_PLAN,
    decode_content,
    decode_document,
    encode_content,
    encode_document,
    opaque,
    source_fields,
)
from llm_sdk.providers.cohere.normalize import BLOCK_DEFAULTS, normalize_block, normalize_document, normalize_message
from llm_sdk.types import (
    AssistantMessage,
    JsonObject,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    SourcePart,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

UNKNOWN_CALL = "tool call id not found in previous tool calls"


def encode_messages(messages: list[Message], warnings: list[str]) -> tuple[list[JsonObject], list[JsonObject]]:
    """The messages of a request, and its documents: those that its user messages hold, for they stand beside them."""
    writer = _HistoryWriter(warnings)
    return list(writer.write(messages)), writer.documents


class _HistoryWriter:
    """Writes the messages of one request; ``documents`` and ``warnings`` grow on the way."""

    def __init__(self, warnings: list[str]) -> None:
        self.documents: list[JsonObject] = []
        self._warnings = warnings

    def write(self, messages: Sequence[Message]) -> Iterator[JsonObject]:
        """The messages. One of nothing but sources is left out: the documents say it all."""
        for at, message in enumerate(messages):
            path = f"messages[{at}]"
            match message:
                case AssistantMessage():
                    yield self._assistant(message, path)
                case ToolMessage():
                    for inner, part in enumerate(message.content):
                        if isinstance(part, ToolResultPart):
                            yield self._tool_result(part, f"{path}.content[{inner}]")
                case UserMessage():
                    content = list(self._given(message.content, path, documents=self.documents))
                    if content or not message.content:
                        yield {"role": "user", "content": short(content)}
                case SystemMessage():
                    yield {"role": "system", "content": short(list(self._given(message.content, path)))}

    def _given(
        self, parts: Sequence[Part], path: str, documents: list[JsonObject] | None = None
    ) -> Iterator[JsonObject]:
        """The blocks of what is given to the model. Sources go to ``documents`` where there are such."""
        for at, part in enumerate(parts):
            here = f"{path}.content[{at}]"
            match part:
                case SourcePart() if documents is not None:
                    documents.append(encode_document(part))
                case OpaquePart() if part.provider != PROVIDER:
                    self._drop(here, part.provider)
                case OpaquePart(data={"type": "document", "document": dict(document)}) if documents is not None:
                    documents.append(document)
                case _:
                    if isinstance(part, TextPart):
                        tell_lost(part, here, self._warnings, "citations", "signature")
                    yield encode_content(part, here)

    def _tool_result(self, part: ToolResultPart, path: str) -> JsonObject:
        if part.is_error:
            self._warnings.append(f"is_error: {path} is sent as it is, this protocol cannot say that a tool has failed")
        content: Any = list(self._given(part.content, path))
        return {"role": "tool", "tool_call_id": part.tool_call_id, "content": short(content) if content else ""}

    def _assistant(self, message: AssistantMessage, path: str) -> JsonObject:
        if (whole := whole_message(message.content)) is not None:
            return whole
        own = [part for at, part in enumerate(message.content) for part in self._own(part, f"{path}.content[{at}]")]
        written = encode_message(own, path)
        if isinstance(written.get("content"), list):
            written["content"] = short(written["content"])
        return written

    def _own(self, part: Part, path: str) -> Iterator[Part]:
        """The part without what only another provider can read."""
        match part:
            case ToolCallPart(provider_executed=True) | ToolResultPart(provider_executed=True):
                self._warnings.append(f"hosted tool: {path} was run by another provider and was left out")
            case OpaquePart() if part.provider != PROVIDER:
                self._drop(path, part.provider)
            case ReasoningPart(id=str() | None as id) if part.signature is not None or id not in (None, TOOL_PLAN):
                self._unsigned(path)
                if part.text:
                    yield ReasoningPart(text=part.text)
            case TextPart():
                yield self._own_text(part, path)
            case ToolCallPart():
                tell_lost(part, path, self._warnings, "id", "signature")
                yield part
            case SourcePart():
                self._warnings.append(f"source: {path} is sent without its title and source")
                for inner in part.content:
                    yield from self._own(inner, path)
            case _:
                yield part

    def _own_text(self, part: TextPart, path: str) -> TextPart:
        foreign = [one for one in part.citations or () if one.signature and source_fields(one.signature) is None]
        if part.signature is not None or foreign:
            self._unsigned(path)
        return part

    def _unsigned(self, path: str) -> None:
        self._warnings.append(f"signature: {path} has one of another provider, which was left out")

    def _drop(self, path: str, provider: str) -> None:
        self._warnings.append(f"opaque: {path} belongs to {provider} and was left out")


def short(content: list[JsonObject]) -> str | list[JsonObject]:
    """A single text block in its short form."""
    match content:
        case [{"type": "text", "text": str(text), **others}] if not others:
            return text
    return content


class HistoryReader:
    """Reads the messages of one request; ``extra`` and ``warnings`` grow as something without a unified place is
    met."""

    def __init__(self, extra: ExtraFields, warnings: list[str]) -> None:
        self._extra = extra
        self._warnings = warnings
        self._tool_names: dict[str, str] = {}

    def read(
        self, wired: Sequence[wire.Message], documents: Sequence[str | wire.Document]
    ) -> tuple[str | None, list[Message]]:
        """The system prompt, where the conversation begins with one, and the conversation.

        Results of tools that follow one another are one message; the documents stand in the last one of the user.
        Raises InvalidInputError for a result of a call that was not made.
        """
        prompt: str | None = None
        messages: list[Message] = []
        for at, message in enumerate(wired):
            path = ("messages", str(at))
            last = messages[-1] if messages else None
            match message:
                case wire.SystemMessage(content=content) if at == 0 and (text := _only_text(content)) is not None:
                    prompt = text
                    self._keep_rest(message, path)
                case wire.ToolMessage() if isinstance(last, ToolMessage):
                    messages[-1] = ToolMessage(content=[*last.content, self._tool_result(message, path)])
                case _:
                    messages.append(self._message(message, path))
        self._place_documents(documents, messages)
        return prompt, messages

    def _message(self, message: wire.Message, path: tuple[str, ...]) -> Message:
        match message:
            case wire.SystemMessage():
                self._keep_rest(message, path)
                return SystemMessage(content=self._given(message.content, path))
            case wire.UserMessage():
                self._keep_rest(message, path)
                return UserMessage(content=self._given(message.content, path))
            case wire.ToolMessage():
                return ToolMessage(content=[self._tool_result(message, path)])
        return AssistantMessage(content=self._turn(message, path))

    def _keep_rest(self, message: wire.Message, path: tuple[str, ...]) -> None:
        self._extra.keep_all(message.rest("role", "content", "tool_call_id"), *path)

    def _turn(self, message: wire.AssistantMessage, path: tuple[str, ...]) -> list[Part]:
        """The parts of a message of the model; it is kept whole where they would not give it back as it was."""
        for call in message.tool_calls or ():
            self._tool_names[call.id] = call.function.name
        extra = ExtraFields({}, BLOCK_DEFAULTS)
        warnings: list[str] = []
        try:
            parts = decode_message(message, warnings)
        except MalformedArgumentsError as error:
            return [opaque(message.as_json(), self._warnings, f"arguments: {error.message}")]
        _keep_turn_fields(message, extra)
        written = merge_extra(encode_message(parts, ""), extra.fields)
        if normalize_message(written) != normalize_message(message.as_json()):
            why = "assistant: this message has fields without a unified form and is kept as it is"
            return [opaque(message.as_json(), self._warnings, why)]
        self._warnings += warnings
        for name, value in extra.fields.items():
            self._extra.keep(*path, name, value=value)
        return parts

    def _tool_result(self, message: wire.ToolMessage, path: tuple[str, ...]) -> ToolResultPart:
        if message.tool_call_id not in self._tool_names:
            raise InvalidInputError(UNKNOWN_CALL, path=f"{path[0]}[{path[1]}].tool_call_id", provider=PROVIDER)
        self._keep_rest(message, path)
        content = [] if message.content in ("", []) else self._given(message.content, path)
        name = self._tool_names[message.tool_call_id]
        return ToolResultPart(tool_call_id=message.tool_call_id, tool_name=name, content=content)

    def _given(self, content: str | list[wire.Content], path: tuple[str, ...]) -> list[Part]:
        if isinstance(content, str):
            return [TextPart(text=content)]
        places = [(*path, "content", str(at)) for at in range(len(content))]
        return [
            self._block(block, place, alone=len(content) == 1) for block, place in zip(content, places, strict=True)
        ]

    def _block(self, block: wire.Content, path: tuple[str, ...], *, alone: bool) -> Part:
        """A block; it is kept whole where its unified form would not give it back as it was."""
        part = decode_content(block)
        if part is not None and not isinstance(part, ReasoningPart):
            extra = ExtraFields({}, BLOCK_DEFAULTS)
            extra.keep_all(block.rest("type", "text", "image_url", "document"))
            if isinstance(block, wire.Image):
                keep_inner(extra, block.image_url.rest("url"), "image_url")
            written = merge_extra(encode_content(part, ""), extra.fields)
            whole = block.as_json()
            if normalize_block(written) == normalize_block(whole):
                if alone and isinstance(part, TextPart) and extra.fields:
                    self._extra.keep(*path[:-1], value=[whole])
                else:
                    self._extra.keep_all(extra.fields, *path)
                return part
        return opaque(block.as_json(), self._warnings, unknown_block(block.type))

    def _place_documents(self, documents: Sequence[str | wire.Document], messages: list[Message]) -> None:
        if not documents:
            return
        users = [at for at, message in enumerate(messages) if isinstance(message, UserMessage)]
        if not users:
            whole = [one if isinstance(one, str) else one.as_json() for one in documents]
            self._extra.keep("documents", value=whole)
            return
        sources = [self._document(document, str(at)) for at, document in enumerate(documents)]
        messages[users[-1]] = UserMessage(content=[*sources, *messages[users[-1]].content])

    def _document(self, document: str | wire.Document, at: str) -> Part:
        """A document; a plain string stays one, for it has no fields to cite from."""
        if isinstance(document, str):
            self._extra.keep("documents", at, value=document)
            return SourcePart(source="", title="", content=[TextPart(text=document)])
        part = decode_document(document)
        extra = ExtraFields({}, {})
        extra.keep_all(document.rest("data", "id"))
        whole = document.as_json()
        if normalize_document(merge_extra(encode_document(part), extra.fields)) == normalize_document(whole):
            self._extra.keep_all(extra.fields, "documents", at)
            return part
        return opaque({"type": DOCUMENT, "document": whole}, self._warnings, unknown_block(DOCUMENT))


def keep_inner(extra: ExtraFields, fields: JsonObject, name: str) -> None:
    """Keep the fields of an object inside, and nothing where there are none."""
    inner = ExtraFields({}, BLOCK_DEFAULTS)
    inner.keep_all(fields)
    if inner.fields:
        extra.keep(name, value=inner.fields)


def _keep_turn_fields(message: wire.AssistantMessage, extra: ExtraFields) -> None:
    extra.keep_all(message.rest("role", "content", "tool_plan", "tool_calls", "citations"))


def _only_text(content: str | list[wire.Content]) -> str | None:
    match content:
        case str():
            return content
        case [wire.Text(text=text) as block] if not block.rest("type", "text"):
            return text
    return None
