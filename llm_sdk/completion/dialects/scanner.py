"""The parser that the dialects with framed calls share: what differs between them is a :class:`Grammar`.

A call stands between two markers, or is the whole text. Thinking stands between ``<think>`` and ``</think>``, and no
call is looked for in it. White space that only stands between calls, or behind the last one, is left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from llm_sdk.completion.dialects.items import Found, Item, Malformed, Text, Thought
from llm_sdk.completion.dialects.markers import Markers, held_back

__all__ = ["FRAME_LIMIT", "Calls", "Frame", "Grammar", "ScanningParser", "Whole"]

FRAME_LIMIT = 1_048_576
"""How many characters of a call are waited for."""
THINK, END_OF_THINK = "<think>", "</think>"

Calls: TypeAlias = list[Found | Malformed]
Read: TypeAlias = Callable[[str, str], Calls]
"""Reads what stands inside a frame; the second text is the same with its markers."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How a call is framed."""

    opening: str
    closing: str
    read: Read


@dataclass(frozen=True, slots=True)
class Whole:
    """Calls that are the whole text, without a frame.

    ``begins`` tells from the start of the text whether it may be such calls: None where that is not clear yet. ``read``
    gives None for a text that is something else.
    """

    begins: Callable[[str], bool | None]
    read: Callable[[str], Calls | None]


@dataclass(frozen=True, slots=True)
class Grammar:
    """One dialect."""

    frames: tuple[Frame, ...] = ()
    whole: Whole | None = None
    by_opening: Mapping[str, Frame] = field(init=False)
    markers: Markers = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_opening", {frame.opening: frame for frame in self.frames})
        object.__setattr__(self, "markers", Markers(THINK, *self.by_opening))


