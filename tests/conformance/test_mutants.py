"""The suite can fail: every mutant is caught by the requirement that it breaks, and the reference by none."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.case import load_cases
from conformance.catalogue import requirement_by_id
from conformance.mutants import load_mutants
from conformance.runs import COMPLETION
from conformance.settings import CASSETTES
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


RECORDED = [name for name in provider_names() if (CASSETTES / name).is_dir()]
QUIRKS = [name for name in RECORDED if any(mutant.is_of_a_quirk and mutant.applies_to(name) for mutant in MUTANTS)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("provider", "options"),
    [("openai", []), *((name, ["--quirks"]) for name in QUIRKS)],
    ids=["openai", *(f"{name}-quirks" for name in QUIRKS)],
)
def test_every_mutant_is_caught_by_its_requirement_and_the_reference_by_none(
    tmp_path: Path, provider: str, options: list[str]
) -> None:
    command = [sys.executable, "-m", "conformance.mutants", "--provider", provider, *options]
    found = subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
    )
    lines = found.stdout.splitlines()
    assert [line for line in lines if "SURVIVES" in line] == []
    count = sum(mutant.applies_to(provider) and (mutant.is_of_a_quirk or not options) for mutant in MUTANTS)
    assert lines[-1] == f"{count} of {count} caught; the reference fails none"
    assert found.returncode == 0, found.stderr
