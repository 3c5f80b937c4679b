"""The adapter that is judged, and the two lanes on which it is fed: through its httpx client, or over a socket."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import httpx

from conformance.outcome import Outcome, failed, outcome_of
from conformance.plan import Call
from conformance.replay import Answer, Performance, Playback, ReplayTransport, playback_of
from conformance.replay_server import ReplayServer
from llm_sdk.codec import Codec
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.model import LanguageModel
from llm_sdk.types import LanguageModelInput

__all__ = ["CANARY", "Factory", "InProcess", "Lane", "Loopback", "Subject"]

T = TypeVar("T")
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

    def __init__(self, codec: Codec, factory: Factory, lane: Lane, runner: asyncio.Runner) -> None:
        self.codec = codec
        self.lane = lane
        self._factory = factory
        self._runner = runner
        self._models: dict[str, LanguageModel] = {}
        self._plain: dict[str, Outcome] = {}

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

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine, on the loop of this run."""
        return self._runner.run(coroutine)


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
