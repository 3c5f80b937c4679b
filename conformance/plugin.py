"""The suite as a pytest plugin: its options, what each check runs over, and its report.

In a checkout ``conformance/conftest.py`` loads it; elsewhere it is ``-p conformance.plugin --pyargs conformance``.
"""

import asyncio
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conformance import offline
from conformance.adapters import REFERENCE
from conformance.blame import is_ours, say_plainly
from conformance.case import CaseError
from conformance.catalogue import CatalogueError
from conformance.declaration import Declaration, DeclarationError, declared_by
from conformance.gathering import Collector
from conformance.integrity import installed_plugins, overridden_fixtures
from conformance.lanes import open_lane
from conformance.marks import MARKERS, out_of_sight, proves
from conformance.outcome import AdapterGoneError
from conformance.patience import AlarmClock, Patience, keep_the_process
from conformance.plan import Call, Pair, Plan, PlanError, StagedCalls, Target
from conformance.recording_review import RECORDED, summary_of
from conformance.recording_session import Live, RecordingSession
from conformance.report import Check, Report
from conformance.report.files import write_reports
from conformance.report.junit import describe_run, properties_of
from conformance.report.terminal import summary, title
from conformance.selection import ARGUMENTS, select
from conformance.settings import ANSWERS, Settings, add_options, load_codecs, read_settings
from conformance.stash import (
    EXCUSED,
    HEARD,
    LACKING,
    OPEN,
    PATIENCE,
    PLACE,
    PLAN,
    PROVED,
    REFUSED,
    REPORT,
    SETTINGS,
    SUBJECT,
    UNDECLARED,
    WATCH,
)
from conformance.subject import Subject
from conformance.verdict import Repeat, Verdict
from conformance.watch import Watch
from llm_sdk.environment import read_setting
from llm_sdk.registry import get_codec

