"""Where a stand-in keeps what it has to know from one request to the next: counts, what providers keep, its journal,
and what it was told to do. By default that is its own memory; several servers with one store answer as one."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

from llm_sdk.services import Kept
from mock_server.journal import Exchange, Journal
from mock_server.memory import Memory
from mock_server.prompt_cache import Prefixes, SeenPrefixes
from mock_server.rate_limits import RateLimits, Windows

__all__ = ["Counter", "Counts", "InMemory", "Order", "OrderKind", "Records", "Store"]

MAX_COUNTED = 10_000

OrderKind: TypeAlias = Literal["reset", "add-scenarios", "put-scenarios", "add-faults", "clear-faults"]


class Order(NamedTuple):
    """What a stand-in was told to do. ``body`` is a valid file of scenarios or of fault rules, empty for the others."""

    kind: OrderKind
    body: str = ""


class Counts(Protocol):
    """Counts by key. Of two that ask at once, each gets a number of its own."""

    def next(self, *key: object) -> int:
        """How often this key was asked for before."""
        ...

    def count_of(self, *key: object) -> int:
        """How often this key was asked for, without asking for it."""
        ...


class Records(Protocol):
    """The journal: see :class:`~mock_server.journal.Journal`."""

    @property
    def dropped(self) -> int:
        """How many exchanges were forgotten to make room."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Exchange]: ...

    def add(self, exchange: Exchange) -> None:
        """Keep this one."""
        ...

    def note_left(self, number: int) -> None:
        """The client of this exchange has gone before the end of its answer. Nothing where it is not kept."""
        ...


class Store(Protocol):
    """Gives out what is kept by its name. After a reset all is given out anew, and is empty."""

    is_shared: bool
    """Whether other servers have the same store."""
    failures: tuple[type[Exception], ...]
    """What any call raises when the place where all is kept cannot be reached. A later one may succeed."""

    def explain(self, error: Exception) -> str:
        """What one of the ``failures`` means, for whoever waits for an answer."""
        ...

    def counts(self, name: str) -> Counts:
        """Counts of one kind."""
        ...

    def exchanges(self, provider: str) -> Kept:
        """The calls that a provider keeps."""
        ...

    def prefixes(self) -> Prefixes:
        """The beginnings of prompts that have come."""
        ...

    def windows(self) -> Windows:
        """The windows of rate limits."""
        ...

    def records(self) -> Records:
        """The journal."""
        ...

    def publish(self, order: Order) -> None:
        """Tell an order to all that have this store, the one that tells it included."""
        ...

    def news(self) -> Sequence[Order]:
        """The orders that this one has not been told yet, in their order. After a reset those before it are gone."""
        ...

    def apart(self, name: str) -> "Store":
        """A store of the same kind for what is kept apart under this name."""
        ...


class Counter:
    """Counts in memory; forgets the key that was longest not seen when there are too many."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[object, ...], int] = OrderedDict()

    def next(self, *key: object) -> int:
        """See :meth:`Counts.next`."""
        count = self._counts.pop(key, 0)
        self._counts[key] = count + 1
        if len(self._counts) > MAX_COUNTED:
            self._counts.popitem(last=False)
        return count

    def count_of(self, *key: object) -> int:
        """See :meth:`Counts.count_of`."""
        return self._counts.get(key, 0)


class InMemory:
    """The store of one stand-in alone."""

    is_shared = False
    failures: tuple[type[Exception], ...] = ()

    def __init__(self) -> None:
        self._orders: list[Order] = []

    def explain(self, error: Exception) -> str:
        """See :meth:`Store.explain`; memory does not fail."""
        return str(error)

    def counts(self, name: str) -> Counter:  # noqa: ARG002 - whoever has them is the only one
        """See :meth:`Store.counts`."""
        return Counter()

    def exchanges(self, provider: str) -> Memory:  # noqa: ARG002 - the same
        """See :meth:`Store.exchanges`."""
        return Memory()

    def prefixes(self) -> SeenPrefixes:
        """See :meth:`Store.prefixes`."""
        return SeenPrefixes()

    def windows(self) -> RateLimits:
        """See :meth:`Store.windows`."""
        return RateLimits()

    def records(self) -> Journal:
        """See :meth:`Store.records`."""
        return Journal()

    def publish(self, order: Order) -> None:
        """See :meth:`Store.publish`."""
        self._orders.append(order)

    def news(self) -> Sequence[Order]:
        """See :meth:`Store.news`."""
        if not self._orders:
            return ()
        orders, self._orders = self._orders, []
        return orders

    def apart(self, name: str) -> "InMemory":  # noqa: ARG002 - whoever has it is the only one
        """See :meth:`Store.apart`."""
        return InMemory()
