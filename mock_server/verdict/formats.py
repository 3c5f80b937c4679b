"""A verdict as text for people, as JSON for programs, as JUnit for CI."""

import re
from collections.abc import Callable
from pathlib import PurePath
from xml.etree import ElementTree

from llm_sdk.codec import dump_json
from mock_server.verdict import Verdict

__all__ = ["FORMATS", "as_json", "as_junit", "as_text", "format_of"]

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, not even escaped."""


def as_text(verdict: Verdict) -> str:
    """A line that sums it up, and two lines for each finding."""
    errors = len(verdict.at_least("error"))
    warnings = len(verdict.findings) - errors
    found = f"{_count(errors, 'error')}, {_count(warnings, 'warning')}" if verdict.findings else "nothing found"
    lines = [f"verdict on {_count(verdict.exchanges, 'exchange')}: {found}"]
    if verdict.dropped:
        lines.append(f"{_count(verdict.dropped, 'earlier exchange')} had been forgotten and could not be judged")
    return "\n".join([*lines, *map(str, verdict.findings)]) + "\n"


def as_json(verdict: Verdict) -> bytes:
    """One object: ``ok`` says that there is no error, ``findings`` hold them all."""
    return dump_json(
        {
            "ok": not verdict.at_least("error"),
            "exchanges": verdict.exchanges,
            "dropped": verdict.dropped,
            "findings": [finding.to_json() for finding in verdict.findings],
            "rules": {rule.id: rule.sentence for rule in verdict.rules},
        },
        indent=2,
        separators=(",", ": "),
    )


def as_junit(verdict: Verdict) -> bytes:
    """Every rule is a test case, which fails with an error; warnings are its output."""
    failing = {finding.rule for finding in verdict.at_least("error")}
    suite = ElementTree.Element(
        "testsuite", name="mock-server verdict", tests=str(len(verdict.rules)), failures=str(len(failing)), errors="0"
    )
    for rule in verdict.rules:
        case = ElementTree.SubElement(suite, "testcase", classname="verdict", name=rule.id)
        found = [finding for finding in verdict.findings if finding.rule == rule.id]
        errors = [_for_xml(str(finding)) for finding in found if finding.level == "error"]
        warnings = [_for_xml(str(finding)) for finding in found if finding.level == "warning"]
        if errors:
            ElementTree.SubElement(case, "failure", message=errors[0].partition("\n")[0]).text = "\n".join(errors)
        if warnings:
            ElementTree.SubElement(case, "system-out").text = "\n".join(warnings)
    whole = ElementTree.Element("testsuites")
    whole.append(suite)
    ElementTree.indent(whole)
    written: bytes = ElementTree.tostring(whole, encoding="utf-8", xml_declaration=True)
    return written


FORMATS: dict[str, tuple[str, Callable[[Verdict], bytes]]] = {
    "json": ("application/json", as_json),
    "text": ("text/plain; charset=utf-8", lambda verdict: as_text(verdict).encode("utf-8", "backslashreplace")),
    "junit": ("application/xml", as_junit),
}
"""The content type of each format, and what writes it."""

ENDINGS = {".json": "json", ".xml": "junit", ".txt": "text"}


def format_of(path: PurePath) -> str:
    """The format that a file's ending asks for. Raises ValueError for any other ending."""
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path}: a verdict is written to a file that ends in {', '.join(ENDINGS)}")
    return ENDINGS[path.suffix.lower()]


def _for_xml(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
