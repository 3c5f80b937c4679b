"""The places of a streamed answer: which part of it the content of an item is.

An item of the wire may be several parts, or none. Parts stand in the order of their items, however the events
interleave, and an ordinary stream counts them from 0 without a gap.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_MISSING = 100
"""So many items may be told later than one that stands behind them; a larger gap is no order."""


@dataclass(slots=True)
class Slot:
    """A part on its way: how much of its text and how many of its citations were passed on, and which signature."""

    index: int
    signature: str | None = None
    begun: bool = False
    sent: int = 0
    citations: int = 0


@dataclass(slots=True)
class ItemState:
    """An item on its way. A message has a slot for each content part, every other item one at 0.

    Of a call: the ``arguments`` with which it was added, which its deltas may tell once more. Of reasoning: its ``id``,
    how many ``summaries`` it has so far, where its content parts start in the whole text, and the number of the last
    part whose text was ``told``.
    """

    kind: str
    signature: str | None = None
    slots: dict[int, Slot] = field(default_factory=dict)
    id: str | None = None
    summaries: int = 0
    starts: list[int] = field(default_factory=list)
    told: int = 0
    done: bool = False
    arguments: str = ""


class StreamPlaces:
    """Gives each item and content part of one stream its place."""

    def __init__(self) -> None:
        self._items: dict[int, ItemState] = {}
        self._states: list[ItemState] = []
        self._next_index = 0
        self._items_seen = 0
        self._missing: dict[int, int] = {}

    def find(self, output_index: int) -> ItemState | None:
        """The item at this place, where there is one."""
        return self._items.get(output_index)

    def states(self) -> Iterable[ItemState]:
        """All items, in the order in which they were met."""
        return self._states

    def kinds(self) -> set[str]:
        """The kinds of all items."""
        return {state.kind for state in self._items.values()}

    def state(self, output_index: int, kind: str) -> ItemState:
        """The item at this place, which may never have been added."""
        state = self._items.get(output_index)
        return self.add(output_index, ItemState(kind)) if state is None else state

    def add(self, output_index: int, state: ItemState) -> ItemState:
        """A new item. Its parts stand where it stands, whenever they come: their indices are set aside at once.

        Some servers give every item the same ``output_index`` (recorded): the newest is the one that is meant.
        """
        if output_index - self._items_seen <= MOST_MISSING:
            for missing in range(self._items_seen, output_index):
                self._missing[missing] = self._take_index(1)
        self._items_seen = max(self._items_seen, output_index + 1)
        self._items[output_index] = state
        self._states.append(state)
        # The result of a search stands right behind its call, whatever starts before it is known.
        size = 2 if state.kind == "web_search_call" else 1
        index = self._missing.pop(output_index, None)
        state.slots[0] = Slot(self._take_index(size) if index is None else index)
        return state

    def _take_index(self, size: int) -> int:
        index = self._next_index
        self._next_index += size
        return index

    def slot(self, state: ItemState, at: int = 0) -> Slot:
        """The part of this content of the item."""
        slot = state.slots.get(at)
        if slot is None:
            slot = state.slots[at] = Slot(self._take_index(1))
        return slot
