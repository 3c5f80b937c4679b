"""The list of mutants, and what they are made of: codecs, models and clients that pass on all but one thing."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeAlias

import httpx

from conformance.case import load_cases
from conformance.catalogue import requirement_by_id
from conformance.runs import COMPLETION
from llm_sdk.codec import Codec
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.model import HttpLanguageModel, LanguageModel
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import LanguageModelInput, LanguageModelMetadata, ModelResponse

__all__ = [
    "MUTANTS",
    "CodecAround",
    "DecoderAround",
    "ModelAround",
    "Mutant",
    "Parts",
    "client_around",
    "load_mutants",
    "mutant",
    "mutant_by_name",
    "reference",
]

MODULES = (
    *("framing", "answers", "endings", "tool_calls", "fragments", "requests", "history", "errors", "conduct"),
    *("memory", "connections", "details", "texts", "state", "addresses", "callers", "crashes"),
    *("completion", "completion_calls", "quirks"),
    *("anthropic", "cohere", "google", "mistral", "openai_chat_completion"),
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the suite gives to an adapter's factory."""

    provider: str
    base_url: str
    api_key: str
    model_id: str
    http_client: Any


Make: TypeAlias = Callable[[Parts], LanguageModel]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken adapter. ``requirement`` has to fail on it; ``cases`` and ``checks`` (an expression for pytest's
    ``-k``) are enough to see it. ``breaks`` says what is wrong, in one sentence. ``not_for`` are providers with whose
    protocol nothing is wrong about it, each with the reason. ``seen`` are places where an adapter did the same: issues
    and pull requests as ``owner/repository#number``, code as ``owner/repository@commit``. ``around`` breaks what is no
    part of an adapter, for as long as it is judged.
    """

    name: str
    module: str
    requirement: str
    breaks: str
    cases: tuple[str, ...]
    checks: str
    make: Make
    not_for: Mapping[str, str] = field(default_factory=dict)
    seen: tuple[str, ...] = ()
    around: Callable[[], AbstractContextManager[Any]] = nullcontext

    def applies_to(self, provider: str) -> bool:
        """Whether the suite can see it with this provider: whether any of its cases is one for that."""
        if COMPLETION in self.cases:  # which is the same with every protocol: one is enough to see it
            return provider == provider_names()[0]
        capabilities = get_codec(provider).capabilities
        shown = (case for case in load_cases() if case.name in self.cases)
        return provider not in self.not_for and any(case.applies_to(provider, capabilities) for case in shown)

    @property
    def is_of_a_quirk(self) -> bool:
        """Whether what it breaks is a requirement of some providers alone."""
        return bool(requirement_by_id(self.requirement).providers)

    def __call__(self, *, provider: str, base_url: str, api_key: str, model_id: str, http_client: Any) -> LanguageModel:
        """The adapter, as every factory makes one: a mutant can be given to ``--adapter``."""
        return self.make(Parts(provider, base_url, api_key, model_id, http_client))


MUTANTS: list[Mutant] = []


def mutant(
    requirement: str,
    *,
    cases: tuple[str, ...],
    checks: str = "",
    not_for: Mapping[str, str] | None = None,
    seen: tuple[str, ...] = (),
) -> Callable[[Make], Mutant]:
    """Register a mutant; its docstring is the sentence that says what it breaks."""

    def register(make: Make) -> Mutant:
        breaks = (make.__doc__ or "").strip()
        reasons = dict(not_for or {})
        found = Mutant(make.__name__, make.__module__, requirement, breaks, cases, checks, make, reasons, seen)
        MUTANTS.append(found)
        return found

    return register


def load_mutants() -> list[Mutant]:
    """Every mutant."""
    for name in MODULES:
        import_module(f"conformance.mutants.{name}")
    return MUTANTS


def mutant_by_name(name: str) -> Mutant:
    """The mutant of this name. Raises LookupError for any other."""
    for found in load_mutants():
        if found.name == name:
            return found
    raise LookupError(f"no mutant {name!r}")


def reference(parts: Parts, codec: Codec | None = None, http_client: Any = None) -> HttpLanguageModel:
    """The reference adapter, with another codec or client where one is given."""
    return HttpLanguageModel(
        codec or get_codec(parts.provider),
        parts.model_id,
        api_key=parts.api_key,
        base_url=parts.base_url,
        http_client=http_client or parts.http_client,
    )


class CodecAround:
    """A codec that passes everything on to another."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)


class DecoderAround:
    """A stream decoder that passes everything on to another."""

    def __init__(self, codec: Codec) -> None:
        self._decoder = codec.stream_decoder()

    def feed(self, event: ServerSentEvent) -> list[PartialModelResponse]:
        return self._decoder.feed(event)

    def close(self) -> list[PartialModelResponse]:
        return self._decoder.close()


class ModelAround:
    """A model that passes everything on to another."""

    def __init__(self, parts: Parts, codec: Codec | None = None) -> None:
        self.parts = parts
        self.inner = reference(parts, codec)

    @property
    def provider(self) -> str:
        return self.inner.provider

    @property
    def model_id(self) -> str:
        return self.inner.model_id

    @property
    def metadata(self) -> LanguageModelMetadata | None:
        return self.inner.metadata

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        return await self.inner.generate(input)

    async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        async with self.inner.stream(input) as stream:
            async for partial in stream:
                yield partial

    def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
        return self.inner.generate_sync(input)

    def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        with self.inner.stream_sync(input) as stream:
            yield from stream


Mangle: TypeAlias = Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]


def client_around(
    client: httpx.AsyncClient,
    mangle: Mangle,
    *,
    close: bool = True,
    url: Callable[[httpx.URL], httpx.URL] | None = None,
) -> httpx.AsyncClient:
    """A client that sends through ``client`` and passes the bytes of every stream through ``mangle``. Without
    ``close`` it never closes a response."""
    return httpx.AsyncClient(transport=_Through(client, mangle, close=close, url=url))


class _Through(httpx.AsyncBaseTransport):
    def __init__(
        self, client: httpx.AsyncClient, mangle: Mangle, *, close: bool, url: Callable[[httpx.URL], httpx.URL] | None
    ) -> None:
        self._client = client
        self._mangle = mangle
        self._close = close
        self._url = url

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers: Mapping[str, str] = request.headers
        url = self._url(request.url) if self._url else request.url
        sent = self._client.build_request(request.method, url, headers=headers, content=await request.aread())
        response = await self._client.send(sent, stream=True)
        is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
        stream = _Mangled(response, self._mangle if is_stream else aiter, close=self._close)
        return httpx.Response(response.status_code, headers=response.headers, stream=stream)


class _Mangled(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response, mangle: Mangle, *, close: bool) -> None:
        self._response = response
        self._mangle = mangle
        self._close = close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._mangle(self._response.aiter_raw()):
            yield chunk

    async def aclose(self) -> None:
        if self._close:
            await self._response.aclose()
