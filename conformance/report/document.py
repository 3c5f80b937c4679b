"""The report as JSON: its fields, its digest, and how a file of it is read and written.

``report.schema.json`` beside this file is the schema of it: ``python -m conformance.report`` writes it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from conformance.report.words import FAILING, NOT_JUDGED, WORDS, most_severe
from llm_sdk.types import JsonObject
from mock_server.cassette import write_whole

__all__ = [
    "DIGEST",
    "OWN",
    "SCHEMA",
    "SUITE_VERSION",
    "Check",
    "Document",
    "Environment",
    "Excerpt",
    "Failure",
    "Integrity",
    "Network",
    "ReportError",
    "RequirementResult",
    "Suite",
    "Totals",
    "digest_of",
    "load_document",
    "read_json",
    "total_of",
    "verdicts_by_provider",
]

SUITE_VERSION = version("llm-conformance")
SCHEMA = Path(__file__).parent / "report.schema.json"
OWN = "the suite's own"
"""What a report calls the recordings of the suite."""
DIGEST = "sha256"
"""The field of a report that holds the digest of all others."""


class ReportError(ValueError):
    """A file is no report; the message names the file and says why."""


def _known(word: str) -> str:
    if word not in WORDS:
        raise ValueError(f"no verdict {word!r}; there are {', '.join(WORDS)}")
    return word


def _encodable(text: Any) -> Any:
    """Half of a surrogate pair, which a broken adapter may give, can stand in no file."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(text, str) else text


Text = Annotated[str, BeforeValidator(_encodable)]
Verdict = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(WORDS)})]
Count = Annotated[int, Field(ge=0)]


class _Piece(BaseModel):
    """A part of the report. A field that a later version adds has a default, so that older reports stay readable."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Suite(_Piece):
    """What judged."""

    name: str
    version: str


class Environment(_Piece):
    """Where the run took place; ``plugins`` are pytest's, each with its version."""

    python: str
    platform: str
    plugins: tuple[str, ...] = ()


class Network(_Piece):
    """Whether the network was out of reach, and what was tried nevertheless."""

    refused: bool
    attempts: tuple[str, ...] = ()


class Excerpt(_Piece):
    """The bytes on both sides of offset ``at``, with escapes as Python writes them."""

    at: Count
    before: str
    after: str


class Failure(_Piece):
    """How a check failed. ``cuts`` and ``transform`` are what was done to the recorded bytes, as the options of those
    names take it; ``bytes`` shows some of the cuts, or where the transform begins, in a body of ``length`` bytes.
    """

    expected: Text
    got: Text
    cuts: str = ""
    transform: str = ""
    bytes: tuple[Excerpt, ...] = ()
    length: Count = 0