ROOM = Path(__file__).parent
AS_ASKED = frozenset({"call", "pair", "conversation"})
"""The arguments whose recorded streams come in the framing that the adapter asks for."""
EXCUSES = frozenset({"not-applicable", "harness-error"})
"""The verdicts of checks whose exchange the adapter does not have to ask for."""
USAGE_ERROR = 4
IMPORT_SECONDS = 120.0
"""How long an adapter may take to be imported."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; from here on nothing reaches the network."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if config.option.help or config.option.version:
        return
    stack = config.stash[OPEN] = ExitStack()
    if not config.option.live:
        stack.enter_context(offline.offline())
    before = len(offline.attempts)
    load_codecs(config.option.provider)
    watch = config.stash[WATCH] = Watch()
    if config.option.adapter not in (None, REFERENCE):
        _only_show_warnings(config)
    with Patience(IMPORT_SECONDS).watch():
        settings = config.stash[SETTINGS] = read_settings(config)  # the adapter is imported here
    report = config.stash[REPORT] = Report(settings)
    report.plugins = installed_plugins(config)
    report.attempts += offline.attempts[before:]
    watch.faults += [f"the adapter {tried}" for tried in report.attempts if tried.startswith(offline.READS)]
    config.stash[HEARD] = len(offline.attempts)
    config.pluginmanager.register(Collector(report), "conformance-report")
    patience = config.stash[PATIENCE] = Patience(settings.patience)
    config.pluginmanager.register(AlarmClock(patience), "conformance-alarm")


def _only_show_warnings(config: pytest.Config) -> None:
    """Those of an adapter's libraries fail nothing, neither when it is imported nor when its last sockets are cleared
    up: "error" is for one's own code."""
    config.addinivalue_line("filterwarnings", "default")
    warnings.simplefilter("default")  # outside the checks, where pytest has read its own filters already


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of what the run held."""
    if (stack := config.stash.get(OPEN, None)) is not None:
        stack.close()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Read the cases and the recordings. A broken one ends the run before it begins."""
    settings = session.config.stash[SETTINGS]
    describe_run(session.config.pluginmanager.get_plugins(), settings)
    session.config.stash[PLAN] = None
    if settings.record:
        return
    try:
        plan = Plan(settings.providers, settings.cassettes, own=settings.own, only=settings.cases)
    except (PlanError, CaseError, CatalogueError) as error:
        raise pytest.UsageError(str(error)) from None
    session.config.stash[PLAN] = plan


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Recording and judging are different runs, and given bytes are judged alone."""
    name = collection_path.name
    if collection_path.parent != ROOM or not name.startswith("test_"):
        return None
    settings = config.stash[SETTINGS]
    wanted = "test_recording.py" if settings.record else "test_given_bytes.py" if settings.damages else ""
    if wanted:
        return name != wanted
    return True if name in ("test_recording.py", "test_given_bytes.py") else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each check over its selection."""
    marker = metafunc.definition.get_closest_marker("over")
    if marker is None or metafunc.definition.path.parent != ROOM:
        return
    config = metafunc.config
    argument, targets = select(marker.args[0], config.stash[PLAN], config.stash[SETTINGS])
    asked = [argument] if argument in AS_ASKED else False
    metafunc.parametrize(argument, targets, ids=[target.id for target in targets], indirect=asked)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the profile does not hold, and checks that have nothing to run over."""
    profiles = config.stash[SETTINGS].profiles
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        if item.path.parent != ROOM:
            kept.append(item)
            continue
        if (target := _target_of(item)) is None:
            continue
        if (marker := item.get_closest_marker("requirement")) is None:
            kept.append(item)
            continue
        proved = item.stash[PROVED] = proves(marker, target)
        wanted = not profiles or any(requirement.area in profiles for requirement in proved)
        if proved:
            (kept if wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    items[:] = kept
    watch = config.stash[WATCH]
    watch.faults += overridden_fixtures(kept)
    watch.take_in({str(getattr(item, "module").__name__) for item in kept if item.path.parent == ROOM})  # noqa: B009 - a function's
    for place, item in enumerate(items):
        item.stash[PLACE] = place


def _target_of(item: Any) -> Target | None:
    """What this check runs over; ``None`` where its selection is empty."""
    params: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    for name, value in params.items():
        if name in ARGUMENTS and hasattr(value, "of_case"):
            target: Target = value
            return target
    return None


@pytest.fixture(scope="session")
def settings(pytestconfig: pytest.Config) -> Settings:
    """The options of the run."""
    return pytestconfig.stash[SETTINGS]


@pytest.fixture
def seed(settings: Settings) -> int:
    """What answers are varied by."""
    return settings.seed


@pytest.fixture(scope="session", autouse=True)
def waits(settings: Settings) -> Iterator[list[float]]:
    """The seconds that adapters wanted to wait before they asked again: the suite does not wait with them."""
    real = asyncio.sleep
    wanted: list[float] = []

    async def at_once(seconds: float, result: Any = None) -> Any:
        wanted.append(seconds)
        return await real(0, result)

    with pytest.MonkeyPatch.context() as patch:
        if not settings.record:
            patch.setattr("asyncio.sleep", at_once)
            patch.setattr("anyio.sleep", at_once)
            patch.setattr("time.sleep", wanted.append)
            keep_the_process(patch.setattr)
        yield wanted


@pytest.fixture(scope="session")
def _subjects(settings: Settings, pytestconfig: pytest.Config) -> Iterator[dict[str, Subject]]:
    with asyncio.Runner() as runner, ExitStack() as stack:
        subjects: dict[str, Subject] = {}
        for provider in settings.providers:
            lane = open_lane(settings.transport)
            stack.callback(lane.close)
            factory, patience = settings.factory(provider), pytestconfig.stash[PATIENCE]
            subjects[provider] = Subject(get_codec(provider), factory, lane, runner.get_loop(), patience)
        yield subjects


@pytest.fixture(scope="session")
def _declarations(settings: Settings, _subjects: dict[str, Subject]) -> dict[str, Declaration]:
    """What the adapter declares, by provider."""
    try:
        return {
            provider: declared_by(subject, settings.factory(provider), settings.declared)
            for provider, subject in _subjects.items()
        }
    except DeclarationError as error:
        raise AdapterGoneError(f"what the adapter declares cannot be read: {error}") from None


@pytest.fixture
def plan(pytestconfig: pytest.Config) -> Plan:
    """Everything that the run judges."""
    found = pytestconfig.stash[PLAN]
    assert found is not None, "there is no plan when cassettes are made"  # noqa: S101
    return found


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Target:
    """What this check runs over."""
    found = _target_of(request.node)
    assert found is not None, "a check without a target is not collected"  # noqa: S101
    return found


@pytest.fixture
def subject(
    request: pytest.FixtureRequest,
    target: Target,
    _subjects: dict[str, Subject],
    _declarations: dict[str, Declaration],
) -> Subject:
    """The adapter that this check judges: where it refuses what it does not declare, there is nothing to judge."""
    found, declaration = _subjects[target.provider], _declarations[target.provider]
    stash = request.node.stash
    found.begin()
    stash[SUBJECT] = found
    stash[EXCUSED] = stash[UNDECLARED] = stash[LACKING] = ""
    if (undeclared := declaration.refused_call(target)) is not None:
        stash[UNDECLARED] = what = declaration.reason(undeclared)
        if found.refuses(undeclared):
            stash[EXCUSED] = "not-applicable"
            pytest.skip(f"{what}: not declared, and refused")
    elif declaration.exceeds(target):
        pytest.skip("declared, and beyond what the suite knows of this protocol")
    elif declaration.lacks_answer(target):
        stash[UNDECLARED] = f"an answer as in {target.case}"
        stash[LACKING] = f"an answer as in {target.case}: not declared, and it is not read whole"
    if unseen := out_of_sight(request.node, found.lane):
        pytest.skip(f"--transport {found.lane.name} cannot show {unseen}")
    return found


@pytest.fixture
def call(request: pytest.FixtureRequest, subject: Subject) -> Call:
    """A recorded call, its stream framed as the adapter asks for it."""
    return subject.as_asked(request.param)


@pytest.fixture
def pair(request: pytest.FixtureRequest, subject: Subject) -> Pair:
    """The same for the two calls of a pair."""
    recorded: Pair = request.param
    return replace(recorded, streamed=subject.as_asked(recorded.streamed))


@pytest.fixture
def conversation(request: pytest.FixtureRequest, subject: Subject) -> StagedCalls:
    """The same for the calls of a conversation."""
    recorded: StagedCalls = request.param
    return replace(recorded, calls=tuple(map(subject.as_asked, recorded.calls)))


@pytest.fixture
def verdict(request: pytest.FixtureRequest, target: Target) -> Verdict:
    """What a check says its verdict with."""
    played = request.getfixturevalue("call") if "call" in request.fixturenames else None
    body = played.exchange.response_body if isinstance(played, Call) else b""
    return Verdict(request.node.stash[PROVED], _repeat(request.node, target), body)


def _repeat(item: Any, target: Target) -> Repeat:
    command = item.config.stash[SETTINGS].command(target.provider, in_checkout=not item.config.option.pyargs)
    seed = item.config.stash[SETTINGS].seed if "seed" in item.fixturenames else None
    return Repeat(command, target.case, item.originalname, seed)


@pytest.fixture(scope="session")
def _sessions(settings: Settings) -> Iterator[Callable[[str], RecordingSession]]:
    made: dict[str, RecordingSession] = {}
    with ExitStack() as stack:

        def session(provider: str) -> RecordingSession:
            if provider not in made:
                made[provider] = stack.enter_context(_recording_session(settings, provider))
            return made[provider]

        yield session


@pytest.fixture
def recording_session(target: Target, _sessions: Callable[[str], RecordingSession]) -> RecordingSession:
    """Where this case is recorded."""
    return _sessions(target.provider)


def _recording_session(settings: Settings, provider: str) -> RecordingSession:
    live = None
    if settings.live:
        endpoint = get_codec(provider).endpoint
        key = read_setting(endpoint.key_variables)
        if not key:
            pytest.exit(f"--live needs a key: set {' or '.join(endpoint.key_variables)}", returncode=USAGE_ERROR)
        live = Live(settings.base_url or endpoint.base_url, key, settings.model_id)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    folder = settings.cassettes / provider
    return RecordingSession(provider, folder, model_id=settings.model_id, recorded_at=now, live=live)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """An adapter is made here, and may not read the suite's answers either."""
    with _answers_hidden(item.config):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """An adapter that reaches for the network fails the check, whatever it makes of the refusal."""
    with _answers_hidden(item.config):
        try:
            yield
        except Exception as error:
            say_plainly(error, getattr(item, "funcargs", {}).get("verdict"), _target_of(item))
            raise
    offline.hear_of_children()
    refused = item.stash[REFUSED] = offline.attempts[item.config.stash[HEARD] :]
    item.config.stash[HEARD] = len(offline.attempts)
    if PROVED in item.stash and refused:
        tried = refused[0] if refused[0].startswith(offline.READS) else f"tried to reach the network: {refused[0]}"
        pytest.fail(f"the adapter {tried}", pytrace=False)


