"""What the hooks of the suite keep with pytest's configuration, and with each check."""

from contextlib import ExitStack

import pytest

from conformance.catalogue import Requirement
from conformance.patience import Patience
from conformance.plan import Plan
from conformance.report import Report
from conformance.settings import Settings
from conformance.subject import Subject
from conformance.watch import Watch

__all__ = [
    "EXCUSED",
    "HEARD",
    "LACKING",
    "OPEN",
    "PATIENCE",
    "PLACE",
    "PLAN",
    "PROVED",
    "REFUSED",
    "REPORT",
    "SETTINGS",
    "SUBJECT",
    "UNDECLARED",
    "WATCH",
]

SETTINGS = pytest.StashKey[Settings]()
PLAN = pytest.StashKey[Plan | None]()
REPORT = pytest.StashKey[Report]()
OPEN = pytest.StashKey[ExitStack]()
PATIENCE = pytest.StashKey[Patience]()
PROVED = pytest.StashKey[list[Requirement]]()
PLACE = pytest.StashKey[int]()
REFUSED = pytest.StashKey[list[str]]()
"""What a check was refused of the network."""
WATCH = pytest.StashKey[Watch]()
EXCUSED = pytest.StashKey[str]()
"""The verdict of a check that the adapter's declaration excuses."""
HEARD = pytest.StashKey[int]()
"""How much of what was refused of the network has been told."""
UNDECLARED = pytest.StashKey[str]()
"""What a check asks for that the adapter does not declare."""
SUBJECT = pytest.StashKey[Subject]()
"""The adapter that a check judges."""
LACKING = pytest.StashKey[str]()
"""Why a failure does not count: the answer has what the adapter does not declare."""
