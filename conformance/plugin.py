"""The suite as a pytest plugin: its options, what each check runs over, and its report. What checks are given stands
in :mod:`conformance.fixtures`, what happens around each of them in :mod:`conformance.check_hooks`.

In a checkout ``conformance/conftest.py`` loads it; elsewhere it is ``-p conformance.plugin --pyargs conformance``.
"""

import warnings
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest

from conformance import check_hooks, fixtures, offline
from conformance.adapters import REFERENCE
from conformance.alarm_clock import AlarmClock
from conformance.case import COMPLETION, CaseError
from conformance.catalogue import CatalogueError
from conformance.gathering import Collector
from conformance.integrity import installed_plugins, overridden_fixtures
from conformance.marks import MARKERS, proves
from conformance.patience import Patience, keep_the_process
from conformance.plan import Plan, PlanError
from conformance.recording_review import RECORDED, summary_of
from conformance.report import Report
from conformance.report.files import write_reports
from conformance.report.junit import describe_run
from conformance.report.terminal import summary, title
from conformance.selection import select, target_of
from conformance.settings import add_options, load_codecs, read_settings
from conformance.stash import HEARD, OPEN, PATIENCE, PLACE, PLAN, PROVED, REPORT, SETTINGS, WATCH
from conformance.watch import Watch

ROOM = Path(__file__).parent
AS_ASKED = frozenset({"call", "pair", "conversation"})
"""The arguments whose recorded streams come in the framing that the adapter asks for."""
IMPORT_SECONDS = 120.0
"""How long an adapter may take to be imported."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The options of the suite; its other rooms stand where this plugin stands, before those that come later."""
    add_options(parser)
    pluginmanager.register(fixtures, "conformance-fixtures")
    pluginmanager.register(check_hooks, "conformance-checks")


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
    if not config.option.case or COMPLETION in config.option.case:
        import_module("conformance.runs")  # before the watch begins; few other runs need the mock server
    watch = config.stash[WATCH] = Watch()
    if config.option.adapter not in (None, REFERENCE):
        _only_show_warnings(config)
    with Patience(IMPORT_SECONDS).watch(), pytest.MonkeyPatch.context() as patch:
        keep_the_process(patch.setattr)
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
        if (target := target_of(item)) is None:
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The counts by area, and every requirement that failed."""
    report, settings = config.stash[REPORT], config.stash[SETTINGS]
    if report.checks and not settings.record:
        document = report.document()
        terminalreporter.section(title(document))
        for line in summary(document, settings.known_failures):
            terminalreporter.write_line(line)
        failed = (found.nodeid.partition("::")[0] for found in terminalreporter.stats.get("failed", []))
        if {Path(file).name for file in failed} <= {file.name for file in ROOM.glob("test_*.py")}:
            # They stand above by requirement; thousands of lines below would push that out of sight.
            terminalreporter.reportchars = terminalreporter.reportchars.replace("f", "")
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
