"""The requirements are complete, and every one of them is judged by some check."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.catalogue import AREAS, CatalogueError, Requirement, load_requirements, requirement_by_id
from conformance.manifest import load_manifest
from conformance.mutants.matrix import checks_of_the_suite
from llm_sdk.registry import provider_names

ROW = 'id = "{id}"\nlevel = "MUST"\nabout = "answer"\nsentence = "So."\nsource = "A document"\nsince = "0.1.0"\n'


def test_there_are_enough_of_them_in_every_area() -> None:
    found = load_requirements()
    assert len(found) >= 100
    assert {requirement.area for requirement in found} == set(AREAS)
    assert all(requirement.sentence.endswith(".") for requirement in found)


def folder_with(tmp_path: Path, core: str) -> Path:
    for area in AREAS:
        (tmp_path / f"{area}.toml").write_text(f'area = "{area}"\n')
    (tmp_path / "core.toml").write_text(core)
    return tmp_path


@pytest.mark.parametrize(
    ("core", "complaint"),
    [
        ("area = core", "cannot be read"),
        ('area = "tools"', "area must be 'core'"),
        ('area = "core"\n[[requirement]]\nid = "C-01"\n', "C-01: missing .*'level'"),
        ('area = "core"\n[[requirement]]\nextra = 1\n' + ROW.format(id="C-01"), "unknown .*'extra'"),
        ('area = "core"\n[[requirement]]\n' + ROW.format(id="C-02"), "count from 01"),
        ('area = "core"\n[[requirement]]\n' + ROW.format(id="C-01").replace("MUST", "OUGHT"), "level is one of"),
        ('area = "core"\n[[requirement]]\n' + ROW.format(id="C-01").replace("So.", " "), "none is empty"),
        ('area = "core"\n[[requirement]]\nproviders = ["x"]\n' + ROW.format(id="C-01"), "C-01: no provider 'x'"),
        (
            'area = "core"\n' + "".join("[[requirement]]\n" + ROW.format(id=id) for id in ("C-01", "D-02")),
            "one prefix",
        ),
    ],
    ids=["not-toml", "other-area", "missing", "unknown", "gap", "level", "empty", "provider", "prefix"],
)
def test_a_catalogue_that_contradicts_itself_is_refused(tmp_path: Path, core: str, complaint: str) -> None:
    with pytest.raises(CatalogueError, match=complaint):
        load_requirements(folder_with(tmp_path, core))


def test_a_quirk_names_the_providers_that_have_it(tmp_path: Path) -> None:
    rows = ['providers = ["openai", "google"]\n' + ROW.format(id="C-01"), ROW.format(id="C-02")]
    core = 'area = "core"\n' + "".join("[[requirement]]\n" + row for row in rows)
    found = load_requirements(folder_with(tmp_path, core))
    assert [requirement.providers for requirement in found] == [("openai", "google"), ()]


def test_ids_are_unique_across_areas(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, 'area = "core"\n[[requirement]]\n' + ROW.format(id="C-01"))
    (folder / "tools.toml").write_text('area = "tools"\n[[requirement]]\n' + ROW.format(id="C-01"))
    with pytest.raises(CatalogueError, match="used twice: C-01"):
        load_requirements(folder)


def test_an_unknown_id_is_an_error_that_names_it() -> None:
    with pytest.raises(CatalogueError, match="CORE-99"):
        requirement_by_id("CORE-99")


def judged(requirement: Requirement) -> list[str]:
    """The providers with which some check proves it."""
    providers = load_manifest()["providers"]
    return [name for name in providers if requirement.id in providers[name]["by_requirement"]]


@pytest.mark.parametrize("provider", provider_names())
def test_every_requirement_of_a_provider_is_judged(provider: str) -> None:
    """What concerns every protocol, and a provider has not, is judged with those that have it."""
    quirks = [found for found in load_requirements() if provider in found.providers]
    assert [found.id for found in quirks if provider not in judged(found)] == []


def test_every_requirement_is_judged_and_every_check_proves_one() -> None:
    """Where one is not: a case has to name it. The manifest is as the suite is collected; see its own test."""
    assert [found.id for found in load_requirements() if not judged(found)] == []
    kept = {check for provider in load_manifest()["providers"].values() for check in provider["by_check"]}
    assert set(checks_of_the_suite()) == kept


def test_the_manifest_is_as_the_suite_is_collected() -> None:
    """Where it is not: ``python -m conformance.manifest``."""
    program = "from conformance.manifest import manifest_text; import sys; sys.stdout.write(manifest_text())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True)  # noqa: S603 - ours
    assert json.loads(done.stdout) == load_manifest()
