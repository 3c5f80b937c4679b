"""Puts a bridge before the suite and keeps what came: ``python judge.py BRIDGE PROVIDER``, in the bridge's environment.

What is judged stands in ``bound.toml``; what is kept, in ``BRIDGE/runs/PROVIDER.json``. ``--report FILE`` keeps the
whole report as well.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

__all__ = ["judge", "summary"]

HERE = Path(__file__).resolve().parent


def judge(bridge: str, provider: str, report: Path) -> None:
    """Write the suite's report on one provider through one bridge. Raises CalledProcessError where it made none."""
    folder = HERE / bridge
    adapter = tomllib.loads((folder / "findings.toml").read_text(encoding="utf-8"))["adapter"]
    words = ["--provider", provider, "--adapter", adapter, "--transport", "socket"]
    if (folder / "declare").is_dir():  # the others declare in the bridge protocol
        words += ["--declare", f"declare/{provider}.yaml"]
    words += [*_bound(), "--report-json", str(report)]
    command = [sys.executable, "-m", "conformance", "run", *words, "-q", "--no-header", "-p", "no:cacheprovider"]
    report.unlink(missing_ok=True)
    path = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, check=False)  # noqa: S603 - our own program
    if not report.exists():
        raise subprocess.CalledProcessError(done.returncode, command)


def _bound() -> list[str]:
    bound = tomllib.loads((HERE / "bound.toml").read_text(encoding="utf-8"))
    repeating = bound["repeating"]
    chosen = f"not ({' or '.join(repeating['checks'])}) or {' or '.join(repeating['cases'])}"
    return [*(word for case in bound["cases"] for word in ("--case", case)), "-k", chosen, "--seed", str(bound["seed"])]


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """Which suite judged when, how many checks ended how, and which cases failed which requirement, or were warned
    about."""
    found: dict[str, dict[str, set[str]]] = {"failed": defaultdict(set), "warning": defaultdict(set)}
    for check in report["checks"]:
        for id in check["ids"] if check["verdict"] in found else ():
            found[check["verdict"]][id].add(check["case"])
    return {
        "suite": report["suite"]["version"],
        "made_at": report["made_at"],
        "checks": report["totals"]["checks"],
        **{verdict: {id: sorted(cases) for id, cases in sorted(ids.items())} for verdict, ids in found.items()},
    }


def main() -> None:
    """Read the command line, and judge."""
    parser = argparse.ArgumentParser(description="Puts a bridge before the suite.")
    parser.add_argument("bridge", help="the name of a folder beside this file")
    parser.add_argument("provider")
    parser.add_argument("--report", type=Path, help="where the whole report is kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        report = (given.report or Path(scratch) / "report.json").absolute()
        judge(given.bridge, given.provider, report)
        found = summary(json.loads(report.read_text(encoding="utf-8")))
    runs = HERE / given.bridge / "runs"
    runs.mkdir(exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (runs / f"{given.provider}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
