"""Deltas -> :class:`ModelResponse`, and its twin: :class:`ModelResponse` -> deltas.

The laws
1. Parts come out in index order; gaps close up.
2. Cutting any text, argument or transcript fragment in two anywhere changes nothing.
3. Tool arguments are concatenated and parsed once; empty means ``{}``.
4. Audio: each delta is complete base64, and the bytes are concatenated. Images and files: the last data or URL wins.
   Tool results and opaque parts: the last one wins.
5. ``usage`` and ``cost`` are increments and are summed, each on its own.
6. A delta of another kind at a used index, or a part that lacks a required field at the end, is an InvariantError.
7. Nothing of the caller's is kept or changed; ``compute_response`` can be called again; ``snapshot`` never raises.

A field that comes whole, such as an id, is replaced by a later one, but not by an empty one: servers repeat theirs so.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

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
from llm_sdk.errors import InvalidInputError, InvariantError, MalformedArgumentsError
from llm_sdk.part_builder import PartBuilder, parse_tool_arguments, part_builder
from llm_sdk.types import (
    AudioPart,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    Part,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
)

__all__ = ["StreamAccumulator", "accumulate", "parse_tool_arguments", "subtract_usage", "sum_usage", "to_partials"]

Cut = Callable[[str], Iterable[str]]

HEAD_FIELDS = ("finish_reason", "finish_detail", "id", "model_id")


class StreamAccumulator:
    """Takes the partial responses of one stream, in order, and gives the response that they add up to."""

    def __init__(self) -> None:
        self._builders: dict[int, PartBuilder[Any]] = {}
        self._usages: list[ModelUsage] = []
        self._costs: list[float] = []
        self._head: dict[str, Any] = {}
        self._warnings: list[str] = []

    def add_partial(self, partial: PartialModelResponse) -> None:
        """Add one step. Raises InvariantError for a delta of another kind than the part at its index."""
        if (delta := partial.delta) is not None:
            part = delta.part
            builder = self._builders.get(delta.index)
            if builder is None:
                builder = self._builders[delta.index] = part_builder(part.type, delta.index)
            elif builder.kind != part.type:
                raise InvariantError(
                    f"content {delta.index}: a delta of kind {part.type} for a part of kind {builder.kind}"
                )
            builder.add(part)
            if len(partial.model_fields_set) == 1:
                return
        if partial.usage is not None:
            self._usages.append(partial.usage)
        if partial.cost is not None:
            self._costs.append(partial.cost)
        if partial.warnings:
            self._warnings += partial.warnings
        for name in HEAD_FIELDS:
            if (value := getattr(partial, name)) is not None:
                self._head[name] = value

    def compute_response(self) -> ModelResponse:
        """The whole response. Raises InvariantError, naming the index, for a part that is not complete.

        An answer that was cut at the token limit may end amid the arguments of a call: that call is left out, with a
        warning that shows what came of it.
        """
        content: list[Part] = []
        warnings: list[str] = []
        for _, builder in sorted(self._builders.items()):
            try:
                content.append(builder.build())
            except MalformedArgumentsError as error:
                if self._head.get("finish_reason") != "length":
                    raise
                warnings.append(error.as_warning())
        return self._response(content, _sum_costs(self._costs), warnings)

    def snapshot(self) -> ModelResponse:
        """What can be shown so far: parts that make no sense yet are left out, half-written arguments read as far as
        they go.

        It reads all that has come: call it as often as a screen is drawn, not for every delta of a long stream.
        """
        parts = (builder.show() for _, builder in sorted(self._builders.items()))
        try:
            cost = _sum_costs(self._costs)
        except InvariantError:
            cost = None
        return self._response([part for part in parts if part is not None], cost, [])

    def _response(self, content: list[Part], cost: float | None, warnings: list[str]) -> ModelResponse:
        return ModelResponse(
            content=content,
            usage=_sum_usages(self._usages) if self._usages else None,
            cost=cost,
            warnings=self._warnings + warnings,
            **self._head,
        )


def accumulate(partials: Iterable[PartialModelResponse]) -> ModelResponse:
    """The response that a whole stream adds up to. Raises InvariantError as :class:`StreamAccumulator` does."""
    accumulator = StreamAccumulator()
    for partial in partials:
        accumulator.add_partial(partial)
    return accumulator.compute_response()


def sum_usage(left: ModelUsage, right: ModelUsage) -> ModelUsage:
    """The sum, with the details that either has."""
    return _sum_usages([left, right])


def subtract_usage(total: ModelUsage, before: ModelUsage) -> ModelUsage:
    """What a running ``total`` has more than the one before it: an increment. A detail that is new is one whole."""
    return ModelUsage(
        input_tokens=total.input_tokens - before.input_tokens,
        output_tokens=total.output_tokens - before.output_tokens,
        input_tokens_details=_subtract_details(total.input_tokens_details, before.input_tokens_details),
        output_tokens_details=_subtract_details(total.output_tokens_details, before.output_tokens_details),
    )


def _subtract_details(total: ModelTokensDetails | None, before: ModelTokensDetails | None) -> ModelTokensDetails | None:
    if total is None or before is None:
        return total
    grown = {name: count - (getattr(before, name) or 0) for name, count in total if count is not None}
    return ModelTokensDetails(**grown)


def _sum_usages(usages: Sequence[ModelUsage]) -> ModelUsage:
    return ModelUsage(
        input_tokens=sum(usage.input_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        input_tokens_details=_sum_details([usage.input_tokens_details for usage in usages]),
        output_tokens_details=_sum_details([usage.output_tokens_details for usage in usages]),
    )


def _sum_details(details: Sequence[ModelTokensDetails | None]) -> ModelTokensDetails | None:
    given = [detail for detail in details if detail is not None]
    total: dict[str, int] = {}
    for detail in given:
        for name, count in detail:
            if count is not None:
                total[name] = total.get(name, 0) + count
    return ModelTokensDetails(**total) if given else None


def _sum_costs(costs: Sequence[float]) -> float | None:
    try:
        return math.fsum(costs) if costs else None
    except OverflowError:
        raise InvariantError("the costs add up to more than a number can hold") from None


def to_partials(response: ModelResponse, cut: Cut | None = None) -> Iterator[PartialModelResponse]:
    """The deltas of a stream that adds up to ``response``.

    ``cut`` splits a text, a JSON text of arguments or a transcript into the fragments to send; whole by default. Ids
    and the usage so far come with the first partial; the rest of the usage, cost, the finish reason and warnings with
    the last. A refusal says so in the first one too, because protocols write its text elsewhere than that of an
    answer. Raises InvalidInputError for a part that has no delta.
    """
    refused = response.finish_detail == "refusal"
    begun, rest = _split_usage(response.usage) if response.usage is not None else (None, None)
    yield PartialModelResponse(
        id=response.id,
        model_id=response.model_id,
        usage=begun,
        finish_reason=response.finish_reason if refused else None,
        finish_detail=response.finish_detail if refused else None,
    )
    for index, part in enumerate(response.content):
        for delta in _part_deltas(part, f"content[{index}]", cut or _whole):
            yield PartialModelResponse(delta=ContentDelta(index=index, part=delta))
    yield PartialModelResponse(
        usage=rest,
        cost=response.cost,
        finish_reason=response.finish_reason,
        finish_detail=response.finish_detail,
        warnings=response.warnings,
    )


def _split_usage(usage: ModelUsage) -> tuple[ModelUsage, ModelUsage]:
    """What is counted when the answer begins, and what comes on top by its end.

    The input is known from the start, and the first token of the answer that is no reasoning is counted with it:
    providers that tell running totals mostly begin at one (recorded of Anthropic and Gemini).
    """
    made = usage.output_tokens_details
    said = usage.output_tokens - ((made.reasoning_tokens if made is not None else None) or 0)
    first = min(max(said, 0), 1)
    begun = ModelUsage(
        input_tokens=usage.input_tokens, output_tokens=first, input_tokens_details=usage.input_tokens_details
    )
    rest = ModelUsage(
        input_tokens=0, output_tokens=usage.output_tokens - first, output_tokens_details=usage.output_tokens_details
    )
    return begun, rest


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
