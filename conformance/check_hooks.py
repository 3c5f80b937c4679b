"""What happens around each check: the suite's answers are out of reach, and what came of it is told."""

from collections.abc import Generator
from typing import Any

import pytest

from conformance import offline
from conformance.blame import is_ours, say_plainly
from conformance.catalogue import Requirement
from conformance.fixtures import repeat_of
from conformance.peeking import answers_hidden
from conformance.plan import Call, Target
from conformance.report import Check
from conformance.report.junit import properties_of
from conformance.selection import target_of
from conformance.stash import EXCUSED, HEARD, LACKING, PLACE, PROVED, REFUSED, SETTINGS, SUBJECT, UNDECLARED, WATCH

EXCUSES = frozenset({"not-applicable", "harness-error"})
"""The verdicts of checks whose exchange the adapter does not have to ask for."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """An adapter is made here, and may not read the suite's answers either."""
    with answers_hidden(item.config.stash[SETTINGS]):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """An adapter that reaches for the network fails the check, whatever it makes of the refusal."""
    with answers_hidden(item.config.stash[SETTINGS]):
        try:
            yield
        except Exception as error:
            say_plainly(error, getattr(item, "funcargs", {}).get("verdict"), target_of(item))
            raise
    offline.hear_of_children()
    refused = item.stash[REFUSED] = offline.attempts[item.config.stash[HEARD] :]
    item.config.stash[HEARD] = len(offline.attempts)
    if PROVED in item.stash and refused:
        tried = refused[0] if refused[0].startswith(offline.READS) else f"tried to reach the network: {refused[0]}"
        pytest.fail(f"the adapter {tried}", pytrace=False)


def _check_of(item: Any) -> str:
    """The name of a check, whatever it runs over."""
    return str(getattr(item, "originalname", item.name))


def _reason_of(report: pytest.TestReport) -> str:
    """What a check said; of one that was skipped, the reason alone."""
    return report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else report.longreprtext


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say what a check means for the run: a SHOULD is a warning, and a known failure is known."""
    report = yield
    target = target_of(item)
    if PROVED not in item.stash or target is None or (report.when != "call" and report.passed):
        return report
    proved, watch, subject = item.stash[PROVED], item.config.stash[WATCH], item.stash.get(SUBJECT, None)
    faults = watch.faults_of(report, call)
    watch.answered_unasked(report, subject)
    verdict, message = _verdict_on(item, call, report, proved, target)
    said = getattr(item, "funcargs", {}).get("verdict")
    check = Check(
        ids=tuple(requirement.id for requirement in proved),
        provider=target.provider,
        case=target.case,
        check=item.name,
        verdict=verdict,
        message=message,
        repeat="" if report.passed else said.repeat if said else repeat_of(item, target).line(),
        failure=said.failure if said and not report.passed else None,
    )
    item.user_properties += properties_of(check, proved)  # the last of a check's reports takes them to the JUnit file
    vars(report)["conformance"] = {
        "place": item.stash[PLACE],
        "check": check.as_json(),
        "refused": item.stash.get(REFUSED, []),
        "faults": faults,
        "undeclared": item.stash.get(UNDECLARED, "") if verdict == "passed" else "",
        "exchange": target.id if isinstance(target, Call) else "",
        "asked": verdict in EXCUSES or (subject is not None and subject.was_asked),
    }
    return report


def _verdict_on(
    item: pytest.Item,
    call: pytest.CallInfo[None],
    report: pytest.TestReport,
    proved: list[Requirement],
    target: Target,
) -> tuple[str, str]:
    """The verdict, and what is said of it; a failure that does not count is put to pytest as an expected one."""
    settings = item.config.stash[SETTINGS]
    message = "" if report.passed else _reason_of(report)
    verdict: str = report.outcome
    if excused := item.stash.get(EXCUSED, "") if report.skipped else "":
        verdict = excused
    elif report.failed and call.excinfo is not None and is_ours(call.excinfo.value, target):
        verdict = "harness-error"
    elif report.failed and report.when != "call":
        verdict = "error"
    elif report.failed and item.stash.get(LACKING, ""):
        verdict, report.outcome = "skipped", "skipped"
        report.wasxfail = message = item.stash[LACKING]
    elif report.failed and target.case in settings.known_failures:
        verdict, report.outcome = "known failure", "skipped"
        report.wasxfail = settings.known_failures[target.case]
    elif report.failed and not settings.binding.binds(proved, _check_of(item), target.case if target.of_case else None):
        verdict, report.outcome = "provisional", "skipped"
        report.wasxfail = f"later than the requirements of {settings.binding.name}"
    elif report.failed and settings.level == "must" and all(settings.binding.level(one) != "MUST" for one in proved):
        verdict, report.outcome = "warning", "skipped"
        report.wasxfail = "a SHOULD, which counts with --level should"
    if verdict == "failed" and (undeclared := item.stash.get(UNDECLARED, "")):
        message = f"{undeclared}: not declared, and yet not refused with an UnsupportedError\n{message}"
    return verdict, message
