"""Messages <-> the input items of a request."""

from collections.abc import Iterator
from typing import Any

from llm_sdk.errors import MalformedArgumentsError
from llm_sdk.extra import ExtraFields, merge_extra
from llm_sdk.providers.openai import id_forms, wire
from llm_sdk.providers.openai.client_tools import custom_call
from llm_sdk.providers.openai.content import (
    PROVIDER,
    decode_input_content,
    decode_item,
    encode_assistant,
    encode_input_content,
)
from llm_sdk.providers.openai.function_call import PROVENANCE
from llm_sdk.providers.openai.normalize import ITEM_DEFAULTS, normalize_content, normalize_item
from llm_sdk.providers.openai.reasoning import SEPARATOR, split_summary
from llm_sdk.types import (
    AssistantMessage,
    JsonObject,
    Message,
    OpaquePart,
    Part,
    SystemMessage,
    TextPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)
from llm_sdk.wire_model import Wire

RESULT, CUSTOM_RESULT = "function_call_output", "custom_tool_call_output"


def encode_messages(messages: list[Message], warnings: list[str]) -> Iterator[JsonObject]:
    """The input items of a conversation."""
    custom: set[str] = set()
    for at, message in enumerate(messages):
        path = f"messages[{at}]"
        match message:
            case AssistantMessage():
                custom |= {call["call_id"] for part in message.content if (call := custom_call(part)) is not None}
                yield from encode_assistant(message, path, warnings)
            case ToolMessage():
                for inner, part in enumerate(message.content):
                    if isinstance(part, ToolResultPart):
                        result = encode_tool_result(part, f"{path}.content[{inner}]", warnings)
                        yield {**result, "type": CUSTOM_RESULT} if part.tool_call_id in custom else result
            case UserMessage() | SystemMessage():
                role = "user" if message.role == "user" else "developer"
                content = list(encode_input_content(message.content, path, warnings))
                yield {"type": "message", "role": role, "content": content}


def encode_tool_result(part: ToolResultPart, path: str, warnings: list[str]) -> JsonObject:
    """One item whatever the number of parts: the API takes a second output for one ``call_id`` as an error."""
    if part.is_error:
        warnings.append(f"is_error: {path} is sent as it is, this protocol cannot say that a tool has failed")
    output: Any = list(encode_input_content(part.content, path, warnings))
    if not output:
        output = ""
    elif len(part.content) == 1 and isinstance(part.content[0], TextPart):
        output = part.content[0].text
    return {"type": RESULT, "call_id": part.tool_call_id, "output": output}


