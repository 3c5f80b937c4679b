"""Messages <-> the ``messages`` of a request."""

from collections.abc import Iterator

from llm_sdk.errors import MalformedArgumentsError
from llm_sdk.extra import ExtraFields, merge_extra
from llm_sdk.losses import tell_lost
from llm_sdk.providers.mistral import wire
from llm_sdk.providers.mistral.content import (
    PROVIDER,
    call_id,
    decode_chunk,
    decode_tool_call,
    encode_content,
    encode_opaque,
    encode_part,
    encode_tool_call,
    opaque,
    shorten,
    unknown_fields,
)
from llm_sdk.providers.mistral.normalize import CALL_DEFAULTS, CHUNK_DEFAULTS, normalize_chunk
from llm_sdk.providers.mistral.tool_call_ids import own_id
from llm_sdk.types import (
    AssistantMessage,
    AudioPart,
    FilePart,
    ImagePart,
    JsonObject,
    Message,
    OpaquePart,
    Part,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)


def encode_messages(messages: list[Message], warnings: list[str]) -> Iterator[JsonObject]:
    """The messages of a conversation."""
    for at, message in enumerate(messages):
        path = f"messages[{at}]"
        match message:
            case AssistantMessage():
                yield encode_assistant(message, path, warnings)
            case ToolMessage():
                for inner, part in enumerate(message.content):
                    if isinstance(part, ToolResultPart):
                        yield encode_tool_result(part, f"{path}.content[{inner}]", warnings)
            case UserMessage() | SystemMessage():
                yield {"role": message.role, "content": shorten([*encode_content(message.content, path, warnings)])}


def encode_tool_result(part: ToolResultPart, path: str, warnings: list[str]) -> JsonObject:
    """One message whatever the number of parts."""
    if part.is_error:
        warnings.append(f"is_error: {path} is sent as it is, this protocol cannot say that a tool has failed")
    content = shorten([*encode_content(part.content, path, warnings)])
    return {"role": "tool", "tool_call_id": own_id(part.tool_call_id), "content": content}


def encode_assistant(message: AssistantMessage, path: str, warnings: list[str]) -> JsonObject:
    """One turn of the model. What only another provider can read is left out with a warning."""
    content: list[JsonObject] = []
    calls: list[JsonObject] = []
    for at, part in enumerate(message.content):
        here = f"{path}.content[{at}]"
        match part:
            case ToolCallPart(provider_executed=True):
                warnings.append(f"hosted tool: {here} was run by another provider and was left out")
            case ToolCallPart():
                tell_lost(part, here, warnings, "id", "signature")
                calls.append(encode_tool_call(own_id(part.tool_call_id), part))
            case ToolResultPart(provider_executed=True):
                warnings.append(f"hosted tool: {here} was run by another provider and was left out")
            case OpaquePart():
                for data in encode_opaque(part, here, warnings):
                    (calls if "function" in data else content).append(data)
            case _:
                if isinstance(part, ImagePart | AudioPart | FilePart):
                    tell_lost(part, here, warnings, "id")
                content += encode_part(part, here, warnings)
    said: JsonObject = {"role": "assistant", "content": shorten(content)}
    return {**said, "tool_calls": calls} if calls else said