def _answers_hidden(config: pytest.Config) -> AbstractContextManager[None]:
    return offline.hidden(*(() if config.stash[SETTINGS].record else ANSWERS))


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
    target = _target_of(item)
    if PROVED not in item.stash or target is None or (report.when != "call" and report.passed):
        return report
    settings, proved = item.config.stash[SETTINGS], item.stash[PROVED]
    watch, subject = item.config.stash[WATCH], item.stash.get(SUBJECT, None)
    faults = watch.faults_of(report, call)
    watch.answered_unasked(report, subject)
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
    said = getattr(item, "funcargs", {}).get("verdict")
    check = Check(
        ids=tuple(requirement.id for requirement in proved),
        provider=target.provider,
        case=target.case,
        check=item.name,
        verdict=verdict,
        message=message,
        repeat="" if report.passed else said.repeat if said else _repeat(item, target).line(),
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The counts by area, and every requirement that failed."""
    report, settings = config.stash[REPORT], config.stash[SETTINGS]
    if report.checks and not settings.record:
        document = report.document()
        terminalreporter.section(title(document))
        for line in summary(document, settings.known_failures):
            terminalreporter.write_line(line)
    if settings.record:
        terminalreporter.section("what was recorded")
        done = terminalreporter.stats.get("passed", [])
        told = [value for report in done for name, value in report.user_properties if name == RECORDED]
        for line in summary_of(told):
            terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the reports that were asked for."""
    settings = session.config.stash.get(SETTINGS, None)
    if settings is None or hasattr(session.config, "workerinput"):
        return
    try:
        write_reports(session.config.stash[REPORT], settings)
    except OSError as error:
        raise pytest.UsageError(f"the report cannot be written: {error}") from None
