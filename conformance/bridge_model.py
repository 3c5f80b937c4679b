"""A language model whose calls are made by another process: see :mod:`conformance.bridge`."""

import asyncio
import queue
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import aclosing, closing
from typing import Any, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from conformance.outcome import AdapterGoneError
from llm_sdk import errors
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import (
    InvalidInputError,
    LanguageModelError,
    RefusalError,
    StatusCodeError,
    UnsupportedError,
    status_error,
)
from llm_sdk.types import JsonObject, LanguageModelInput, LanguageModelMetadata, ModelResponse

__all__ = ["ANSWER_SECONDS", "Answer", "BridgeModel", "Connection", "read_error"]

ANSWER_SECONDS = 20.0
"""How long a bridge may be silent while a call waits for it."""
KINDS = ("partial", "response", "error", "end")

Answer: TypeAlias = JsonObject | AdapterGoneError
M = TypeVar("M", bound=BaseModel)


class Connection(Protocol):
    """A bridge that runs."""

    metadata: LanguageModelMetadata | None

    def send(self, request: JsonObject, deliver: Callable[[Answer], object]) -> int:
        """Send a request; its answers go to ``deliver``, in another thread. Returns its id."""
        ...

    def forget(self, id: int, *, cancel: bool = False) -> None:
        """Hand over no more answers to this request."""
        ...

    def give_up(self, why: str) -> AdapterGoneError:
        """End the bridge; the error says why."""
        ...


class BridgeModel:
    """A :class:`llm_sdk.model.LanguageModel` on the other side of a bridge."""

    def __init__(
        self, connect: Callable[[], Connection], provider: str, *, base_url: str, api_key: str, model_id: str
    ) -> None:
        self.provider = provider
        self.model_id = model_id
        self._connect = connect
        self._place = {"provider": provider, "base_url": base_url, "api_key": api_key, "model_id": model_id}

    @property
    def metadata(self) -> LanguageModelMetadata | None:
        """What the bridge declares of itself."""
        return self._connect().metadata

    def give_up(self, why: str) -> None:
        """End the bridge, which is started anew for the next call."""
        self._connect().give_up(why)

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        """See :class:`llm_sdk.model.LanguageModel`, as for all that follows."""
        async with aclosing(self._ask("generate", input)) as answers:
            return self._response(await anext(answers))

    async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        """The partial responses, as the lines of the bridge come."""
        async with aclosing(self._ask("stream", input)) as answers:
            async for answer in answers:
                if (partial := self._partial(answer)) is None:
                    return
                yield partial

    def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
        """The whole answer, waiting in place."""
        with closing(self._ask_sync("generate", input)) as answers:
            return self._response(next(answers))

    def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        """The partial responses, waiting in place."""
        with closing(self._ask_sync("stream", input)) as answers:
            for answer in answers:
                if (partial := self._partial(answer)) is None:
                    return
                yield partial

    async def _ask(self, op: str, input: LanguageModelInput) -> AsyncGenerator[JsonObject, None]:
        bridge, loop = self._connect(), asyncio.get_running_loop()
        answers: asyncio.Queue[Answer] = asyncio.Queue()
        id = bridge.send(self._request(op, input), lambda answer: loop.call_soon_threadsafe(answers.put_nowait, answer))
        is_over = False
        try:
            while not is_over:
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        answer = await answers.get()
                except TimeoutError:
                    raise _silent(bridge) from None
                is_over, told = _read(answer)
                yield told
        finally:
            bridge.forget(id, cancel=not is_over)

    def _ask_sync(self, op: str, input: LanguageModelInput) -> Generator[JsonObject, None, None]:
        bridge = self._connect()
        answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        id = bridge.send(self._request(op, input), answers.put)
        is_over = False
        try:
            while not is_over:
                try:
                    answer = answers.get(timeout=ANSWER_SECONDS)
                except queue.Empty:
                    raise _silent(bridge) from None
                is_over, told = _read(answer)
                yield told
        finally:
            bridge.forget(id, cancel=not is_over)

    def _request(self, op: str, input: LanguageModelInput) -> JsonObject:
        return {"op": op, **self._place, "input": input.model_dump(mode="json")}

    def _response(self, answer: JsonObject) -> ModelResponse:
        if "response" not in answer:
            raise AdapterGoneError(f"the bridge answered `generate` with `{_kind(answer)}`, not with `response`")
        return _validated(ModelResponse, answer["response"], "response")

    def _partial(self, answer: JsonObject) -> PartialModelResponse | None:
        if "end" in answer:
            return None
        if "partial" not in answer:
            raise AdapterGoneError(f"the bridge answered `stream` with `{_kind(answer)}`, not with `partial` or `end`")
        return _validated(PartialModelResponse, answer["partial"], "partial")


def _silent(bridge: Connection) -> AdapterGoneError:
    return bridge.give_up(f"was silent for {ANSWER_SECONDS:g} seconds while a call waited")


def _read(answer: Answer) -> tuple[bool, JsonObject]:
    """Whether the call is over, and what was answered. Raises what the answer reports."""
    if isinstance(answer, AdapterGoneError):
        raise answer
    if "error" in answer:
        raise read_error(answer["error"])
    return "partial" not in answer, answer


def _kind(answer: JsonObject) -> str:
    return next((kind for kind in KINDS if kind in answer), "nothing that the protocol knows")


def _validated(model: type[M], value: Any, where: str) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join([where, *map(str, first["loc"])])
        raise AdapterGoneError(f"the bridge wrote {path} wrongly: {first['msg']}") from None


def read_error(value: Any) -> Exception:
    """The exception that an ``error`` of a bridge stands for: of the class that ``type`` names, or that
    ``status_code`` means. One of another type has no place in the tree of errors, and is reported as what it is."""
    if not isinstance(value, dict):
        return AdapterGoneError(f"the bridge wrote an error that is no object: {value!r}")
    name, message = value.get("type"), str(value.get("message", ""))
    kind = getattr(errors, str(name), None) if name in errors.__all__ else None
    status = value.get("status_code")
    if kind is None and name is None and isinstance(status, int):
        kind = status_error(status)
    if not (isinstance(kind, type) and issubclass(kind, LanguageModelError)):
        return AdapterGoneError(f"an error that is none of llm_sdk.errors, {name or 'without a type'}: {message}")
    error = _made(kind, message, value)
    error.locate(provider=value.get("provider"), request_id=value.get("request_id"))
    return error


def _made(kind: type[LanguageModelError], message: str, value: JsonObject) -> LanguageModelError:
    if issubclass(kind, StatusCodeError):
        return kind(
            message,
            status_code=int(value.get("status_code", 0)),
            code=value.get("code"),
            retry_after=value.get("retry_after"),
            body=value.get("body", ""),
        )
    if issubclass(kind, InvalidInputError | UnsupportedError):
        return kind(message, path=value.get("path", ""))
    if issubclass(kind, RefusalError):
        response = value.get("response")
        said = value.get("refusal", message)
        return kind(said, response=_validated(ModelResponse, response, "error.response") if response else None)
    return kind(message)
