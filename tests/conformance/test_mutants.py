"""The suite can fail: every mutant is caught by the requirement that it breaks, and the reference by none."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.case import load_cases
from conformance.catalogue import load_requirements, requirement_by_id
from conformance.mutants import load_mutants
from conformance.mutants.exempt import NO_MUTANT, NOT_BROKEN
from conformance.mutants.matrix import checks_of_the_suite, digest_of_sources, load_matrix, mutants_by
from conformance.runs import COMPLETION
from llm_sdk.registry import provider_names

MUTANTS = load_mutants()


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) >= 100
    names = [mutant.name for mutant in MUTANTS]
    assert sorted(names) == sorted(set(names))


PLACE = re.compile(r"[\w.-]+/[\w.-]+(#[1-9]\d*|@[0-9a-f]{7,40})")


def test_forty_of_them_were_seen_in_the_wild() -> None:
    assert [place for mutant in MUTANTS for place in mutant.seen if not PLACE.fullmatch(place)] == []
    assert sum(any("#" in place for place in mutant.seen) for mutant in MUTANTS) >= 40


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_names_what_it_breaks(mutant) -> None:
    assert requirement_by_id(mutant.requirement).level in ("MUST", "SHOULD")
    assert mutant.breaks.endswith(".")
    assert set(mutant.cases) <= {*(case.name for case in load_cases()), COMPLETION}
    assert any(mutant.applies_to(provider) for provider in provider_names())
    assert set(mutant.not_for) <= set(provider_names())


def test_the_kill_matrix_is_of_these_mutants_checks_and_cases() -> None:
    """Where it is not: ``python -m conformance.mutants --all --write``."""
    matrix = load_matrix()
    assert matrix["sha256"] == digest_of_sources()
    pairs = {(mutant.name, name) for mutant in MUTANTS for name in provider_names() if mutant.applies_to(name)}
    assert {(mutant, name) for mutant, found in matrix["kills"].items() for name in found} == pairs


def test_every_mutant_is_failed_by_the_requirement_that_it_breaks() -> None:
    required = {mutant.name: mutant.requirement for mutant in MUTANTS}
    kills = load_matrix()["kills"]
    escaped = [(name, by) for name in kills for by in kills[name] if required[name] not in kills[name][by]["failed"]]
    assert escaped == []


def test_every_check_catches_a_mutant_or_says_why_not() -> None:
    assert set(checks_of_the_suite()) - set(mutants_by("checks")) == set(NO_MUTANT)
    assert all(reason.endswith(".") for reason in NO_MUTANT.values())


def test_every_requirement_catches_a_mutant_or_says_why_not() -> None:
    broken = {mutant.requirement for mutant in MUTANTS}
    missing = {found.id for found in load_requirements()} - broken
    assert missing == set(NOT_BROKEN)


QUIRKS = [name for name in provider_names() if any(one.is_of_a_quirk and one.applies_to(name) for one in MUTANTS)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("provider", "options"),
    [("openai", []), *((name, ["--quirks"]) for name in QUIRKS if name != "openai")],
    ids=["openai", *(f"{name}-quirks" for name in QUIRKS if name != "openai")],
)
def test_mutants_are_caught_here_and_the_reference_fails_none(
    tmp_path: Path, provider: str, options: list[str]
) -> None:
    """All that can be seen with one protocol, and what is a quirk of the others; the whole matrix is judged when it is
    written."""
    command = [sys.executable, "-m", "conformance.mutants", "--provider", provider, *options]
    found = subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
    )
    lines = found.stdout.splitlines()
    assert [line for line in lines if "SURVIVES" in line] == []
    count = sum(mutant.applies_to(provider) and (mutant.is_of_a_quirk or not options) for mutant in MUTANTS)
    assert f"{count} of {count} caught; the reference fails none" in lines
    assert found.returncode == 0, found.stderr
