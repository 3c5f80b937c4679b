"""Who is to blame for an exception in a check: the adapter that is judged, or the suite that judges it."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

from conformance.outcome import AdapterGoneError
from conformance.patience import HungError
from conformance.plan import Target
from conformance.verdict import Verdict
from llm_sdk.errors import LanguageModelError

__all__ = ["is_ours", "say_plainly"]

ROOM = Path(__file__).resolve().parent
SUITE = (str(ROOM) + "/", str(ROOM.parent / "mock_server") + "/")
MUTANTS = str(ROOM / "mutants") + "/"
CALLS_THE_ADAPTER = frozenset({"asking.py", "subject.py", "runs.py", "adapters.py", "bridge.py", "bridge_model.py"})
"""Files of the suite that do nothing but call the adapter: what is raised there is its own doing."""
FINDINGS = (
    *(pytest.fail.Exception, pytest.skip.Exception, LanguageModelError),
    *(AdapterGoneError, HungError, TimeoutError),
)
"""What a check raises for what the adapter did, and what an adapter raises itself."""


def is_ours(error: BaseException, target: Target | None) -> bool:
    """Whether the suite itself went wrong: an exception that comes out of its own code, and not of the adapter's."""
    if isinstance(error, FINDINGS):
        return False
    files = list(_files(error.__traceback__))
    suite = [file for file in files if file.startswith(SUITE) and not file.startswith(MUTANTS)]
    if not suite or Path(suite[-1]).name in CALLS_THE_ADAPTER:
        return False
    in_the_suite_itself = files[-1] == suite[-1]
    return in_the_suite_itself or (target is not None and target.of_case is not None)


def say_plainly(error: Exception, verdict: Verdict | None, target: Target | None) -> None:
    """End a check in which the adapter raised what no check caught, in the words of every other failure. Returns where
    it has been told already, or where the suite itself went wrong."""
    told = isinstance(error, pytest.fail.Exception | pytest.skip.Exception)
    if verdict is not None and not told and not is_ours(error, target):
        verdict.crash(error)


def _files(traceback: TracebackType | None) -> Iterator[str]:
    """The file of each frame, the innermost last."""
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename
        traceback = traceback.tb_next