class Check(_Piece):
    """One check on one case. ``ids`` are the requirements that it proves, and ``repeat`` is the command that runs it
    again. ``message`` is all that the check said.
    """

    ids: tuple[str, ...]
    provider: str
    case: Text
    check: Text
    verdict: Verdict
    message: Text = ""
    repeat: Text = ""
    failure: Failure | None = None

    def as_json(self) -> JsonObject:
        """For the report, and for the way between processes: what is empty is left out."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Integrity(_Piece):
    """How much of the suite was judged, and what has to be admitted of the run.

    ``expected`` is how many checks the suite has for these providers, ``null`` where nothing tells, and ``judged`` how
    many there are here. ``narrowed`` names the options that asked for less. ``faults`` are what disturbed the run: a
    fixture overridden, a cassette edited, checks that are missing. ``undeclared`` is what the adapter can do beyond
    what it declares, and ``unplayed`` are the recorded exchanges that it never asked for.
    """

    expected: Count | None = None
    judged: Count = 0
    narrowed: tuple[Text, ...] = ()
    faults: tuple[Text, ...] = ()
    undeclared: tuple[Text, ...] = ()
    unplayed: tuple[Text, ...] = ()


class RequirementResult(_Piece):
    """A requirement and what came of it. ``verdicts`` are by provider, where it was judged at all; ``concerns`` names
    the providers whose quirk it is, and none where it concerns every protocol.
    """

    level: str
    area: str
    sentence: str
    source: str
    since: str
    verdict: Verdict
    verdicts: dict[str, Verdict]
    concerns: tuple[str, ...] = ()


class Totals(_Piece):
    """How many there are of each verdict."""

    checks: dict[Verdict, Count]
    requirements: dict[Verdict, Count]


class Document(_Piece):
    """A report. ``made_at`` is in ISO 8601, ``profiles`` and ``cases`` are empty where all of them were judged,
    ``requirement_set`` is the version whose requirements bind the adapter, and empty where those of the suite do,
    ``seed`` is what answers were varied by, and ``sha256`` is over all the rest (see :func:`digest_of`).
    """

    suite: Suite
    made_at: str
    duration_seconds: Annotated[float, Field(ge=0)]
    environment: Environment
    adapter: str
    transport: str
    providers: tuple[str, ...]
    level: str
    requirement_set: str = ""
    profiles: tuple[str, ...]
    cases: tuple[str, ...]
    cassettes: str
    seed: int | None = None
    network: Network
    integrity: Integrity = Integrity()
    totals: Totals
    requirements: dict[str, RequirementResult]
    checks: tuple[Check, ...]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

    @property
    def failing(self) -> dict[str, RequirementResult]:
        """The requirements that the adapter fails, by id."""
        return {id: found for id, found in self.requirements.items() if found.verdict in FAILING}

    def as_json(self) -> JsonObject:
        """The report as the file has it."""
        head = self.model_dump(mode="json", exclude={"checks", "sha256"})
        return {**head, "checks": [check.as_json() for check in self.checks], DIGEST: self.sha256}

    def write(self, path: Path) -> None:
        """Write the report, whole or not at all. Raises OSError."""
        write_whole(path, "".join(_lines(self.as_json())))


def _lines(document: JsonObject) -> Iterator[str]:
    """JSON with one line for each requirement and each check, so that two reports can be compared as text."""
    separator = "{\n"
    for name, value in document.items():
        yield f"{separator} {json.dumps(name)}: "
        rows = value if isinstance(value, list | dict) and name in ("requirements", "checks") else None
        yield _dump(value) if rows is None else _rows(rows)
        separator = ",\n"
    yield "\n}\n"


def _rows(rows: list[Any] | dict[str, Any]) -> str:
    if isinstance(rows, dict):
        lines = [f"{json.dumps(name)}: {_dump(row)}" for name, row in rows.items()]
        return "{\n  " + ",\n  ".join(lines) + "\n }"
    return "[\n  " + ",\n  ".join(map(_dump, rows)) + "\n ]"


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def digest_of(document: Mapping[str, Any]) -> str:
    """The sha256 that a report should carry: over its JSON without that field, keys sorted, no white space, UTF-8."""
    rest = {name: value for name, value in document.items() if name != DIGEST}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def verdicts_by_provider(checks: Iterable[Check]) -> dict[str, dict[str, str]]:
    """What the checks come to: a verdict by requirement and provider, for those that were judged."""
    found: dict[str, dict[str, str]] = {}
    for check in checks:
        for id in check.ids:
            verdicts = found.setdefault(id, {})
            verdicts[check.provider] = most_severe([verdicts.get(check.provider, NOT_JUDGED), check.verdict])
    return found


def total_of(verdicts: Iterable[str]) -> dict[str, int]:
    """How many there are of each, in the order of the table of words."""
    counts = Counter(verdicts)
    return {word: counts[word] for word in WORDS if counts[word]}


def read_json(path: Path) -> JsonObject:
    """The JSON object in a file. Raises ReportError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: cannot be read ({error})") from None
    except ValueError as error:
        raise ReportError(f"{path}: not JSON ({error})") from None
    if not isinstance(found, dict):
        raise ReportError(f"{path}: no report, for it is no JSON object")
    return found


def load_document(path: Path) -> Document:
    """The report in a file. Raises ReportError; whether it is an honest one, ``llm-conformance verify`` tells."""
    found = read_json(path)
    try:
        return Document.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        suite = found.get("suite")
        made = suite.get("version") if isinstance(suite, dict) else None
        by = f"; it says suite version {made}, and this is {SUITE_VERSION}" if made != SUITE_VERSION else ""
        raise ReportError(f"{path}: no report of this suite: {where}: {first['msg']}{by}") from None
