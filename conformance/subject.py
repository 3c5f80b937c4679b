"""The adapter that is judged, on the lane on which it is fed."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from typing import Any, TypeVar

from conformance.adapters import Factory
from conformance.arrays import in_array
from conformance.asking import ask, ask_in_place, checked, of_the_adapter
from conformance.bridge_model import BridgeModel
from conformance.lanes import Lane
from conformance.outcome import AdapterGoneError, Outcome, failed, outcome_of, told_by
from conformance.patience import HungError, Patience, is_of_the_run
from conformance.plan import Call
from conformance.replay import Answer, Performance, Playback, playback_of
from llm_sdk.codec import Codec, Framing
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import UnsupportedError
from llm_sdk.model import LanguageModel
from llm_sdk.types import LanguageModelInput

__all__ = ["CANARY", "Subject"]

T = TypeVar("T")
PATIENCE = 2500
QUIET = 0.05
"""Seconds in which a call that waits has read what came."""
SETTLING = 0.02
"""Seconds in which a call that has ended may tidy up."""
CANARY = "sk-canary-0123456789abcdefghijklmnopqrstuvwxyz"
"""The key that every adapter is given, and that must turn up nowhere but in the header for it."""


class Subject:
    """One adapter on one lane. Every call comes to an :class:`~conformance.outcome.Outcome`, whatever it raises."""

    def __init__(
        self,
        codec: Codec,
        factory: Factory,
        lane: Lane,
        loop: asyncio.AbstractEventLoop,
        patience: Patience | None = None,
    ) -> None:
        self.codec = codec
        self.patience = patience or Patience()
        self.lane = lane
        self._factory = factory
        self._loop = loop
        self._models: dict[tuple[str, str], LanguageModel] = {}
        self._plain: dict[str, Outcome] = {}
        self._framing: Framing | None = None
        self.was_asked = False
        """Whether a request came since :meth:`begin`."""
        self.answers_unasked = 0
        """How many answers were given since :meth:`begin` for which no request had come."""

    def begin(self) -> None:
        """A new check begins."""
        self.was_asked, self.answers_unasked = False, 0

    def model(self, model_id: str, base_url: str = "") -> LanguageModel:
        """The adapter's model of this name; made once. ``base_url`` is another way to write that of the lane."""
        key = (model_id, base_url)
        if key not in self._models:
            with self._alone():
                self._models[key] = self._factory(
                    base_url=base_url or self.lane.base_url(self.codec),
                    api_key=CANARY,
                    model_id=model_id,
                    http_client=self.lane.http_client,
                )
        return self._models[key]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Whatever the adapter does in this context ends it, and nothing else: raises AdapterGoneError for what would
        end the process, and for a call that hangs."""
        hangs = self.patience.hangs
        try:
            with self.patience.call():
                yield
        except HungError as error:
            raise AdapterGoneError(str(error)) from None
        except BaseException as error:
            if isinstance(error, Exception) or is_of_the_run(error):
                raise
            raise AdapterGoneError(f"it raised {type(error).__name__}({error}), which is to end a process") from error
        finally:
            if self.patience.hangs > hangs:
                self._let_go()

    def _let_go(self) -> None:
        """Leave behind what hangs."""
        for model in self._models.values():
            if isinstance(model, BridgeModel):
                model.give_up("did not end a call")
        self._models.clear()
        if tasks := asyncio.all_tasks(self._loop):
            for task in tasks:
                task.cancel()
            with suppress(HungError), self.patience.call():
                self._loop.run_until_complete(asyncio.wait(tasks, timeout=SETTLING))

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
        else:
            self._note(self._plain[call.id])
        return self._plain[call.id]

    def ask(self, call: Call, playback: Playback | None = None, *, sync: bool = False) -> Outcome:
        """Make the call, answered as recorded or with ``playback``."""
        played = playback or playback_of(call.exchange)
        return self.ask_input(call.model_id, call.input, lambda _: played, stream=call.stream, sync=sync)

    def ask_input(
        self,
        model_id: str,
        input: LanguageModelInput,
        answer: Answer,
        *,
        stream: bool,
        sync: bool = False,
        base_url: str = "",
    ) -> Outcome:
        """Make any call, answered by ``answer``."""
        self.lane.play(answer)
        model = self.model(model_id, base_url)
        try:
            if sync:
                with self._alone():
                    outcome = ask_in_place(model, input, stream=stream)
            else:
                outcome = self.run(ask(model, input, stream=stream))
        except AdapterGoneError as error:
            outcome = failed(error)
        return self._note(outcome.after(self.lane.performances))

    def _note(self, outcome: Outcome) -> Outcome:
        self.was_asked = self.was_asked or bool(outcome.performances)
        self.answers_unasked += outcome.response is not None and not outcome.performances
        return outcome

    def ask_amid_a_loop(self, call: Call) -> Outcome:
        """Make the call with the twin that waits in place, from code that runs on the event loop."""
        played = playback_of(call.exchange)
        self.lane.play(lambda _: played)
        model = self.model(call.model_id)

        async def amid() -> Outcome:
            return ask_in_place(model, call.input, stream=call.stream)

        try:
            outcome = self.run(amid())
        except AdapterGoneError as error:
            outcome = failed(error)
        return self._note(outcome.after(self.lane.performances))

    def ask_in_threads(self, calls: Sequence[Call], answer: Answer, ended: Callable[[], object]) -> list[Outcome]:
        """Make several calls of one model at once, each with the twin that waits in place, in a thread of its own;
        ``ended`` is called when one of them has ended."""
        self.lane.play(answer)
        model = self.model(calls[0].model_id)
        outcomes = [failed(AdapterGoneError("the call did not end"))] * len(calls)

        def make(at: int, call: Call) -> None:
            outcomes[at] = ask_in_place(model, call.input, stream=call.stream)
            ended()

        threads = [threading.Thread(target=make, args=pair, daemon=True) for pair in enumerate(calls)]
        with suppress(AdapterGoneError), self._alone():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return [self._note(outcome.after(self.lane.performances)) for outcome in outcomes]

    def ask_all(self, calls: Sequence[Call], answer: Answer) -> list[Outcome]:
        """Make several calls of one model at once."""
        self.lane.play(answer)
        outcomes = self.run(_all(self.model(calls[0].model_id), calls))
        answers = sum(outcome.response is not None for outcome in outcomes)
        self.was_asked = self.was_asked or bool(self.lane.performances)
        self.answers_unasked += max(0, answers - len(self.lane.performances))
        return outcomes

    def ask_in_turns(self, call: Call, playback: Playback) -> list[Outcome]:
        """Make the call twice with the twin that waits in place, and take a partial response of each in turns."""
        self.lane.play(lambda _: playback)
        model = self.model(call.model_id)
        given: list[list[PartialModelResponse]] = [[], []]
        with self._alone():
            try:
                streams = [iter(model.stream_sync(call.input)) for _ in given]
                for partials in zip_longest(*streams):
                    for kept, partial in zip(given, partials, strict=True):
                        kept += [] if partial is None else [checked(partial, PartialModelResponse, "stream_sync")]
            except BaseException as error:  # noqa: BLE001
                return [failed(of_the_adapter(error))]
        self.was_asked = self.was_asked or bool(self.lane.performances)
        return [outcome_of(kept) for kept in given]

    @contextmanager
    def anew(self) -> Iterator[None]:
        """In this context every model is made again."""
        models, self._models = self._models, {}
        try:
            yield
        finally:
            self._models = models

    @contextmanager
    def under_another_loop(self) -> Iterator[None]:
        """In this context calls are made on an event loop of their own, which ends with it."""
        own = self._loop
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            try:
                yield
            finally:
                self._loop = own

    def refuses(self, call: Call) -> bool:
        """Whether the adapter refuses the call with an UnsupportedError, and sends nothing."""
        outcome = self.plain(call)
        return isinstance(outcome.error, UnsupportedError) and not outcome.performances

    def cancel(self, call: Call, playback: Playback) -> bool:
        """Make the call, and cancel it when its answer is held back; whether that ended it."""
        self.lane.play(lambda _: playback)
        cancelled = self.run(_cancel(self.model(call.model_id), call, self.lane))
        self.was_asked = self.was_asked or bool(self.lane.performances)
        return cancelled

    def arrivals(self, call: Call, playback: Playback) -> list[tuple[int, int]]:
        """For each partial response of a stream: how many chunks were taken when it was given, and how many characters
        it tells. A hold is released by the first that tells any."""
        self.lane.play(lambda _: playback)
        found = self.run(_arrivals(self.model(call.model_id), call.input, self.lane, playback))
        self._last_performance()
        return found

    def leave_early(self, call: Call, playback: Playback) -> None:
        """Take one partial response of a stream, and leave it."""
        self.lane.play(lambda _: playback)
        self.run(_leave_early(self.model(call.model_id), call.input, self.lane))
        self._last_performance()
        if playback.hold is not None:
            playback.hold.release()

    def leave_early_sync(self, call: Call, playback: Playback) -> None:
        """The same with the twin that waits in place."""
        self.lane.play(lambda _: playback)
        model = self.model(call.model_id)
        with self._alone():
            stream = iter(model.stream_sync(call.input))
            next(stream, None)
            if (close := getattr(stream, "close", None)) is not None:
                close()
        self._last_performance()

    def tells_early_in_place(self, call: Call, playback: Playback) -> None:
        """Read a stream with the twin that waits in place; its hold is released by the first text that is given."""
        self.lane.play(lambda _: playback)
        model = self.model(call.model_id)
        with self._alone():
            for partial in model.stream_sync(call.input):
                if told_by(partial) and playback.hold is not None:
                    playback.hold.release()
        self._last_performance()

    def left_running(self) -> int:
        """How many tasks of the event loop and how many threads there are while no call is made."""
        self.run(_settle())
        return len(asyncio.all_tasks(self._loop)) + threading.active_count()

    def _last_performance(self) -> Performance:
        if not self.lane.performances:
            raise AdapterGoneError("it gave a partial response before anything was sent")
        self.was_asked = True
        return self.lane.performances[-1]

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine, on the loop of this run. Raises AdapterGoneError where it does not end."""
        with self._alone():
            return self._loop.run_until_complete(coroutine)


