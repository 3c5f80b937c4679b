"""Python imports this when it starts, where its folder is on ``PYTHONPATH``: in processes that a guarded test starts.

It stands in a folder of its own, because nothing else must come with it, and reads the guard by its path, because such
a process may have no access to this package.
"""

import importlib
import importlib.util
import os
import sys
from contextlib import suppress


def _guard() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    file = os.path.join(os.path.dirname(here), "guard.py")
    spec = importlib.util.spec_from_file_location("mock_server_guard", file)
    if spec is not None and spec.loader is not None:
        guard = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = guard
        spec.loader.exec_module(guard)
        guard.guard_this_process()


def _give_way() -> None:
    """Import the module of this name that would have been found without this one."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    del sys.modules[__name__]
    with suppress(ImportError):
        importlib.import_module("sitecustomize")


# A Python that is too old for the guard has to start nevertheless.
with suppress(SyntaxError, TypeError, ImportError):
    _guard()
_give_way()
