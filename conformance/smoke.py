"""Whether the glue of an adapter is right: its factory, its methods, where it sends, one call of each kind.

It takes about a second, and says nothing of conformance: an adapter that passes is one that the suite can judge.
"""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from conformance import offline
from conformance.adapters import AdapterError, find_factory
from conformance.arrays import in_array
from conformance.lanes import Lane
from conformance.outcome import AdapterGoneError
from conformance.plan import Call, Plan, PlanError
from conformance.replay import Playback, playback_of
from conformance.subject import CANARY
from llm_sdk.accumulator import accumulate
from llm_sdk.codec import WireRequest
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import LanguageModelError
from llm_sdk.types import ModelResponse

__all__ = ["Finding", "smoke"]

CASE = "text"
SECONDS = 5.0
"""How long one call may take: what it waits for is on this machine."""
LATE = f"it did not come to an end in {SECONDS:g} seconds: nothing here takes that long"
CALLS = ("generate", "stream", "generate_sync", "stream_sync")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step showed. ``problem`` is one sentence and what to do; empty where all is right."""

    step: str
    told: str
    problem: str = ""


class _WrongError(Exception):
    """Something of the glue is wrong; the message is the problem."""


def smoke(provider: str, adapter: str, lane: Lane, cassettes: Path, *, own: bool) -> Iterator[Finding]:
    """Try the adapter on the simplest recorded answer, step by step; a step that all others need ends it.

    ``own``: the cassettes are those of the suite's cases. Raises PlanError where nothing fits is recorded.
    """
    whole, streamed = _simplest(provider, cassettes, own=own)
    with offline.offline(), asyncio.Runner() as runner:
        yield from _try_all(provider, adapter, lane, whole, streamed, runner)


def _try_all(
    provider: str, adapter: str, lane: Lane, whole: Call, streamed: Call, runner: asyncio.Runner
) -> Iterator[Finding]:
    try:
        factory = find_factory(adapter, provider)
    except (AdapterError, AdapterGoneError) as error:
        yield Finding("factory", "", f"{adapter}: {error}")
        return
    yield Finding("factory", f"{adapter} takes base_url, api_key, model_id and http_client")
    place = {"base_url": lane.base_url(whole.codec), "api_key": CANARY, "model_id": whole.model_id}
    try:
        model = factory(**place, http_client=lane.http_client)
    except Exception as error:  # noqa: BLE001 - whatever a factory raises is told
        yield Finding("model", "", f"the factory raised {_named(error)}: it was given {', '.join(place)}")
        return
    missing = [name for name in CALLS if not callable(getattr(model, name, None))]
    try:
        has_metadata = hasattr(model, "metadata")
    except AdapterGoneError as error:
        yield Finding("model", "", str(error))
        return
    if missing:
        problem = f"{type(model).__name__} has no {', '.join(missing)}: the factory must return a LanguageModel"
        yield Finding("model", "", problem)
    else:
        yield Finding("model", f"{type(model).__name__} has {', '.join(CALLS)}")
    if not has_metadata:
        yield Finding("metadata", "", "there is no metadata: it is None, or a LanguageModelMetadata")
    yield _identity(model, provider, whole.model_id)
    trial = _Trial(model, lane, runner)
    streams = False
    for name, call in zip(CALLS, (whole, streamed, whole, streamed), strict=True):
        if name not in missing:
            yield (found := _step(name, partial(trial.call, name, call)))
            streams = streams or (name == "stream" and not found.problem)
    if streams:
        yield _step("closing", partial(trial.leave_early, streamed))
    trial.close()


def _simplest(provider: str, cassettes: Path, *, own: bool) -> tuple[Call, Call]:
    """The first recorded answer that is one text, whole and streamed."""
    plan = Plan([provider], cassettes, own=own, only=[CASE] if own else [])
    found: dict[bool, Call] = {}
    for call in plan.calls:
        if call.is_simple:
            found.setdefault(call.stream, call)
    if len(found) < 2:
        raise PlanError(f"{cassettes}: there is no recorded answer of one text with {provider}, whole and streamed")
    return found[False], found[True]


def _step(name: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(name, attempt())
    except _WrongError as wrong:
        return Finding(name, "", str(wrong))


def _identity(model: Any, provider: str, model_id: str) -> Finding:
    for name, wanted in (("provider", provider), ("model_id", model_id)):
        value = getattr(model, name, None)
        if value != wanted:
            return Finding(name, "", f"{name} is {value!r}: the factory was asked for {wanted!r}")
    return Finding("identity", f"{provider}, {model_id}")


class _Trial:
    """Calls of one model on one lane, all on one event loop."""

    def __init__(self, model: Any, lane: Lane, runner: asyncio.Runner) -> None:
        self._model = model
        self._lane = lane
        self._runner = runner

    def call(self, name: str, call: Call) -> str:
        """Make the recorded call in one of the four ways; what was seen. Raises _WrongError."""
        self._lane.play(partial(_playback, call))
        before = len(offline.attempts)
        try:
            response = self._read_stream(name, call) if call.stream else self._read_whole(name, call)
        except _WrongError:
            raise
        except AdapterGoneError as error:
            raise _WrongError(str(error)) from None
        except Exception as error:  # noqa: BLE001 - whatever a model raises is told
            _check_request(call, self._lane, before)
            raise _WrongError(f"{name} raised {_named(error)}: the provider's answer was in good order") from None
        _check_request(call, self._lane, before)
        expected = _text_of(call.golden.response)
        if (text := _text_of(response)) != expected:
            raise _WrongError(f"{name} read the text {text!r}: the provider said {expected!r}")
        return f"one request, answered with {text!r}"

    def leave_early(self, call: Call) -> str:
        """Leave a stream after its first partial response. Raises _WrongError."""
        self._lane.play(partial(_playback, call))
        try:
            self._run(self._leave(call))
        except _WrongError:
            raise
        except Exception as error:  # noqa: BLE001 - the same
            raise _WrongError(f"leaving a stream early raised {_named(error)}: it must end in silence") from None
        if "closing" not in self._lane.shows:
            return f"a stream can be left (--transport {self._lane.name} cannot show whether its response is closed)"
        if not all(performance.is_closed_soon() for performance in self._lane.performances):
            raise _WrongError("a stream that was left stays open: close the response when the iterator is closed")
        return "a stream that is left closes its response"

    def close(self) -> None:
        """Close the model, where it can be closed."""
        with suppress(Exception):
            if (aclose := getattr(self._model, "aclose", None)) is not None:
                self._run(_await(aclose()))
            elif (close := getattr(self._model, "close", None)) is not None:
                close()

    async def _leave(self, call: Call) -> None:
        stream = self._model.stream(call.input)
        async for _ in stream:
            break
        if (close := getattr(stream, "aclose", None)) is not None:
            await close()

    def _read_whole(self, name: str, call: Call) -> ModelResponse:
        if name.endswith("_sync"):
            answer = _in_thread(lambda: self._model.generate_sync(call.input))
            if inspect.isawaitable(answer):
                _discard(answer)
                raise _WrongError(f"{name} must be awaited: make it a plain function that waits in place")
        else:
            awaitable = self._model.generate(call.input)
            if not inspect.isawaitable(awaitable):
                raise _WrongError(f"{name} cannot be awaited: make it `async def`")
            answer = self._run(_await(awaitable))
        if not isinstance(answer, ModelResponse):
            raise _WrongError(f"{name} returned {type(answer).__name__}: it must return an llm_sdk.ModelResponse")
        return answer

    def _read_stream(self, name: str, call: Call) -> ModelResponse:
        if name.endswith("_sync"):
            partials = _in_thread(lambda: _collect_sync(name, self._model.stream_sync(call.input)))
        else:
            partials = self._run(_collect(name, self._model.stream(call.input)))
        wrong = next((item for item in partials if not isinstance(item, PartialModelResponse)), None)
        if wrong is not None:
            raise _WrongError(f"{name} gave {type(wrong).__name__}: it must give llm_sdk.PartialModelResponse")
        return accumulate(partials)

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        async def in_time() -> Any:
            async with asyncio.timeout(SECONDS):
                return await coroutine

        try:
            return self._runner.run(in_time())
        except TimeoutError:
            raise _WrongError(LATE) from None


def _playback(call: Call, request: WireRequest) -> Playback:
    """The recorded answer, its events in the framing that the request asks for."""
    route = call.codec.match(request.method, request.path)
    as_array = call.is_event_stream and route is not None and route.framing != "sse"
    return playback_of((in_array(call) if as_array else call).exchange)


def _collect_sync(name: str, stream: Any) -> list[Any]:
    if inspect.isawaitable(stream) or isinstance(stream, AsyncIterable):
        _discard(stream)
        raise _WrongError(f"{name} is asynchronous: make it a plain generator")
    if not hasattr(stream, "__iter__"):
        raise _WrongError(f"{name} returned {type(stream).__name__}: it must return an iterator")
    return list(stream)


async def _collect(name: str, stream: Any) -> list[Any]:
    if inspect.isawaitable(stream):
        _discard(stream)
        raise _WrongError(f"{name} is a coroutine: make it `async def` with `yield`, or return an async iterator")
    if not isinstance(stream, AsyncIterable):
        raise _WrongError(f"{name} returned {type(stream).__name__}: it must return an async iterator")
    return [partial async for partial in stream]


def _check_request(call: Call, lane: Lane, attempts_before: int) -> None:
    """Raise for a request that went elsewhere, or without the key."""
    where = "send it through http_client" if lane.http_client is not None else "send it to base_url"
    if len(offline.attempts) > attempts_before:
        tried = offline.attempts[attempts_before]
        raise _WrongError(
            f"it tried to reach the network ({tried}): {where}, or judge a client of its own with --transport patched"
        )
    if not lane.performances:
        raise _WrongError(f"no request came: {where}")
    request, endpoint = lane.performances[0].request, call.codec.endpoint
    if (route := call.codec.match(request.method, request.path)) is None:
        raise _WrongError(f"it sent {request.method} {request.path}: that is no path of {call.provider}")
    headers = {name.lower(): value for name, value in request.headers.items()}
    if endpoint.key_variables and endpoint.key_of(headers, request.path) != CANARY:
        raise _WrongError(f"the api_key that the factory was given did not come: send it in {endpoint.key_header}")
    try:
        streams = call.codec.decode_request(request).stream if route.stream is None else route.stream
    except LanguageModelError as error:
        raise _WrongError(f"the provider cannot read the request ({error}): send what its API reference says") from None
    if streams != call.stream:
        asked, wanted = ("a stream", "a whole answer") if streams else ("a whole answer", "a stream")
        raise _WrongError(f"it asked for {asked}: this call has to ask for {wanted}")


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _in_thread(attempt: Callable[[], Any]) -> Any:
    """The result of a plain function; one that hangs is left behind."""
    results: list[Any] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(attempt())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(SECONDS)
    if errors:
        raise errors[0]
    if not results:
        raise _WrongError(LATE)
    return results[0]


def _discard(unused: Any) -> None:
    """Let go of a coroutine that nobody awaits."""
    if (close := getattr(unused, "close", None)) is not None:
        close()


def _named(error: BaseException) -> str:
    return f"{type(error).__name__} ({' '.join(str(error).split())})"


def _text_of(response: ModelResponse | None) -> str:
    return "".join(part.text for part in response.content if part.type == "text") if response is not None else ""
