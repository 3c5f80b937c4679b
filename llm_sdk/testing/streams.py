"""Hypothesis strategies for the ways in which one answer can reach a client: as partial responses, and as bytes."""

import base64
import json
import math
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from llm_sdk.capabilities import Capabilities
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
from llm_sdk.testing.strategies import base64_texts, responses
from llm_sdk.types import (
    AudioPart,
    FilePart,
    ImagePart,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

__all__ = ["arrivals", "chunkings", "fragments", "partials", "streams"]

STALE: dict[str, Any] = {"finish_reason": "other", "finish_detail": "stale", "id": "stale", "model_id": "stale"}


@st.composite
def fragments(draw: DrawFn, text: str, max_cuts: int = 5) -> list[str]:
    """The text in pieces, empty ones among them."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=max_cuts)))
    return [text[left:right] for left, right in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@st.composite
def chunkings(draw: DrawFn, body: bytes, max_cuts: int = 12) -> list[bytes]:
    """The body in chunks, empty ones among them; cuts fall by preference beside line ends and inside characters."""
    tender = [at for at, byte in enumerate(body) if byte in b"\r\n" or byte >= 0x80] or [0]
    offset = st.sampled_from(tender) | st.sampled_from(tender).map(lambda at: min(at + 1, len(body)))
    cuts = sorted(draw(st.lists(offset | st.integers(0, len(body)), max_size=max_cuts)))
    return [body[left:right] for left, right in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def partials() -> SearchStrategy[PartialModelResponse]:
    """Single partial responses, taken out of streams of every kind."""
    return responses().flatmap(streams).flatmap(st.sampled_from)


@st.composite
def arrivals(
    draw: DrawFn, capabilities: Capabilities | None = None
) -> tuple[ModelResponse, list[PartialModelResponse]]:
    """A response, and a legal stream that adds up to it."""
    response = draw(responses(capabilities))
    return response, draw(streams(response))


@st.composite
def streams(draw: DrawFn, response: ModelResponse) -> list[PartialModelResponse]:
    """A legal stream that adds up to ``response``.

    Texts, arguments, transcripts and sounds come in pieces; parts take turns at indices with gaps; whole fields come
    early, late or twice; previews go before an image; usage, cost and warnings come in increments, on their own or
    beside a delta.
    """
    gaps = draw(st.lists(st.integers(1, 3), min_size=len(response.content), max_size=len(response.content)))
    index = -1
    lanes: list[list[dict[str, Any]]] = [draw(_head_steps(response))]
    for gap, part in zip(gaps, response.content, strict=True):
        index += gap
        deltas = draw(_deltas(part))
        lanes.append([{"delta": ContentDelta(index=index, part=delta)} for delta in deltas])
    turns = draw(st.permutations([at for at, lane in enumerate(lanes) for _ in lane]))
    steps: list[dict[str, Any]] = []
    for lane in turns:
        step = lanes[lane].pop(0)
        if steps and not steps[-1].keys() & step.keys() and draw(st.booleans()):
            steps[-1] |= step
        else:
            steps.append(step)
    return [PartialModelResponse(**step) for step in steps] or [PartialModelResponse()]


@st.composite
def _head_steps(draw: DrawFn, response: ModelResponse) -> list[dict[str, Any]]:
    """What is beside the content, step by step."""
    steps: list[dict[str, Any]] = [{"warnings": [warning]} for warning in response.warnings or ()]
    steps += [{"usage": usage} for usage in draw(_usage_increments(response.usage))]
    steps += [{"cost": cost} for cost in draw(_cost_increments(response.cost))]
    for name, stale in STALE.items():
        if (value := getattr(response, name)) is not None:
            steps += [{name: stale}, {name: value}] if draw(st.booleans()) else [{name: value}]
    return steps


@st.composite
def _usage_increments(draw: DrawFn, usage: ModelUsage | None) -> list[ModelUsage]:
    if usage is None:
        return []
    steps = draw(st.integers(1, 3))
    fields: dict[str, list[Any]] = {
        "input_tokens": draw(_increments(usage.input_tokens, steps)),
        "output_tokens": draw(_increments(usage.output_tokens, steps)),
        "input_tokens_details": draw(_detail_increments(usage.input_tokens_details, steps)),
        "output_tokens_details": draw(_detail_increments(usage.output_tokens_details, steps)),
    }
    return [ModelUsage(**{name: values[at] for name, values in fields.items()}) for at in range(steps)]


@st.composite
def _detail_increments(draw: DrawFn, details: ModelTokensDetails | None, steps: int) -> list[ModelTokensDetails | None]:
    """A count that does not grow in a step is absent from it, and so are details without a count."""
    if details is None:
        return [None] * steps
    grown: list[dict[str, int]] = [{} for _ in range(steps)]
    for name, count in details:
        if count is not None:
            for at, increment in enumerate(draw(_increments(count, steps))):
                if increment or (at == 0 and count == 0):
                    grown[at][name] = increment
    return [ModelTokensDetails(**counts) if counts or not any(grown) else None for counts in grown]


@st.composite
def _increments(draw: DrawFn, total: int, steps: int) -> list[int]:
    cuts = sorted(draw(st.lists(st.integers(0, total), min_size=steps - 1, max_size=steps - 1)))
    return [right - left for left, right in zip([0, *cuts], [*cuts, total], strict=True)]


@st.composite
def _cost_increments(draw: DrawFn, cost: float | None) -> list[float]:
    if cost is None:
        return []
    first = cost * draw(st.sampled_from([0.25, 0.5, 0.1]))
    both = [first, cost - first]
    return both if draw(st.booleans()) and math.fsum(both) == cost else [cost]


@st.composite
def _deltas(draw: DrawFn, part: Part) -> list[PartDelta]:
    match part:
        case TextPart():
            return draw(_text_deltas(part))
        case ReasoningPart():
            once = part.model_dump(exclude={"type", "text"})
            return draw(_spread(ReasoningPartDelta, once, "text", draw(fragments(part.text))))
        case ToolCallPart():
            once = part.model_dump(exclude={"type", "args"})
            return draw(_spread(ToolCallPartDelta, once, "args", draw(_argument_fragments(part.args))))
        case AudioPart():
            return draw(_audio_deltas(part))
        case ImagePart():
            return [*draw(_previews(part)), ImagePartDelta(**part.model_dump())]
        case FilePart():
            return [FilePartDelta(**part.model_dump())]
        case ToolResultPart():
            stale = ToolResultPartDelta(tool_call_id="stale", tool_name="stale", content=[], is_error=True)
            whole = ToolResultPartDelta.model_validate(part.model_dump())
            return [stale, whole] if draw(st.booleans()) else [whole]
        case OpaquePart():
            opaque = OpaquePartDelta(**part.model_dump())
            return [OpaquePartDelta(provider="stale", data={"stale": 1}), opaque] if draw(st.booleans()) else [opaque]
        case _:
            raise ValueError(f"no stream carries a part of kind {part.type}")


@st.composite
def _spread(draw: DrawFn, kind: type[Any], once: dict[str, Any], field: str, pieces: list[str]) -> list[Any]:
    """Deltas with a piece each, and the fields that come whole on some of them, repeated or empty later on."""
    deltas: list[dict[str, Any]] = [{field: piece} for piece in pieces] or [{}]
    for name, value in once.items():
        at = draw(st.integers(0, len(deltas) - 1))
        deltas[at][name] = value
        if isinstance(value, str) and draw(st.booleans()):
            later = draw(st.integers(at, len(deltas) - 1))
            deltas[later].setdefault(name, draw(st.sampled_from([value] if name == "format" else ["", value])))
    return [kind(**delta) for delta in deltas]


@st.composite
def _argument_fragments(draw: DrawFn, args: dict[str, Any]) -> list[str]:
    if not args and draw(st.booleans()):
        return draw(st.sampled_from([[], [""], [" ", "\n"]]))
    indent = draw(st.sampled_from([None, 2]))
    return draw(fragments(json.dumps(args, ensure_ascii=draw(st.booleans()), indent=indent)))


@st.composite
def _text_deltas(draw: DrawFn, part: TextPart) -> list[PartDelta]:
    once = part.model_dump(include={"signature"})
    deltas: list[PartDelta] = draw(_spread(TextPartDelta, once, "text", draw(fragments(part.text))))
    at = 0
    for citation in part.citations or ():
        at = draw(st.integers(at, len(deltas)))
        deltas.insert(at, TextPartDelta(text="", citation=CitationDelta(**citation.model_dump())))
        at += 1
    return deltas


@st.composite
def _audio_deltas(draw: DrawFn, part: AudioPart) -> list[PartDelta]:
    once = part.model_dump(exclude={"type", "data", "transcript"})
    sound = base64.b64decode(part.data)
    cuts = sorted(draw(st.lists(st.integers(0, len(sound)), max_size=4)))
    pieces = [sound[left:right] for left, right in zip([0, *cuts], [*cuts, len(sound)], strict=True)]
    texts = [base64.b64encode(piece).decode("ascii") for piece in pieces]
    deltas: list[PartDelta] = draw(_spread(AudioPartDelta, once, "data", texts))
    at = 0
    for piece in [] if part.transcript is None else draw(fragments(part.transcript)):
        at = draw(st.integers(at, len(deltas)))
        deltas.insert(at, AudioPartDelta(transcript=piece))
        at += 1
    return deltas


@st.composite
def _previews(draw: DrawFn, part: ImagePart) -> list[PartDelta]:
    """Whole images in worse quality, each with the fields that the final one has too."""
    drawn = draw(st.lists(base64_texts(), max_size=2))
    known = part.model_dump(include={"mime_type", "width", "height", "id"})
    return [ImagePartDelta(data=data, **known) for data in drawn]
