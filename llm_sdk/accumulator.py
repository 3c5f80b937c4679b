"""Deltas -> :class:`ModelResponse`, and its twin: :class:`ModelResponse` -> deltas.

The laws
1. Parts come out in index order; gaps close up.
2. Cutting any text, argument or transcript fragment in two anywhere changes nothing.
3. Tool arguments are concatenated and parsed once; empty means ``{}``.
4. Audio: each delta is complete base64, and the bytes are concatenated. Images, files and the other whole parts: the
   last one wins.
5. ``usage`` and ``cost`` are increments and are summed, each on its own.
6. A delta of another kind at a used index, or a part that lacks a required field at the end, is an InvariantError.
7. Nothing of the caller's is kept or changed; ``compute_response`` can be called again; ``snapshot`` never raises.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, NoReturn, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from llm_sdk.deltas import (
    AudioPartDelta,
    CitationDelta,
    ContentDelta,
    FilePartDelta,
    ImagePartDelta,
    OpaquePartDelta,
    PartDelta,
    PartialModelResponse,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
    ToolResultPartDelta,
)
from llm_sdk.errors import InvalidInputError, InvariantError
from llm_sdk.types import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    JsonObject,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    Part,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

__all__ = ["StreamAccumulator", "accumulate", "parse_tool_arguments", "sum_usage", "to_partials"]

Delta = TypeVar("Delta")
Whole = TypeVar("Whole", ImagePart, FilePart, ToolResultPart, OpaquePart)
Cut = Callable[[str], Iterable[str]]


class StreamAccumulator:
    """Takes the partial responses of one stream, in order, and gives the response that they add up to."""

    def __init__(self) -> None:
        self._slots: dict[int, _Slot[Any]] = {}
        self._usage: ModelUsage | None = None
        self._cost: float | None = None
        self._head: dict[str, Any] = {}
        self._warnings: list[str] = []

    def add_partial(self, partial: PartialModelResponse) -> None:
        """Add one step. Raises InvariantError for a delta of another kind than the part at its index."""
        if (delta := partial.delta) is not None:
            part = delta.part
            slot = self._slots.get(delta.index)
            if slot is None:
                slot = self._slots[delta.index] = _SLOTS[part.type](delta.index)
            elif slot.kind != part.type:
                raise InvariantError(
                    f"content {delta.index}: a delta of kind {part.type} for a part of kind {slot.kind}"
                )
            slot.add(part)
        if partial.usage is not None:
            self._usage = partial.usage if self._usage is None else sum_usage(self._usage, partial.usage)
        if partial.cost is not None:
            self._cost = partial.cost + (self._cost or 0.0)
        if partial.warnings:
            self._warnings += partial.warnings
        for name in ("finish_reason", "finish_detail", "id", "model_id"):
            if (value := getattr(partial, name)) is not None:
                self._head[name] = value

    def compute_response(self) -> ModelResponse:
        """The whole response. Raises InvariantError, naming the index, for a part that is not complete."""
        return self._response([slot.build() for _, slot in sorted(self._slots.items())])

    def snapshot(self) -> ModelResponse:
        """What can be shown so far: parts that make no sense yet are left out, half-written arguments read as far as
        they go.
        """
        parts = (slot.show() for _, slot in sorted(self._slots.items()))
        return self._response([part for part in parts if part is not None])

    def _response(self, content: list[Part]) -> ModelResponse:
        return ModelResponse(
            content=content, usage=self._usage, cost=self._cost, warnings=list(self._warnings) or None, **self._head
        )


def accumulate(partials: Iterable[PartialModelResponse]) -> ModelResponse:
    """The response that a whole stream adds up to. Raises InvariantError as :class:`StreamAccumulator` does."""
    accumulator = StreamAccumulator()
    for partial in partials:
        accumulator.add_partial(partial)
    return accumulator.compute_response()


def sum_usage(left: ModelUsage, right: ModelUsage) -> ModelUsage:
    """The sum, with the details that either has."""
    return ModelUsage(
        input_tokens=left.input_tokens + right.input_tokens,
        output_tokens=left.output_tokens + right.output_tokens,
        input_tokens_details=_sum_details(left.input_tokens_details, right.input_tokens_details),
        output_tokens_details=_sum_details(left.output_tokens_details, right.output_tokens_details),
    )


def _sum_details(left: ModelTokensDetails | None, right: ModelTokensDetails | None) -> ModelTokensDetails | None:
    if left is None or right is None:
        return left if right is None else right
    total = left.model_dump()
    for name, count in right.model_dump().items():
        total[name] = total.get(name, 0) + count
    return ModelTokensDetails(**total)


def parse_tool_arguments(text: str, tool_name: str) -> JsonObject:
    """The arguments of a call, ``{}`` where there are none. Raises InvariantError that names the tool and shows the
    text.

    Integers keep every digit. ``NaN`` and ``Infinity`` are refused, as they are not JSON.
    """
    if not text.strip():
        return {}
    try:
        args = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvariantError(f"the arguments of tool {tool_name!r} are not JSON ({error}): {_shorten(text)}") from None
    if not isinstance(args, dict):
        raise InvariantError(f"the arguments of tool {tool_name!r} are not a JSON object: {_shorten(text)}")
    return args


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _shorten(text: str, limit: int = 500) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


class _Slot(Generic[Delta]):
    """One part in the making. ``build`` raises what ``show`` leaves out."""

    kind: str

    def __init__(self, index: int) -> None:
        self.index = index

    def add(self, delta: Delta) -> None:
        raise NotImplementedError

    def build(self) -> Part:
        raise NotImplementedError

    def show(self) -> Part | None:
        try:
            return self.build()
        except InvariantError:
            return None

    def lacks(self, field: str) -> InvariantError:
        return InvariantError(f"content {self.index}: the {self.kind} part has ended without {field}")


class _Text(_Slot[TextPartDelta]):
    kind = "text"

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self._fragments: list[str] = []
        self._citations: list[CitationDelta] = []
        self._signature: str | None = None

    def add(self, delta: TextPartDelta) -> None:
        self._fragments.append(delta.text)
        if delta.citation is not None:
            self._citations.append(delta.citation)
        if delta.signature:
            self._signature = delta.signature

    def build(self) -> TextPart:
        if any(citation.source is None for citation in self._citations):
            raise self.lacks("the source of a citation")
        return self._part(self._citations)

    def show(self) -> TextPart:
        return self._part([citation for citation in self._citations if citation.source is not None])

    def _part(self, citations: list[CitationDelta]) -> TextPart:
        whole = [Citation.model_validate(citation.model_dump(exclude={"type"})) for citation in citations]
        return TextPart(text="".join(self._fragments), citations=whole or None, signature=self._signature)


class _ToolCall(_Slot[ToolCallPartDelta]):
    kind = "tool-call"

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self._fragments: list[str] = []
        self._fields: dict[str, Any] = {}

    def add(self, delta: ToolCallPartDelta) -> None:
        if delta.args:
            self._fragments.append(delta.args)
        for name in ("tool_call_id", "tool_name", "id", "signature", "provider_executed"):
            if value := getattr(delta, name):
                self._fields[name] = value

    def build(self) -> ToolCallPart:
        for name in ("tool_call_id", "tool_name"):
            if name not in self._fields:
                raise self.lacks(name)
        return ToolCallPart(
            args=parse_tool_arguments("".join(self._fragments), self._fields["tool_name"]), **self._fields
        )

    def show(self) -> ToolCallPart | None:
        if not {"tool_call_id", "tool_name"} <= self._fields.keys():
            return None
        try:
            args = from_json("".join(self._fragments) or "{}", allow_partial="trailing-strings")
        except ValueError:
            args = {}
        return ToolCallPart(args=args if isinstance(args, dict) else {}, **self._fields)


class _Reasoning(_Slot[ReasoningPartDelta]):
    kind = "reasoning"

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self._fragments: list[str] = []
        self._fields: dict[str, Any] = {}

    def add(self, delta: ReasoningPartDelta) -> None:
        self._fragments.append(delta.text)
        if delta.signature:
            self._fields["signature"] = delta.signature
        if delta.id:
            self._fields["id"] = delta.id

    def build(self) -> ReasoningPart:
        return ReasoningPart(text="".join(self._fragments), **self._fields)


class _Audio(_Slot[AudioPartDelta]):
    kind = "audio"

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self._data: list[str] = []
        self._transcript: list[str] = []
        self._fields: dict[str, Any] = {}

    def add(self, delta: AudioPartDelta) -> None:
        if delta.data is not None:
            self._data.append(delta.data)
        if delta.transcript is not None:
            self._transcript.append(delta.transcript)
        for name in ("format", "sample_rate", "channels", "id"):
            if (value := getattr(delta, name)) is not None:
                self._fields[name] = value

    def build(self) -> AudioPart:
        if not self._data:
            raise self.lacks("data")
        if "format" not in self._fields:
            raise self.lacks("format")
        try:
            sound = b"".join(base64.b64decode(data, validate=True) for data in self._data)
        except binascii.Error as error:
            raise InvariantError(f"content {self.index}: audio data that is not base64 ({error})") from None
        transcript = "".join(self._transcript) if self._transcript else None
        return AudioPart(data=base64.b64encode(sound).decode("ascii"), transcript=transcript, **self._fields)


class _LastWins(_Slot[Any], Generic[Whole]):
    """A part that comes whole: the last delta replaces the ones before, field by field."""

    part: type[Whole]

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self._fields: JsonObject = {}

    def add(self, delta: Any) -> None:
        self._fields |= delta.model_dump()

    def build(self) -> Whole:
        try:
            return self.part.model_validate(self._fields)
        except ValidationError as error:
            what = "; ".join(f"{'.'.join(map(str, item['loc']))} {item['msg']}".strip() for item in error.errors())
            raise InvariantError(f"content {self.index}: the {self.kind} part has ended incomplete: {what}") from None


class _Image(_LastWins[ImagePart]):
    kind = "image"
    part = ImagePart


class _File(_LastWins[FilePart]):
    kind = "file"
    part = FilePart


class _ToolResult(_LastWins[ToolResultPart]):
    kind = "tool-result"
    part = ToolResultPart


class _Opaque(_LastWins[OpaquePart]):
    kind = "opaque"
    part = OpaquePart


_SLOTS: dict[str, type[_Slot[Any]]] = {
    slot.kind: slot for slot in (_Text, _ToolCall, _Reasoning, _Audio, _Image, _File, _ToolResult, _Opaque)
}


def to_partials(response: ModelResponse, cut: Cut | None = None) -> Iterator[PartialModelResponse]:
    """The deltas of a stream that adds up to ``response``.

    ``cut`` splits a text, a JSON text of arguments or a transcript into the fragments to send; whole by default. Ids
    come with the first partial; usage, cost, the finish reason and warnings with the last. A refusal says so in the
    first one too, because protocols write its text elsewhere than that of an answer. Raises InvalidInputError for a
    part that has no delta.
    """
    refused = response.finish_detail == "refusal"
    yield PartialModelResponse(
        id=response.id,
        model_id=response.model_id,
        finish_reason=response.finish_reason if refused else None,
        finish_detail=response.finish_detail if refused else None,
    )
    for index, part in enumerate(response.content):
        for delta in _part_deltas(part, f"content[{index}]", cut or _whole):
            yield PartialModelResponse(delta=ContentDelta(index=index, part=delta))
    yield PartialModelResponse(
        usage=response.usage,
        cost=response.cost,
        finish_reason=response.finish_reason,
        finish_detail=response.finish_detail,
        warnings=response.warnings,
    )


def _whole(text: str) -> list[str]:
    return [text]


def _part_deltas(part: Part, path: str, cut: Cut) -> Iterator[PartDelta]:
    match part:
        case TextPart():
            yield TextPartDelta(text="", signature=part.signature)
            yield from (TextPartDelta(text=fragment) for fragment in cut(part.text))
            for citation in part.citations or ():
                yield TextPartDelta(text="", citation=CitationDelta(**citation.model_dump()))
        case ToolCallPart():
            yield ToolCallPartDelta(**part.model_dump(exclude={"args"}))
            text = json.dumps(part.args, ensure_ascii=False, separators=(",", ":"))
            yield from (ToolCallPartDelta(args=fragment) for fragment in cut(text))
        case ReasoningPart():
            yield ReasoningPartDelta(id=part.id)
            yield from (ReasoningPartDelta(text=fragment) for fragment in cut(part.text))
            if part.signature is not None:
                yield ReasoningPartDelta(signature=part.signature)
        case AudioPart():
            yield AudioPartDelta(**part.model_dump(exclude={"transcript"}))
            if part.transcript is not None:
                yield from (AudioPartDelta(transcript=fragment) for fragment in [*cut(part.transcript)] or [""])
        case SourcePart():
            raise InvalidInputError("a source is given to a model, not streamed by it", path=path)
        case _:
            yield _WHOLE_DELTAS[part.type].model_validate(part.model_dump())


_WHOLE_DELTAS: dict[str, type[ImagePartDelta | FilePartDelta | ToolResultPartDelta | OpaquePartDelta]] = {
    "image": ImagePartDelta,
    "file": FilePartDelta,
    "tool-result": ToolResultPartDelta,
    "opaque": OpaquePartDelta,
}
