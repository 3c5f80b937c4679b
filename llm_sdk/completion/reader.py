"""Partial responses -> the events of a run. No I/O and no clock: each step is told the time.

A tool call is told once: as soon as it is whole and something else begins, or at the end. Calls are told in the order
of the answer's parts, as a whole answer has them.
"""

import itertools
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from llm_sdk.accumulator import StreamAccumulator, sum_usage
from llm_sdk.completion.dialects import DialectParser, Found, Item, Malformed, Text, Thought
from llm_sdk.completion.events import (
    CompletionDone,
    CompletionResult,
    CompletionStats,
    CompletionStatsEvent,
    CompletionWarning,
    ContentDelta,
    ErrorMessage,
    Event,
    RawDelta,
    RawOutput,
    StopReason,
    ThinkingDelta,
    ToolCall,
    ToolCallError,
    ToolCallErrorEvent,
    ToolCallEvent,
)
from llm_sdk.completion.tools import Invoke, Toolbox
from llm_sdk.deltas import ContentDelta as PartChange
from llm_sdk.deltas import PartialModelResponse, ReasoningPartDelta, TextPartDelta, ToolCallPartDelta
from llm_sdk.errors import InvariantError, MalformedArgumentsError
from llm_sdk.json_model import JsonObject
from llm_sdk.part_builder import parse_tool_arguments
from llm_sdk.types import ModelResponse, ModelUsage

__all__ = ["CallIds", "CompletionReader"]

Events: TypeAlias = Iterator[Event]
DIALECT_CALLS = 1_000_000
"""Where calls that stood in the text have their place among the parts: behind all others."""


