"""The adapter that is judged, and the two lanes on which it is fed: through its httpx client, or over a socket."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import httpx

from conformance.arrays import in_array
from conformance.outcome import Outcome, failed, outcome_of, told_by
from conformance.plan import Call
from conformance.replay import Answer, Performance, Playback, ReplayTransport, playback_of
from conformance.replay_server import ReplayServer
from llm_sdk.codec import Codec, Framing
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.model import LanguageModel
from llm_sdk.types import LanguageModelInput

__all__ = ["CANARY", "Factory", "InProcess", "Lane", "Loopback", "Subject"]

T = TypeVar("T")
PATIENCE = 2500
CANARY = "sk-canary-0123456789abcdefghijklmnopqrstuvwxyz"
"""The key that every adapter is given, and that must turn up nowhere but in the header for it."""


class Factory(Protocol):
    """Makes the adapter. ``http_client`` is an ``httpx.AsyncClient``, or ``None`` where the adapter uses its own."""

    def __call__(self, *, base_url: str, api_key: str, model_id: str, http_client: Any) -> LanguageModel:
        """A model of the adapter."""
        ...


class Lane(Protocol):
    """A way to put answers before an adapter."""

    name: str
    http_client: httpx.AsyncClient | None

    @property
    def performances(self) -> list[Performance]:
        """Everything that was asked so far."""
        ...

    def base_url(self, codec: Codec) -> str:
        """Where the adapter shall send its requests."""
        ...

    def play(self, answer: Answer) -> None:
        """Answer so from now on, and forget what was asked."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


class InProcess:
    """Through the adapter's httpx client: every chunk arrives exactly as it is played."""

    name = "in-process"

    def __init__(self) -> None:
        self._transport = ReplayTransport(lambda _: Playback(ending="refused"))
        self.http_client: httpx.AsyncClient | None = httpx.AsyncClient(transport=_as_transport(self._transport))

    @property
    def performances(self) -> list[Performance]:
        return self._transport.performances

    def base_url(self, codec: Codec) -> str:
        return codec.endpoint.base_url

    def play(self, answer: Answer) -> None:
        self._transport.answer = answer
        self._transport.performances = []

    def close(self) -> None:
        """The client holds nothing that needs closing."""


def _as_transport(transport: ReplayTransport) -> Any:
    return transport


class Loopback:
    """Over a socket of this machine: for adapters on any other HTTP client, or in any other language."""

    name = "socket"
    http_client: httpx.AsyncClient | None = None

    def __init__(self) -> None:
        self._server = ReplayServer(lambda _: Playback(ending="refused"))
        self._server.start()

    @property
    def performances(self) -> list[Performance]:
        return self._server.performances

    def base_url(self, codec: Codec) -> str:
        return self._server.origin + codec.endpoint.root

    def play(self, answer: Answer) -> None:
        self._server.answer = answer
        self._server.performances = []

    def close(self) -> None:
        self._server.stop()


