"""What a whole run judges: how many checks there are of each provider, and what the suite's files hold.

``manifest.json`` beside this file is the denominator of every report; ``python -m conformance.manifest`` writes it.
"""

import contextlib
import hashlib
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance.selection import ARGUMENTS
from conformance.settings import CASSETTES
from conformance.stash import PROVED
from llm_sdk.registry import provider_names
from llm_sdk.types import JsonObject

__all__ = ["FILE", "changed_files", "digest_of_checks", "load_manifest", "make_manifest", "manifest_text"]

ROOM = Path(__file__).resolve().parent
FILE = ROOM / "manifest.json"


@cache
def load_manifest() -> JsonObject:
    """The manifest of the suite; without providers and files where there is none."""
    if not FILE.is_file():
        return {"providers": {}, "files": {}}
    found: JsonObject = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def digest_of_checks(names: Iterable[str]) -> str:
    """One digest of a set of names of checks."""
    return hashlib.sha256("\n".join(sorted(set(names))).encode()).hexdigest()


def changed_files(providers: Iterable[str]) -> list[str]:
    """The cases, requirements and cassettes of these providers that are not as the manifest says."""
    wanted = set(providers)
    known = {name: digest for name, digest in load_manifest()["files"].items() if _concerns(name, wanted)}
    found = {name: digest for name, digest in _digests() if _concerns(name, wanted)}
    return sorted(name for name in {*known, *found} if known.get(name) != found.get(name))


def _concerns(name: str, providers: set[str]) -> bool:
    folder, provider, *_ = name.split("/")
    return folder != CASSETTES.name or provider in providers


def _digests() -> Iterator[tuple[str, str]]:
    files = [*(ROOM / "cases").glob("*/*.yaml"), *(ROOM / "requirements").glob("*.toml"), *CASSETTES.glob("*/*.yaml")]
    for file in sorted(files):
        name = file.relative_to(ROOM.parent).as_posix()
        yield name, hashlib.sha256(file.read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Collected:
    provider: str
    case: str
    check: str
    name: str
    proved: tuple[str, ...]


class _Names:
    """Notes the checks that are collected."""

    def __init__(self) -> None:
        self.found: list[_Collected] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            params: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
            target = next((value for name, value in params.items() if name in ARGUMENTS), None)
            if target is not None:
                check = getattr(item, "originalname", item.name)
                proved = tuple(requirement.id for requirement in item.stash.get(PROVED, []))
                self.found.append(_Collected(target.provider, target.case, check, item.name, proved))


def make_manifest() -> JsonObject:
    """The manifest as it should be. Raises RuntimeError where the checks cannot be collected."""
    names, output = _Names(), io.StringIO()
    words = ["-p", "conformance.plugin", "--pyargs", "conformance", "--collect-only", "-q", "-c", os.devnull]
    with contextlib.redirect_stdout(output):
        status = pytest.main([*words, "-p", "no:cacheprovider", "--provider", "all"], plugins=[names])
    if status != pytest.ExitCode.OK:
        raise RuntimeError(f"the checks cannot be collected: {output.getvalue()[-500:]}")
    if nameless := sorted({row.check for row in names.found if not row.proved}):
        raise RuntimeError(f"checks that prove no requirement: {', '.join(nameless)}")
    return {
        "providers": {name: _of_provider(name, names.found) for name in provider_names()},
        "files": dict(_digests()),
    }


def _of_provider(provider: str, found: list[_Collected]) -> JsonObject:
    here = [row for row in found if row.provider == provider]
    return {
        "checks": len(here),
        "digest": digest_of_checks(row.name for row in here),
        "by_check": dict(sorted(Counter(row.check for row in here).items())),
        "by_case": dict(sorted(Counter(row.case for row in here).items())),
        "by_requirement": {
            id: dict(sorted(Counter(row.check for row in here if id in row.proved).items()))
            for id in sorted({id for row in here for id in row.proved})
        },
    }


def manifest_text() -> str:
    """The file as it should be."""
    return json.dumps(make_manifest(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(manifest_text(), encoding="utf-8")
    sys.stdout.write(f"{FILE} written\n")
