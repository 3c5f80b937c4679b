"""What a provider does from one call to the next, and beside its chat endpoint: it keeps answers, caches prompts,
refuses requests, and offers its other services. What each provider does stands in its ``services``."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from llm_sdk.codec import Codec, Ids, ModelCall, WireRequest, WireResponse
from llm_sdk.errors import LanguageModelError
from llm_sdk.services import Kept, ServiceCall, find_service, services_of
from llm_sdk.types import AudioFormat, LanguageModelInput, ModelTokensDetails, ModelUsage
from mock_server.conversation import count_tokens, input_tokens
from mock_server.embeddings import embed
from mock_server.pictures import picture_of
from mock_server.prompt_cache import LEAST_CACHED, PromptCache
from mock_server.sounds import sound_of
from mock_server.store import InMemory, Store

__all__ = ["ProviderState", "Validation"]

PIXELS = 64
"""So many in a row are one of a picture that is made."""

Validation: TypeAlias = Literal["provider", "warn", "off"]
"""What becomes of a request that the provider would refuse: it is refused, answered with a warning, or answered. Where
nothing is said, it is refused, but a field that is not known here, which may be a new one, gets a warning."""


class MadeUp:
    """See :class:`llm_sdk.services.Facts`."""

    def count_tokens(self, input: LanguageModelInput) -> int:
        """See :meth:`llm_sdk.services.Facts.count_tokens`."""
        return input_tokens(input)

    def count_text(self, text: str) -> int:
        """See :meth:`llm_sdk.services.Facts.count_text`."""
        return count_tokens(text)

    def embed(self, text: str, size: int) -> list[float]:
        """See :meth:`llm_sdk.services.Facts.embed`."""
        return embed(text, size)

    def picture(self, text: str, width: int, height: int) -> bytes:
        """See :meth:`llm_sdk.services.Facts.picture`."""
        return picture_of(text, max(width // PIXELS, 1), max(height // PIXELS, 1))

    def speak(self, text: str, format: AudioFormat) -> tuple[bytes, AudioFormat]:
        """See :meth:`llm_sdk.services.Facts.speak`."""
        return sound_of(text, format)


class ProviderState:
    """The state of all providers of one stand-in, kept in ``store``. ``validation`` says what becomes of requests they
    would refuse."""

    def __init__(self, validation: Validation | None = None, store: Store | None = None) -> None:
        self.validation = validation or "provider"
        self._refuses_unknown_fields = validation == "provider"
        self._store: Store = store if store is not None else InMemory()
        self._facts = MadeUp()
        self.forget()

    def forget(self) -> None:
        """Begin with nothing, or with what the store has."""
        self._kept: dict[str, Kept] = {}
        self._prompts = PromptCache(self._store.prefixes())

    def _kept_by(self, codec: Codec) -> Kept:
        kept = self._kept.get(codec.provider)
        if kept is None:
            kept = self._kept[codec.provider] = self._store.exchanges(codec.provider)
        return kept

    def serve(self, codec: Codec, request: WireRequest, ids: Ids) -> WireResponse | None:
        """The answer of a service; None where the provider has none there. Raises what the provider refuses."""
        found = find_service(services_of(codec), request.method, request.path)
        if found is None:
            return None
        service, fields = found
        return service.answer(ServiceCall(request, fields, ids, self._facts, self._kept_by(codec)))

    def completed(self, codec: Codec, request: WireRequest) -> WireRequest:
        """The request with what the provider asks for and it leaves out, where nothing is refused."""
        complete = services_of(codec).complete if self.validation == "off" else None
        return complete(request) if complete is not None else request

    def recall(self, codec: Codec, request: WireRequest) -> WireRequest:
        """The request with all that it refers to. Where nothing is refused, what is not known is left out."""
        recall = services_of(codec).recall
        if recall is None:
            return request
        try:
            return recall(request, self._kept_by(codec))
        except LanguageModelError:
            if self.validation == "provider":
                raise
            return request

    def keep(self, codec: Codec, call: ModelCall, request: WireRequest, reply: Sequence[bytes]) -> None:
        """Keep an answer for later calls. ``reply`` is its body, or the events of its stream."""
        keep = services_of(codec).keep
        if keep is not None:
            keep(call, request, reply, self._kept_by(codec))

    def check(self, codec: Codec, request: WireRequest, call: ModelCall) -> tuple[str, ...]:
        """What the provider would refuse of a request, to warn of it. Raises it where that is asked for."""
        if self.validation == "off":
            return ()
        faults = services_of(codec).validate(request, call)
        unknown = _unknown_field(codec, call)
        if self.validation == "provider":
            for fault in faults:
                raise fault
            if unknown is not None and self._refuses_unknown_fields:
                raise unknown
        return tuple(fault.message for fault in (*faults, *([unknown] if unknown is not None else [])))

    def may_cache(self, usage: ModelUsage | None) -> bool:
        """Whether a prompt is so long that its usage depends on what came before it."""
        return usage is not None and usage.input_tokens >= LEAST_CACHED

    def count(self, codec: Codec, request: WireRequest, call: ModelCall, usage: ModelUsage) -> ModelUsage:
        """Estimated usage with what else the request says of it: how many answers it wants, what may be cached."""
        services = services_of(codec)
        answers = services.wanted_answers(call)
        if answers > 1:
            usage = usage.model_copy(update={"output_tokens": usage.output_tokens * answers})
        read = written = 0
        if self.may_cache(usage) and (prefix := services.cacheable(request, call)) is not None:
            read, whole = self._prompts.look_up(f"{codec.provider}\0{call.model_id}", prefix)
            written = whole - read
        given: dict[str, int] = dict.fromkeys(services.input_zeros, 0)
        if read:
            given["cached_text_tokens"] = read
        if "cache_write_tokens" in given:
            given["cache_write_tokens"] = written
        made = dict.fromkeys(services.output_zeros, 0)
        details = {
            "input_tokens_details": _detailed(usage.input_tokens_details, given),
            "output_tokens_details": _detailed(usage.output_tokens_details, made),
        }
        return usage.model_copy(update=details)


def _detailed(details: ModelTokensDetails | None, counts: dict[str, int]) -> ModelTokensDetails | None:
    """The details with these counts, where they have none of their own."""
    own = details.model_dump() if details is not None else {}
    return ModelTokensDetails(**{**counts, **own}) if counts or own else None


def _unknown_field(codec: Codec, call: ModelCall) -> LanguageModelError | None:
    """What the provider says of a field that it does not know; None where it passes over it and tells so itself."""
    if call.notices:
        return None
    try:
        codec.check_fields(call)
    except LanguageModelError as error:
        return error
    return None
