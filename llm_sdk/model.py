"""The language model that callers see, and the one over HTTP: a codec, a flow and httpx."""

from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias, TypedDict, Union

from pydantic import ValidationError

from llm_sdk import drivers
from llm_sdk.clients import Clients, timeouts_for
from llm_sdk.codec import Codec
from llm_sdk.credentials import Credentials
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.drivers import AsyncResponseStream, ResponseStream
from llm_sdk.environment import read_setting
from llm_sdk.errors import InvalidInputError, LanguageModelError
from llm_sdk.flow import CallSettings, generate_flow, stream_flow
from llm_sdk.loop_thread import LoopExchange
from llm_sdk.retry import RetryPolicy
from llm_sdk.sse import DEFAULT_MAX_EVENT_BYTES
from llm_sdk.tracing import CallSpan, call_span
from llm_sdk.transport import AsyncExchange, Exchange, SyncExchange, Upstream
from llm_sdk.types import LanguageModelInput, LanguageModelMetadata, ModelResponse

if TYPE_CHECKING:
    import httpx
    import httpx2

__all__ = ["HttpClient", "HttpLanguageModel", "LanguageModel", "ModelOptions", "Timeout"]

HttpClient: TypeAlias = Union["httpx.AsyncClient", "httpx.Client", "httpx2.AsyncClient", "httpx2.Client"]
Timeout: TypeAlias = Union[float, "httpx.Timeout", "httpx2.Timeout"]


class LanguageModel(Protocol):
    """A model of any provider. Each call takes one input and leaves it as it was; calls do not affect each other."""

    @property
    def provider(self) -> str:
        """The name of the protocol, such as ``openai``."""
        ...

    @property
    def model_id(self) -> str:
        """The provider's name of the model."""
        ...

    @property
    def metadata(self) -> LanguageModelMetadata | None:
        """What is known of the model beforehand: prices, from which costs are computed, and capabilities."""
        ...

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        """The whole answer. Raises a LanguageModelError, whatever happens."""
        ...

    def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        """The answer as it is made. Nothing is sent before the first step, which raises what ``generate`` would.

        A stream that ends too early raises StreamTruncatedError.
        """
        ...

    def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
        """``generate``, waiting in place."""
        ...

    def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        """``stream``, waiting in place."""
        ...


class ModelOptions(TypedDict, total=False):
    """The keyword arguments of :class:`HttpLanguageModel`, for the classes that fix its codec."""

    api_key: str | None
    base_url: str | None
    http_client: HttpClient | None
    metadata: LanguageModelMetadata | Mapping[str, Any] | None
    headers: Mapping[str, str] | None
    timeout: Timeout | None
    max_retries: int
    max_event_bytes: int


