"""Answers that are written once. An answer to a request that comes again differs in its made-up ids alone, so its bytes
are kept and new ids put in their places, which costs a hundredth of writing it."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import accumulate
from typing import Generic, NamedTuple, TypeVar

from mock_server.ids import CallIds, Token
from mock_server.reply import ReplyPlan, TimedChunk

__all__ = ["Kept", "RenderedAnswers", "Rendering"]

MAX_KEPT = 2048
MAX_KEPT_BYTES = 32 * 1024 * 1024

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Values by key: the latest used of them, up to a number, and up to a size in bytes together."""

    def __init__(self, max_values: int = MAX_KEPT, max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._max_values = max_values
        self._max_bytes = max_bytes
        self._bytes = 0

    def get(self, key: Hashable) -> Value | None:
        """The value, None where there is none any more."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep ``value``, in place of another one, and forget what was longest not used."""
        self._forget(key)
        self._values[key] = (value, size)
        self._bytes += size
        while len(self._values) > self._max_values or self._bytes > self._max_bytes:
            self._forget(next(iter(self._values)))

    def _forget(self, key: Hashable) -> None:
        if key in self._values:
            self._bytes -= self._values.pop(key)[1]


@dataclass(frozen=True, slots=True)
class Rendering:
    """A written answer and where its ids are.

    ``between`` are the bytes of all chunks, cut before and behind each token, and ``places`` what stands in every
    second piece of them: the index of its token in ``tokens``. ``header_tokens`` are the headers that have ids in them,
    with the same; ``cuts`` are the beginning, the end and the delay of each chunk.
    """

    plan: ReplyPlan
    tokens: list[Token]
    between: tuple[bytes, ...]
    places: tuple[int, ...]
    header_tokens: tuple[tuple[str, tuple[int, ...]], ...]
    cuts: tuple[tuple[int, int, float], ...]

    @classmethod
    def of(cls, plan: ReplyPlan, tokens: list[Token]) -> "Rendering":
        """Find the tokens that were made for ``plan`` in it."""
        body = plan.body
        places = sorted((at, number) for number, token in enumerate(tokens) for at in _found(body, token.text.encode()))
        between, end = [], 0
        for at, number in places:
            behind = at + len(tokens[number].text)
            between += [body[end:at], body[at:behind]]
            end = behind
        headers = tuple(
            (name, numbers)
            for name, value in plan.headers.items()
            if (numbers := tuple(number for number, token in enumerate(tokens) if token.text in value))
        )
        ends = list(accumulate(len(chunk.data) for chunk in plan.chunks))
        cuts = tuple(zip([0, *ends], ends, [chunk.delay for chunk in plan.chunks], strict=False))
        return cls(plan, tokens, (*between, body[end:]), tuple(number for _, number in places), headers, cuts)

    def with_ids(self, ids: CallIds) -> ReplyPlan | None:
        """The answer with other ids; None where these are used for something else."""
        if not ids.repeat(self.tokens):
            return None
        plan, made = self.plan, ids.changing
        texts = [token.text.encode("ascii") for token in made]
        pieces = [*self.between]
        pieces[1::2] = [texts[number] for number in self.places]
        body = b"".join(pieces)
        headers = {**plan.headers}
        for name, numbers in self.header_tokens:
            for number in numbers:
                headers[name] = headers[name].replace(self.tokens[number].text, made[number].text)
        chunks = tuple([TimedChunk(body[start:end], delay) for start, end, delay in self.cuts])
        # Named one by one, because dataclasses.replace takes several times as long.
        return ReplyPlan(
            plan.status, headers, chunks, plan.stream, plan.latency, plan.complete, plan.reset, plan.faults
        )


def _found(body: bytes, text: bytes) -> list[int]:
    places, at = [], body.find(text)
    while at >= 0:
        places.append(at)
        at = body.find(text, at + len(text))
    return places


class _Written(NamedTuple):
    """An answer that came once, and the tokens that were made for it."""

    plan: ReplyPlan
    tokens: list[Token]


class RenderedAnswers:
    """Renderings by what they were made from. One is used from the third time on: the second proves it."""

    def __init__(self) -> None:
        self._kept: Kept[Rendering | _Written] = Kept()

    def find(self, key: Hashable, ids: CallIds) -> ReplyPlan | None:
        """The answer with these ids, where it can be had without writing it."""
        kept = self._kept.get(key)
        return kept.with_ids(ids) if isinstance(kept, Rendering) else None

    def keep(self, key: Hashable, plan: ReplyPlan, ids: CallIds) -> None:
        """Take in an answer that was written in full with these ids, the first time or again."""
        before = self._kept.get(key)
        kept: Rendering | _Written = _Written(plan, ids.changing)
        if isinstance(before, _Written):
            rendering = Rendering.of(*before)
            kept = rendering if rendering.with_ids(ids) == plan else kept
        self._kept.put(key, kept, sum(2 * len(chunk.data) + 200 for chunk in plan.chunks))