class Subject:
    """One adapter on one lane. Every call comes to an :class:`~conformance.outcome.Outcome`, whatever it raises."""

    def __init__(self, codec: Codec, factory: Factory, lane: Lane, loop: asyncio.AbstractEventLoop) -> None:
        self.codec = codec
        self.lane = lane
        self._factory = factory
        self._loop = loop
        self._models: dict[str, LanguageModel] = {}
        self._plain: dict[str, Outcome] = {}
        self._framing: Framing | None = None

    def model(self, model_id: str) -> LanguageModel:
        """The adapter's model of this name; made once."""
        if model_id not in self._models:
            self._models[model_id] = self._factory(
                base_url=self.lane.base_url(self.codec),
                api_key=CANARY,
                model_id=model_id,
                http_client=self.lane.http_client,
            )
        return self._models[model_id]

    def as_asked(self, call: Call) -> Call:
        """The call with its recorded stream in the framing that the adapter asks for, which is found out once."""
        if not call.is_event_stream:
            return call
        if self._framing is None:
            self._framing = self._framing_of(self.ask(call))
        return call if self._framing == "sse" else in_array(call)

    def _framing_of(self, outcome: Outcome) -> Framing:
        requests = (performance.request for performance in outcome.performances)
        routes = (self.codec.match(request.method, request.path) for request in requests)
        return next((route.framing for route in routes if route is not None), "sse")

    def plain(self, call: Call) -> Outcome:
        """What the adapter makes of the call as it was recorded; asked once."""
        if call.id not in self._plain:
            self._plain[call.id] = self.ask(call)
        return self._plain[call.id]

    def ask(self, call: Call, playback: Playback | None = None, *, sync: bool = False) -> Outcome:
        """Make the call, answered as recorded or with ``playback``."""
        played = playback or playback_of(call.exchange)
        return self.ask_input(call.model_id, call.input, lambda _: played, stream=call.stream, sync=sync)

    def ask_input(
        self, model_id: str, input: LanguageModelInput, answer: Answer, *, stream: bool, sync: bool = False
    ) -> Outcome:
        """Make any call, answered by ``answer``."""
        self.lane.play(answer)
        model = self.model(model_id)
        if sync:
            outcome = _stream_sync(model, input) if stream else _generate_sync(model, input)
        else:
            outcome = self.run(_stream(model, input) if stream else _generate(model, input))
        return replace(outcome, performances=tuple(self.lane.performances))

    def ask_all(self, calls: Sequence[Call], answer: Answer) -> list[Outcome]:
        """Make several calls of one model at once."""
        self.lane.play(answer)
        return self.run(_all(self.model(calls[0].model_id), calls))

    def cancel(self, call: Call, playback: Playback) -> bool:
        """Make the call, and cancel it when its answer is held back; whether that ended it."""
        self.lane.play(lambda _: playback)
        return self.run(_cancel(self.model(call.model_id), call, self.lane))

    def arrivals(self, call: Call, playback: Playback) -> list[tuple[int, int]]:
        """For each partial response of a stream: how many chunks were taken when it was given, and how many characters
        it tells. A hold is released by the first that tells any."""
        self.lane.play(lambda _: playback)
        return self.run(_arrivals(self.model(call.model_id), call.input, self.lane, playback))

    def leave_early(self, call: Call, playback: Playback) -> None:
        """Take one partial response of a stream, and leave it."""
        self.lane.play(lambda _: playback)
        self.run(_leave_early(self.model(call.model_id), call.input))
        if playback.hold is not None:
            playback.hold.release()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine, on the loop of this run."""
        return self._loop.run_until_complete(coroutine)


async def _generate(model: LanguageModel, input: LanguageModelInput) -> Outcome:
    try:
        return Outcome(await model.generate(input))
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises is its outcome
        return failed(error)


async def _stream(model: LanguageModel, input: LanguageModelInput) -> Outcome:
    partials: list[PartialModelResponse] = []
    caught: Exception | None = None
    try:
        async for partial in model.stream(input):
            partials.append(partial)  # noqa: PERF401 - those before an error count
    except Exception as error:  # noqa: BLE001
        caught = error
    return outcome_of(partials, caught)


def _generate_sync(model: LanguageModel, input: LanguageModelInput) -> Outcome:
    try:
        return Outcome(model.generate_sync(input))
    except Exception as error:  # noqa: BLE001
        return failed(error)


def _stream_sync(model: LanguageModel, input: LanguageModelInput) -> Outcome:
    partials: list[PartialModelResponse] = []
    caught: Exception | None = None
    try:
        for partial in model.stream_sync(input):
            partials.append(partial)  # noqa: PERF402 - those before an error count
    except Exception as error:  # noqa: BLE001
        caught = error
    return outcome_of(partials, caught)


async def _arrivals(
    model: LanguageModel, input: LanguageModelInput, lane: Lane, playback: Playback
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    async for partial in model.stream(input):
        told = told_by(partial)
        found.append((lane.performances[-1].taken, told))
        if told and playback.hold is not None:
            playback.hold.release()
    return found


async def _leave_early(model: LanguageModel, input: LanguageModelInput) -> None:
    stream = model.stream(input)
    async for _ in stream:
        break
    if (close := getattr(stream, "aclose", None)) is not None:
        await close()


async def _all(model: LanguageModel, calls: Sequence[Call]) -> list[Outcome]:
    asked = (_stream(model, call.input) if call.stream else _generate(model, call.input) for call in calls)
    return list(await asyncio.gather(*asked))


async def _cancel(model: LanguageModel, call: Call, lane: Lane) -> bool:
    task = asyncio.ensure_future(_stream(model, call.input) if call.stream else _generate(model, call.input))
    for _ in range(PATIENCE):
        if task.done() or (lane.performances and lane.performances[-1].is_held):
            break
        await asyncio.wait([task], timeout=0.002)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()
