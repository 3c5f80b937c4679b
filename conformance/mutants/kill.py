"""Judges mutants by the suite, and tells which requirement caught each.

The suite is collected once, for all of them: an adapter changes its nature between one trial and the next.
"""

import contextlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from conformance.mutants.registry import Mutant, Parts, load_mutants, mutant_by_name, reference
from conformance.stash import PATIENCE, PROVED
from llm_sdk.model import LanguageModel

__all__ = [
    "REFERENCE",
    "Kill",
    "Trial",
    "adapter",
    "case_of",
    "check_name",
    "hunt",
    "judge",
    "judge_by",
    "on_trial",
    "sit",
    "trial_of",
]

REFERENCE = "reference"
FIRST = "first "
"""How the selections begin that hold one call of each provider, whichever that is."""
ANY_OF = " or "
SECONDS = "5"
"""Seconds: what a mutant waits for is on this machine."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One adapter, and what it is judged by: the checks whose names hold one of the words of ``checks`` (all of them
    where it is empty), on ``cases`` (all of them where there is none). ``around`` breaks what is no part of an adapter.
    ``until_caught`` ends the trial with the first check that fails, and with ``any_of`` it is judged by all that
    these are.
    """

    name: str
    make: Callable[[Parts], LanguageModel]
    cases: frozenset[str] = frozenset()
    checks: tuple[str, ...] = ("",)
    around: Callable[[], AbstractContextManager[Any]] = nullcontext
    until_caught: bool = False
    any_of: tuple["Trial", ...] = ()

    def takes(self, item: pytest.Item) -> bool:
        """Whether this check is one to judge it by."""
        if self.any_of:
            return any(trial.takes(item) for trial in self.any_of)
        if not any(word in item.name for word in self.checks):
            return False
        marker = item.get_closest_marker("over")
        is_of_any_case = marker is not None and str(marker.args[0]).startswith(FIRST)
        return not self.cases or is_of_any_case or case_of(item) in self.cases


@dataclass(frozen=True, slots=True)
class Kill:
    """What the suite made of one trial: the requirements and the checks that failed, and the first failure's words."""

    name: str
    provider: str
    failed: tuple[str, ...]
    checks: tuple[str, ...]
    judged: int
    message: str

    def is_by(self, requirement: str) -> bool:
        """Whether this requirement is among those that failed."""
        return requirement in self.failed


_judged: list[Trial] = []


def adapter(*, provider: str, base_url: str, api_key: str, model_id: str, http_client: Any) -> LanguageModel:
    """The adapter on trial, for ``--adapter``."""
    return _judged[-1].make(Parts(provider, base_url, api_key, model_id, http_client))


@contextlib.contextmanager
def on_trial(trial: Trial) -> Iterator[None]:
    """In this context the suite judges the adapter of the trial."""
    _judged.append(trial)
    try:
        with trial.around():
            yield
    finally:
        _judged.pop()


def trial_of(mutant: Mutant) -> Trial:
    """A mutant, to be judged by what it names."""
    return Trial(mutant.name, mutant.make, frozenset(mutant.cases), tuple(mutant.checks.split(ANY_OF)), mutant.around)


def hunt(mutants: Sequence[Mutant], providers: Sequence[str], *, jobs: int = 1) -> list[Kill]:
    """Judge mutants with each of the providers that they break something of, shared among ``jobs`` processes, and
    the reference adapter by all that judged them: its judgements are the last. Raises RuntimeError where the suite
    itself cannot judge.
    """
    lots = _lots(mutants, providers, jobs)
    if len(lots) == 1:
        found = _hunt_lot(lots[0])
    else:
        with ProcessPoolExecutor(min(jobs, len(lots)), mp_context=get_context("spawn")) as pool:
            found = [kill for kills in pool.map(_hunt_lot, lots) for kill in kills]
    return sorted(found, key=lambda kill: kill.name == REFERENCE)


@dataclass(frozen=True, slots=True)
class _Lot:
    """Mutants that one process judges with one provider."""

    provider: str
    names: tuple[str, ...]


