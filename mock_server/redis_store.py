"""A store in Redis, for several workers, or several servers, that answer as one: ``--state redis://host:port/0``.

Everything stands below ``mock-server:`` in the database that the URL names, and below its epoch, which a reset
exchanges for a new one: whoever has not heard of it yet writes where nobody reads. A Redis that comes back empty has no
epoch, and so begins one, too. All is kept when the servers end.
"""

import hashlib
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from secrets import token_hex
from time import monotonic
from typing import TYPE_CHECKING, Any, get_args

from pydantic import TypeAdapter

from llm_sdk.errors import InvalidInputError
from llm_sdk.services import Exchanged
from mock_server.journal import MAX_BYTES as MAX_JOURNAL_BYTES
from mock_server.journal import MAX_EXCHANGES, Exchange
from mock_server.memory import MAX_BYTES, MAX_KEPT
from mock_server.rate_limits import Allowance
from mock_server.store import Order, OrderKind

if TYPE_CHECKING:
    import redis

__all__ = ["RedisStore", "open_store"]

ROOT = "mock-server"
TIMEOUT = 1.0
"""Seconds in which Redis has to answer; a test does not wait longer to be told that it cannot go on."""
PAUSE = 1.0
"""Seconds for which a Redis that did not answer in time is not asked again: whoever comes meanwhile is told at once."""
PREFIX_LIFE = 3600
"""Seconds for which the beginning of a prompt is known."""


def open_store(url: str) -> "RedisStore":
    """The store at ``redis://[:PASSWORD@]HOST[:PORT][/DATABASE]``. Raises InvalidInputError where there is none, and
    without the package ``redis``."""
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise InvalidInputError("redis:// needs the package redis: pip install 'llm-conformance[redis]'") from None
    # One more attempt for a connection that was closed while nobody used it, and no pause: others wait meanwhile. A
    # Redis that is silent would be as silent again.
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    try:
        client = redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=retry)
    except ValueError as error:
        raise InvalidInputError(f"{error}") from None
    try:
        client.ping()
    except redis.RedisError as error:
        raise InvalidInputError(f"no Redis answers there: {error}") from None
    store = RedisStore(client)
    # Workers that are made of this process open connections of their own.
    client.connection_pool.disconnect()
    return store


class RedisStore:
    """See :class:`mock_server.store.Store`. ``name`` is what it is kept apart under."""

    is_shared = True

    def __init__(self, client: "redis.Redis", name: str = "", silence: "_Silence | None" = None) -> None:
        import redis

        self._client: Any = client
        self._name = name
        self._root = f"{ROOT}:{name}"
        self._silence = silence or _Silence(redis.TimeoutError)
        with self._silence.noticed():
            self._epoch = self._begun()
        self._told = 0
        self.failures: tuple[type[Exception], ...] = (redis.RedisError,)

    def explain(self, error: Exception) -> str:
        """See :meth:`mock_server.store.Store.explain`."""
        at = self._client.connection_pool.connection_kwargs
        where = at.get("path") or f"{at.get('host')}:{at.get('port')}"
        reason = str(error).rstrip(".")
        return f"the mock server cannot reach its state, the Redis at {where}: {reason}. It answers when that is back"

    def counts(self, name: str) -> "RedisCounts":
        """See :meth:`mock_server.store.Store.counts`."""
        return RedisCounts(self._client, self._key(f"counts:{name}"))

    def exchanges(self, provider: str) -> "RedisMemory":
        """See :meth:`mock_server.store.Store.exchanges`."""
        return RedisMemory(_Shelf(self._client, self._key(f"kept:{provider}"), MAX_KEPT, MAX_BYTES))

    def prefixes(self) -> "RedisPrefixes":
        """See :meth:`mock_server.store.Store.prefixes`."""
        return RedisPrefixes(self._client, self._key("prefixes"))

    def windows(self) -> "RedisWindows":
        """See :meth:`mock_server.store.Store.windows`."""
        return RedisWindows(self._client, self._key("windows"))

    def records(self) -> "RedisJournal":
        """See :meth:`mock_server.store.Store.records`."""
        return RedisJournal(_Shelf(self._client, self._key("journal"), MAX_EXCHANGES, MAX_JOURNAL_BYTES))

    def publish(self, order: Order) -> None:
        """See :meth:`mock_server.store.Store.publish`."""
        if order.kind != "reset":
            self._client.rpush(self._key("orders"), f"{order.kind}\n{order.body}".encode())
            return
        before = self._key("")
        self._client.set(f"{self._root}:epoch", token_hex(8))
        for key in self._client.scan_iter(match=before + "*", count=1000):
            self._client.delete(key)

    def news(self) -> Sequence[Order]:
        """See :meth:`mock_server.store.Store.news`."""
        found: list[Order] = []
        known, told = self._epoch, self._told
        with self._silence.noticed():
            epoch, orders = self._ask(known, told)
            while epoch != known:
                known, told, found = epoch, 0, [Order("reset")]
                epoch, orders = self._ask(known, told)
        # Not before, so that nothing counts as told when Redis was lost on the way.
        self._epoch, self._told = known, told + len(orders)
        return [*found, *map(_order, orders)]

    def apart(self, name: str) -> "RedisStore":
        """See :meth:`mock_server.store.Store.apart`. The name, which may be a secret, is not written down."""
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        return RedisStore(self._client, digest[:16], self._silence)

    def _ask(self, epoch: str, told: int) -> tuple[str, list[bytes]]:
        """The epoch that it is, and the orders of ``epoch`` behind those that were told."""
        with self._client.pipeline() as asking:
            asking.get(f"{self._root}:epoch").lrange(f"{self._root}:{epoch}:orders", told, -1)
            current, orders = asking.execute()
        return (current.decode() if current is not None else self._begun()), orders

    def _begun(self) -> str:
        """The epoch, begun here where nobody has."""
        with self._client.pipeline() as asking:
            asking.set(f"{self._root}:epoch", token_hex(8), nx=True).get(f"{self._root}:epoch")
            epoch: bytes = asking.execute()[1]
        return epoch.decode()

    def _key(self, name: str) -> str:
        return f"{self._root}:{self._epoch}:{name}"


