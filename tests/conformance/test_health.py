"""Cassettes have a bill of health, and the suite's own have a clean one."""

import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from conformance.cli import main
from conformance.health import examine
from conformance.settings import CASSETTES
from mock_server.cassette import (
    Cassette,
    Interaction,
    RecordedRequest,
    RecordedResponse,
    RecordingNote,
    dump_cassette,
)

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def written(file: Path, body: bytes, *, at: str | None = "2026-11-01T00:00:00+00:00") -> Path:
    note = RecordingNote("live", at, hashlib.sha256(body).hexdigest()) if at is not None else None
    request = RecordedRequest("POST", "https://api.example/v1/talk", b"{}")
    cassette = Cassette((Interaction(request, RecordedResponse(200, body, note=note)),))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dump_cassette(cassette))
    return file


def test_our_own_cassettes_are_in_good_health() -> None:
    """Age aside: that is a warning, and the day on which it comes must not break a build."""
    report = examine(CASSETTES, now=datetime.now(UTC))
    assert report.faults == []
    assert {one.kind for one in report.findings} <= {"age", "duplicate"}
    assert report.interactions == report.recorded.total()


def test_every_ailment_is_told(tmp_path: Path) -> None:
    written(tmp_path / "a.yaml", b"one")
    written(tmp_path / "b.yaml", b"one")
    written(tmp_path / "c.yaml", b"two", at="2025-11-30T00:00:00Z")
    written(tmp_path / "d.yaml", b"three", at=None)
    written(tmp_path / "e.yaml", b'{"said": "sk-proj-0123456789abcdefghijklmn"}')
    changed = written(tmp_path / "f.yaml", b"four")
    changed.write_text(changed.read_text().replace("four", "five"))
    (tmp_path / "g.yaml").write_text(dump_cassette(Cassette(())))
    (tmp_path / "notes.txt").write_text("not a cassette")
    report = examine(tmp_path, now=NOW)
    assert (report.files, report.interactions) == (7, 5)
    assert (report.oldest, report.newest) == ("2025-11-30T00:00:00Z", "2026-11-01T00:00:00+00:00")
    assert [(one.file, one.kind, one.is_fault) for one in report.findings] == [
        ("b.yaml", "duplicate", False),
        ("c.yaml", "age", False),
        ("d.yaml", "provenance", False),
        ("e.yaml", "secret", True),
        ("f.yaml", "unreadable", True),
        ("g.yaml", "empty", True),
    ]
    said = {one.kind: one.message for one in report.findings}
    assert said["duplicate"] == "says the same as a.yaml"
    assert said["age"] == "was recorded 366 days ago"
    assert said["secret"] == "interactions[0].response.body at $.said holds what looks like a key"
    assert "the body has changed since it was recorded" in said["unreadable"]


def test_cassettes_and_cases_are_matched(tmp_path: Path) -> None:
    folder = tmp_path / "cohere"
    shutil.copytree(CASSETTES / "cohere", folder)
    (folder / "text.yaml").unlink()
    written(folder / "monday.yaml", b"one")
    shutil.copytree(CASSETTES / "mistral", tmp_path / "mistral")
    found = [one for one in examine(tmp_path, now=NOW).findings if one.kind in ("orphan", "absent")]
    assert [(one.file, one.kind, one.is_fault) for one in found] == [
        ("cohere/monday.yaml", "orphan", True),
        ("cohere", "absent", False),
    ]
    assert found[1].message.startswith(
        "1 case has no cassette (text); record with: llm-conformance run --provider cohere"
    )


def test_age_alone_is_no_fault(tmp_path: Path) -> None:
    written(tmp_path / "old.yaml", b"one", at="2020-01-01T00:00:00Z")
    found = CliRunner().invoke(main, ["cassettes", str(tmp_path)])
    assert found.exit_code == 0
    assert found.stdout.splitlines()[-1] == "0 faults, 1 warnings"
    assert "warning  old.yaml: was recorded" in found.stdout


def test_the_command_tells_machines(tmp_path: Path) -> None:
    file = written(tmp_path / "it.yaml", b"one", at="2020-01-01T00:00:00Z")
    file.write_text(file.read_text().replace("sha256: ", "sha256: 0"))
    found = CliRunner().invoke(main, ["cassettes", str(tmp_path), "--json"])
    assert found.exit_code == 1
    [finding] = json.loads(found.stdout)["findings"]
    assert (finding["file"], finding["kind"], finding["fault"]) == ("it.yaml", "unreadable", True)


def test_a_folder_without_cassettes_says_so(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["cassettes", str(tmp_path)])
    assert (found.exit_code, "no cassettes here" in found.output) == (2, True)
