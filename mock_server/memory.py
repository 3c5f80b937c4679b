"""What a provider keeps of its calls, bounded."""

from collections import OrderedDict
from collections.abc import Iterator, MutableMapping

from llm_sdk.services import Exchanged

__all__ = ["Memory"]

MAX_KEPT = 1000
MAX_BYTES = 64 * 1024 * 1024


class Memory(MutableMapping[str, Exchanged]):
    """Exchanges by id: the latest of them, at most ``max_kept``, and at most ``max_bytes`` together."""

    def __init__(self, max_kept: int = MAX_KEPT, max_bytes: int = MAX_BYTES) -> None:
        self._kept: OrderedDict[str, Exchanged] = OrderedDict()
        self._max_kept = max_kept
        self._max_bytes = max_bytes
        self._bytes = 0

    def __getitem__(self, id: str) -> Exchanged:
        return self._kept[id]

    def __setitem__(self, id: str, exchanged: Exchanged) -> None:
        if id in self._kept:
            del self[id]
        self._kept[id] = exchanged
        self._bytes += _size(exchanged)
        while len(self._kept) > self._max_kept or (self._bytes > self._max_bytes and len(self._kept) > 1):
            self._bytes -= _size(self._kept.popitem(last=False)[1])

    def __delitem__(self, id: str) -> None:
        self._bytes -= _size(self._kept.pop(id))

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _size(exchanged: Exchanged) -> int:
    return len(exchanged.request) + len(exchanged.reply)
