"""Stop sequences: where an answer ends that would have gone on."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from llm_sdk.types import ModelResponse, Part, ReasoningPart, TextPart

__all__ = ["STOPPED", "Ended", "end_at_stop", "shortened", "stop_response"]

STOPPED = "stop_sequence"
"""Why an answer ends at a stop sequence, in the word of those providers that have one for it."""


class Ended(NamedTuple):
    """What was said until a stop sequence, and the one that was hit; all of it and None where none was."""

    content: list[Part]
    stopped_at: str | None


def end_at_stop(content: Sequence[Part], stops: Sequence[str]) -> Ended:
    """Of several sequences the one counts whose last character comes first, as a model that is listened to while it
    speaks would be stopped; the longer of two that end together. Texts that follow one another are one text. What
    stands in reasoning and in arguments stops nothing."""
    kept: list[Part] = []
    for is_text, group in groupby(content, lambda part: isinstance(part, TextPart)):
        parts = list(group)
        if is_text:
            texts = [part for part in parts if isinstance(part, TextPart)]
            said = "".join(part.text for part in texts)
            found = [(at + len(stop), at, stop) for stop in stops if stop and (at := said.find(stop)) >= 0]
            if found:
                _, at, stop = min(found)
                return Ended([*kept, *_up_to(texts, at)], stop)
        kept += parts
    return Ended(kept, None)


def stop_response(response: ModelResponse, stops: Sequence[str]) -> tuple[ModelResponse, str | None]:
    """The answer up to a stop sequence, and which; one that says itself why it ends stays as it is."""
    if not stops or response.finish_reason not in ("stop", "tool_calls") or response.finish_detail is not None:
        return response, None
    content, stopped_at = end_at_stop(response.content, stops)
    if stopped_at is None:
        return response, None
    ended = {"content": content, "finish_reason": "stop", "finish_detail": STOPPED}
    return response.model_copy(update=ended), stopped_at


def shortened(part: TextPart | ReasoningPart, length: int) -> TextPart | ReasoningPart:
    """The first characters of a part, and of its citations those that are still whole."""
    if isinstance(part, TextPart) and part.citations:
        whole = [citation for citation in part.citations if (citation.end_index or 0) <= length]
        return part.model_copy(update={"text": part.text[:length], "citations": whole or None})
    return part.model_copy(update={"text": part.text[:length]})


def _up_to(texts: Sequence[TextPart], length: int) -> list[Part]:
    """The first characters of several texts together: one part of no length where that is all."""
    kept: list[Part] = []
    for text in texts:
        if kept and length <= 0:
            break
        kept.append(text if len(text.text) <= length else shortened(text, length))
        length -= len(text.text)
    return kept
