"""An adapter that looks up what is expected of it, and one that changes who judges: what of that is noticed."""

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import _pytest.runner
import pytest

from conformance import offline
from conformance.peeking import answers_hidden
from conformance.plan import Call
from conformance.verdict import Verdict
from conformance.watch import Watch

LOOKS = """
import collections, gc, inspect, logging, sys

def by_its_frame():
    return sys._getframe().f_back

def by_inspect():
    return inspect.currentframe().f_back

def by_its_traceback():
    try:
        raise ValueError
    except ValueError as error:
        return error.__traceback__.tb_frame.f_back

def by_all_objects():
    return gc.get_objects()

def logs():
    logging.getLogger("looks").warning("a logger finds out who called it")

def makes_a_class():
    return collections.namedtuple("Made", "one")
"""


@pytest.fixture(scope="module")
def looking(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("looks")
    (folder / "an_adapter_that_looks.py").write_text(LOOKS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("an_adapter_that_looks")


@pytest.mark.parametrize(
    ("name", "noticed"),
    [
        ("by_its_frame", ["the calls that led to it"]),
        ("by_inspect", ["the calls that led to it"]),
        ("by_its_traceback", ["the calls that led to it"]),
        ("by_all_objects", ["the objects of this process"]),
        ("logs", []),
        ("makes_a_class", []),
    ],
)
def test_an_adapter_that_looks_at_the_suite_is_noticed(looking: Any, name: str, noticed: list[str]) -> None:
    """While a check runs; libraries that look for their caller mean no harm."""
    settings: Any = SimpleNamespace(adapter="an_adapter_that_looks:create", record=False)
    before = len(offline.attempts)
    try:
        with answers_hidden(settings):
            getattr(looking, name)()
        found = offline.attempts[before:]
        getattr(looking, name)()
        assert offline.attempts[before:] == found
    finally:
        del offline.attempts[before:]
    assert found == [f"{offline.READS} {what}" for what in noticed]


REPLACED = "was replaced while it ran"


@pytest.mark.parametrize(
    ("holder", "name", "told"),
    [
        (pytest.Function, "runtest", f"_pytest.python.Function.runtest of the suite {REPLACED}"),
        (_pytest.runner, "call_and_report", f"_pytest.runner.call_and_report of the suite {REPLACED}"),
        (Call, "golden", f"{Call.__module__}.Call.golden of the suite {REPLACED}"),
        (Verdict, "__setattr__", "conformance.verdict.Verdict.__setattr__ was added to the suite while it ran"),
    ],
    ids=["what-runs-a-check", "what-reports-it", "what-is-expected", "what-tells-it"],
)
def test_who_judges_stays_the_same(monkeypatch: pytest.MonkeyPatch, holder: Any, name: str, told: str) -> None:
    watch = Watch()
    assert watch.replaced() == []
    with monkeypatch.context() as patch:
        patch.setattr(holder, name, object.__setattr__, raising=False)
        found = watch.replaced()
    assert found == [told]


def test_what_was_replaced_before_the_run_is_told_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By a plugin that is loaded first, from a file that nobody has installed."""
    names: dict[str, Any] = {}
    exec(compile("def equal(*_, **__): pass", str(tmp_path / "plug.py"), "exec"), names)  # noqa: S102 - another file
    assert Watch().faults == []
    with monkeypatch.context() as patch:
        patch.setattr(Verdict, "equal", names["equal"])
        found = Watch().faults
    assert found == ["conformance.verdict.Verdict.equal of the suite was replaced before it ran"]
