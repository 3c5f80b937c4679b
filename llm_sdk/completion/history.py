"""The history of a run, in the reference's short form or in unified messages, as the messages of a call.

``{"role": "user" | "assistant" | "system" | "tool", "content": ...}``. An assistant's entry may have ``tool_calls``:
those of a run, or OpenAI's. A tool's entry answers the call that its ``tool_call_id`` names, or the first one that is
not answered yet. Results that follow one another become one message, as those of parallel calls are.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from llm_sdk.completion.dialects.items import Found, Item, Text
from llm_sdk.completion.events import ToolCall
from llm_sdk.errors import InvalidInputError, MalformedArgumentsError
from llm_sdk.json_model import JsonObject
from llm_sdk.part_builder import parse_tool_arguments
from llm_sdk.types import (
    AssistantMessage,
    Message,
    Part,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

__all__ = ["HistoryEntry", "HistoryReader"]

HistoryEntry: TypeAlias = Message | Mapping[str, Any]
ReadText: TypeAlias = Callable[[str], list[Item]]

PARTS: TypeAdapter[list[Part]] = TypeAdapter(list[Part])
KEYS: dict[str, frozenset[str]] = {
    "system": frozenset({"role", "content"}),
    "user": frozenset({"role", "content"}),
    "assistant": frozenset({"role", "content", "tool_calls"}),
    "tool": frozenset({"role", "content", "tool_call_id", "name", "tool_name", "is_error"}),
}


class HistoryReader:
    """Reads a history. ``read_text`` finds the calls that a text dialect has written into an assistant's text, and
    ``new_id`` names those that have no id.

    ``system_prompt`` is what the system said before anything else; ``messages`` are the rest.
    """

    def __init__(self, read_text: ReadText | None, new_id: Callable[[str, JsonObject], str]) -> None:
        self.system_prompt: str | None = None
        self.messages: list[Message] = []
        self._read_text = read_text
        self._new_id = new_id
        self._open: list[ToolCallPart] = []
        self._calls: dict[str, ToolCallPart] = {}

    def read(self, history: Iterable[HistoryEntry]) -> None:
        """Read all of it. Raises InvalidInputError with the path of the entry that is wrong."""
        if isinstance(history, str | bytes | Mapping) or not isinstance(history, Iterable):
            raise InvalidInputError("a list of messages is needed", path="history")
        for at, entry in enumerate(history):
            path = f"history[{at}]"
            if isinstance(entry, UserMessage | AssistantMessage | ToolMessage | SystemMessage):
                self._add(entry)
            elif isinstance(entry, Mapping):
                self._read_entry(dict(entry), path)
            else:
                raise InvalidInputError(f"a message is needed, not {type(entry).__name__}", path=path)

    def _add(self, message: Message) -> None:
        if isinstance(message, SystemMessage) and not self.messages:
            said = [part.text for part in message.content if isinstance(part, TextPart)]
            self.system_prompt = "\n\n".join(([] if self.system_prompt is None else [self.system_prompt]) + said)
            return
        for part in message.content:
            if isinstance(part, ToolCallPart) and not part.provider_executed:
                self._open.append(part)
                self._calls[part.tool_call_id] = part
            elif isinstance(part, ToolResultPart):
                self._open = [call for call in self._open if call.tool_call_id != part.tool_call_id]
        last = self.messages[-1] if self.messages else None
        if isinstance(message, ToolMessage) and isinstance(last, ToolMessage):
            self.messages[-1] = ToolMessage(content=[*last.content, *message.content])
        else:
            self.messages.append(message)

    def _read_entry(self, entry: dict[str, Any], path: str) -> None:
        role = entry.get("role")
        if not isinstance(role, str) or role not in KEYS:
            raise InvalidInputError(f"{role!r} is no role; there are {', '.join(KEYS)}", path=f"{path}.role")
        if unknown := sorted(map(str, entry.keys() - KEYS[role])):
            known = ", ".join(sorted(KEYS[role]))
            raise InvalidInputError(f"a message of role {role} has {known}", path=f"{path}.{unknown[0]}")
        content = entry.get("content")
        if content is None and not (role == "assistant" and entry.get("tool_calls")):
            raise InvalidInputError("a message needs content", path=f"{path}.content")
        if role == "tool":
            self._read_result(entry, path)
        elif role == "assistant":
            self._read_assistant(entry, path)
        else:
            kind = UserMessage if role == "user" else SystemMessage
            self._add(kind(content=_read_parts(content, f"{path}.content")))

    def _read_assistant(self, entry: dict[str, Any], path: str) -> None:
        content, given = entry.get("content"), entry.get("tool_calls")
        if given is not None and (isinstance(given, str | Mapping) or not isinstance(given, Iterable)):
            raise InvalidInputError("a list of calls is needed", path=f"{path}.tool_calls")
        calls = [self._read_call(call, f"{path}.tool_calls[{at}]") for at, call in enumerate(given or ())]
        parts: list[Part]
        if isinstance(content, str) and self._read_text is not None and not calls:
            parts = self._read_dialect(self._read_text(content))
        else:
            parts = _read_parts(content, f"{path}.content") if content or not calls else []
        self._add(AssistantMessage(content=[*parts, *calls]))

    def _read_dialect(self, items: list[Item]) -> list[Part]:
        """What the model wrote, apart: servers have a form of their own for calls, and write them into the prompt as
        the model does."""
        text = "".join(item.text for item in items if isinstance(item, Text))
        calls = [item for item in items if isinstance(item, Found)]
        parts: list[Part] = [TextPart(text=text)] if text or not calls else []
        for call in calls:
            id = call.id or self._new_id(call.name, call.arguments)
            parts.append(ToolCallPart(tool_call_id=id, tool_name=call.name, args=call.arguments))
        return parts

    def _read_call(self, call: Any, path: str) -> ToolCallPart:
        if isinstance(call, ToolCallPart):
            return call
        if isinstance(call, ToolCall):
            return ToolCallPart(tool_call_id=call.id, tool_name=call.name, args=call.arguments)
        if not isinstance(call, Mapping):
            raise InvalidInputError(f"a tool call is needed, not {type(call).__name__}", path=path)
        inner = call["function"] if isinstance(call.get("function"), Mapping) else call
        name, args = inner.get("name"), inner.get("arguments")
        if not isinstance(name, str):
            raise InvalidInputError("a call needs the name of its tool", path=f"{path}.name")
        try:
            arguments = parse_tool_arguments(args if isinstance(args, str) else json.dumps(args or {}), name)
        except (MalformedArgumentsError, TypeError) as error:
            raise InvalidInputError(str(error), path=f"{path}.arguments") from None
        id = call.get("id") or self._new_id(name, arguments)
        return ToolCallPart(tool_call_id=id, tool_name=name, args=arguments)

    def _read_result(self, entry: dict[str, Any], path: str) -> None:
        id, name = entry.get("tool_call_id"), entry.get("tool_name") or entry.get("name")
        if id is None:
            call = next((call for call in self._open if name in (None, call.tool_name)), None)
            if call is None:
                raise InvalidInputError("no call before it waits for a result: give its tool_call_id", path=path)
        else:
            call = self._calls.get(id)
            if call is None:
                raise InvalidInputError(f"no call before it has the id {id!r}", path=f"{path}.tool_call_id")
        content = entry["content"] if isinstance(entry["content"], str | list) else json.dumps(entry["content"])
        result = ToolResultPart(
            tool_call_id=call.tool_call_id,
            tool_name=call.tool_name,
            content=_read_parts(content, f"{path}.content"),
            is_error=entry.get("is_error"),
        )
        self._add(ToolMessage(content=[result]))


def _read_parts(content: Any, path: str) -> list[Part]:
    if isinstance(content, str):
        return [TextPart(text=content)]
    try:
        return PARTS.validate_python(content)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in wrong["loc"])
        raise InvalidInputError(wrong["msg"], path=path + place) from None
