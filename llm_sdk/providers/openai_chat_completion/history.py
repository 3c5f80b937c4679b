"""Messages <-> the ``messages`` of a request."""

from collections.abc import Iterable, Iterator
from typing import Any

from llm_sdk.errors import InvalidInputError, InvariantError, UnsupportedError
from llm_sdk.extra import ExtraFields
from llm_sdk.losses import tell_lost
from llm_sdk.providers.openai_chat_completion import id_forms, wire
from llm_sdk.providers.openai_chat_completion.content import (
    EXTRA_CONTENT,
    NO_ARGUMENTS,
    PROVIDER,
    decode_content,
    decode_function,
    decode_tool_call,
    encode_content,
    encode_function,
    encode_opaque,
    encode_part,
    encode_tool_call,
    made_up_id,
    shorten,
    split_signature,
    unknown_fields,
)
from llm_sdk.providers.openai_chat_completion.thinking import (
    DETAILS,
    FIELDS,
    beside_thought,
    encode_reasoning,
    is_own,
    reasoning_part,
    thought,
)
from llm_sdk.types import (
    AssistantMessage,
    AudioPart,
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

ATTACHMENTS = frozenset({"image", "audio", "file"})


def encode_messages(messages: list[Message], warnings: list[str]) -> Iterator[JsonObject]:
    """The messages of a conversation.

    A result is text here: what else it holds follows in a user message, behind all results of the same turn, because
    nothing may stand between those (recorded: "must be followed by tool messages").
    """
    attachments: list[JsonObject] = []
    for at, message in enumerate(messages):
        path = f"messages[{at}]"
        if isinstance(message, ToolMessage):
            for inner, part in enumerate(message.content):
                if isinstance(part, ToolResultPart):
                    yield encode_tool_result(part, f"{path}.content[{inner}]", attachments, warnings)
            continue
        if attachments:
            yield {"role": "user", "content": attachments}
            attachments = []
        if isinstance(message, AssistantMessage):
            yield encode_assistant(message, path, warnings)
        else:
            yield {"role": message.role, "content": shorten([*encode_content(message.content, path, warnings)])}
    if attachments:
        yield {"role": "user", "content": attachments}


def encode_tool_result(
    part: ToolResultPart, path: str, attachments: list[JsonObject], warnings: list[str]
) -> JsonObject:
    """One message; what is no text is added to ``attachments``, behind a line that says where it belongs."""
    if part.is_error:
        warnings.append(f"is_error: {path} is sent as it is, this protocol cannot say that a tool has failed")
    texts: list[JsonObject] = []
    moved: list[JsonObject] = []
    for item, here in _flat(part.content, path, warnings):
        (moved if item.type in ATTACHMENTS else texts).extend(encode_part(item, here, warnings))
    if moved:
        warnings.append(f"tool-result: what {path} holds beside text is sent in a user message behind the results")
        where = f"Attached to the result of {part.tool_name} ({part.tool_call_id}):"
        attachments += [{"type": "text", "text": where}, *moved]
    if part.tool_call_id == id_forms.LEGACY_CALL_ID:
        return {"role": "function", "name": part.tool_name, "content": shorten(texts)}
    return {"role": "tool", "tool_call_id": part.tool_call_id, "content": shorten(texts)}


def _flat(parts: Iterable[Part], path: str, warnings: list[str]) -> Iterator[tuple[Part, str]]:
    """The parts and where they stand, with sources replaced by their content."""
    for at, part in enumerate(parts):
        here = f"{path}.content[{at}]"
        if isinstance(part, SourcePart):
            warnings.append(f"source: {here} is sent without its title and source")
            yield from _flat(part.content, here, warnings)
        else:
            yield part, here


def encode_assistant(message: AssistantMessage, path: str, warnings: list[str]) -> JsonObject:
    """One turn of the model. What only another provider can read is left out with a warning."""
    turn = _Turn(warnings)
    for part, here in _flat(message.content, path, warnings):
        turn.add(part, here)
    return turn.as_json()


class _Turn:
    """A message of the model in the making."""

    def __init__(self, warnings: list[str]) -> None:
        self._warnings = warnings
        self._content: list[JsonObject] = []
        self._calls: list[JsonObject] = []
        self._thoughts: list[ReasoningPart] = []
        self._fields: JsonObject = {}

    def add(self, part: Part, path: str) -> None:
        match part:
            case TextPart():
                tell_lost(part, path, self._warnings, "citations", "signature")
                self._content.append({"type": "text", "text": part.text})
            case ReasoningPart():
                if is_own(part):
                    self._thoughts.append(part)
                else:
                    self._warnings.append(f"reasoning: {path} is another provider's and was left out")
            case ToolCallPart():
                self._add_call(part, path)
            case ToolResultPart(provider_executed=True):
                self._warnings.append(f"hosted tool: {path} was run by another provider and was left out")
            case AudioPart():
                self._add_audio(part, path)
            case OpaquePart():
                for data in encode_opaque(part, path, self._warnings):
                    (self._calls if data.keys() & {"id", "function"} else self._content).append(data)
            case _:
                raise UnsupportedError(f"a message of the model cannot carry {part.type} in this protocol", path=path)

    def _add_call(self, part: ToolCallPart, path: str) -> None:
        if part.provider_executed:
            self._warnings.append(f"hosted tool: {path} was run by another provider and was left out")
            return
        tell_lost(part, path, self._warnings, "id", *(() if split_signature(part.signature) else ("signature",)))
        if part.tool_call_id == id_forms.LEGACY_CALL_ID:
            self._fields["function_call"] = encode_function(part)
        else:
            self._calls.append(encode_tool_call(part))

    def _add_audio(self, part: AudioPart, path: str) -> None:
        """The model's own audio goes back by its id; another model's as what it said."""
        if part.id is not None and part.id.startswith(id_forms.AUDIO_ID):
            self._fields["audio"] = {"id": part.id}
        elif part.transcript:
            self._warnings.append(f"audio: {path} has no id of this provider and is sent as its transcript")
            self._content.append({"type": "text", "text": part.transcript})
        else:
            self._warnings.append(f"audio: {path} has no id of this provider and was left out")

    def as_json(self) -> JsonObject:
        """``content`` may be null only beside something else."""
        silent = not self._content and (self._calls or self._fields)
        said: JsonObject = {"role": "assistant", "content": None if silent else shorten(self._content)}
        said |= {**encode_reasoning(self._thoughts), **self._fields}
        return {**said, "tool_calls": self._calls} if self._calls else said


class HistoryReader:
    """Reads the messages of one request; ``extra`` and ``warnings`` grow as something without a unified place is
    met."""

    def __init__(self, extra: ExtraFields, warnings: list[str]) -> None:
        self._extra = extra
        self._warnings = warnings
        self._tool_names: dict[str, str] = {}
        self._open_calls: dict[str, None] = {}

    def read(self, said: list[wire.Message]) -> tuple[str | None, list[Message]]:
        """The system prompt and the conversation. Results of tools that follow one another are one message.

        Raises InvalidInputError for calls that are not answered and for answers to no call, as the API does.
        """
        prompt: str | None = None
        messages: list[Message] = []
        for at, item in enumerate(said):
            self._check_order(item, at)
            message = self._message(item, ("messages", str(at)))
            last = messages[-1] if messages else None
            if at == 0 and isinstance(message, SystemMessage) and (text := _only_text(message)) is not None:
                prompt = text
            elif isinstance(message, ToolMessage) and isinstance(last, ToolMessage):
                messages[-1] = ToolMessage(content=[*last.content, *message.content])
            else:
                messages.append(message)
        self._check_answered()
        return prompt, messages

    def _check_order(self, item: wire.Message, at: int) -> None:
        if isinstance(item, wire.ToolMessage):
            if item.tool_call_id not in self._tool_names:
                raise InvalidInputError(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    "'tool_calls'.",
                    path=f"messages.[{at}].role",
                    provider=PROVIDER,
                )
            self._open_calls.pop(item.tool_call_id, None)
        else:
            self._check_answered()

    def _check_answered(self) -> None:
        if self._open_calls:
            raise InvalidInputError(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                "'tool_call_id'. The following tool_call_ids did not have response messages: "
                + ", ".join(self._open_calls),
                path="messages",
                provider=PROVIDER,
            )

    def _message(self, item: wire.Message, path: tuple[str, ...]) -> Message:
        match item:
            case wire.AssistantMessage():
                return AssistantMessage(content=self._assistant(item, path))
            case wire.ToolMessage():
                self._extra.keep_all(item.rest("role", "tool_call_id", "content"), *path)
                return self._tool_result(item.tool_call_id, "", item.content, path)
            case wire.FunctionMessage():
                self._extra.keep_all(item.rest("role", "name", "content"), *path)
                if item.content is None:
                    self._extra.keep(*path, "content", value=None)
                return self._tool_result(id_forms.LEGACY_CALL_ID, item.name, item.content or "", path)
            case wire.UserMessage():
                self._extra.keep_all(item.rest("role", "content"), *path)
                return UserMessage(content=self._content(item.content, path))
        self._extra.keep_all(item.rest("role", "content"), *path)
        if item.role != "system":
            self._extra.keep(*path, "role", value=item.role)
        return SystemMessage(content=self._content(item.content, path))

    def _tool_result(
        self, tool_call_id: str, tool_name: str, said: str | list[wire.Content], path: tuple[str, ...]
    ) -> ToolMessage:
        """Anything but text in a result is no part of this protocol (llama.cpp reads images: recorded)."""
        content = self._content(said, path, known=(wire.Text,)) if said else []
        name = self._tool_names.get(tool_call_id, tool_name)
        return ToolMessage(content=[ToolResultPart(tool_call_id=tool_call_id, tool_name=name, content=content)])

    def _content(
        self,
        said: str | list[wire.Content],
        path: tuple[str, ...],
        known: tuple[type, ...] = (wire.Text, wire.Image, wire.InputAudio, wire.File),
    ) -> list[Part]:
        if isinstance(said, str):
            return [TextPart(text=said)]
        parts: list[Part] = []
        for at, content in enumerate(said):
            part = decode_content(content) if isinstance(content, known) else None
            if part is None:
                self._warnings.append(f"{content.type}: this content has no unified form and is kept as an opaque part")
                parts.append(OpaquePart(provider=PROVIDER, data=content.as_json()))
                continue
            parts.append(part)
            if len(said) == 1 and isinstance(content, wire.Text):
                # One text is written as a plain string, which has no room for anything else.
                if any(value is not None for value in content.rest("type", "text").values()):
                    self._extra.keep(*path, "content", value=[content.as_json()])
                continue
            for inner, fields in unknown_fields(content):
                self._extra.keep_all(fields, *path, "content", str(at), *inner)
        return parts

    def _assistant(self, item: wire.AssistantMessage, path: tuple[str, ...]) -> list[Part]:
        self._extra.keep_all(item.rest("role", "content", "audio", "tool_calls", "function_call", *FIELDS), *path)
        parts: list[Part] = [*self._thinking(item, path)]
        if item.content is not None:
            parts += self._said(item.content, path)
        elif not item.tool_calls and not item.function_call:
            self._extra.keep(*path, "content", value=None)
        if item.audio is not None:
            # The request only names the audio, which the provider keeps.
            self._extra.keep(*path, "audio", value=item.audio.as_json())
        for at, call in enumerate(item.tool_calls or ()):
            parts.append(self._tool_call(call, at, (*path, "tool_calls", str(at))))
        if item.function_call is not None:
            parts.append(self._function_call(item.function_call, path))
        return parts

    def _said(self, said: str | list[wire.Content], path: tuple[str, ...]) -> list[Part]:
        """What the model said. A block of a gateway's with an id of its own looks like a call: then all of the content
        is kept as it is."""
        parts = self._content(said, path, known=(wire.Text,))
        own = [part for part in parts if not (isinstance(part, OpaquePart) and "id" in part.data)]
        if len(own) < len(parts) and not isinstance(said, str):
            self._extra.keep(*path, "content", value=[content.as_json() for content in said])
        return own

    def _thinking(self, item: wire.AssistantMessage, path: tuple[str, ...]) -> Iterator[ReasoningPart]:
        text, field = thought(item)
        part = reasoning_part(text, field, beside_thought(item))
        if part is not None:
            yield part
        told = encode_reasoning([part]) if part is not None else {}
        for name in FIELDS:
            if name not in told and (value := getattr(item, name)) is not None and (value or name != DETAILS):
                self._extra.keep(*path, name, value=value)

    def _tool_call(self, call: wire.ToolCall, at: int, path: tuple[str, ...]) -> Part:
        id = getattr(call, "id", None) or made_up_id(at)
        self._tool_names[id] = call.function.name if isinstance(call, wire.FunctionCall) else ""
        self._open_calls[id] = None
        try:
            part = decode_tool_call(call, at, self._warnings)
        except InvariantError as error:
            # A history may hold arguments that never were JSON.
            self._warnings.append(f"arguments: {error.message}")
            return OpaquePart(provider=PROVIDER, data=call.as_json())
        if isinstance(call, wire.FunctionCall):
            taken = (EXTRA_CONTENT,) if call.extra_content else ()
            self._extra.keep_all(call.rest("id", "type", "function", *taken), *path)
            self._extra.keep_all(call.function.rest("name", "arguments"), *path, "function")
            if call.function.arguments == NO_ARGUMENTS:
                self._extra.keep(*path, "function", "arguments", value=NO_ARGUMENTS)
        return part

    def _function_call(self, function: wire.FunctionFields, path: tuple[str, ...]) -> Part:
        try:
            return decode_function(function, id_forms.LEGACY_CALL_ID)
        except InvariantError as error:
            self._warnings.append(f"arguments: {error.message}")
            data: Any = function.as_json()
            self._extra.keep(*path, "function_call", value=data)
            return ToolCallPart(tool_call_id=id_forms.LEGACY_CALL_ID, tool_name=function.name, args={})


def _only_text(message: SystemMessage) -> str | None:
    """The text of a message that is nothing else: a system prompt."""
    part = message.content[0] if len(message.content) == 1 else None
    return part.text if isinstance(part, TextPart) else None
