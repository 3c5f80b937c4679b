"""Gathers the checks of a run, and what has to be admitted of it, also where several processes share the run."""

from collections.abc import Generator
from typing import Any

import pytest

from conformance.ending import tell_the_end
from conformance.integrity import Asked, foreign_hooks, integrity_of, narrowings, status_of
from conformance.report import Check, Report
from conformance.stash import PLAN, SETTINGS, WATCH

__all__ = ["Collector"]

FAULTS = "conformance-faults"
"""Under what a process of several tells what disturbed it."""


def disturbances(config: pytest.Config) -> list[str]:
    """What disturbs the checks of this process."""
    watch = config.stash[WATCH]
    return [*watch.faults, *watch.replaced(), *foreign_hooks(config, config.stash[SETTINGS].adapter)]


class Collector:
    """Gathers the checks where the summary is made: in the one process, or in the one that gives work to others."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._faults: list[str] = []
        self._undeclared: list[str] = []
        self._asked = Asked()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Say how much was judged, before any report is written; a run that cannot be trusted is not green."""
        config = session.config
        settings = config.stash[SETTINGS]
        if not settings.record and not hasattr(config, "workerinput") and not config.option.collectonly:
            faults = [*disturbances(config), *self._faults]
            asked, checks, plan = narrowings(config, settings), self._report.checks, config.stash[PLAN]
            planned = [call.id for call in plan.calls] if plan is not None and not asked else []
            missing = self._asked.missing(planned)
            found = integrity_of(settings, checks, asked, faults, self._undeclared, missing)
            self._report.integrity = found
            counted = faults if settings.allow_edited else None
            session.exitstatus = status_of(session.exitstatus, checks, found, disturbed=counted)
        elif (output := getattr(config, "workeroutput", None)) is not None:
            output[FAULTS] = disturbances(config)
        status = session.exitstatus
        yield
        session.exitstatus = session.exitstatus or status  # no plugin makes it well again
        tell_the_end(config, session.exitstatus)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found: dict[str, Any] | None = getattr(report, "conformance", None)
        if found is not None:
            self._report.add(Check(**found["check"]), found["place"])
            self._report.attempts += found["refused"]
            self._faults += found["faults"]
            self._undeclared += filter(None, [found["undeclared"]])
            if found["exchange"]:
                self._asked.note(found["exchange"], done=found["asked"])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear what disturbed another process of the run."""
        self._faults += getattr(node, "workeroutput", {}).get(FAULTS, [])
