"""Read by every Python process that is started while the suite runs: the network is refused there as well."""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOM = Path(__file__).resolve().parent


def _guard() -> None:
    spec = spec_from_file_location("_llm_conformance_offline", ROOM.parent / "offline.py")
    if spec is not None and spec.loader is not None:
        offline = module_from_spec(spec)
        spec.loader.exec_module(offline)
        offline.guard_this_process(os.environ.get(offline.LOG))


def _read_the_one_that_this_hides() -> None:
    """Whatever else the machine does at the start of Python."""
    others = [folder for folder in sys.path if folder != str(ROOM)]
    spec = PathFinder.find_spec(__name__, others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


_guard()
_read_the_one_that_this_hides()
