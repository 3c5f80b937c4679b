"""The suite's own recordings, and whether a folder has recordings of its cases."""

from pathlib import Path

from conformance.case import case_files

__all__ = ["CASSETTES", "is_of_the_cases"]

CASSETTES = Path(__file__).resolve().parents[1] / "cassettes"
"""The suite's own recordings: beside it in a checkout, and installed with it."""


def is_of_the_cases(cassettes: Path, provider: str) -> bool:
    """Whether the folder has this provider's recordings of the suite's own cases, as ``--record`` writes them."""
    names = {file.name for file in case_files().values()}
    folder = cassettes / provider
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return bool(found) and found <= names
