"""Whether a run judged what it should have judged, undisturbed: what a report has to admit beside its verdicts.

An honest narrowing (``--case``, ``-k``) is said as such. Anything that changes outcomes, or that takes checks away
without having been asked to, is a fault, and a run with a fault is not green. What cannot be seen from within the same
process is out of reach: code that is willing to rewrite the interpreter can lie to it. A report made elsewhere is
believed by repeating it.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from conformance.manifest import changed_files, digest_of_checks, load_manifest
from conformance.report.document import Check, Integrity
from conformance.report.words import FAILING
from conformance.settings import Settings

__all__ = ["HARNESS", "Watch", "integrity_of", "narrowings", "overridden_fixtures", "skipped_by", "status_of"]

ROOM = Path(__file__).resolve().parent
HARNESS = pytest.ExitCode.INTERNAL_ERROR
"""The exit status of a run that could not be trusted, where the adapter failed nothing."""
WATCHED = (
    *("blame", "chunking", "comparison", "declaration", "expectations", "integrity", "judgement", "manifest", "marks"),
    *("meaning", "offline", "outcome", "plan", "plugin", "reframing", "replay", "selection", "stream_judge", "subject"),
    *("verdict",),
)
IN_A_CHECKOUT = (ROOM.parent / ".git").exists()
"""Whether the suite is being worked on: there a manifest that lags behind is told, and is no reason to stop."""
HOOKS = (
    *("pytest_runtest_makereport", "pytest_runtest_call", "pytest_pyfunc_call", "pytest_runtest_protocol"),
    *("pytest_collection_modifyitems", "pytest_runtest_logreport", "pytest_itemcollected", "pytest_fixture_setup"),
)
"""Where a plugin can change what is judged and what comes of it."""
SHOWN = 5


class Watch:
    """What the suite's own code was when the run began, to tell later whether somebody has put other code there."""

    def __init__(self) -> None:
        self._modules = [module for name in WATCHED if (module := sys.modules.get(f"conformance.{name}"))]
        self._before = dict(self._code())
        self.faults: list[str] = []
        """What was found before any check ran."""

    def faults_of(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> list[str]:
        """What disturbed one check. A check that the adapter has skipped has failed."""
        found = [f"{name} of the suite was replaced while it ran" for name in self.replaced()]
        error = call.excinfo.value if call.excinfo is not None else None
        if error is not None and report.passed:
            found.append(f"{report.nodeid}: raised {type(error).__name__} and was made to pass")
        if isinstance(error, pytest.skip.Exception | pytest.xfail.Exception) and (file := skipped_by(error)):
            report.outcome, report.longrepr = "failed", f"the check was skipped from {file}"
            vars(report).pop("wasxfail", None)
        return found

    def replaced(self) -> list[str]:
        """The names of functions that are others than at the start."""
        return [name for name, code in self._code() if self._before.get(name, code) is not code]

    def _code(self) -> Iterator[tuple[str, Any]]:
        for name in ("fail", "skip"):
            yield f"pytest.{name}", getattr(pytest, name)
        for module in self._modules:
            yield from _functions_of(module)


def _functions_of(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name, value in list(vars(module).items()):
        if isinstance(value, FunctionType):
            yield f"{module.__name__}.{name}", value.__code__
        elif isinstance(value, type) and value.__module__ == module.__name__:
            for inner, method in list(vars(value).items()):
                if isinstance(method, FunctionType):
                    yield f"{module.__name__}.{name}.{inner}", method.__code__


def overridden_fixtures(items: Iterable[pytest.Item]) -> list[str]:
    """Fixtures of the suite that others have put their own in the place of, with the files of those."""
    found: dict[str, None] = {}
    for item in items:
        for name, definitions in getattr(item, "_fixtureinfo").name2fixturedefs.items():  # noqa: B009 - pytest's own
            files = [Path(definition.func.__code__.co_filename) for definition in definitions]
            if any(_is_ours(file) for file in files) and not _is_ours(files[-1]):
                found[f"fixture {name!r} of the suite is overridden in {files[-1]}"] = None
    return list(found)


def _is_ours(file: Path) -> bool:
    return file.is_relative_to(ROOM) and not file.is_relative_to(ROOM / "mutants")


def foreign_hooks(config: pytest.Config) -> list[str]:
    """Hooks by which code that is no installed pytest plugin could change what comes of a check."""
    manager = config.pluginmanager
    installed = {id(plugin) for plugin, _ in manager.list_plugin_distinfo()}
    found: dict[str, None] = {}
    for name in HOOKS:
        for implementation in getattr(config.hook, name).get_hookimpls():
            module = implementation.function.__module__
            known = module.partition(".")[0] in ("_pytest", "conformance", "xdist")
            file = Path(implementation.function.__code__.co_filename)
            ours = known or id(implementation.plugin) in installed or _comes_with(module, installed)
            if not ours and not file.is_relative_to(ROOM.parent / "tests"):
                found[f"hook {name} is implemented in {file}, which is no installed plugin"] = None
    return list(found)


def _comes_with(module: str, installed: set[int]) -> bool:
    """Whether the module belongs to the package of an installed plugin, which may register objects of its own."""
    package = module.partition(".")[0]
    return any(id(found) in installed for name, found in list(sys.modules.items()) if name.partition(".")[0] == package)


def skipped_by(error: BaseException) -> str:
    """The file from which a check was skipped, where that is none of the suite's: an adapter cannot excuse itself."""
    traceback, file = error.__traceback__, Path()
    while traceback is not None:
        here = Path(traceback.tb_frame.f_code.co_filename)
        file = file if "_pytest" in here.parts else here
        traceback = traceback.tb_next
    return "" if _is_ours(file) else str(file)


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
        "--cuts": "yes" if settings.damages else "",
    }
    asked = [f"{name} {value}" for name, value in found.items() if value]
    modules = [arg for arg in config.args if "test_" in arg or "::" in arg]
    return asked + [f"only {module}" for module in modules]


def integrity_of(
    settings: Settings, checks: list[Check], narrowed: list[str], faults: Iterable[str], undeclared: Iterable[str]
) -> Integrity:
    """What the report admits of the run, with the manifest as its measure."""
    found = list(dict.fromkeys(faults))
    manifest = load_manifest()["providers"]
    known = [manifest.get(provider) for provider in settings.providers]
    if not settings.own or not all(known):
        narrowed = [*narrowed, "other recordings than the suite's own" if not settings.own else "no manifest"]
        return _integrity(None, checks, narrowed, found, undeclared)
    if changed := changed_files(settings.providers):
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        found.append(f"not as the suite has them: {', '.join(changed[:SHOWN])}{more}")
    if not narrowed:
        found += _missing(settings.providers, checks)
    return _integrity(sum(entry["checks"] for entry in known), checks, narrowed, found, undeclared)


def _missing(providers: Iterable[str], checks: list[Check]) -> Iterator[str]:
    for provider in providers:
        expected = load_manifest()["providers"][provider]
        judged = [check.check for check in checks if check.provider == provider]
        if digest_of_checks(judged) != expected["digest"]:
            count = f"{len(judged)} of {expected['checks']}"
            yield f"{provider}: {count} checks were judged, or others than the suite's, and no option asked for that"


def _integrity(
    expected: int | None, checks: list[Check], narrowed: list[str], faults: list[str], undeclared: Iterable[str]
) -> Integrity:
    return Integrity(
        expected=expected,
        judged=len(checks),
        narrowed=tuple(narrowed),
        faults=tuple(faults),
        undeclared=tuple(dict.fromkeys(undeclared)),
    )


def status_of(status: int, checks: list[Check], disturbed: Iterable[str], integrity: Integrity) -> int:
    """The exit status: an adapter's failures come first, then what was wrong with the run itself."""
    if any(check.verdict in FAILING for check in checks):
        return status
    faults = list(disturbed) if IN_A_CHECKOUT else integrity.faults
    ours = any(check.verdict == "harness-error" for check in checks) or bool(faults)
    return HARNESS if ours and status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) else status
