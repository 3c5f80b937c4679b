"""What the bridges in Python have in common: the methods that the suite calls, and errors under the suite's names.

A bridge makes a library that somebody else wrote look like an ``llm_sdk.LanguageModel``. It says how one call is made,
whole and streamed, and both once more for callers that wait in place; the rest stands here.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.declaration import read_declaration
from llm_sdk import LanguageModelInput, LanguageModelMetadata, ModelResponse, PartialModelResponse, errors
from llm_sdk.capabilities import Capabilities, check
from llm_sdk.registry import get_codec
from llm_sdk.types import OpaquePart, OpaqueTool

__all__ = ["Bridge", "declared", "typed"]

FIRST_ERROR, LAST_ERROR, UNKNOWN_ERROR = 400, 599, 500
IN_AN_ANSWER = ("APIError", "APIStatusError", "ModelServerError")
"""What libraries raise for an error inside an answer of status 200."""
OF_ANOTHER_FORM = ("ProviderError", "UnexpectedModelBehavior")
"""What any-llm and pydantic-ai raise for an answer that they cannot read."""
CONNECTION_ERRORS = ("TransportError", "ConnectionError")
"""Of httpx, of httpx2, which some clients use in its place, and of Python itself."""


class Bridge(ABC):
    """One model of a library. What the bridge does not declare it refuses, before the library is asked."""

    metadata: LanguageModelMetadata | None = None

    def __init__(self, provider: str, model_id: str, capabilities: Capabilities) -> None:
        self.provider = provider
        self.model_id = model_id
        self.capabilities = capabilities

    @abstractmethod
    async def ask(self, input: LanguageModelInput) -> ModelResponse:
        """The whole answer, as the library gives it to a caller that awaits it."""

    @abstractmethod
    def tell(self, input: LanguageModelInput) -> AsyncGenerator[PartialModelResponse, None]:
        """The answer in pieces, as the library gives them."""

    @abstractmethod
    def ask_plain(self, input: LanguageModelInput) -> ModelResponse:
        """The whole answer, by the library's own call that waits in place."""

    @abstractmethod
    def tell_plain(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        """The pieces, by the same."""

    def _check(self, input: LanguageModelInput) -> None:
        check(input, self.capabilities, self.provider)
        places: dict[str, Any] = {f"tools[{at}]": tool for at, tool in enumerate(input.tools or ())}
        for at, message in enumerate(input.messages):
            places |= {f"messages[{at}].content[{place}]": part for place, part in enumerate(message.content)}
        for path, said in places.items():
            if isinstance(said, OpaquePart | OpaqueTool):  # which no declaration names
                raise errors.UnsupportedError("a bridge has no such thing", path=path, provider=self.provider)

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        self._check(input)
        try:
            return await self.ask(input)
        except Exception as error:  # noqa: BLE001 - whatever a library raises has to be named
            raise typed(error, self.provider) from None

    async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        self._check(input)
        end = _End(self.provider)
        try:
            async with aclosing(self.tell(input)) as partials:
                async for partial in partials:
                    yield end.seen(partial)
            end.reached()
        except Exception as error:  # noqa: BLE001
            raise typed(error, self.provider) from None

    def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
        self._check(input)
        try:
            return self.ask_plain(input)
        except Exception as error:  # noqa: BLE001
            raise typed(error, self.provider) from None

    def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        self._check(input)
        end = _End(self.provider)
        try:
            with closing(self.tell_plain(input)) as partials:  # type: ignore[type-var]
                for partial in partials:
                    yield end.seen(partial)
            end.reached()
        except Exception as error:  # noqa: BLE001
            raise typed(error, self.provider) from None


class _End:
    """A library that takes a broken stream for a whole one shows it all the same: the reason of the end is missing."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._seen = False

    def seen(self, partial: PartialModelResponse) -> PartialModelResponse:
        self._seen = self._seen or partial.finish_reason is not None
        return partial

    def reached(self) -> None:
        if not self._seen:
            raise errors.StreamTruncatedError("the stream ended without a finish reason", provider=self._provider)


def declared(bridge: str, provider: str) -> Capabilities:
    """What the bridge in the folder of the file ``bridge`` can carry: ``declare/<provider>.yaml`` beside it."""
    said = read_declaration(Path(bridge).parent / "declare" / f"{provider}.yaml")
    changes = {name: frozenset(value) if isinstance(value, list) else value for name, value in said.items()}
    return replace(get_codec(provider).capabilities, **changes)


def typed(error: Exception, provider: str) -> Exception:
    """The error of ``llm_sdk.errors`` that says what the library's own says; a crash stays what it is."""
    chain = list(_chain(error))
    for found in chain:
        if isinstance(found, errors.LanguageModelError):
            found.locate(provider=provider, request_id=None)
            return found
        if "Timeout" in type(found).__name__:
            return errors.TimedOutError(str(error), provider=provider)
        if _is_of_the_connection(found):
            return errors.ConnectionFailedError(str(error), provider=provider)
        if (status := _status(found)) is not None:
            return _status_error(found, status, provider)
    for found in chain:
        if type(found).__name__ in IN_AN_ANSWER:
            return _status_error(found, UNKNOWN_ERROR, provider)
    # An answer that is not JSON, or JSON of another form.
    if any(isinstance(found, ValueError) or type(found).__name__ in OF_ANOTHER_FORM for found in chain):
        return errors.InvariantError(str(error), provider=provider)
    return error


def _is_of_the_connection(error: BaseException) -> bool:
    names = [kind.__name__ for kind in type(error).__mro__]
    return "Connection" in names[0] or not set(names).isdisjoint(CONNECTION_ERRORS)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    found = [getattr(error, name, None) for name in ("status_code", "code")]
    found.append(getattr(getattr(error, "response", None), "status_code", None))
    return next((value for value in found if isinstance(value, int) and FIRST_ERROR <= value <= LAST_ERROR), None)


def _status_error(error: Any, status: int, provider: str) -> errors.StatusCodeError:
    headers = getattr(error, "litellm_response_headers", None) or getattr(error, "headers", None)
    headers = headers or getattr(getattr(error, "response", None), "headers", None) or {}
    wait = headers.get("retry-after")
    body = getattr(error, "body", None)
    inner = body.get("error") if isinstance(body, dict) and isinstance(body.get("error"), dict) else body
    code = getattr(error, "code", None)
    if code is None and isinstance(inner, dict):
        code = inner.get("code") or inner.get("type")
    return errors.status_error(status)(
        _message(error, inner),
        status_code=status,
        code=code if isinstance(code, str) else None,
        retry_after=float(wait) if wait and wait.replace(".", "", 1).isdigit() else None,
        body=body if isinstance(body, str) else json.dumps(body, default=str),
        provider=provider,
        request_id=headers.get(get_codec(provider).endpoint.request_id_header),
    )


def _message(error: BaseException, body: Any) -> str:
    said = body.get("message") if isinstance(body, dict) else None
    return said if isinstance(said, str) else str(getattr(error, "message", None) or error)
