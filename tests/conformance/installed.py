"""The project as others have it: installed from its wheel into an environment of its own, away from the checkout."""

import os
import shlex
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

__all__ = ["ROOT", "Environment", "build_wheel"]

ROOT = Path(__file__).resolve().parents[2]
BUILD_SECONDS, COMMAND_SECONDS = 200, 200
PIP = """#!/bin/sh
case "$1" in install) ;; *) exec {python} -m pip --python {there} "$@" ;; esac
shift
exec {python} -m pip --python {there} install --quiet --disable-pip-version-check --no-index --find-links {wheels} \\
    --no-deps --no-build-isolation --ignore-installed "$@"
"""
"""``pip`` of the environment: it takes the project from the wheel, and downloads nothing."""


def build_wheel(folder: Path) -> Path:
    """The wheel of the checkout. Raises CalledProcessError."""
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, timeout=BUILD_SECONDS, capture_output=True)  # noqa: S603 - pip
    [wheel] = folder.glob("*.whl")
    return wheel


class Environment:
    """A virtual environment that has what this one has, but for the project itself."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        """``wheels`` is the folder of the project's wheel."""
        venv.create(folder, with_pip=False, symlinks=True)
        self.scripts = folder / "bin"
        self.packages = next((folder / "lib").glob("python*")) / "site-packages"
        # A path in a .pth file is searched, but its own .pth files are not read: the checkout stays out of sight.
        (self.packages / "others.pth").write_text(sysconfig.get_path("purelib"))
        python, there = shlex.quote(sys.executable), shlex.quote(str(self.scripts / "python"))
        pip = self.scripts / "pip"
        pip.write_text(PIP.format(python=python, there=there, wheels=shlex.quote(str(wheels))))
        pip.chmod(0o755)

    def run(self, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """A line of a shell, in ``folder``, with the environment's programs first; standard error comes with output."""
        return subprocess.run(  # noqa: S602 - the lines of our own pages
            command,
            shell=True,
            cwd=folder,
            env=self._variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def _variables(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
        path = os.pathsep.join([str(self.scripts), kept.get("PATH", "")])
        return {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "80"}
