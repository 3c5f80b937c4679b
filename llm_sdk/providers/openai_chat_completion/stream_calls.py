"""The tool calls of a streamed answer: which call a fragment belongs to, and what it adds.

The protocol tells calls apart by ``index``, and gives id and name once. Servers that copy it give no index, or the same
one to several calls, or no id, or another id with every fragment, or id and name (all recorded or reported).
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic_core import from_json

from llm_sdk.accumulator import parse_tool_arguments
from llm_sdk.codec import dump_json
from llm_sdk.deltas import OpaquePartDelta, ToolCallPartDelta
from llm_sdk.providers.openai_chat_completion import id_forms, wire, wire_events
from llm_sdk.providers.openai_chat_completion.content import (
    NO_ARGUMENTS,
    PROVIDER,
    decode_tool_call,
    join_signature,
    made_up_id,
)
from llm_sdk.types import OpaquePart

CallDelta: TypeAlias = tuple[int, ToolCallPartDelta | OpaquePartDelta]


@dataclass(slots=True)
class _Call:
    position: int
    id: str | None = None
    name: str | None = None
    arguments: list[str] = field(default_factory=list)
    held: str = ""  # arguments that came before the name
    custom_input: list[str] | None = None


class StreamedCalls:
    """Takes the fragments in order; positions count calls from 0."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int | None, _Call] = {}
        self._by_id: dict[str, _Call] = {}
        self._legacy: _Call | None = None

    def __bool__(self) -> bool:
        return bool(self._calls)

    def feed(self, fragment: wire_events.ToolCallDelta) -> list[CallDelta]:
        """What a fragment of ``tool_calls`` adds."""
        call = self._find(fragment)
        if fragment.custom is not None or fragment.type == "custom":
            return self._feed_custom(call, fragment)
        function = fragment.function or wire_events.FunctionDelta()
        signature = join_signature(fragment.extra_content)
        return self._feed_function(call, function, new_id=self._take_id(call, fragment.id), signature=signature)

    def feed_legacy(self, function: wire_events.FunctionDelta) -> list[CallDelta]:
        """What a fragment of the deprecated ``function_call`` adds."""
        if self._legacy is None:
            self._legacy = self._new(None)
            self._legacy.id = id_forms.LEGACY_CALL_ID
        return self._feed_function(self._legacy, function, new_id=None, signature=None)

    def check(self) -> None:
        """Raises MalformedArgumentsError for arguments that came to no JSON object."""
        for call in self._calls:
            if call.name is not None and call.custom_input is None:
                parse_tool_arguments("".join(call.arguments), call.name)

    def finish(self, warnings: list[str]) -> list[CallDelta]:
        """The calls of other kinds, which come whole: opaque parts and their warnings."""
        finished: list[CallDelta] = []
        for call in self._calls:
            if call.custom_input is not None:
                custom = {"name": call.name or "", "input": "".join(call.custom_input)}
                data = {"id": call.id or made_up_id(call.position), "type": "custom", "custom": custom}
                part = decode_tool_call(wire.OtherCall.model_validate(data), call.position, warnings)
                if isinstance(part, OpaquePart):
                    finished.append((call.position, OpaquePartDelta(provider=PROVIDER, data=part.data)))
        return finished

    def _find(self, fragment: wire_events.ToolCallDelta) -> _Call:
        """The call that a fragment belongs to, which may be a new one."""
        if fragment.index is None:
            return self._find_by_id(fragment)
        call = self._by_index.get(fragment.index)
        if call is None or _begins_another(fragment, call):
            call = self._by_index[fragment.index] = self._new(fragment.id)
        return call

    def _find_by_id(self, fragment: wire_events.ToolCallDelta) -> _Call:
        if fragment.id:
            return self._by_id.get(fragment.id) or self._new(fragment.id)
        names_another = fragment.function is not None and bool(fragment.function.name)
        return self._calls[-1] if self._calls and not names_another else self._new(None)

    def _new(self, id: str | None) -> _Call:
        call = _Call(len(self._calls))
        self._calls.append(call)
        if id:
            self._by_id[id] = call
        return call

    def _take_id(self, call: _Call, id: str | None) -> str | None:
        """The id where it is news."""
        if not id or call.id is not None:
            return None
        call.id = id
        return id

    def _feed_function(
        self, call: _Call, function: wire_events.FunctionDelta, *, new_id: str | None, signature: str | None
    ) -> list[CallDelta]:
        arguments = function.arguments
        args = dump_json(arguments).decode() if isinstance(arguments, dict) else arguments
        if args == NO_ARGUMENTS and not call.arguments:
            args = ""
        if args:
            call.arguments.append(args)
        if call.name is None:
            if not function.name:
                call.held += args or ""
                return []
            call.name = function.name
            args = call.held + args if args is not None else (call.held or None)
            new_id = call.id or made_up_id(call.position)
            head = ToolCallPartDelta(tool_call_id=new_id, tool_name=call.name, args=args, signature=signature)
            return [(call.position, head)]
        if new_id is not None or signature is not None or args:
            return [(call.position, ToolCallPartDelta(tool_call_id=new_id, args=args, signature=signature))]
        return []

    def _feed_custom(self, call: _Call, fragment: wire_events.ToolCallDelta) -> list[CallDelta]:
        self._take_id(call, fragment.id)
        custom = fragment.custom or wire_events.CustomDelta()
        call.name = call.name or custom.name
        call.custom_input = [*(call.custom_input or ()), custom.input or ""]
        return []


def _begins_another(fragment: wire_events.ToolCallDelta, call: _Call) -> bool:
    """Whether a fragment with the index of ``call`` begins a call of its own.

    Only a name begins one: vLLM gives another id with every fragment (reported). Without ids, arguments that are whole
    end the call before (Gemini's compatible endpoint and gateways to it: reported).
    """
    told = fragment.function or fragment.custom
    if told is None or not told.name:
        return False
    if fragment.id and call.id:
        return fragment.id != call.id
    adds = fragment.function is not None and bool(fragment.function.arguments)
    return adds and _is_whole("".join(call.arguments))


def _is_whole(arguments: str) -> bool:
    """Whether this is a JSON object, to which nothing can be added."""
    try:
        return isinstance(from_json(arguments), dict)
    except ValueError:
        return False
