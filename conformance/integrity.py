"""Whether a run judged what it should have judged, undisturbed: what a report has to admit beside its verdicts.

An honest narrowing (``--case``, ``-k``) is said as such. Anything that changes outcomes, or that takes checks away
without having been asked to, is a fault, and a run with a fault is not green. What cannot be seen from within the same
process is out of reach: code that is willing to rewrite the interpreter can lie to it. A report made elsewhere is
believed by repeating it.
"""

import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from conformance.adapters import home_of
from conformance.installation import changed_since_installed
from conformance.manifest import changed_files, digest_of_checks, load_manifest
from conformance.report.document import Check, Integrity
from conformance.report.words import FAILING
from conformance.settings import CASSETTES, Settings
from conformance.watch import is_of_the_suite

__all__ = ["HARNESS", "Asked", "integrity_of", "narrowings", "overridden_fixtures", "status_of"]

ROOM = Path(__file__).resolve().parent
HARNESS = pytest.ExitCode.INTERNAL_ERROR
"""The exit status of a run that could not be trusted, where the adapter failed nothing."""
HOOKS = (
    *("pytest_runtest_makereport", "pytest_runtest_call", "pytest_pyfunc_call", "pytest_runtest_protocol"),
    *("pytest_collection_modifyitems", "pytest_runtest_logreport", "pytest_itemcollected", "pytest_fixture_setup"),
    *("pytest_runtestloop", "pytest_generate_tests", "pytest_report_teststatus", "pytest_sessionfinish"),
    *("pytest_report_from_serializable", "pytest_report_to_serializable", "pytest_terminal_summary"),
)
"""Where a plugin can change what is judged and what comes of it."""
SHOWN = 5


class Asked:
    """Which recorded exchanges the adapter asked for, and which it did not have to: what it refuses by right."""

    def __init__(self) -> None:
        self._judged: dict[str, None] = {}
        self._done: set[str] = set()

    def note(self, exchange: str, *, done: bool) -> None:
        """One check has judged this exchange."""
        self._judged[exchange] = None
        if done:
            self._done.add(exchange)

    def missing(self, planned: Iterable[str]) -> list[str]:
        """Those of the plan and of the checks that were never asked for."""
        return [exchange for exchange in dict.fromkeys([*planned, *self._judged]) if exchange not in self._done]


def overridden_fixtures(items: Iterable[pytest.Item]) -> list[str]:
    """Fixtures of the suite that others have put their own in the place of, with the files of those."""
    found: dict[str, None] = {}
    closures = {id(closure): closure for item in items if (closure := getattr(item, "_fixtureinfo"))}  # noqa: B009 - pytest's own
    for closure in closures.values():  # one for each check, whatever it runs over
        for name, definitions in closure.name2fixturedefs.items():
            files = [Path(definition.func.__code__.co_filename) for definition in definitions]
            if any(is_of_the_suite(file) for file in files) and not is_of_the_suite(files[-1]):
                found[f"fixture {name!r} of the suite is overridden in {files[-1]}"] = None
    return list(found)


def foreign_hooks(config: pytest.Config, adapter: str) -> list[str]:
    """Hooks by which code that is no installed pytest plugin, or that comes with the adapter, could change what comes
    of a check."""
    package = home_of(adapter)
    xdist = find_spec("xdist")  # what it runs in other processes has no module of its name
    trusted = [
        ROOM,
        ROOM.parent / "tests",
        *(Path(found) for found in (xdist and xdist.submodule_search_locations) or ()),
    ]
    manager = config.pluginmanager
    installed = {id(plugin) for plugin, _ in manager.list_plugin_distinfo()}
    found: dict[str, None] = {}
    for name in HOOKS:
        for implementation in getattr(config.hook, name).get_hookimpls():
            module = implementation.function.__module__
            home, file = module.partition(".")[0], Path(implementation.function.__code__.co_filename)
            if home == "_pytest" or any(map(file.is_relative_to, trusted)):
                continue
            if home == package:
                found[f"hook {name} is implemented in {file}, which comes with the adapter"] = None
            elif id(implementation.plugin) not in installed and not _comes_with(module, installed):
                found[f"hook {name} is implemented in {file}, which is no installed plugin"] = None
    return list(found)


