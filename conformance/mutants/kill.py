"""Runs the suite against mutants, and tells which requirement caught each."""

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.mutants.registry import Mutant

__all__ = ["Kill", "hunt", "run_reference"]

TESTS_FAILED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


@dataclass(frozen=True, slots=True)
class Kill:
    """What the suite made of one mutant: the requirements that failed, and what the first failure said."""

    mutant: Mutant
    failed: tuple[str, ...]
    message: str

    @property
    def is_caught(self) -> bool:
        """Whether the requirement that the mutant breaks is among those that failed."""
        return self.mutant.requirement in self.failed


def hunt(mutant: Mutant, provider: str) -> Kill:
    """Judge a mutant by the cases and checks that it names."""
    failed, message = _judge(provider, mutant.cases, mutant.checks, ["--adapter", mutant.adapter])
    return Kill(mutant, failed, message)


def run_reference(mutants: Sequence[Mutant], provider: str) -> tuple[tuple[str, ...], str]:
    """Judge the reference adapter by all that the mutants name: the requirements that failed, and the first message."""
    cases = sorted({case for mutant in mutants for case in mutant.cases})
    return _judge(provider, cases, " or ".join(sorted({mutant.checks for mutant in mutants})), [])


def _judge(provider: str, cases: Sequence[str], checks: str, options: Sequence[str]) -> tuple[tuple[str, ...], str]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = ["-p", "conformance.plugin", "--pyargs", "conformance", "-c", os.devnull, "-p", "no:cacheprovider"]
        words += ["-q", "--provider", provider, "--level", "should", "--report-json", str(report), *options]
        words += [word for case in cases for word in ("--case", case)]
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            status = pytest.main([*words, "-k", checks])
        if status not in TESTS_FAILED:
            raise RuntimeError(f"the suite could not judge ({status!r}): {output.getvalue()}")
        found = json.loads(report.read_text(encoding="utf-8"))
    failures = [check for check in found["checks"] if check["verdict"] in ("failed", "error")]
    failed = sorted({id for check in failures for id in check["ids"]})
    return tuple(failed), failures[0]["message"] if failures else ""
