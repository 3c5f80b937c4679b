"""The page of what the suite found in clients that others wrote, from the data beside the bridges.

``examples/bridges/<name>/findings.toml`` holds what was judged by hand to be the library's, ``runs/<provider>.json``
what is kept of each report.
"""

import json
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

__all__ = ["BRIDGES", "FILE", "Finding", "findings", "page"]

FILE = Path(__file__).parent / "findings.md"
BRIDGES = Path(__file__).resolve().parents[1] / "examples" / "bridges"
WIDTH = 120
VERDICTS = ("passed", "failed", "warning", "not-applicable", "skipped")
HEAD = """\
# What the suite found in other clients

Bridges under `examples/bridges/` put widely used libraries before the suite. Every kind of failure of a bounded run
was looked at by hand. What was a mistake of the suite is mended, and is not here; what remains is the library's, with
why we think so and the command that shows it again, run in the folder of the bridge. A finding is about the versions
named, and about what a caller of the library sees through the bridge. One cause can fail many checks; the counts hold
them all, and what a thin bridge leaves out.

Written by `python -m docs` from `findings.toml` and `runs/` of each bridge, and from `bound.toml`: what a run judges.

## What was run

`python judge.py BRIDGE PROVIDER`, in `examples/bridges` and the environment of the bridge, makes a run again and keeps
its counts: of all checks of the suite, on these cases, and of those that play one stream again and again, cut, reframed
or broken off, on {few} alone.

{cases}."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a library does otherwise than a requirement says. ``reason`` is why its side is wrong."""

    bridge: str
    provider: str
    requirement: str
    case: str
    check: str
    sentence: str
    reason: str

    @property
    def command(self) -> str:
        """Shows it again, in the folder of the bridge."""
        adapter = _told(self.bridge)["adapter"]
        words = ["llm-conformance", "run", "--provider", self.provider, "--adapter", adapter, "--transport", "socket"]
        declaration = f"declare/{self.provider}.yaml"
        words += ["--declare", declaration] if (BRIDGES / self.bridge / declaration).exists() else []
        words += ["--case", self.case, "-k", self.check]
        return ("" if adapter.startswith("cmd:") else "PYTHONPATH=.. ") + shlex.join(words)


def _told(bridge: str) -> dict[str, Any]:
    return tomllib.loads((BRIDGES / bridge / "findings.toml").read_text(encoding="utf-8"))


def _bridges() -> list[str]:
    return sorted(file.parent.name for file in BRIDGES.glob("*/findings.toml"))


def findings(bridge: str) -> list[Finding]:
    """What was found through one bridge."""
    return [Finding(bridge, **told) for told in _told(bridge).get("finding", ())]


def _head() -> str:
    bound = tomllib.loads((BRIDGES / "bound.toml").read_text(encoding="utf-8"))
    cases, few = ([f"`{case}`" for case in names] for names in (bound["cases"], bound["repeating"]["cases"]))
    return HEAD.format(cases=fill(", ".join(cases), WIDTH, break_on_hyphens=False), few=" and ".join(few))


def page() -> str:
    """The page as Markdown."""
    return "\n".join([_head(), *(line for bridge in _bridges() for line in _section(bridge))]) + "\n"


def _section(bridge: str) -> Iterator[str]:
    told = _told(bridge)
    versions = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    yield from (
        "",
        f"## {told['library']}",
        "",
        f"[`examples/bridges/{bridge}`](../examples/bridges/{bridge}): {versions}.",
    )
    runs = sorted((BRIDGES / bridge / "runs").glob("*.json"))
    if runs:
        yield from ("", f"| protocol | {' | '.join(VERDICTS)} |", f"| --- |{' --: |' * len(VERDICTS)}")
    for file in runs:
        counts = json.loads(file.read_text(encoding="utf-8"))["checks"]
        yield f"| {file.stem} | {' | '.join(str(counts.get(name, 0)) for name in VERDICTS)} |"
    for found in findings(bridge):
        yield from ("", f"**{found.requirement}, {found.provider}.** {found.sentence} {found.reason}")
        yield from ("", "```console", f"$ {found.command}", "```")
