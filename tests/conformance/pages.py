"""A page of the documentation, done as it is read: its files are written, its commands run, its output compared.

A fenced block after a line that ends with a path in backquotes and a colon is that file. A line of a ``console`` block
that begins with ``$`` is a command, and the lines behind it are its output, where ``...`` is any text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installed import Environment

__all__ = ["Command", "File", "follow", "steps"]

BLOCK = re.compile(r"(?P<before>[^\n]*)\n+```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([^`]+)`:$")
ANY = "..."


@dataclass(frozen=True, slots=True)
class File:
    """A file that the page says to write."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the page, and the output that it shows."""

    line: str
    output: str


def steps(page: str) -> Iterator[File | Command]:
    """What the page says to do, in order."""
    for block in BLOCK.finditer(page):
        if block["kind"] == "console":
            for part in re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]:
                line, _, output = part.partition("\n")
                yield Command(line, output.strip())
        elif named := NAMED.search(block["before"].strip()):
            yield File(named[1], block["body"])


def follow(page: Path, folder: Path, environment: Environment) -> list[str]:
    """Do what the page says in ``folder``; the commands that were run. Raises AssertionError for other output."""
    done: list[str] = []
    for step in steps(page.read_text(encoding="utf-8")):
        if isinstance(step, File):
            (folder / step.name).parent.mkdir(parents=True, exist_ok=True)
            (folder / step.name).write_text(step.content, encoding="utf-8")
            continue
        found = environment.run(step.line, folder).stdout
        done.append(step.line)
        assert _matches(step.output, found), f"$ {step.line}\n{found}\n--- the page says:\n{step.output}"
    return done


def _matches(shown: str, found: str) -> bool:
    """Whether the output is what is shown, line by line; spaces at the ends of lines do not count."""
    text = "\n".join(line.rstrip() for line in found.strip().splitlines())
    pattern = re.escape(shown).replace(re.escape(ANY), r".*?")
    return re.fullmatch(pattern, text, re.DOTALL) is not None
