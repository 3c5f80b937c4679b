"""How a run tells whoever has started it how it ended."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["ENDED", "tell_the_end"]

ENDED = "LLM_CONFORMANCE_ENDED"
"""The environment variable that names the file to which a run tells its exit status."""


def tell_the_end(config: "pytest.Config", status: int) -> None:
    """Tell whoever has started this run how it ended: an exit status alone can be changed after the last check."""
    file = os.environ.get(ENDED)
    if file and not hasattr(config, "workerinput"):
        Path(file).write_text(f"{int(status)}", encoding="utf-8")
