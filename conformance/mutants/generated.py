"""Mutants that nobody thought of: the client side of a reference adapter, changed in one place that chance chooses.

``python -m conformance.mutants.generated --provider NAME`` judges a sample of them, and writes what became of it to
``generated/NAME.json`` beside this file. A change is one of :mod:`conformance.mutants.operators`, on a line that a call
of some case runs through; it is judged by the checks on those cases, until the first that fails.
"""

import ast
import functools
import gc
import json
import os
import random
import resource
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import click
import pytest

from conformance.mutants.kill import REFERENCE, Trial, case_of, judge_by, on_trial, sit
from conformance.mutants.operators import Site, changed, sites_of
from conformance.mutants.registry import reference
from conformance.plan import Call, Plan, read_exchange
from conformance.stash import PLAN
from llm_sdk.errors import LanguageModelError
from llm_sdk.registry import PROVIDERS, provider_names
from mock_server.cassette import write_whole

__all__ = ["FOLDER", "Fate", "in_place", "load_fates", "second_copy"]

FOLDER = Path(__file__).resolve().parent / "generated"
SEED = 1
SAMPLE = 40
CASES = 8
"""How many of the cases that run through a line judge what is changed there."""
SECONDS = 30
"""How much time of the processor one mutant may take: one that runs in circles is caught by that."""
PATIENCE = 600.0
"""How many seconds one is waited for by the clock: one that waits for ever is caught by that."""
TOO_LONG = ("cuts", "chunkings", "truncations", "lost_connection", "broken_stream", "cut_short", "concurrent")
"""Words in the names of checks that take long, and are left to the other mutants."""
Lines = dict[tuple[str, int], set[str]]
Copies = dict[str, ModuleType]


