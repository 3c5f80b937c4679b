"""Whether the installed suite is as it was installed: pip notes a digest of every file beside them."""

import base64
import hashlib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

__all__ = ["changed_since_installed"]

NAME = "llm-conformance"
ROOM = Path(__file__).resolve().parent


def changed_since_installed() -> list[str]:
    """The suite's own files that are not what was installed, in order. None where this is a checkout, for which pip
    notes nothing."""
    try:
        return changed_files_of(distribution(NAME), ROOM)
    except PackageNotFoundError:
        return []


def changed_files_of(installed: Distribution, room: Path) -> list[str]:
    """The files of a distribution that are not what its record says; none where another one runs, in ``room``."""
    if Path(str(installed.locate_file("conformance"))).resolve() != room:
        return []
    noted = (file for file in installed.files or () if file.hash is not None and file.parts[0] != "..")
    return sorted(str(file) for file in noted if file.hash and _digest(Path(str(file.locate()))) != file.hash.value)


def _digest(file: Path) -> str:
    """The SHA-256 of a file as pip writes it; empty for one that is gone."""
    if not file.is_file():
        return ""
    return base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).rstrip(b"=").decode()
