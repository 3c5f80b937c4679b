"""How long an adapter is waited for, and what it may end: its own call, and never the run.

A call that hangs is ended by an alarm, and so is one that runs in circles. The alarm is set anew whenever a call begins
or ends; one who has hung before is waited for half as long each time, so that a run over an adapter that always hangs
comes to its end, too. Where the system has no alarms, or a check does not run in the main thread, nothing is ended.
"""

import os
import signal
import sys
import threading
import time
from asyncio import CancelledError, current_task
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from conformance.outcome import AdapterGoneError

__all__ = ["SECONDS", "HungError", "InterruptedRunError", "Patience", "is_of_the_run", "keep_the_process"]

SECONDS = 30.0
"""How long one call of an adapter may take."""
LEAST_SECONDS = 0.25
AGAIN = 0.5
"""Seconds after which the alarm rings again, for one that catches whatever is raised."""


class HungError(BaseException):
    """A call did not end. It is no Exception, for the adapter that is in its midst may catch all of those."""


class InterruptedRunError(KeyboardInterrupt):
    """Somebody has pressed Ctrl-C. A KeyboardInterrupt of any other class is what an adapter has raised."""


class Patience:
    """Ends what takes longer than ``seconds``."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = self._set_to = seconds
        self._is_set = False
        self._told = ""
        self.hangs = 0
        """How many calls did not end by themselves."""

    @property
    def seconds(self) -> float:
        """How long the next call may take."""
        return max(min(self._seconds, LEAST_SECONDS), self._seconds * 0.5**self.hangs)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """In this context the alarm is set. An alarm that somebody else has set rings later, if its time has come."""
        has_alarms = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        if self._is_set or not has_alarms:
            yield
            return
        begun, handlers = time.monotonic(), {}
        handlers[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._ring)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            handlers[signal.SIGINT] = signal.signal(signal.SIGINT, _interrupt)
        left, interval = signal.setitimer(signal.ITIMER_REAL, self._seconds, AGAIN)
        self._is_set, self._set_to, self._told = True, self._seconds, ""
        try:
            yield
        finally:
            self._is_set = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            if left:
                signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 0.001), interval)

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call of the adapter. Its time begins here; where it took most of that, it counts as one that hung:
        whoever waited for it has given it up."""
        begun, seconds = time.monotonic(), self.seconds
        self._set(seconds)
        try:
            yield
        finally:
            if not self._told and time.monotonic() - begun > seconds / 2:
                self.hangs += 1
            self._set(self._seconds)  # for what the suite does between two calls

    def _set(self, seconds: float) -> None:
        self._set_to, self._told = seconds, ""
        if self._is_set:
            signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)

    def _ring(self, number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        if not self._told:
            before = f", as {self.hangs} before it" if self.hangs else ""
            self._told = f"it did not end within {self._set_to:g} seconds{before}"
            self.hangs += 1
        raise HungError(self._told)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise InterruptedRunError


def is_of_the_run(error: BaseException) -> bool:
    """Whether it has to be passed on: somebody has ended the run, or the suite has cancelled the call."""
    if isinstance(error, CancelledError):
        try:
            task = current_task()
        except RuntimeError:  # no event loop runs here
            return False
        return task is not None and task.cancelling() > 0
    return isinstance(error, (InterruptedRunError, *_left_to_pytest()))


def _left_to_pytest() -> tuple[type[BaseException], ...]:
    """What an adapter raises in vain, for the suite says what becomes of a check: nothing, where no check runs."""
    if (pytest := sys.modules.get("pytest")) is None:
        return ()
    return pytest.skip.Exception, pytest.fail.Exception


def keep_the_process(replace: Callable[[str, Any], None]) -> None:
    """Whoever would end the process at once is to end the call alone; ``replace`` puts a value in place of another.
    Processes that were forked end as they want."""
    for name in ("_exit", "abort"):
        replace(f"os.{name}", _refusing(os.getpid(), name, getattr(os, name)))


def _refusing(own: int, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(*arguments: Any) -> Any:
        if os.getpid() != own:
            return real(*arguments)
        raise AdapterGoneError(f"it would have ended the process: os.{name}{arguments}")

    return refuse