class HistoryReader:
    """Reads the messages of one request; ``extra`` and ``warnings`` grow as something without a unified place is
    met."""

    def __init__(self, extra: ExtraFields, warnings: list[str]) -> None:
        self._extra = extra
        self._warnings = warnings
        self._tool_names: dict[str, str] = {}

    def read(self, said: list[wire.Message]) -> tuple[str | None, list[Message]]:
        """The system prompt and the conversation. Results of tools that follow one another are one message."""
        prompt: str | None = None
        messages: list[Message] = []
        for at, item in enumerate(said):
            message = self._message(item, ("messages", str(at)))
            last = messages[-1] if messages else None
            if at == 0 and isinstance(message, SystemMessage) and (text := _only_text(message)) is not None:
                prompt = text
            elif isinstance(message, ToolMessage) and isinstance(last, ToolMessage):
                messages[-1] = ToolMessage(content=[*last.content, *message.content])
            else:
                messages.append(message)
        return prompt, messages

    def _message(self, item: wire.Message, path: tuple[str, ...]) -> Message:
        match item:
            case wire.AssistantMessage():
                self._extra.keep_all(item.rest("role", "content", "tool_calls"), *path)
                return AssistantMessage(content=self._turn(item, path))
            case wire.ToolMessage():
                self._extra.keep_all(item.rest("role", "content", "tool_call_id"), *path)
                return ToolMessage(content=[self._tool_result(item, path)])
            case wire.UserMessage():
                self._extra.keep_all(item.rest("role", "content"), *path)
                return UserMessage(content=self._content(item.content, path))
        self._extra.keep_all(item.rest("role", "content"), *path)
        return SystemMessage(content=self._content(item.content, path))

    def _turn(self, item: wire.AssistantMessage, path: tuple[str, ...]) -> list[Part]:
        parts = self._content(item.content or None, path)
        calls = (
            self._tool_call(call, at, (*path, "tool_calls", str(at))) for at, call in enumerate(item.tool_calls or ())
        )
        return [*parts, *calls]

    def _tool_result(self, item: wire.ToolMessage, path: tuple[str, ...]) -> ToolResultPart:
        id = item.tool_call_id or ""
        if own_id(id) != id:
            self._extra.keep(*path, "tool_call_id", value=item.tool_call_id)
        name = self._tool_names.get(id, item.name or "")
        return ToolResultPart(tool_call_id=id, tool_name=name, content=self._content(item.content or None, path))

    def _tool_call(self, call: wire.ToolCall, at: int, path: tuple[str, ...]) -> Part:
        id = call_id(call.id, at)
        self._tool_names[id] = call.function.name
        try:
            part = decode_tool_call(call, at)
        except MalformedArgumentsError as error:
            # A history may hold arguments that never were JSON.
            self._warnings.append(f"arguments: {error.message}")
            return OpaquePart(provider=PROVIDER, data=call.as_json())
        if own_id(id) != call.id:
            self._extra.keep(*path, "id", value=call.id)
        fields = ExtraFields({}, {**CALL_DEFAULTS, "type": "function"})
        fields.keep_all(call.rest("id", "function"))
        for name, value in fields.fields.items():
            self._extra.keep(*path, name, value=value)
        self._extra.keep_all(call.function.rest("name", "arguments"), *path, "function")
        return part

    def _content(self, said: wire.Content | None, path: tuple[str, ...]) -> list[Part]:
        """The parts of a content. A reference stands with the text before it, which it belongs to."""
        if said is None or isinstance(said, str):
            return [] if said is None else [TextPart(text=said)]
        parts: list[Part] = []
        for at, chunk in enumerate(said):
            last = parts[-1] if parts else None
            part = self._chunk(chunk, (*path, "content", str(at)), alone=len(said) == 1)
            refers = isinstance(chunk, wire.Reference) and isinstance(part, TextPart)
            if refers and isinstance(last, TextPart) and last.text and not last.citations:
                parts[-1] = part.model_copy(update={"text": last.text})
            else:
                parts.append(part)
        return parts

    def _chunk(self, chunk: wire.Chunk, path: tuple[str, ...], *, alone: bool) -> Part:
        """A content chunk; it is kept whole where its unified form would not give it back as it was."""
        part = decode_chunk(chunk)
        if part is None:
            return opaque(chunk, self._warnings)
        extra = ExtraFields({}, CHUNK_DEFAULTS)
        for inner, fields in unknown_fields(chunk):
            extra.keep_all(fields, *inner)
        raw = chunk.as_json()
        written = [normalize_chunk(merge_extra(back, extra.fields)) for back in encode_content([part], "", [])]
        if written != [normalize_chunk(raw)]:
            return opaque(chunk, self._warnings)
        if alone and isinstance(chunk, wire.Text) and extra.fields:
            # One text goes back as a plain string, which has no room for anything else.
            self._extra.keep(*path[:-1], value=[raw])
            return part
        for name, value in extra.fields.items():
            self._extra.keep(*path, name, value=value)
        return part


def _only_text(message: SystemMessage) -> str | None:
    """The text of a message that is nothing else: a system prompt."""
    part = message.content[0] if len(message.content) == 1 else None
    return part.text if isinstance(part, TextPart) and not part.citations else None