class CallIds:
    """Ids for calls that came without one, which are the same whenever the run is the same."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def new(self, name: str, arguments: JsonObject) -> str:
        """The id of the next call."""
        said = f"{name}:{json.dumps(arguments, sort_keys=True)}".encode()
        return f"call_{zlib.crc32(said):08x}_{next(self._numbers)}"


@dataclass(slots=True)
class _OpenCall:
    """A call in the making."""

    fragments: list[str] = field(default_factory=list)
    id: str = ""
    name: str = ""
    is_hosted: bool = False
    deltas: list[ToolCallPartDelta] = field(default_factory=list)

    def add(self, delta: ToolCallPartDelta) -> None:
        self.deltas.append(delta)
        self.fragments.append(delta.args or "")
        self.id = delta.tool_call_id or self.id
        self.name = delta.tool_name or self.name
        self.is_hosted = self.is_hosted or bool(delta.provider_executed)


class CompletionReader:
    """Reads one answer. Times are in seconds on any clock; ``started`` is when the call was made."""

    def __init__(
        self,
        toolbox: Toolbox,
        parser: DialectParser | None,
        ids: CallIds,
        invoke: Invoke,
        *,
        started: float,
        warnings: list[str],
        emit_raw_deltas: bool = False,
    ) -> None:
        self._toolbox = toolbox
        self._parser = parser
        self._ids = ids
        self._invoke = invoke
        self._started = started
        self._emit_raw = emit_raw_deltas
        self._new_warnings = list(warnings)
        self._warnings: list[str] = []
        self._seq = itertools.count()
        self._accumulator = StreamAccumulator()
        self._usage: ModelUsage | None = None
        self._response: ModelResponse | None = None
        self._told: set[int] = set()
        self._open: dict[int, _OpenCall] = {}
        self._active: int | None = None
        self._text_index = 0
        self._raw: list[str] = []
        self._text: list[str] = []
        self._thoughts: list[str] = []
        self._calls: list[ToolCall] = []
        self._errors: list[ToolCallError] = []
        self._first: float | None = None
        self._last: float | None = None
        self._finish: StopReason | None = None

    def feed(self, partial: PartialModelResponse, now: float) -> Events:
        """Read one step. Raises InvariantError for one that contradicts those before it."""
        delta = partial.delta
        if partial.warnings:
            self._new_warnings += partial.warnings
        yield from self._tell_warnings()
        if partial.finish_reason is not None:
            self._finish = partial.finish_reason
        if partial.usage is not None:
            self._usage = partial.usage if self._usage is None else sum_usage(self._usage, partial.usage)
        if delta is None:
            self._accumulator.add_partial(partial)
            return
        if delta.index != self._active:
            self._active = delta.index
            yield from self._finished_calls(before=delta.index)
        if _has_token(delta):
            self._last = now
            self._first = now if self._first is None else self._first
        match delta.part:
            case ToolCallPartDelta() as part:
                self._add_to_call(delta.index, part)
                self._accumulator.add_partial(partial.model_copy(update={"delta": None}))
            case TextPartDelta() as part:
                yield from self._read_text(partial, delta.index, part)
            case ReasoningPartDelta() as part:
                self._accumulator.add_partial(partial)
                yield from self._tell([Thought(part.text)] if part.text else [])
            case _:
                self._accumulator.add_partial(partial)

    def close(self) -> Events:
        """The answer has ended as it should. Raises InvariantError for a part that lacks what it needs."""
        if self._parser is not None:
            yield from self._tell(self._parser.close())
        yield from self._finished_calls(before=None)
        yield from self._tell_warnings()
        self._keep_text()
        self._response = self._accumulator.compute_response()
        yield from self._end(self._finish)

    def close_malformed(self, error: MalformedArgumentsError) -> Events:
        """A whole answer could not be read because of one call's arguments: all else in it is lost."""
        yield self._refuse(_parse_error(error, error.arguments, error.tool_name))
        self._new_warnings.append("tool-call: of an answer with malformed arguments only a stream tells the rest")
        yield from self.close()

    def stop(self, reason: StopReason, error: BaseException | None = None) -> Events:
        """The run was cancelled, or failed: calls that are not whole are left out."""
        yield from self._tell_warnings()
        self._keep_text()
        yield from self._end(reason, error)

    def result(self) -> CompletionResult:
        """What came of it so far."""
        return CompletionResult(
            content_text="".join(self._text),
            thinking_text="".join(self._thoughts) if self._thoughts else None,
            tool_calls=list(self._calls),
            tool_errors=list(self._errors),
            stats=self.stats(),
            stop_reason=self._finish,
            raw=self._raw_output(),
            warnings=list(self._warnings),
            response=self._response or self._accumulator.snapshot(),
        )

    def stats(self) -> CompletionStats | None:
        """How it went; None where nothing is known."""
        usage = self._usage
        details = usage.input_tokens_details if usage is not None else None
        first, last = self._first, self._last
        rate = None
        if usage is not None and first is not None and last is not None and last > first:
            rate = usage.output_tokens / (last - first)
        stats = CompletionStats(
            cache_tokens=details.cached_text_tokens if details is not None else None,
            time_to_first_token=(first - self._started) * 1000.0 if first is not None else None,
            tokens_per_second=rate,
        )
        return stats if stats.model_dump() else None

    def _add_to_call(self, index: int, part: ToolCallPartDelta) -> None:
        if index not in self._told:
            self._open.setdefault(index, _OpenCall()).add(part)
        elif (part.args or "").strip():
            raise InvariantError(f"content {index}: more arguments for a call that was whole: {part.args}")

    def _read_text(self, partial: PartialModelResponse, index: int, part: TextPartDelta) -> Events:
        text = part.text
        if text:
            self._raw.append(text)
            if self._emit_raw:
                yield RawDelta(seq=next(self._seq), text=text)
        if self._parser is None:
            self._accumulator.add_partial(partial)
            yield from self._tell([Text(text)] if text else [])
            return
        # What the parser makes of the text goes into the answer at the end, all else that the delta brings at once.
        self._text_index = index
        if len(partial.model_fields_set) > 1 or part.citation is not None or part.signature is not None:
            bare = part.model_copy(update={"text": ""})
            self._accumulator.add_partial(partial.model_copy(update={"delta": PartChange(index=index, part=bare)}))
        yield from self._tell(self._parser.feed(text))

    def _tell(self, items: list[Item]) -> Events:
        for item in items:
            match item:
                case Text():
                    self._text.append(item.text)
                    yield ContentDelta(seq=next(self._seq), text=item.text)
                case Thought():
                    self._thoughts.append(item.text)
                    yield ThinkingDelta(seq=next(self._seq), text=item.text)
                case Found():
                    id = item.id or self._ids.new(item.name, item.arguments)
                    args = json.dumps(item.arguments, ensure_ascii=False)
                    place = DIALECT_CALLS + len(self._calls) + len(self._errors)
                    self._keep(place, ToolCallPartDelta(tool_call_id=id, tool_name=item.name, args=args))
                    yield self._judge(id, item.name, item.arguments, item.raw)
                case Malformed():
                    yield self._refuse(ToolCallError(code="PARSE_ERROR", message=item.message, raw=item.raw))

    def _keep_text(self) -> None:
        """What a dialect left of the text, as the one text of the answer."""
        if self._parser is not None and self._text:
            self._keep(self._text_index, TextPartDelta(text="".join(self._text)))

    def _keep(self, index: int, part: TextPartDelta | ToolCallPartDelta) -> None:
        self._accumulator.add_partial(PartialModelResponse(delta=PartChange(index=index, part=part)))

    def _finished_calls(self, before: int | None) -> Events:
        """Tell the calls that are whole, up to the first one that is not; at the end, where ``before`` is None, all."""
        for index in sorted(self._open):
            call = self._open[index]
            raw = "".join(call.fragments)
            if before is not None and (index == before or not raw):
                return
            try:
                arguments = parse_tool_arguments(raw, call.name)
            except MalformedArgumentsError as error:
                if before is not None:
                    return
                yield from self._malformed(call, raw, error)
                continue
            del self._open[index]
            self._told.add(index)
            for delta in call.deltas:
                self._keep(index, delta)
            if not call.is_hosted:
                id = call.id or self._ids.new(call.name, arguments)
                self._keep(index, ToolCallPartDelta(tool_call_id=id))
                yield self._judge(id, call.name, arguments, raw)

    def _malformed(self, call: _OpenCall, raw: str, error: MalformedArgumentsError) -> Events:
        """Arguments that are no object: cut at the token limit they are left out, as in a whole answer."""
        if self._finish == "length" or call.is_hosted:
            self._new_warnings.append(error.as_warning())
            return
        yield self._refuse(_parse_error(error, raw, call.name))

    def _judge(self, id: str, name: str, arguments: JsonObject, raw: str) -> Event:
        found = self._toolbox.judge(id, name, arguments, raw, self._invoke)
        if isinstance(found, ToolCallError):
            return self._refuse(found)
        self._calls.append(found)
        return ToolCallEvent(seq=next(self._seq), call=found)

    def _refuse(self, error: ToolCallError) -> Event:
        self._errors.append(error)
        return ToolCallErrorEvent(seq=next(self._seq), error=error)

    def _tell_warnings(self) -> Events:
        new, self._new_warnings = self._new_warnings, []
        self._warnings += new
        for message in new:
            yield CompletionWarning(seq=next(self._seq), message=message)

    def _end(self, reason: StopReason | None, error: BaseException | None = None) -> Events:
        self._finish = reason
        if (stats := self.stats()) is not None:
            yield CompletionStatsEvent(seq=next(self._seq), stats=stats)
        told = None if error is None else ErrorMessage(message=_message_of(error))
        yield CompletionDone(seq=next(self._seq), stop_reason=reason, raw=self._raw_output(), error=told)

    def _raw_output(self) -> RawOutput:
        return RawOutput(full_text="".join(self._raw))


def _parse_error(error: MalformedArgumentsError, raw: str, name: str) -> ToolCallError:
    return ToolCallError(code="PARSE_ERROR", message=error.message, raw=raw, name=name)


def _message_of(error: BaseException) -> str:
    """What an exception says; a lone surrogate, which is no text, as an escape."""
    return str(error).encode("utf-8", "backslashreplace").decode() or type(error).__name__


def _has_token(delta: PartChange) -> bool:
    """Whether a delta brings anything that the model wrote."""
    match delta.part:
        case TextPartDelta(text=text) | ReasoningPartDelta(text=text):
            return bool(text)
        case ToolCallPartDelta() as part:
            return bool(part.args or part.tool_name)
    return True