class HttpLanguageModel:
    """A language model behind one of the protocols.

    Closing a stream, or leaving its loop, closes the connection; so does cancelling the task. A model that was given
    no client makes its own, which ``close``, ``aclose`` or a ``with`` block closes.
    """

    def __init__(
        self,
        codec: Codec,
        model_id: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        http_client: HttpClient | None = None,
        metadata: LanguageModelMetadata | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: Timeout | None = None,
        max_retries: int = 2,
        max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> None:
        """Raises InvalidInputError that names the argument, or the environment variable, that is wrong or missing.

        Args:
            codec: the protocol.
            model_id: the provider's name of the model.
            api_key: unset, it is read from the provider's environment variable, or from a ``.env`` file.
            base_url: unset, the provider's environment variable, then the provider's own.
            http_client: an ``httpx`` or ``httpx2`` client, asynchronous or not; it stays the caller's to close. An
                asynchronous one serves the plain methods too, on a loop of its own thread: do not use one client
                with real connections from several loops.
            metadata: prices and capabilities, as an object or as its JSON.
            headers: sent with every request; they overrule the provider's own, that of the key included.
            timeout: the longest silence in seconds, or an ``httpx.Timeout``. Unset: 600, and 5 to connect.
            max_retries: how often to ask again after a failure that may pass (see :mod:`llm_sdk.retry`).
            max_event_bytes: the largest server-sent event that a stream may bring.
        """
        try:
            if not isinstance(model_id, str) or not model_id:
                raise InvalidInputError(f"{model_id!r} is not the name of a model", path="model_id")
            if not isinstance(max_retries, int) or max_retries < 0:
                raise InvalidInputError(f"{max_retries!r} is not a number of retries", path="max_retries")
            self._metadata = _read_metadata(metadata)
            credentials = Credentials(codec.endpoint, _find_key(codec, api_key, headers or {}), headers)
            url = base_url or read_setting(filter(None, [codec.endpoint.base_url_variable])) or codec.endpoint.base_url
            self._upstream = Upstream(url, credentials, timeouts_for(timeout, http_client))
            self._clients = Clients(http_client)
        except LanguageModelError as error:
            error.locate(provider=codec.provider, request_id=None)
            raise
        self._settings = CallSettings(
            codec,
            model_id,
            credentials,
            pricing=self._metadata.pricing if self._metadata else None,
            retry=RetryPolicy(max_retries),
            max_event_bytes=max_event_bytes,
        )

    @property
    def provider(self) -> str:
        """See :class:`LanguageModel`, as for all that follows."""
        return self._settings.codec.provider

    @property
    def model_id(self) -> str:
        """The provider's name of the model."""
        return self._settings.model_id

    @property
    def metadata(self) -> LanguageModelMetadata | None:
        """Prices and capabilities, where they were given."""
        return self._metadata

    @property
    def base_url(self) -> str:
        """Where requests go."""
        return self._upstream.base_url

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.provider}/{self.model_id} at {self.base_url}>"

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        """The whole answer."""
        exchange = AsyncExchange(self._clients, self._upstream)
        return await drivers.generate(generate_flow(self._settings, input), exchange, self._span(input, stream=False))

    def stream(self, input: LanguageModelInput) -> AsyncResponseStream:
        """The answer as it is made: iterate over it, or close it with ``aclose`` or ``async with``."""
        exchange = AsyncExchange(self._clients, self._upstream)
        return AsyncResponseStream(
            drivers.stream(stream_flow(self._settings, input), exchange, self._span(input, stream=True))
        )

    def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
        """The whole answer, waiting in place."""
        return drivers.generate_sync(
            generate_flow(self._settings, input), self._exchange(), self._span(input, stream=False)
        )

    def stream_sync(self, input: LanguageModelInput) -> ResponseStream:
        """The answer as it is made, waiting in place: iterate over it, or close it with ``close`` or ``with``."""
        return ResponseStream(
            drivers.stream_sync(stream_flow(self._settings, input), self._exchange(), self._span(input, stream=True))
        )

    def _exchange(self) -> Exchange:
        if self._clients.given_is_async:
            return LoopExchange(AsyncExchange(self._clients, self._upstream))
        return SyncExchange(self._clients, self._upstream)

    def _span(self, input: LanguageModelInput, *, stream: bool) -> CallSpan:
        name = self._settings.codec.endpoint.telemetry_name or self.provider
        return call_span(name, self.model_id, self.base_url, input, stream=stream)

    def close(self) -> None:
        """Close the clients that the model has made; one that was passed in stays open."""
        self._clients.close()

    async def aclose(self) -> None:
        """The same, with the connections of the running event loop."""
        await self._clients.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


def _read_metadata(metadata: LanguageModelMetadata | Mapping[str, Any] | None) -> LanguageModelMetadata | None:
    if metadata is None or isinstance(metadata, LanguageModelMetadata):
        return metadata
    try:
        return LanguageModelMetadata.model_validate(metadata)
    except ValidationError as error:
        wrong = error.errors()[0]
    raise InvalidInputError(wrong["msg"], path=".".join(["metadata", *map(str, wrong["loc"])]))


def _find_key(codec: Codec, api_key: str | None, headers: Mapping[str, str]) -> str:
    """The key, or nothing where the headers have it or the provider wants none."""
    endpoint = codec.endpoint
    if endpoint.key_header.lower() in map(str.lower, headers):
        return ""
    key = read_setting(endpoint.key_variables) if api_key is None else api_key.strip()
    if not key and endpoint.key_variables:
        names = " or ".join(endpoint.key_variables)
        raise InvalidInputError(f"there is no API key: pass api_key, or set {names} in the environment or in .env")
    return key or ""