async def _arrivals(
    model: LanguageModel, input: LanguageModelInput, lane: Lane, playback: Playback
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    async for partial in model.stream(input):
        told = told_by(partial)
        found.append((lane.performances[-1].taken if lane.performances else 0, told))
        if told and playback.hold is not None:
            playback.hold.release()
    return found


async def _leave_early(model: LanguageModel, input: LanguageModelInput, lane: Lane) -> None:
    stream = model.stream(input)
    async for _ in stream:
        break
    if (close := getattr(stream, "aclose", None)) is not None:
        await close()
    if lane.performances:
        # The event loop goes on meanwhile, for it may be what closes the response; another process hears of it later.
        await asyncio.to_thread(lane.performances[-1].is_closed_soon)


async def _all(model: LanguageModel, calls: Sequence[Call]) -> list[Outcome]:
    asked = (ask(model, call.input, stream=call.stream) for call in calls)
    return list(await asyncio.gather(*asked))


async def _settle() -> None:
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=SETTLING)


async def _cancel(model: LanguageModel, call: Call, lane: Lane) -> bool:
    task = asyncio.ensure_future(ask(model, call.input, stream=call.stream))
    for _ in range(PATIENCE):
        if task.done() or (lane.performances and lane.performances[-1].is_held):
            break
        await asyncio.wait([task], timeout=0.002)
    await asyncio.wait([task], timeout=QUIET)  # until it has read what came: asyncio.wait_for of Python 3.11 may
    task.cancel()  # lose a cancellation that comes together with what it waits for
    await asyncio.wait([task])
    return task.cancelled()