def _lots(mutants: Sequence[Mutant], providers: Sequence[str], jobs: int) -> list[_Lot]:
    pieces = max(1, jobs // len(providers))
    lots = []
    for provider in providers:
        names = [mutant.name for mutant in mutants if mutant.applies_to(provider)]
        lots += [_Lot(provider, lot) for at in range(pieces) if (lot := tuple(names[at::pieces]))]
    return lots


def _hunt_lot(lot: _Lot) -> list[Kill]:
    load_mutants()
    mutants = [mutant_by_name(name) for name in lot.names]
    cases = sorted({case for mutant in mutants for case in mutant.cases})
    trials = [*map(trial_of, mutants)]
    return judge([*trials, Trial(REFERENCE, reference, any_of=tuple(trials))], lot.provider, cases)


def judge(trials: Sequence[Trial], provider: str, cases: Sequence[str] = ()) -> list[Kill]:
    """Judge each by one collection of the suite, on these cases of a provider. Raises RuntimeError."""
    sitting = _Sitting(provider, trials)
    said = sit(sitting, provider, cases)
    if len(sitting.kills) != len(trials):
        raise RuntimeError(f"the suite could not judge {said}")
    return sitting.kills


def sit(plugin: object, provider: str, cases: Sequence[str] = ()) -> str:
    """Collect the suite with a plugin that runs it; what pytest made of it, for an error."""
    words = ["-p", "conformance.plugin", "--pyargs", "conformance", "-c", os.devnull, "-p", "no:cacheprovider"]
    words += [
        "--patience",
        SECONDS,
        "-q",
        "--provider",
        provider,
        "--level",
        "should",
        "--adapter",
        f"{__name__}:{adapter.__name__}",
    ]
    words += [word for case in cases for word in ("--case", case)]
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        status = pytest.main(words, plugins=[plugin])
    return f"({status!r}): {output.getvalue()}"


class _Sitting:
    """A pytest plugin that goes through the checks once for each trial."""

    def __init__(self, provider: str, trials: Sequence[Trial]) -> None:
        self.kills: list[Kill] = []
        self._provider = provider
        self._trials = trials

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of pytest's own loop."""
        if session.testsfailed:
            return True
        for trial in self._trials:
            items = [item for item in session.items if trial.takes(item)]
            if not items:
                raise RuntimeError(f"{trial.name}: no check of {self._provider} is one to judge it by")
            session.config.stash[PATIENCE].hangs = 0  # what hung was another adapter
            with on_trial(trial):
                self.kills.append(judge_by(trial, self._provider, items))
        return True


def judge_by(trial: Trial, provider: str, items: Sequence[pytest.Item]) -> Kill:
    """Run these checks on one adapter."""
    failed: set[str] = set()
    checks: set[str] = set()
    message = ""
    judged = 0
    for item, following in _pairs(items, apart=trial.until_caught):
        judged += 1
        bad = [report for report in runtestprotocol(item, log=False, nextitem=following) if report.failed]
        if not bad:
            continue
        failed.update(requirement.id for requirement in item.stash.get(PROVED, []))
        checks.add(check_name(item))
        message = message or bad[0].longreprtext
        if trial.until_caught:
            break
    return Kill(trial.name, provider, tuple(sorted(failed)), tuple(sorted(checks)), judged, message)


def _pairs(items: Sequence[pytest.Item], *, apart: bool) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Each item with the next, for which it leaves standing what both need: nothing where they are to be run apart."""
    for at, item in enumerate(items):
        yield item, (None if apart or at + 1 == len(items) else items[at + 1])


def check_name(item: Any) -> str:
    """The name of a check, such as ``test_content`` or ``test_framing[crlf]``."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    variant = ",".join(value for value in params.values() if isinstance(value, str))
    return f"{item.originalname}[{variant}]" if variant else str(item.originalname)


def case_of(item: Any) -> str:
    """The case that a check runs over; empty where it runs over none."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return next((str(value.case) for value in params.values() if hasattr(value, "case")), "")
