"""The page docs/clients.md: what each official client showed in a run of the tests, from pytest's JUnit report.

Usage: python clients_page.py REPORT.xml > docs/clients.md; scripts/clients-page runs the tests before.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree

from official_clients import CLIENTS, SCENARIOS, STATUSES, OfficialClient

__all__ = ["IncompleteReportError", "read_report", "render"]

Key = tuple[str, str]
"""Language and name of a client."""
Shown = Mapping[Key, Mapping[str, str]]
"""The cells of each client, by scenario and by status."""

HEAD = """\
# Official clients

The clients that providers publish, and `ai` with its provider packages, unchanged but for base URL and key, against the
mock server on a socket. What a client read, in its own types, had to equal what the scenario said, ids and usage
included. `scripts/clients-page` runs them and writes this page; `scripts/test` runs them too.

"""
ANSWERS = """\
## Answers

"Tool results" is the turn after the calls: the server must have read the client's results. "Retry" is an answer after a
429 and a 503, "cut stream" an error of the client when the connection breaks, "abort" a stream that its reader leaves.
"–": the client has no way to express it.

"""
ERRORS = """\

## Errors

How often a client sends a request that is always answered with this status, before it raises its error; two numbers
where it differs: a whole answer, and a stream. Some clients try again only when they are told to, which "retry" shows.

"""


class IncompleteReportError(ValueError):
    """A scenario of a client was not run, or did not pass."""


def read_report(report: str) -> Shown:
    """What the tests of a run showed. Raises IncompleteReportError that names what is missing."""
    passed: defaultdict[Key, set[str]] = defaultdict(set)
    failed: set[tuple[Key, str]] = set()
    requests: defaultdict[tuple[Key, str], dict[str, str]] = defaultdict(dict)
    for case in ElementTree.fromstring(report).iter("testcase"):  # noqa: S314 - pytest's own file
        told = [(one.attrib["name"], one.attrib["value"]) for one in case.iter("property")]
        properties = dict(told)
        if "client" not in properties:
            continue
        key = properties["language"], properties["client"]
        for scenario in (value for name, value in told if name == "scenario"):
            if any(case.find(end) is not None for end in ("failure", "error", "skipped")):
                failed.add((key, scenario))
            passed[key].add(scenario)
            requests[key, scenario] |= {name: properties[name] for name in ("whole", "streamed") if name in properties}
    missing = [
        f"{language} {name}: {scenario}"
        for (language, name), client in CLIENTS.items()
        for scenario in (*expected_of(client), *map(status_name, STATUSES))
        if scenario not in passed[language, name] or ((language, name), scenario) in failed
    ]
    if missing:
        raise IncompleteReportError("not shown: " + "; ".join(missing))
    return {key: cells_of(client, requests, key) for key, client in CLIENTS.items()}


def expected_of(client: OfficialClient) -> Iterable[str]:
    return (scenario for scenario in SCENARIOS if scenario not in client.lacks)


def status_name(status: int) -> str:
    return f"status {status}"


def cells_of(client: OfficialClient, requests: Mapping[tuple[Key, str], Mapping[str, str]], key: Key) -> dict[str, str]:
    cells = {scenario: "–" if scenario in client.lacks else "yes" for scenario in SCENARIOS}
    for status in map(status_name, STATUSES):
        whole, streamed = requests[key, status]["whole"], requests[key, status]["streamed"]
        cells[status] = whole if whole == streamed else f"{whole}, {streamed}"
    return cells


def render(shown: Shown, versions: Mapping[Key, str]) -> str:
    """The page. ``versions`` are those of each client's packages."""
    answers = table(
        ("client", "language", "version", *SCENARIOS),
        [(f"`{name}`", language, versions[language, name], *(cells[one] for one in SCENARIOS))
         for (language, name), cells in shown.items()],
    )  # fmt: skip
    errors = table(
        ("client", "language", *map(str, STATUSES)),
        [(f"`{name}`", language, *(cells[status_name(one)] for one in STATUSES))
         for (language, name), cells in shown.items()],
    )  # fmt: skip
    return HEAD + ANSWERS + answers + ERRORS + errors


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main() -> None:
    shown = read_report(Path(sys.argv[1]).read_text(encoding="utf-8"))
    versions = {key: ", ".join(client.versions) for key, client in CLIENTS.items()}
    sys.stdout.write(render(shown, versions))


if __name__ == "__main__":
    main()
