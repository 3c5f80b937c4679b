"""Ways in which an adapter could end the run, or hold it up: each fails its own check, and the others are judged."""

import asyncio
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cheats import judge

from conformance.adapters import AdapterError, find_factory
from conformance.bridge import Bridge
from conformance.lanes import InProcess, refuse
from conformance.outcome import AdapterGoneError
from conformance.patience import InterruptedRunError, Patience
from conformance.plan import Call, Plan
from conformance.replay import playback_of
from conformance.settings import CASSETTES
from conformance.subject import Subject
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.types import LanguageModelInput

ADAPTER = """
import asyncio, os, sys, threading
import pytest

def exits(): sys.exit(0)
def exits_at_once(): os._exit(0)
def aborts(): os.abort()
def interrupts(): raise KeyboardInterrupt
def closes(): raise GeneratorExit
def cancels(): raise asyncio.CancelledError
def ends_pytest(): pytest.exit("enough", 0)
def raises_what_nobody_catches(): raise BaseException("all is lost")
def calls_itself(): return calls_itself()
def has_no_memory(): raise MemoryError
def blocks(): threading.Event().wait()
def runs_in_circles():
    for _ in range(2):  # catches the first alarm, whatever it is
        try:
            while True:
                pass
        except BaseException as error:
            caught = error
    raise caught
async def waits(): await asyncio.Event().wait()
async def exits_in_a_task():
    async def task(): sys.exit(0)
    await asyncio.create_task(task())
def passes(): pass

WAYS = [
    exits, exits_at_once, aborts, interrupts, closes, cancels, ends_pytest, raises_what_nobody_catches, calls_itself,
    has_no_memory, blocks, waits, runs_in_circles, exits_in_a_task, passes,
]

class Adapter(Around):
    async def generate(self, input):
        made = WAYS.pop(0)()
        if made is not None:
            await made
        return await self.inner.generate(input)
"""
SAID = (
    *("SystemExit: 0", "would have ended the process: os._exit(0,)", "os.abort()", "KeyboardInterrupt"),
    *("GeneratorExit", "CancelledError", "Exit: enough", "BaseException: all is lost", "RecursionError"),
    *("MemoryError", "did not end within 4 seconds", "did not end within 2 seconds, as 1 before it"),
    *("did not end within 1 seconds, as 2 before it", "it raised SystemExit(0)"),
)
CASES = (
    *("assistant-history", "conversation", "empty-system-prompt", "empty-text", "end-user", "identity"),
    *("incomplete-filter", "incomplete-length", "json-in-text", "line-separators", "long-text"),
    *("options", "several-texts", "text-options", "whitespace"),
)


def test_no_call_ends_or_holds_up_the_run(tmp_path: Path) -> None:
    words = [word for case in CASES for word in ("--case", case)]
    status, report, output = judge(tmp_path, ADAPTER, "-k", "test_content and 1-generate", "--patience", "4", *words)
    messages = [check.get("message", "") for check in report["checks"]]
    assert status == pytest.ExitCode.TESTS_FAILED, output
    assert [check["verdict"] for check in report["checks"]] == ["failed"] * len(SAID) + ["passed"], messages
    assert [said for said, message in zip(SAID, messages, strict=False) if said not in message] == [], messages


def test_a_program_that_is_imported_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that lacks ``if __name__ == "__main__"`` does."""
    (tmp_path / "program.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AdapterError, match=r"program cannot be imported \(SystemExit: 0\)"):
        find_factory("program:create", "openai")


def test_a_program_that_ends_the_process_when_it_is_imported_begins_no_run(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import os\nos._exit(0)\n")
    command = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "--pyargs", "conformance.test_answers"]
    command += ["-p", "no:cacheprovider", "--provider", "openai", "--adapter", "program:create"]
    found = subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert found.returncode == pytest.ExitCode.USAGE_ERROR
    assert (
        "program cannot be imported (AdapterGoneError: it would have ended the process: os._exit(0,))" in found.stderr
    )


class Waits:
    """A model that never answers."""

    metadata = None

    async def stream(self, _: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        await asyncio.Event().wait()
        yield PartialModelResponse()

    def stream_sync(self, _: LanguageModelInput) -> Iterator[PartialModelResponse]:
        threading.Event().wait()
        yield PartialModelResponse()


def exits(**_: Any) -> Any:
    sys.exit(0)


@pytest.fixture
def call() -> Call:
    plan = Plan(("openai",), CASSETTES, own=True, only=("text",))
    return next(call for call in plan.calls if call.stream)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        yield runner.get_loop()


ASKED: dict[str, Callable[[Subject, Call], object]] = {
    "ask": lambda subject, call: subject.ask(call).crash,
    "ask-sync": lambda subject, call: subject.ask(call, sync=True).crash,
    "ask-all": lambda subject, call: subject.ask_all([call, call], refuse),
    "arrivals": lambda subject, call: subject.arrivals(call, playback_of(call.exchange)),
    "leave-early": lambda subject, call: subject.leave_early(call, playback_of(call.exchange)),
    "leave-early-sync": lambda subject, call: subject.leave_early_sync(call, playback_of(call.exchange)),
}


@pytest.mark.parametrize("way", ASKED)
def test_whatever_is_asked_comes_to_an_end(way: str, call: Call, loop: asyncio.AbstractEventLoop) -> None:
    patience = Patience(0.05)
    subject = Subject(call.codec, lambda **_: Waits(), InProcess(), loop, patience)
    with patience.watch():
        try:
            said = str(ASKED[way](subject, call))
        except AdapterGoneError as error:
            said = str(error)
    assert "did not end within 0.05 seconds" in said
    assert patience.hangs == 1
    assert asyncio.all_tasks(loop) == set()


def test_a_factory_ends_no_process(call: Call, loop: asyncio.AbstractEventLoop) -> None:
    subject = Subject(call.codec, exits, InProcess(), loop)
    with pytest.raises(AdapterGoneError, match=r"it raised SystemExit\(0\), which is to end a process"):
        subject.ask(call)


@pytest.mark.parametrize(
    ("way", "seconds", "said"),
    [("silent", 3.0, "did not end within 3 seconds"), ("dies", 60.0, "ended with status 3; it wrote: out of cheese")],
)
def test_a_command_that_hangs_or_dies_fails_its_call(
    way: str, seconds: float, said: str, call: Call, loop: asyncio.AbstractEventLoop
) -> None:
    command = shlex.join([sys.executable, str(Path(__file__).with_name("scripted_bridge.py")), way])
    patience = Patience(seconds)
    with Bridge(f"cmd: {command}") as bridge, patience.watch():
        subject = Subject(call.codec, bridge.factory("openai"), InProcess(), loop, patience)
        outcome = subject.ask(call)
        assert bridge._process is None or bridge._process.is_over
    assert said in outcome.describe()


def test_ctrl_c_ends_the_run() -> None:
    patience = Patience()
    with pytest.raises(InterruptedRunError), patience.watch():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_alarm_of_somebody_else_rings_later() -> None:
    rung: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        with Patience().watch():
            end = time.monotonic() + 0.03
            while time.monotonic() < end:
                pass
            assert rung == []
        while not rung:
            signal.pause()
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, left, interval)
