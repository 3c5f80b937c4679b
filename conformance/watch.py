"""Sees to it that the suite's own code judges: it is not replaced by other code, and no adapter skips a check."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import attrgetter, call, is_
from pathlib import Path
from sysconfig import get_path
from types import CodeType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any, ClassVar

import _pytest.python
import _pytest.runner
import pydantic
import pytest

from conformance.subject import Subject

__all__ = ["Watch", "is_of_the_suite", "skipped_by"]

ROOM = Path(__file__).resolve().parent
OURS = ("conformance", "llm_sdk")
ALL_OURS = (*OURS, "mock_server")
LIBRARIES = (pydantic, pytest)
"""What others made that gives our classes methods, and stands where libraries were installed, be that another place."""
INSTALLED = (
    *(get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *(str(Path(str(library.__file__)).parents[1]) for library in LIBRARIES),
)
"""Where code stands that was installed."""
NOT_WATCHED = ("conformance.mutants",)
"""What judges nothing: the broken adapters."""
MACHINERY = (
    (pytest, "fail"),
    (pytest, "skip"),
    (pytest, "xfail"),
    (pytest.Function, "runtest"),
    (pytest.CallInfo, "from_call"),
    (pytest.TestReport, "from_item_and_call"),
    (_pytest.python, "pytest_pyfunc_call"),
    (_pytest.runner, "call_and_report"),
    (_pytest.runner, "pytest_runtest_call"),
    (_pytest.runner, "pytest_runtest_makereport"),
    (_pytest.runner, "runtestprotocol"),
)
"""Where pytest itself decides whether a check runs, and what came of it."""
DESCRIPTORS = (FunctionType, classmethod, staticmethod, property, MemberDescriptorType)
FILLED_IN_LATER = re.compile(
    r"__pydantic_\w+|__(signature|annotations|weakref|dict|doc)__|_abc_\w+|__abstractmethods__"
)
"""Names that a class may get after it was made, without anybody's doing."""
INHERITED = ("__eq__", "model_dump")
"""What a class can be given anew although it had it from another."""
CODE = attrgetter("__code__")


@dataclass(frozen=True, slots=True)
class _Name:
    """One name of the suite, and what it stood for when the run began; ``find`` is what it is looked up with."""

    told: str
    find: Callable[[str], Any]
    name: str
    value: Any
    code: CodeType | None

    def is_foreign(self, homes: tuple[str, ...]) -> bool:
        """Whether its code stands in a file that was not installed: neither the suite's own, in one of ``homes``, nor a
        library's that has decorated it."""
        file = self.code.co_filename if self.code is not None else "<none>"
        return not file.startswith(("<", *INSTALLED, *homes))

    def is_replaced(self) -> bool:
        """Whether it stands for something else, or for the same with other code."""
        changed = self.code is not None and getattr(self.value, "__code__", None) is not self.code
        return changed or self.find(self.name) is not self.value


