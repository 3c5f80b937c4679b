"""One server for many tests at once: what belongs to one API key is invisible to every other."""

from collections import OrderedDict
from collections.abc import Mapping

from mock_server.access import Access
from mock_server.engine import Engine
from mock_server.limits import MAX_BODY_BYTES
from mock_server.pending import PendingReply
from mock_server.reply import ReplyPlan
from mock_server.routes import CONTROL, Routes

__all__ = ["KEY_HEADER", "KeyedRoutes"]

KEY_HEADER = "x-mock-key"
"""The header of a control request that says which key it is about."""
MAX_KEYS = 1000


class KeyedRoutes(Routes):
    """Leads each API key to scenarios, requests, faults and kept responses of its own, which begin as those of
    ``engine``. Requests without a key, and control without :data:`KEY_HEADER`, are about ``engine`` itself.

    Scenario files are not followed. Of more than ``max_keys`` keys the one that was longest not seen is forgotten.
    """

    def __init__(
        self,
        engine: Engine,
        access: Access | None = None,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
        max_keys: int = MAX_KEYS,
    ) -> None:
        super().__init__(engine, access, max_body_bytes=max_body_bytes)
        self._max_keys = max_keys
        self._of_keys: OrderedDict[str, Routes] = OrderedDict()

    def _answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, host: str
    ) -> ReplyPlan | PendingReply:
        key = self._key_of(headers, target)
        if not key:
            return super()._answer(method, target, headers, body, host)
        return self._routes_of(key).answer(method, target, headers, body, host)

    def _key_of(self, headers: Mapping[str, str], target: str) -> str | None:
        if target.startswith(CONTROL):
            return headers.get(KEY_HEADER)
        found = (codec.endpoint.key_of(headers, target) for codec in self._engine.codecs)
        return next((key for key in found if key), None)

    def _routes_of(self, key: str) -> Routes:
        routes = self._of_keys.get(key)
        if routes is None:
            routes = self._of_keys[key] = Routes(self._engine.twin(key), self._access)
            if len(self._of_keys) > self._max_keys:
                self._of_keys.popitem(last=False)
        self._of_keys.move_to_end(key)
        return routes
