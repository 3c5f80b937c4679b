"""The tool calls of a streamed answer: which call a fragment belongs to, and what it adds.

Mistral's own models send each call whole, without an index until 2024, and all calls of an answer in one chunk; models
of others on its platform send fragments, with an empty name and no id in all but the first (all recorded).
"""

from dataclasses import dataclass, field

from llm_sdk.accumulator import parse_tool_arguments
from llm_sdk.codec import dump_json
from llm_sdk.deltas import ToolCallPartDelta
from llm_sdk.providers.mistral import wire, wire_events
from llm_sdk.providers.mistral.content import call_id


@dataclass(slots=True)
class _Call:
    position: int
    id: str | None = None
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class StreamedCalls:
    """Takes the fragments in order; positions count calls from 0."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def feed(self, fragment: wire_events.ToolCallDelta) -> tuple[int, ToolCallPartDelta]:
        """The position of the call that a fragment belongs to, and what it adds."""
        id = None if fragment.id == wire.NO_ID else fragment.id or None
        name, arguments = fragment.function.name or "", fragment.function.arguments
        args = dump_json(arguments).decode() if isinstance(arguments, dict) else arguments
        call = self._find(fragment.index, id, name)
        call.arguments.append(args or "")
        if call.name or not name:
            return call.position, ToolCallPartDelta(args=args)
        call.id, call.name = call.id or id, name
        head = call_id(call.id, call.position)
        return call.position, ToolCallPartDelta(tool_call_id=head, tool_name=name, args=args)

    def check(self) -> None:
        """Raises MalformedArgumentsError for arguments that came to no JSON object."""
        for call in self._calls:
            parse_tool_arguments("".join(call.arguments), call.name)

    def _find(self, index: int | None, id: str | None, name: str) -> _Call:
        known = self._by_index.get(index) if index is not None else self._without_index(id, name)
        if known is not None and not (id and known.id and id != known.id):
            return known
        call = _Call(len(self._calls), id)
        self._calls.append(call)
        if index is not None:
            self._by_index[index] = call
        return call

    def _without_index(self, id: str | None, name: str) -> _Call | None:
        """Without an index a name begins another call, and so does a new id."""
        if id:
            return next((call for call in self._calls if call.id == id), None)
        return self._calls[-1] if self._calls and not name else None
