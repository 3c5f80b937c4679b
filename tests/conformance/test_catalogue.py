"""The requirements are complete, and every one of them is judged by some check."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.catalogue import AREAS, CatalogueError, load_requirements, requirement_by_id
from conformance.settings import CASSETTES
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


LISTING = """
from pathlib import Path
from conformance.stash import PROVED

def pytest_collection_finish(session):
    proved = {found.id for item in session.items for found in item.stash[PROVED]}
    Path("proved.txt").write_text("\\n".join(sorted(proved)))
"""


def test_every_requirement_is_judged(tmp_path: Path) -> None:
    (tmp_path / "listing.py").write_text(LISTING)
    command = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "--pyargs", "conformance", "-p", "listing"]
    recorded = [name for name in provider_names() if (CASSETTES / name).is_dir()]
    words = [word for name in recorded for word in ("--provider", name)]
    words += ["--collect-only", "-qq", "-p", "no:cacheprovider"]
    subprocess.run([*command, *words], cwd=tmp_path, check=True, capture_output=True, timeout=120)  # noqa: S603 - ours
    proved = (tmp_path / "proved.txt").read_text().split()
    assert {requirement.id for requirement in load_requirements()} - set(proved) == set()
