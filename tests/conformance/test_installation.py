"""An installed suite that somebody has edited says so."""

import base64
import hashlib
from importlib.metadata import PathDistribution
from pathlib import Path

from conformance.installation import changed_files_of, changed_since_installed

FILES = {"conformance/verdict.py": b"judge = True\n", "conformance/manifest.json": b"{}\n"}


def installed(folder: Path) -> PathDistribution:
    """A distribution of those files, as pip leaves it."""
    record = []
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record.append(f"{name},sha256={digest},{len(content)}")
    room = folder / "llm_conformance-0.1.0.dist-info"
    room.mkdir()
    (room / "RECORD").write_text("\n".join([*record, f"{room.name}/RECORD,,"]), encoding="utf-8")
    return PathDistribution(room)


def test_files_that_are_not_what_was_installed_are_named(tmp_path: Path) -> None:
    suite, room = installed(tmp_path), (tmp_path / "conformance").resolve()
    assert changed_files_of(suite, room) == []
    (room / "verdict.py").write_bytes(b"judge = False\n")
    assert changed_files_of(suite, room) == ["conformance/verdict.py"]
    (room / "manifest.json").unlink()
    assert changed_files_of(suite, room) == ["conformance/manifest.json", "conformance/verdict.py"]


def test_a_checkout_is_not_what_was_installed(tmp_path: Path) -> None:
    """There one works on the suite, and the manifest alone tells what has changed."""
    suite = installed(tmp_path)
    (tmp_path / "conformance" / "verdict.py").write_bytes(b"judge = False\n")
    assert changed_files_of(suite, tmp_path / "elsewhere") == []
    assert changed_since_installed() == []