class HistoryReader:
    """Reads the input items of one request; ``extra`` and ``warnings`` grow as something without a unified place is
    met."""

    def __init__(self, extra: ExtraFields, warnings: list[str]) -> None:
        self._extra = extra
        self._warnings = warnings
        self._tool_names: dict[str, str] = {}
        self._custom: set[str] = set()

    def read(self, items: str | list[wire.Item]) -> list[Message]:
        """The conversation. Items of the model that follow one another are one turn; so are results of tools."""
        if isinstance(items, str):
            return [UserMessage(content=[TextPart(text=items)])]
        messages: list[Message] = []
        for at, item in enumerate(items):
            message = self._item(item, ("input", str(at)))
            last = messages[-1] if messages else None
            if isinstance(message, ToolMessage) and isinstance(last, ToolMessage):
                messages[-1] = ToolMessage(content=[*last.content, *message.content])
            elif isinstance(message, AssistantMessage) and isinstance(last, AssistantMessage) and _joins(last, message):
                messages[-1] = AssistantMessage(content=[*last.content, *message.content])
            else:
                messages.append(message)
        return messages

    def _item(self, item: wire.Item, path: tuple[str, ...]) -> Message:
        match item:
            case wire.Message(role="user" | "system" | "developer"):
                return self._input_message(item, path)
            case wire.FunctionCallOutput():
                return self._tool_result(item, path)
            case wire.FunctionCall():
                self._tool_names[item.call_id] = item.name
        parts = self._turn(item, path)
        for part in parts:
            if (call := custom_call(part)) is not None:
                self._custom.add(call["call_id"])
                self._tool_names[call["call_id"]] = call["name"]
        return AssistantMessage(content=parts)

    def _turn(self, item: wire.Item, path: tuple[str, ...]) -> list[Part]:
        """The parts of an item of the model; it is kept whole where they would not give it back as it was."""
        extra = ExtraFields({}, ITEM_DEFAULTS)
        warnings: list[str] = []
        try:
            parts = decode_item(item, warnings)
        except MalformedArgumentsError as error:
            return self._opaque(item, f"arguments: {error.message}")
        if len(parts) == 1 and isinstance(parts[0], OpaquePart):
            self._warnings += warnings
            return parts
        keep_item_fields(item, extra)
        turn = encode_assistant(AssistantMessage(content=parts), "", [])
        written = [normalize_item(merge_extra(back, extra.fields)) for back in turn]
        if written != [normalize_item(item.as_json())]:
            return self._opaque(item, f"{item.type}: this item has fields without a unified form and is kept as it is")
        self._warnings += warnings
        for name, value in extra.fields.items():
            self._extra.keep(*path, name, value=value)
        return parts

    def _opaque(self, block: Wire, warning: str) -> list[Part]:
        self._warnings.append(warning)
        return [OpaquePart(provider=PROVIDER, data=block.as_json())]

    def _input_message(self, item: wire.Message, path: tuple[str, ...]) -> Message:
        self._extra.keep_all(item.rest("type", "role", "content"), *path)
        if item.role == "system":
            self._extra.keep(*path, "role", value="system")
        text = item.content
        content = [wire.InputText(type="input_text", text=text)] if isinstance(text, str) else text
        # Instructions are text here, whatever else the API may take for them.
        known = Wire if item.role == "user" else wire.InputText | wire.OutputText
        parts = [
            self._input_content(part, (*path, "content", str(at)))
            if isinstance(part, known)
            else self._opaque(part, f"{part.type}: this content of instructions is kept as it is")[0]
            for at, part in enumerate(content)
        ]
        return UserMessage(content=parts) if item.role == "user" else SystemMessage(content=parts)

    def _input_content(self, content: wire.Content, path: tuple[str, ...]) -> Part:
        """A content part; it is kept whole where its unified form would not give it back as it was."""
        part = decode_input_content(content)
        if part is not None:
            extra = ExtraFields({}, ITEM_DEFAULTS)
            extra.keep_all(content.rest("type", "text", "image_url", "file_url", "file_data", "filename"))
            [written] = encode_input_content([part], "", [])
            if normalize_content(merge_extra(written, extra.fields)) == normalize_content(content.as_json()):
                self._extra.keep_all(extra.fields, *path)
                return part
        return self._opaque(content, f"{content.type}: this content has no unified form and is kept as it is")[0]

    def _tool_result(self, item: wire.FunctionCallOutput, path: tuple[str, ...]) -> ToolMessage:
        content: list[Part] = []
        if isinstance(item.output, str):
            content = [TextPart(text=item.output)] if item.output else []
        else:
            content = [self._input_content(part, (*path, "output", str(at))) for at, part in enumerate(item.output)]
            if not content or (len(content) == 1 and isinstance(content[0], TextPart)):
                # One text goes back as a plain string.
                raw = [part.as_json() for part in item.output]
                self._extra.keep(*path, "output", value=raw)
        if item.type != (CUSTOM_RESULT if item.call_id in self._custom else RESULT):
            self._extra.keep(*path, "type", value=item.type)
        self._extra.keep_all(item.rest("type", "call_id", "output"), *path)
        name = self._tool_names.get(item.call_id, item.name or "")
        return ToolMessage(content=[ToolResultPart(tool_call_id=item.call_id, tool_name=name, content=content)])


def keep_item_fields(item: wire.Item, extra: ExtraFields) -> None:
    """Keep the fields of an item of the model that its parts do not hold."""
    match item:
        case wire.Message():
            extra.keep_all(item.rest("type", "role", "content", "id", "phase"))
            if item.id is not None and not item.id.startswith(id_forms.MESSAGE_ID):
                extra.keep("id", value=item.id)
            for at, content in enumerate(item.content if isinstance(item.content, list) else ()):
                extra.keep_all(content.rest("type", "text", "annotations"), "content", str(at))
        case wire.Reasoning():
            extra.keep_all(item.rest("type", "id", "summary", "content", "encrypted_content"))
            texts = [summary.text for summary in item.summary or ()]
            if texts != split_summary(SEPARATOR.join(texts)):
                extra.keep("summary", value=[summary.as_json() for summary in item.summary or ()])
        case wire.FunctionCall():
            extra.keep_all(item.rest("type", "call_id", "name", "arguments", "id", *PROVENANCE))
            if item.id is not None and not item.id.startswith(id_forms.FUNCTION_CALL_ID):
                extra.keep("id", value=item.id)
        case wire.WebSearchCall():
            extra.keep_all(item.rest("type", "id", "action", "status"))
            if item.status not in (None, "completed", "failed"):
                extra.keep("status", value=item.status)
        case wire.ImageGenerationCall():
            extra.keep_all(item.rest("type", "id", "result", "output_format", "size"))


def _joins(last: AssistantMessage, message: AssistantMessage) -> bool:
    """Whether an item goes on in the same turn. Two messages without ids, side by side, are two turns."""
    before = last.content[-1] if last.content else None
    after = message.content[0] if message.content else None
    if before is None or after is None:
        return False
    if not isinstance(before, TextPart) or not isinstance(after, TextPart):
        return True
    return before.signature is not None and before.signature != after.signature
