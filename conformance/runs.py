"""Runs of ``completion()`` over an adapter, with the mock server as the provider."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from conformance.case import COMPLETION
from conformance.replay import Hold, Performance, Playback
from conformance.subject import Subject
from conformance.targets import RunsOf
from llm_sdk.codec import WireRequest
from llm_sdk.completion import AsyncCompletionRun, CompletionRun, acompletion, completion
from llm_sdk.types import ModelResponse, TextPart
from mock_server import MockServer

__all__ = ["COMPLETION", "HELLO", "Bench", "RunsOf", "caught", "read_all"]

T = TypeVar("T")
MODEL_ID = "conformance-model"
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
PATIENCE = 20.0


class Bench:
    """Starts runs over the adapter that is judged.

    ``kept`` is how many events of a streamed answer come before the connection ends in good order, ``total`` how many
    the last answer had, and ``hold`` holds a streamed answer back.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.kept: int | None = None
        self.hold: Hold | None = None
        self.total = 0
        self._mock = MockServer(in_process=True, codecs=[subject.codec], validate="off")
        subject.lane.play(self._answer)

    @property
    def model(self) -> Any:
        """The adapter's model."""
        return self.subject.model(MODEL_ID)

    @property
    def inputs(self) -> list[Any]:
        """What the provider read of each request."""
        return [exchange.input for exchange in self._mock.requests]

    @property
    def exchanges(self) -> list[Any]:
        """Every request, as the mock server has it in its journal."""
        return self._mock.requests

    @property
    def bodies(self) -> list[bytes]:
        """The requests as they came."""
        return [exchange.body for exchange in self._mock.requests]

    @property
    def performances(self) -> list[Performance]:
        """How each answer went."""
        return self.subject.lane.performances

    def reply(self, *content: Any, pace: Any = None, **fields: Any) -> None:
        """Answer every request so, from now on."""
        self._mock.reset()
        self._mock.on().reply(*content, pace=pace, **fields)

    def write(self, text: str, cut: str = "word") -> None:
        """Answer every request with this text, told in words or characters, or ``whole``."""
        self._mock.reset()
        response = ModelResponse(content=[TextPart(text=text)], finish_reason="stop")
        self._mock.on().reply(response, pace={"cut": cut})

    def fail(self, status: int) -> None:
        """Answer every request with an error."""
        self._mock.reset()
        self._mock.on().fault(status=status)

    def start(self, **options: Any) -> AsyncCompletionRun:
        """A run, on the loop of the suite."""
        return acompletion(**{"model": self.model, "history": HELLO, **options})

    def start_plain(self, **options: Any) -> CompletionRun:
        """A run of the plain twin."""
        return completion(**{"model": self.model, "history": HELLO, **options})

    async def ended(self, **options: Any) -> AsyncCompletionRun:
        """A run that has ended, well or badly."""
        run = self.start(**options)
        await run.wait()
        return run

    async def until_held(self) -> None:
        """Wait until the answer that was asked for last is held back."""
        hold = self.hold
        while not any(one.playback.hold is hold and one.is_held for one in self.performances):  # noqa: ASYNC110
            await asyncio.sleep(0)  # a transport tells nobody

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine; one that takes too long raises TimeoutError."""
        return self.subject.run(_in_time(coroutine, min(PATIENCE, self.subject.patience.seconds)))

    def _answer(self, request: WireRequest) -> Playback:
        plan = self._mock.engine.answer(self.subject.codec, request)
        chunks: Sequence[bytes] = [chunk.data for chunk in plan.chunks]
        self.total = len(chunks)
        headers = {name: value for name, value in plan.headers.items() if name != "content-length"}
        if plan.stream and self.kept is not None:
            chunks = chunks[: self.kept]
        return Playback(plan.status, headers, chunks, hold=self.hold if plan.stream else None)


async def _in_time(coroutine: Coroutine[Any, Any, T], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await coroutine


async def read_all(stream: Any) -> tuple[list[Any], Exception | None]:
    """The items of a stream, and what it raised after them."""
    items: list[Any] = []
    try:
        async for item in stream:
            items.append(item)  # noqa: PERF401 - those before an error count
    except Exception as error:  # noqa: BLE001 - any exception is a finding
        return items, error
    return items, None


async def caught(awaitable: Any) -> Exception | None:
    """What awaiting it raises."""
    try:
        await awaitable
    except Exception as error:  # noqa: BLE001 - any exception is a finding
        return error
    return None