class _Recoded:
    """Whether any function of the suite was given other code. An audit hook hears of that: to read the code of every
    function after every check would be an event each for all audit hooks. It cannot be taken away, so there is one."""

    functions: ClassVar[set[int]] = set()
    """The ids of those that are watched, which live as long as their modules."""
    is_heard = False
    happened = False

    @classmethod
    def watch(cls, functions: Iterable[FunctionType]) -> None:
        """Hear of these as well."""
        cls.functions.update(map(id, functions))
        if not cls.is_heard:
            sys.addaudithook(cls._hear)
            cls.is_heard = True

    @classmethod
    def _hear(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "object.__setattr__" and arguments[1] == "__code__" and id(arguments[0]) in cls.functions:
            cls.happened = True


class _Names:
    """Many names that are looked at after every check: side by side, so that no Python code runs for each of them."""

    def __init__(self) -> None:
        self._names: list[_Name] = []
        self._finds: list[Callable[[str], Any]] = []
        self._keys: list[str] = []
        self._values: list[Any] = []
        self._codes: dict[FunctionType, CodeType] = {}

    def add(self, names: Iterable[_Name]) -> None:
        """Look at these as well."""
        for name in names:
            self._names.append(name)
            self._finds.append(name.find)
            self._keys.append(name.name)
            self._values.append(name.value)
            if name.code is not None:
                self._codes[name.value] = name.code
        _Recoded.watch(self._codes)

    def replaced(self) -> list[_Name]:
        """Those that stand for something else than they did."""
        is_same = all(map(is_, map(call, self._finds, self._keys), self._values))
        if is_same and (not _Recoded.happened or all(map(is_, map(CODE, self._codes), self._codes.values()))):
            return []
        return [name for name in self._names if name.is_replaced()]


class Watch:
    """What the suite's own code was when the run began, to tell later whether somebody has put other code there."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        """What was found before any check ran."""
        self._modules: dict[str, ModuleType] = {}
        self._names = [_name(holder, name, vars(holder)[name]) for holder, name in MACHINERY]
        self._classes: dict[type, frozenset[str]] = {}
        self._often = _Names()
        self.take_in(name for name in list(sys.modules) if name.split(".")[0] in OURS)

    def take_in(self, modules: Iterable[str]) -> None:
        """Watch these modules as well, as they are."""
        homes = tuple(str(Path(str(sys.modules[name].__file__)).parent) for name in ALL_OURS if name in sys.modules)
        for name in modules:
            if name not in self._modules and not name.startswith(NOT_WATCHED) and (module := sys.modules.get(name)):
                self._modules[name] = module
                found = list(_names_of(module))
                self._names += found
                own = (one for holder in _classes_of(module) for one in _names_of_class(holder))
                foreign = [one.told for one in own if one.name not in INHERITED and one.is_foreign(homes)]
                self.faults += [f"{told} of the suite was replaced before it ran" for told in foreign]
                self._classes |= {one: frozenset(vars(one)) for one in _classes_of(module)}
                self._often.add(found if name.startswith("conformance.") else ())

    def faults_of(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> list[str]:
        """What disturbed one check. A check that the adapter has skipped has failed."""
        found = [_told(name) for name in self._often.replaced()] if report.when == "call" else []
        error = call.excinfo.value if call.excinfo is not None else None
        if error is not None and report.passed:
            found.append(f"{report.nodeid}: raised {type(error).__name__} and was made to pass")
        if isinstance(error, pytest.skip.Exception | pytest.xfail.Exception) and (file := skipped_by(error)):
            report.outcome, report.longrepr = "failed", f"the check was skipped from {file}"
            vars(report).pop("wasxfail", None)
        return found

    def answered_unasked(self, report: pytest.TestReport, subject: Subject | None) -> None:
        """A check that passes on answers for which nothing was sent has failed: they came from memory."""
        if report.passed and subject is not None and (count := subject.answers_unasked):
            report.outcome = "failed"
            report.longrepr = f"the adapter gave {count} answers for which it had sent nothing: they are no answers"

    def replaced(self) -> list[str]:
        """What stands in place of the suite's code, or of the SDK's, wherever that is."""
        others = [name for name, module in self._modules.items() if sys.modules.get(name) is not module]
        added = [
            f"{holder.__module__}.{holder.__qualname__}.{name} was added to the suite while it ran"
            for holder, names in self._classes.items()
            for name in sorted(vars(holder).keys() - names)
            if not FILLED_IN_LATER.fullmatch(name)
        ]
        told = [f"module {name} was replaced while it ran" for name in others]
        return told + [_told(name) for name in self._names if name.is_replaced()] + added


def _told(name: _Name) -> str:
    return f"{name.told} of the suite was replaced while it ran"


def _name(holder: Any, name: str, value: Any) -> _Name:
    told = f"{getattr(holder, '__module__', '')}.{holder.__qualname__}" if isinstance(holder, type) else holder.__name__
    find = partial(_inherited, holder) if name in INHERITED else vars(holder).get
    return _Name(f"{told}.{name}", find, name, value, value.__code__ if isinstance(value, FunctionType) else None)


def _inherited(holder: type, name: str) -> Any:
    return getattr(holder, name, None)


def _names_of(module: ModuleType) -> Iterator[_Name]:
    for name, value in list(vars(module).items()):
        if not callable(value) or name.startswith("__"):
            continue
        yield _name(module, name, value)
    for holder in _classes_of(module):
        yield from _names_of_class(holder)


def _classes_of(module: ModuleType) -> Iterator[type]:
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield value


def _names_of_class(holder: type) -> Iterator[_Name]:
    for name, value in list(vars(holder).items()):
        if isinstance(value, DESCRIPTORS) and name not in INHERITED:
            yield _name(holder, name, value)
    for name in INHERITED:
        if isinstance(value := getattr(holder, name, None), FunctionType):
            yield _name(holder, name, value)


def is_of_the_suite(file: Path) -> bool:
    """Whether this file judges: the broken adapters of the suite are adapters."""
    return file.is_relative_to(ROOM) and not file.is_relative_to(ROOM / "mutants")


def skipped_by(error: BaseException) -> str:
    """The file from which a check was skipped, where that is none of the suite's: an adapter cannot excuse itself."""
    traceback, file = error.__traceback__, Path()
    while traceback is not None:
        here = Path(traceback.tb_frame.f_code.co_filename)
        file = file if "_pytest" in here.parts else here
        traceback = traceback.tb_next
    return "" if is_of_the_suite(file) else str(file)
