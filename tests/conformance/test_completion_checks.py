"""The checks of ``completion()`` can fail: each defect is caught by the requirement that it breaks."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "broken_completion.py"
ENOUGH = 12


@pytest.mark.timeout(300)
def test_every_defect_is_caught(tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM)]
    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=tmp_path, capture_output=True, text=True, timeout=290, check=False
    )
    *defects, nothing = done.stdout.splitlines() or [done.stderr]
    assert nothing == "nothing", done.stderr
    assert [line for line in defects if line.split()[1] != "caught"] == []
    assert len(defects) >= ENOUGH
