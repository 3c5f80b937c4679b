"""Notices an adapter that looks up in this process what is expected of it: in the frames that have called it, or among
all objects that there are.

Python tells its audit hooks of both. Only what the adapter's own code does counts: loggers look for their caller too.
"""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from conformance import offline
from conformance.adapters import home_of
from conformance.settings import ANSWERS, Settings

__all__ = ["answers_hidden"]

SUITE = frozenset({"conformance", "llm_sdk", "mock_server"})

FRAMES, OBJECTS = "the calls that led to it", "the objects of this process"
EVENTS = {
    "sys._getframe": FRAMES,
    "sys._current_frames": FRAMES,
    "gc.get_objects": OBJECTS,
    "gc.get_referrers": OBJECTS,
    "object.__getattr__": FRAMES,
}
ATTRIBUTES = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})
"""What of an object is a frame."""


class _Eye:
    """Installed once, because an audit hook cannot be taken away. ``code`` is where the adapter's own code stands, and
    empty while nobody looks."""

    installed = False
    code: tuple[str, ...] = ()
    looking = False


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in EVENTS or not _Eye.code or _Eye.looking:
        return
    if event == "object.__getattr__" and arguments[1] not in ATTRIBUTES:
        return
    _Eye.looking = True  # to look who it was is such an event itself
    try:
        caller = sys._getframe(1)  # noqa: SLF001 - there is no other way
    finally:
        _Eye.looking = False
    while caller.f_code.co_filename == inspect.__file__ and caller.f_back is not None:
        caller = caller.f_back
    if caller.f_code.co_filename.startswith(_Eye.code):
        offline.attempts.append(f"{offline.READS} {EVENTS[event]}")


@cache
def _code_of(adapter: str) -> tuple[str, ...]:
    """Where the own code of an adapter stands; nowhere for those of the suite itself, and for one without a file."""
    home = home_of(adapter)
    file = getattr(sys.modules.get(home), "__file__", None)
    if file is None or home in SUITE:
        return ()
    return (f"{Path(file).parent}/",) if Path(file).name == "__init__.py" else (file,)


@contextmanager
def answers_hidden(settings: Settings) -> Iterator[None]:
    """In this context the adapter may not read the suite's answers: an attempt is one of
    :data:`conformance.offline.attempts`."""
    code = _code_of(settings.adapter)
    if not _Eye.installed and code:
        sys.addaudithook(_hear)
        _Eye.installed = True
    before, _Eye.code = _Eye.code, code
    try:
        with offline.hidden(*(() if settings.record else ANSWERS)):
            yield
    finally:
        _Eye.code = before
