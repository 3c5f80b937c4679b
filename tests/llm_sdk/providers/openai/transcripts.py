"""Stream events as the provider writes them, short to write; and those that the codec writes."""

import json
from collections.abc import Iterable
from typing import Any

from llm_sdk.accumulator import to_partials
from llm_sdk.codec import SeededIds
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import ModelResponse, OpaquePart, Part
from providers.openai.given import CODEC, MODEL, call, event, output_text

RESPONSE = {"id": "resp_1", "object": "response", "model": MODEL}
CREATED = event("response.created", response={**RESPONSE, "status": "in_progress", "output": [], "usage": None})


def added(item: dict[str, Any], output_index: int) -> ServerSentEvent:
    return event("response.output_item.added", output_index=output_index, item={**item, "status": "in_progress"})


def done(item: dict[str, Any], output_index: int) -> ServerSentEvent:
    return event("response.output_item.done", output_index=output_index, item=item)


def completed(*output: Any, type: str = "response.completed", **fields: Any) -> ServerSentEvent:
    return event(type, response={**RESPONSE, "status": "completed", "output": list(output), **fields})


def text(*deltas: str, output_index: int = 0, content_index: int = 0) -> list[ServerSentEvent]:
    """One text of a message, from its being added to its end."""
    at = {"output_index": output_index, "content_index": content_index}
    whole = "".join(deltas)
    return [
        event("response.content_part.added", **at, part=output_text("")),
        *(event("response.output_text.delta", **at, delta=delta, logprobs=[]) for delta in deltas),
        event("response.output_text.done", **at, text=whole, logprobs=[]),
        event("response.content_part.done", **at, part=output_text(whole)),
    ]


def arguments(*deltas: str, output_index: int = 0) -> list[ServerSentEvent]:
    """The arguments of a call."""
    name = "response.function_call_arguments"
    return [
        *(event(f"{name}.delta", output_index=output_index, delta=delta) for delta in deltas),
        event(f"{name}.done", output_index=output_index, arguments="".join(deltas)),
    ]


def summary(*deltas: str, at: int, output_index: int = 0) -> list[ServerSentEvent]:
    """One part of the summary of a reasoning item."""
    place = {"output_index": output_index, "summary_index": at}
    whole = "".join(deltas)
    return [
        event("response.reasoning_summary_part.added", **place, part={"type": "summary_text", "text": ""}),
        *(event("response.reasoning_summary_text.delta", **place, delta=delta) for delta in deltas),
        event("response.reasoning_summary_text.done", **place, text=whole),
        event("response.reasoning_summary_part.done", **place, part={"type": "summary_text", "text": whole}),
    ]


def reasoning_text(*summaries: str) -> dict[str, Any]:
    """The summary of a reasoning item."""
    return {"summary": [{"type": "summary_text", "text": text} for text in summaries]}


PLAIN = call(stream=True, extra={"stream_options": {"include_obfuscation": False}})


def write(partials: Iterable[PartialModelResponse], asked: Any = PLAIN) -> list[ServerSentEvent]:
    encoder = CODEC.stream_encoder(call=asked, ids=SeededIds())
    return [event for partial in partials for event in encoder.feed(partial)] + encoder.close()


def events(*content: Part, cut: Any = None, asked: Any = PLAIN, **fields: Any) -> list[Any]:
    """The data of every event of the stream of an answer."""
    response = ModelResponse(content=list(content), id="resp_1", **fields)
    return [json.loads(event.data) for event in write(to_partials(response, cut), asked)]


def opaque(type: str, id: str, **fields: Any) -> OpaquePart:
    return OpaquePart(provider="openai", data={"type": type, "id": id, **fields})