class _Silence:
    """Of a Redis that takes requests and answers none, so that not everyone waits for it in turn: the first to ask in a
    request, which holds up all others, is told at once for a while."""

    def __init__(self, timed_out: type[Exception]) -> None:
        self._timed_out = timed_out
        self._until = 0.0

    @contextmanager
    def noticed(self) -> Iterator[None]:
        """Ask in here. Raises what Redis' client raises for an answer that did not come in time."""
        if monotonic() < self._until:
            raise self._timed_out(f"no answer within {TIMEOUT:g} s")
        try:
            yield
        except self._timed_out:
            self._until = monotonic() + PAUSE
            raise


def _order(data: bytes) -> Order:
    kind, _, body = data.decode().partition("\n")
    return Order(next(known for known in get_args(OrderKind) if known == kind), body)


class RedisCounts:
    """See :class:`mock_server.store.Counts`."""

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key

    def next(self, *key: object) -> int:
        """See :meth:`mock_server.store.Counts.next`."""
        return int(self._client.hincrby(self._key, _field(key), 1)) - 1

    def count_of(self, *key: object) -> int:
        """See :meth:`mock_server.store.Counts.count_of`."""
        return int(self._client.hget(self._key, _field(key)) or 0)


class RedisPrefixes:
    """See :class:`mock_server.prompt_cache.Prefixes`."""

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key

    def see(self, digests: Sequence[bytes]) -> list[bool]:
        """See :meth:`mock_server.prompt_cache.Prefixes.see`."""
        with self._client.pipeline() as asking:
            for digest in digests:
                asking.set(f"{self._key}:{digest.hex()}", b"", ex=PREFIX_LIFE, nx=True)
            return [written is None for written in asking.execute()]


class RedisWindows:
    """See :class:`mock_server.rate_limits.Windows`."""

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key

    def take(self, key: tuple[object, ...], *, limit: int, window: float, now: float) -> Allowance:
        """See :meth:`mock_server.rate_limits.Windows.take`."""
        place = f"{self._key}:{_field(key)}"

        def count(asking: Any) -> Allowance:
            # Redis calls this anew whenever another has written there before it was done.
            begun, taken = _window(asking.hmget(place, "begun", "taken"), window, now)
            allowed = taken < limit
            asking.multi()
            asking.hset(place, mapping={"begun": repr(begun), "taken": taken + allowed})
            asking.expire(place, int(begun + window - now) + 1)
            return Allowance(allowed, limit, limit - taken - allowed, begun + window - now)

        allowance: Allowance = self._client.transaction(count, place, value_from_callable=True)
        return allowance


def _window(kept: list[bytes | None], window: float, now: float) -> tuple[float, int]:
    """When the window that is open at ``now`` began, and how many it has taken."""
    if kept[0] is None or kept[1] is None:
        return now, 0
    begun = float(kept[0])
    return (begun, int(kept[1])) if begun <= now < begun + window else (now, 0)


