"""Requests that were read, remembered: the next turn of a retry, or of a load test, is the same again."""

from collections.abc import Callable
from dataclasses import dataclass

from mock_server.asked import Asked
from mock_server.call import Call, decode, fingerprint_of
from mock_server.journal import Sender
from mock_server.provider_state import ProviderState
from mock_server.rendering import Kept

__all__ = ["Reading", "Readings"]

LONGEST_REMEMBERED_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """A request as it was read, and who sent it. ``fingerprint`` is the same for all that say the same; ``complaints``
    are what the provider would refuse it for."""

    asked: Asked
    sender: Sender
    fingerprint: str
    complaints: tuple[str, ...]


class Readings:
    """Reads requests to models; ``strict`` refuses fields that the provider does not know. ``sender_of`` says of a
    call who sent it."""

    def __init__(self, sender_of: Callable[[Call], Sender], *, strict: bool) -> None:
        self._sender_of = sender_of
        self._strict = strict
        self._kept: Kept[Reading] = Kept()

    def read(self, call: Call, state: ProviderState) -> Asked:
        """Decode the request of ``call``, or remember it, and note in ``call`` what it says and what the provider would
        refuse of it. Raises the LanguageModelError that the provider answers to what it refuses."""
        codec, request = call.codec, state.recall(call.codec, state.completed(call.codec, call.request))
        key = (codec.provider, request.method, request.path, request.body, frozenset(call.headers.items()))
        reading = self._kept.get(key)
        if reading is None:
            model_call = call.model_call = decode(codec, request)
            if self._strict:
                codec.check_fields(model_call)
            complaints = state.check(codec, request, model_call)
            asked = Asked(codec.provider, model_call, call.headers)
            reading = Reading(asked, self._sender_of(call), fingerprint_of(codec, model_call), complaints)
            if len(request.body) <= LONGEST_REMEMBERED_BODY:
                self._kept.put(key, reading, 8 * len(request.body))
        call.model_call, call.fingerprint = reading.asked.call, reading.fingerprint
        call.sender, call.complaints = reading.sender, reading.complaints
        return reading.asked