def installed_plugins(config: pytest.Config) -> tuple[str, ...]:
    """The distributions whose plugins take part in the run, with their versions."""
    found = (dist for _, dist in config.pluginmanager.list_plugin_distinfo())
    return tuple(sorted({f"{dist.project_name} {dist.version}" for dist in found}))


def _comes_with(module: str, installed: set[int]) -> bool:
    """Whether the module belongs to the package of an installed plugin, which may register objects of its own."""
    package = module.partition(".")[0]
    return any(id(found) in installed for name, found in list(sys.modules.items()) if name.partition(".")[0] == package)


def narrowings(config: pytest.Config, settings: Settings) -> list[str]:
    """The options that ask for less than everything."""
    option = config.option
    found = {
        "-k": option.keyword,
        "-m": option.markexpr,
        "--deselect": " ".join(option.deselect or ()),
        "--ignore": " ".join(map(str, option.ignore or ())),
        "--case": " ".join(settings.cases),
        "--profile": " ".join(sorted(settings.profiles)),
        "--maxfail": str(option.maxfail or ""),
        "--last-failed": "yes" if getattr(option, "lf", False) else "",
        "--stepwise": "yes" if getattr(option, "stepwise", False) else "",
        "--reruns": str(getattr(option, "reruns", None) or ""),
        "--cuts": "yes" if settings.damages else "",
    }
    asked = [f"{name} {value}" for name, value in found.items() if value]
    modules = [arg for arg in config.args if "test_" in arg or "::" in arg]
    return asked + [f"only {module}" for module in modules]


def integrity_of(
    settings: Settings,
    checks: list[Check],
    narrowed: list[str],
    faults: Iterable[str],
    undeclared: Iterable[str] = (),
    unplayed: Iterable[str] = (),
) -> Integrity:
    """What the report admits of the run, with the manifest as its measure."""
    found, changed = list(dict.fromkeys(faults)), changed_since_installed()
    manifest = load_manifest()["providers"]
    known = [manifest.get(provider) for provider in settings.providers]
    expected = sum(entry["checks"] for entry in known) if all(known) else None
    if settings.cassettes != CASSETTES:
        expected, narrowed = None, [*narrowed, "other recordings than the suite's own"]
    elif expected is None:
        narrowed = [*narrowed, "no manifest"]
    else:
        changed = sorted({*changed, *changed_files(settings.providers)})
    if changed:
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        found.append(f"not as the suite has them: {', '.join(changed[:SHOWN])}{more}")
    if not narrowed:
        found += _missing(settings.providers, checks)
    return Integrity(
        expected=expected,
        judged=len(checks),
        narrowed=tuple(narrowed),
        faults=tuple(found),
        undeclared=tuple(dict.fromkeys(undeclared)),
        unplayed=tuple(unplayed),
    )


def _missing(providers: Iterable[str], checks: list[Check]) -> Iterator[str]:
    for provider in providers:
        expected = load_manifest()["providers"][provider]
        judged = [check.check for check in checks if check.provider == provider]
        if digest_of_checks(judged) != expected["digest"]:
            count = f"{len(judged)} of {expected['checks']}"
            yield f"{provider}: {count} checks were judged, or others than the suite's, and no option asked for that"


def status_of(status: int, checks: list[Check], integrity: Integrity, *, disturbed: Iterable[str] | None = None) -> int:
    """The exit status: an adapter's failures come first, then what was wrong with the run itself. ``disturbed`` are the
    faults that count where not all of them do."""
    if any(check.verdict in FAILING for check in checks):
        return status
    faults = integrity.faults if disturbed is None else tuple(disturbed)
    ours = any(check.verdict == "harness-error" for check in checks) or bool(faults)
    return HARNESS if ours and status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) else status