class RedisMemory(MutableMapping[str, Exchanged]):
    """See :class:`mock_server.memory.Memory`."""

    def __init__(self, shelf: "_Shelf") -> None:
        self._shelf = shelf

    def __getitem__(self, id: str) -> Exchanged:
        request, reply = _unpack(self._shelf.get(id))
        return Exchanged(request, reply)

    def __setitem__(self, id: str, exchanged: Exchanged) -> None:
        self._shelf.remove(id)
        self._shelf.put(id, _pack(exchanged.request, exchanged.reply))

    def __delitem__(self, id: str) -> None:
        if not self._shelf.remove(id):
            raise KeyError(id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shelf.ids())

    def __len__(self) -> int:
        return len(self._shelf)


class RedisJournal:
    """See :class:`mock_server.journal.Journal`."""

    def __init__(self, shelf: "_Shelf") -> None:
        self._shelf = shelf
        self._form: TypeAdapter[Exchange] = TypeAdapter(Exchange)

    @property
    def dropped(self) -> int:
        """See :class:`mock_server.journal.Journal`."""
        return self._shelf.dropped

    def __len__(self) -> int:
        return len(self._shelf)

    def __iter__(self) -> Iterator[Exchange]:
        # Two that came at once may stand there the other way round.
        return iter(sorted(map(self._read, self._shelf.values()), key=lambda exchange: exchange.number))

    def add(self, exchange: Exchange) -> None:
        """See :meth:`mock_server.journal.Journal.add`."""
        self._shelf.put(str(exchange.number), self._write(exchange))

    def note_left(self, number: int) -> None:
        """See :meth:`mock_server.journal.Journal.note_left`."""
        with suppress(KeyError):
            self._shelf.exchange(str(number), self._write(replace(self._read(self._shelf.get(str(number))), left=True)))

    def _write(self, exchange: Exchange) -> bytes:
        # A body may be no text; it stands beside the JSON.
        return _pack(self._form.dump_json(replace(exchange, body=b"")), exchange.body)

    def _read(self, data: bytes) -> Exchange:
        told, body = _unpack(data)
        return replace(self._form.validate_json(told), body=body)


class _Shelf:
    """Values by id, in the order in which they came: at most ``max_values``, and ``max_bytes`` together."""

    def __init__(self, client: Any, key: str, max_values: int, max_bytes: int) -> None:
        self._client = client
        self._values, self._order, self._sums = f"{key}:values", f"{key}:order", f"{key}:sums"
        self._max_values = max_values
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return int(self._client.hlen(self._values))

    @property
    def dropped(self) -> int:
        """How many values were forgotten to make room."""
        return int(self._client.hget(self._sums, "dropped") or 0)

    def ids(self) -> list[str]:
        """The ids, in their order."""
        return [id.decode() for id in self._client.lrange(self._order, 0, -1)]

    def values(self) -> list[bytes]:
        """The values."""
        found: list[bytes] = self._client.hvals(self._values)
        return found

    def get(self, id: str) -> bytes:
        """One of them. Raises KeyError."""
        found: bytes | None = self._client.hget(self._values, id)
        if found is None:
            raise KeyError(id)
        return found

    def put(self, id: str, value: bytes) -> None:
        """Put one behind all others, and forget the first of them where there are too many."""
        with self._client.pipeline() as asking:
            asking.hset(self._values, id, value)
            asking.rpush(self._order, id)
            asking.hincrby(self._sums, "bytes", len(value))
            _, number, size = asking.execute()
        while number > self._max_values or (size > self._max_bytes and number > 1):
            first = self._client.lpop(self._order)
            if first is None:
                return
            number -= 1
            size -= self._forget(first.decode(), dropped=1)

    def exchange(self, id: str, value: bytes) -> None:
        """Put another value of about the same size in the place of one."""
        self._client.hset(self._values, id, value)

    def remove(self, id: str) -> bool:
        """Take one away; False where it is not there."""
        return self._client.lrem(self._order, 1, id) > 0 and self._forget(id) > 0

    def _forget(self, id: str, dropped: int = 0) -> int:
        """Forget a value and return its size."""
        with self._client.pipeline() as asking:
            asking.hget(self._values, id).hdel(self._values, id)
            value, _ = asking.execute()
            size = len(value or b"")
            asking.hincrby(self._sums, "bytes", -size).hincrby(self._sums, "dropped", dropped)
            asking.execute()
        return size


def _field(key: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(key).encode("utf-8", "surrogatepass")).hexdigest()


def _pack(first: bytes, second: bytes) -> bytes:
    return len(first).to_bytes(8, "big") + first + second


def _unpack(data: bytes) -> tuple[bytes, bytes]:
    end = 8 + int.from_bytes(data[:8], "big")
    return data[8:end], data[end:]
