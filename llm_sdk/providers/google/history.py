"""Messages <-> the contents of a request."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from typing import TypeAlias

from llm_sdk.extra import ExtraFields
from llm_sdk.providers.google import wire
from llm_sdk.providers.google.content import (
    MADE_UP_ID,
    PROVIDER,
    SKIP_SIGNATURE,
    decode_part,
    encode_assistant,
    encode_input_content,
    make_call_id,
    needs_signature,
)
from llm_sdk.providers.google.function_result import decode_result, encode_result
from llm_sdk.providers.google.media import encode_media
from llm_sdk.types import (
    AssistantMessage,
    AudioPart,
    JsonObject,
    Message,
    OpaquePart,
    Part,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

USER, MODEL, FUNCTION = "user", "model", "function"
ROLES = (USER, MODEL, FUNCTION)
# The fields of each kind of part that its unified form holds.
TAKEN = {
    "text": {"text"},
    "thought": {"text", "thought"},
    "inlineData": {"inlineData"},
    "fileData": {"fileData"},
    "functionCall": {"functionCall"},
    "functionResponse": {"functionResponse"},
}
SIGNED = frozenset({"text", "thought", "inlineData", "functionCall"})

_ReadPart: TypeAlias = Callable[[wire.Part, tuple[str, ...]], Part]


def encode_messages(messages: list[Message], model_id: str, warnings: list[str]) -> Iterator[JsonObject]:
    """The contents of a conversation with this model. The API refuses one without parts: such a message is left out."""
    calls = [part.tool_call_id for message in messages for part in message.content if isinstance(part, ToolCallPart)]
    for at, message in enumerate(messages):
        path = f"messages[{at}]"
        match message:
            case AssistantMessage():
                parts = encode_assistant(message, path, model_id, warnings)
            case ToolMessage():
                parts = list(_encode_results(message, calls, path, warnings))
            case _:
                parts = list(encode_input_content(message.content, path, warnings))
        if parts:
            yield {"role": MODEL if isinstance(message, AssistantMessage) else USER, "parts": parts}
        else:
            warnings.append(f"message: {path} has nothing that can be sent and was left out")


def _encode_results(message: ToolMessage, calls: list[str], path: str, warnings: list[str]) -> Iterator[JsonObject]:
    """Results of calls of one name without ids are told apart by their order only: it has to be that of the calls."""
    order = {id: at for at, id in enumerate(calls)}
    results = [(at, part) for at, part in enumerate(message.content) if isinstance(part, ToolResultPart)]
    in_order: defaultdict[str, list[tuple[int, ToolResultPart]]] = defaultdict(list)
    for at, part in sorted(results, key=lambda result: order.get(result[1].tool_call_id, len(order))):
        in_order[part.tool_name].append((at, part))
    for _, result in results:
        at, part = in_order[result.tool_name].pop(0)
        id = None if part.tool_call_id.startswith(MADE_UP_ID) else part.tool_call_id
        yield encode_result(part, f"{path}.content[{at}]", warnings, id=id)


class HistoryReader:
    """Reads the contents of one request; ``extra`` and ``warnings`` grow as something without a unified place is
    met."""

    def __init__(self, model_id: str, extra: ExtraFields, warnings: list[str]) -> None:
        self._needs_signature = needs_signature(model_id)
        self._extra = extra
        self._warnings = warnings
        self._calls = 0
        self._waiting: defaultdict[str, deque[str]] = defaultdict(deque)

    def read(self, contents: list[wire.Content]) -> list[Message]:
        """The conversation. A content that mixes results with what the user says becomes two messages."""
        messages: list[Message] = []
        for content in contents:
            parts = content.parts or []
            if content.role == MODEL:
                parts = self._without_stand_in(parts)
                messages.append(AssistantMessage(content=self._read(parts, len(messages), self._model_part)))
            else:
                results = [part for part in parts if part.function_response is not None]
                said = [part for part in parts if part.function_response is None]
                if results:
                    messages.append(ToolMessage(content=self._read(results, len(messages), self._result)))
                if said or not results:
                    messages.append(UserMessage(content=self._read(said, len(messages), self._user_part)))
            path = ("contents", str(len(messages) - 1))
            self._extra.keep_all(content.rest("role", "parts"), *path)
            if content.role == FUNCTION:
                self._extra.keep(*path, "role", value=FUNCTION)
        return messages

    def _read(self, parts: list[wire.Part], at: int, read: _ReadPart) -> list[Part]:
        read_parts = []
        for inner, part in enumerate(parts):
            path = ("contents", str(at), "parts", str(inner))
            unified = read(part, path)
            read_parts.append(unified)
            if not isinstance(unified, OpaquePart):
                taken = TAKEN.get(part.kind, set()) | ({"thoughtSignature"} if part.kind in SIGNED else set())
                self._extra.keep_all(part.rest(*taken), *path)
                self._keep_media(part, unified, path)
        return read_parts

    def _model_part(self, part: wire.Part, path: tuple[str, ...]) -> Part:
        call = part.function_call
        if call is None or call.name is None:
            return decode_part(part, "", self._warnings)
        id = make_call_id(None, self._calls, call.name)
        self._calls += call.id is None
        self._waiting[call.name].append(call.id or id)
        self._extra.keep_all(call.rest("name", "args", "id"), *path, "functionCall")
        return decode_part(part, id, self._warnings)

    def _without_stand_in(self, parts: list[wire.Part]) -> list[wire.Part]:
        """The parts of a turn, the first call without what :func:`encode_assistant` writes for a missing signature."""
        first = next((at for at, part in enumerate(parts) if part.function_call is not None), None)
        if first is None or not self._needs_signature or parts[first].thought_signature != SKIP_SIGNATURE:
            return parts
        unsigned = wire.Part.model_validate(parts[first].rest("thoughtSignature"))
        return [*parts[:first], unsigned, *parts[first + 1 :]]

    def _user_part(self, part: wire.Part, path: tuple[str, ...]) -> Part:
        match part.kind:
            case "text":
                return TextPart(text=part.text or "", signature=part.thought_signature)
            case "inlineData" | "fileData" if part.thought_signature is None:
                return decode_part(part, "", self._warnings)
        where = ".".join(path)
        self._warnings.append(f"{part.kind}: {where} has no unified form and is kept as an opaque part")
        return OpaquePart(provider=PROVIDER, data=part.as_json())

    def _result(self, part: wire.Part, path: tuple[str, ...]) -> Part:
        result = part.function_response
        assert result is not None  # noqa: S101 - the caller has picked these
        self._extra.keep_all(result.rest("name", "response", "id", "parts"), *path, "functionResponse")
        for at, medium in enumerate(result.parts or ()):
            here = (*path, "functionResponse", "parts", str(at))
            self._extra.keep_all(medium.rest("inlineData", "fileData"), *here)
            if medium.inline_data is not None:
                self._extra.keep_all(medium.inline_data.rest("mimeType", "data"), *here, "inlineData")
        id = self._call_id(result)
        if result.id is None and not id.startswith(MADE_UP_ID):
            # Older clients name only the function, though the call has an id.
            self._extra.keep(*path, "functionResponse", "id", value=None)
        return decode_result(result, id)

    def _call_id(self, result: wire.FunctionResponse) -> str:
        """The call that a result answers: by its id, or else the first call of that name that waits for one."""
        waiting = self._waiting[result.name]
        if result.id is None:
            return waiting.popleft() if waiting else make_call_id(None, self._calls, result.name)
        if result.id in waiting:
            waiting.remove(result.id)
        return result.id

    def _keep_media(self, part: wire.Part, unified: Part, path: tuple[str, ...]) -> None:
        """Fields beside the bytes, and a MIME type that is not the one that would be written."""
        if part.inline_data is not None:
            self._extra.keep_all(part.inline_data.rest("mimeType", "data"), *path, "inlineData")
            if isinstance(unified, AudioPart):
                written = encode_media(unified)["inlineData"]["mimeType"]
                if written != part.inline_data.mime_type:
                    self._extra.keep(*path, "inlineData", "mimeType", value=part.inline_data.mime_type)
        elif part.file_data is not None:
            self._extra.keep_all(part.file_data.rest("mimeType", "fileUri"), *path, "fileData")
