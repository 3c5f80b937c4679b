"""The kill matrix: which mutant is caught by which requirements and checks, as it was last judged.

``kills.json`` beside this file holds it; ``python -m conformance.mutants --all --write`` writes it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from conformance.case import load_cases
from conformance.mutants.kill import REFERENCE, Kill
from conformance.mutants.registry import load_mutants
from llm_sdk.types import JsonObject
from mock_server.cassette import write_whole

__all__ = ["FILE", "checks_of_the_suite", "digest_of_sources", "load_matrix", "mutants_by", "write_matrix"]

ROOM = Path(__file__).resolve().parents[1]
FILE = Path(__file__).resolve().parent / "kills.json"
OTHER_RUNS = frozenset({"test_recording.py", "test_given_bytes.py"})
"""Where cassettes are made, and where single failures are repeated: no adapter is judged there."""


@cache
def load_matrix() -> JsonObject:
    """The matrix: ``sha256`` of what it was made from, and ``kills`` by mutant and provider."""
    found: JsonObject = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def digest_of_sources() -> str:
    """One digest of the mutants, of the checks, and of the cases that the mutants name."""
    named = {case for mutant in load_mutants() for case in mutant.cases}
    cases = [ROOM / "cases" / case.area / f"{case.name}.yaml" for case in load_cases() if case.name in named]
    files = sorted([*(ROOM / "mutants").glob("*.py"), *ROOM.glob("test_*.py"), *cases])
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(ROOM).as_posix()} ".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def write_matrix(kills: Iterable[Kill]) -> None:
    """Write what a run over all providers found. Raises OSError."""
    found: dict[str, JsonObject] = {}
    for kill in sorted(kills, key=lambda kill: kill.name):
        if kill.name != REFERENCE:
            row = {"failed": list(kill.failed), "checks": sorted({check.partition("[")[0] for check in kill.checks})}
            found.setdefault(kill.name, {})[kill.provider] = row
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in found.items())
    write_whole(FILE, f'{{\n "sha256": "{digest_of_sources()}",\n "kills": {{\n{rows}\n }}\n}}\n')


def mutants_by(field: str) -> dict[str, list[str]]:
    """The mutants that each requirement (``failed``) or check (``checks``) catches with any provider."""
    found: dict[str, set[str]] = {}
    for name, by_provider in load_matrix()["kills"].items():
        for row in by_provider.values():
            for caught_by in row[field]:
                found.setdefault(caught_by, set()).add(name)
    return {caught_by: sorted(names) for caught_by, names in sorted(found.items())}


def checks_of_the_suite() -> Iterator[str]:
    """The names of all checks that judge an adapter."""
    for file in sorted(ROOM.glob("test_*.py")):
        if file.name not in OTHER_RUNS:
            lines = file.read_text(encoding="utf-8").splitlines()
            yield from (line[4:].partition("(")[0] for line in lines if line.startswith("def test_"))