class ScanningParser:
    """See :class:`~llm_sdk.completion.dialects.items.DialectParser`.

    Each state reads a text and returns what it leaves to the next one. Without ``capture_thinking``, thinking is text
    like any other, with its markers.
    """

    def __init__(self, grammar: Grammar, *, capture_thinking: bool) -> None:
        self._grammar = grammar
        self._whole = grammar.whole
        self._capture = capture_thinking
        self._state: Callable[[str, list[Item]], str | None] = self._begin
        self._held = ""
        self._pieces: list[str] = []
        self._size = 0
        self._frame: Frame | None = None
        self._gap: str | None = None

    def feed(self, text: str) -> list[Item]:
        """See :meth:`DialectParser.feed`."""
        items: list[Item] = []
        rest: str | None = self._held + text
        self._held = ""
        while rest:
            rest = self._state(rest, items)
        return items

    def close(self) -> list[Item]:
        """See :meth:`DialectParser.close`."""
        items: list[Item] = []
        if self._state == self._holding:
            self._end_whole(items)
        if self._state == self._inside:
            self._end_frame(items)
        elif self._state == self._thinking:
            self._tell_thought(self._held, items)
        else:
            self._tell(self._held, items)
        self._held = ""
        return items

    def _begin(self, text: str, items: list[Item]) -> str | None:  # noqa: ARG002 - as every state
        """At the start of the answer, or behind thinking."""
        verdict = self._whole.begins(text) if self._whole is not None else False
        if verdict is None:
            self._held = text
            return None
        self._state = self._holding if verdict else self._outside
        return text

    def _outside(self, text: str, items: list[Item]) -> str | None:
        before, marker, rest = self._grammar.markers.split(text)
        self._tell(before, items)
        if not marker:
            self._held = rest
            return None
        if marker == THINK:
            self._tell_gap(items)
            if not self._capture:
                items.append(Text(THINK))
            self._state = self._thinking
        else:
            self._gap = None
            self._frame = self._grammar.by_opening[marker]
            self._pieces, self._size = [], 0
            self._state = self._inside
        return rest

    def _thinking(self, text: str, items: list[Item]) -> str | None:
        at = text.find(END_OF_THINK)
        if at < 0:
            kept = len(text) - held_back(text, (END_OF_THINK,))
            self._tell_thought(text[:kept], items)
            self._held = text[kept:]
            return None
        self._tell_thought(text[:at], items)
        if not self._capture:
            items.append(Text(END_OF_THINK))
        self._state = self._begin
        return text[at + len(END_OF_THINK) :]

    def _inside(self, text: str, items: list[Item]) -> str | None:
        """In a frame: ``text`` begins with what was held, the possible start of the closing marker."""
        assert self._frame is not None, "a frame is open in this state"  # noqa: S101
        closing = self._frame.closing
        room = FRAME_LIMIT - self._size
        at = text.find(closing, 0, room + len(closing))
        if at >= 0:
            self._pieces.append(text[:at])
            inner, frame = "".join(self._pieces), self._frame
            self._leave_frame()
            raw = frame.opening + inner + closing
            self._tell_calls(_read(frame, inner, raw), raw, items)
            return text[at + len(closing) :]
        if len(text) >= room + len(closing):
            self._pieces.append(text[:room])
            raw = self._frame.opening + "".join(self._pieces)
            self._leave_frame()
            message = f"Tool call frame exceeded {FRAME_LIMIT} characters without a close marker"
            items += [Malformed(message), Text(raw)]
            return text[room:]
        kept = len(text) - min(len(text), len(closing) - 1)
        self._pieces.append(text[:kept])
        self._size += kept
        self._held = text[kept:]
        return None

    def _holding(self, text: str, items: list[Item]) -> str | None:  # noqa: ARG002 - as every state
        """In a text that may be calls as a whole: it is read when it has ended."""
        self._pieces.append(text)
        self._size += len(text)
        if self._size <= FRAME_LIMIT:
            return None
        self._state, self._whole = self._outside, None
        return self._take_pieces()

    def _end_whole(self, items: list[Item]) -> None:
        text = self._take_pieces()
        found = self._whole.read(text) if self._whole is not None else None
        self._state, self._whole = self._outside, None
        if found is not None:
            self._tell_calls(found, text, items)
            return
        rest: str | None = text
        while rest:
            rest = self._state(rest, items)

    def _end_frame(self, items: list[Item]) -> None:
        """The text has ended in a frame. A call that lacks no more than its closing marker is one."""
        assert self._frame is not None, "a frame is open in this state"  # noqa: S101
        frame = self._frame
        inner = self._take_pieces() + self._held
        self._leave_frame()
        raw = frame.opening + inner
        calls = _read(frame, inner[: len(inner) - held_back(inner, (frame.closing,))], raw)
        if calls and all(isinstance(call, Found) for call in calls):
            self._tell_calls(calls, raw, items)
        else:
            items += [Malformed("Incomplete tool call frame at stream end", raw), Text(raw)]

    def _leave_frame(self) -> None:
        self._frame = None
        self._pieces, self._size = [], 0
        self._state = self._outside

    def _take_pieces(self) -> str:
        text = "".join(self._pieces)
        self._pieces, self._size = [], 0
        return text

    def _tell_calls(self, calls: Calls, raw: str, items: list[Item]) -> None:
        items += calls
        if not any(isinstance(call, Found) for call in calls):
            items.append(Text(raw))
        else:
            self._gap = ""

    def _tell(self, text: str, items: list[Item]) -> None:
        if self._gap is not None:
            if not text.strip():
                self._gap += text
                return
            text, self._gap = self._gap + text, None
        if text:
            items.append(Text(text))

    def _tell_gap(self, items: list[Item]) -> None:
        gap, self._gap = self._gap, None
        if gap:
            items.append(Text(gap))

    def _tell_thought(self, text: str, items: list[Item]) -> None:
        if text:
            items.append(Thought(text) if self._capture else Text(text))


def _read(frame: Frame, inner: str, raw: str) -> Calls:
    return frame.read(inner, raw) if inner.strip() else [Malformed("Empty tool_call frame")]