@dataclass(frozen=True, slots=True)
class Place:
    """One change that can be made: in the module of this name, whose file is told as ``file`` in reports."""

    module: str
    file: str
    site: Site


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one generated mutant: ``caught_by`` names the first check that failed, or what else ended it; it
    is empty for a survivor. ``source`` is the line that was changed.
    """

    file: str
    line: int
    operator: str
    source: str
    caught_by: str = ""
    failed: tuple[str, ...] = ()


def _modules(provider: str) -> list[ModuleType]:
    package = import_module(PROVIDERS[provider])
    folder = Path(str(package.__file__)).parent
    names = sorted(file.stem for file in folder.glob("*.py") if file.stem != "__init__")
    return [import_module(f"{package.__name__}.{name}") for name in names]


def _lines_run(plan: Plan, modules: Sequence[ModuleType]) -> Lines:
    """Which cases run through each line of the modules, on the client's side."""
    files = {str(module.__file__) for module in modules}
    found: Lines = {}
    case = ""

    def trace(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            found.setdefault((frame.f_code.co_filename, frame.f_lineno), set()).add(case)
        return trace

    for call in plan.calls:
        case = call.case
        sys.settrace(trace)
        try:
            _client_side(call)
        except LanguageModelError:
            pass
        finally:
            sys.settrace(None)
    return found


def _client_side(call: Call) -> None:
    """Write the request of a call and read its answer."""
    call.codec.encode_request(call.model_id, call.input, stream=call.stream)
    read_exchange(call.codec, call.exchange)


@functools.cache
def _tree(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text(encoding="utf-8"))


def _places(modules: Sequence[ModuleType], lines: Lines) -> Iterator[Place]:
    for module in modules:
        file = str(module.__file__)
        for site in sites_of(_tree(file)):
            if (file, site.line) in lines:
                yield Place(module.__name__, file, site)


def second_copy(package: str, modules: Sequence[ModuleType]) -> Copies:
    """The modules of a package once more, by name, with functions and classes of their own: what is changed in these
    changes the adapter alone, and not the judge, who reads with the same codec.
    """
    held = {name: module for name, module in sys.modules.items() if f"{name}.".startswith(f"{package}.")}
    for name in held:
        del sys.modules[name]
    try:
        return {module.__name__: import_module(module.__name__) for module in modules}
    finally:
        sys.modules.update(held)
        parent, _, name = package.rpartition(".")
        setattr(sys.modules[parent], name, held[package])


def in_place(module: ModuleType, tree: ast.Module) -> int:
    """Give the functions of a module, wherever they are referred to, the code of another version of it; how many have
    other code than before.
    """
    words = vars(module)
    file = str(module.__file__)
    wanted = {code.co_qualname: code for code in _codes(compile(tree, file, "exec"))}
    count = 0
    for function in gc.get_objects():
        if not isinstance(function, FunctionType) or function.__globals__ is not words:
            continue
        new = wanted.get(function.__code__.co_qualname)
        if new is not None and new != function.__code__ and new.co_freevars == function.__code__.co_freevars:
            function.__code__ = new
            count += 1
    return count


def _codes(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from _codes(const)


class _Hunt:
    """A pytest plugin that judges each of a sample of places in a process of its own."""

    def __init__(self, provider: str, sample: int, seed: int) -> None:
        self.fates: list[Fate] = []
        self.places = 0
        self._provider = provider
        self._sample = sample
        self._seed = seed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of pytest's own loop."""
        plan = session.config.stash[PLAN]
        if session.testsfailed or plan is None:
            return True
        modules = _modules(self._provider)
        copies = second_copy(PROVIDERS[self._provider], modules)
        lines = _lines_run(plan, modules)
        places = list(_places(modules, lines))
        self.places = len(places)
        chance = random.Random(self._seed)  # noqa: S311 - which mutants are tried is no secret
        for place in chance.sample(places, min(self._sample, len(places))):
            cases = sorted(lines[place.file, place.site.line])
            some = frozenset(chance.sample(cases, min(CASES, len(cases))))
            items = [item for item in session.items if case_of(item) in some]
            self.fates.append(_judged_apart(place, self._provider, copies, _short(items)))
        return True


def _short(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    return [item for item in items if not any(word in item.name for word in TOO_LONG)]


def _judged_apart(place: Place, provider: str, copies: Copies, items: Sequence[pytest.Item]) -> Fate:
    """Judge one change in a child process, which ends with it, or with its time."""
    source = Path(place.file).read_text(encoding="utf-8").splitlines()[place.site.line - 1].strip()
    told = place.file.removeprefix(str(FOLDER.parents[2]) + "/")
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reading)
        _judge_and_end(place, provider, copies, items, writing)
    os.close(writing)
    caught, failed = "", []
    ready, _, _ = select.select([reading], [], [], PATIENCE)
    if ready:
        with os.fdopen(reading, "rb") as pipe:
            text = pipe.read()
        caught, failed = json.loads(text) if text else ("the process ended", [])
    else:
        os.close(reading)
        caught = f"not done within {PATIENCE:.0f} seconds"
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Fate(told, place.site.line, place.site.operator, source, caught, tuple(failed))


def _judge_and_end(place: Place, provider: str, copies: Copies, items: Sequence[pytest.Item], writing: int) -> None:
    status = 1
    codec = next(module.CODEC for name, module in copies.items() if name.endswith(".codec"))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    try:
        in_place(copies[place.module], changed(_tree(place.file), place.site))
        trial = Trial(REFERENCE, partial(reference, codec=codec), until_caught=True)
        with on_trial(trial):
            kill = judge_by(trial, provider, items)
        os.write(writing, json.dumps([next(iter(kill.checks), ""), kill.failed]).encode())
        status = 0
    finally:
        os._exit(status)  # nothing of the parent is to be ended here


def load_fates() -> dict[str, dict[str, Any]]:
    """What was written of each provider."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.json"))}


@click.command(help=__doc__)
@click.option("--provider", type=click.Choice(provider_names()), required=True, help="Whose adapter is changed.")
@click.option("--sample", type=click.IntRange(min=1), default=SAMPLE, show_default=True, help="How many are tried.")
@click.option("--seed", default=SEED, show_default=True, help="What the sample is chosen by.")
def main(provider: str, sample: int, seed: int) -> None:
    """Judge a sample, print the survivors, and write the file."""
    hunt = _Hunt(provider, sample, seed)
    said = sit(hunt, provider)
    if not hunt.fates:
        raise click.ClickException(f"the suite could not judge {said}")
    survivors = [fate for fate in hunt.fates if not fate.caught_by]
    for fate in survivors:
        click.echo(f"{fate.file}:{fate.line}: {fate.operator}: {fate.source}")
    click.echo(f"{len(hunt.fates) - len(survivors)} of {len(hunt.fates)} caught, of {hunt.places} that could be tried")
    found = {"seed": seed, "places": hunt.places, "fates": [asdict(fate) for fate in hunt.fates]}
    FOLDER.mkdir(exist_ok=True)
    write_whole(FOLDER / f"{provider}.json", json.dumps(found, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
