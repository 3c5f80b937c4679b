"""A reasoning part <-> a reasoning item: its summary, and the reasoning itself, which open models give."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from llm_sdk.providers.openai import wire
from llm_sdk.types import JsonObject, ReasoningPart

SEPARATOR = "\n"
# Every summary part that follows another begins with a bold title (recorded): there a joined text is cut again.
SUMMARY_START = re.compile(r"\n(?=\*\*)")
CONTENT_MARK = "#content:"


def join_id(id: str | None, starts: list[int]) -> str | None:
    """A reasoning part's id: that of its item, and where in the text each part of its ``content`` begins.

    The content has to come back to the provider as what it was, and no summary looks different from it.
    """
    return f"{id or ''}{CONTENT_MARK}{','.join(map(str, starts))}" if starts else id


def split_id(id: str | None) -> tuple[str | None, list[int]]:
    """The item's id, and where the parts of its content begin."""
    own, _, listed = (id or "").partition(CONTENT_MARK)
    starts = listed.split(",")
    return (own or None, [int(start) for start in starts]) if all(map(str.isdecimal, starts)) else (id, [])


def decode_reasoning(item: wire.Reasoning) -> ReasoningPart:
    """Summary and content, joined."""
    text = SEPARATOR.join(part.text for part in item.summary or ())
    starts = []
    for at, content in enumerate(item.content or ()):
        text += SEPARATOR if at or item.summary else ""
        starts.append(len(text))
        text += content.text
    return ReasoningPart(text=text, signature=item.encrypted_content, id=join_id(item.id, starts))


def encode_reasoning(part: ReasoningPart) -> JsonObject:
    """The other way."""
    id, starts = split_id(part.id)
    summary = part.text[: max(starts[0] - len(SEPARATOR), 0)] if starts else part.text
    item: JsonObject = {
        "id": id,
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text} for text in split_summary(summary)],
    }
    if starts:
        ends = [start - len(SEPARATOR) for start in starts[1:]]
        texts = [part.text[start:end] for start, end in zip(starts, [*ends, None], strict=True)]
        item["content"] = [reasoning_text(text) for text in texts]
    return {**item, "encrypted_content": part.signature} if part.signature is not None else item


def reasoning_text(text: str) -> JsonObject:
    """One part of the content."""
    return {"type": "reasoning_text", "text": text}


def split_summary(text: str) -> list[str]:
    """The summary parts of a text. Joined with :data:`SEPARATOR` they give the text again."""
    return SUMMARY_START.split(text) if text else []


def split_fragment(text: str, position: int, starts: list[int]) -> Iterator[tuple[int | None, str]]:
    """A fragment of the whole text that begins at ``position``, by the content part that each piece belongs to.

    None stands for the summary. The separators before content parts belong to nothing.
    """
    end = position + len(text)
    while position < end:
        at = bisect_right(starts, position)
        stop = min(starts[at], end) if at < len(starts) else end
        last = min(starts[at] - len(SEPARATOR), stop) if at < len(starts) else stop
        if position < last:
            yield (at - 1 if at else None), text[: last - position]
        text, position = text[stop - position :], stop
