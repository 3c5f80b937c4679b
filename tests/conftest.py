"""What the tests of this folder share: the fixture of those that make calls, and patience."""

from collections.abc import Callable

import hypothesis
import pytest
from callers import CLIENTS, Caller

hypothesis.settings.register_profile("patient", deadline=None)  # a busy machine is not a defect
hypothesis.settings.load_profile("patient")


@pytest.fixture(params=CLIENTS)
def caller(request: pytest.FixtureRequest) -> Callable[..., Caller]:
    """Makes a model that gets these answers, on every kind of client in turn."""
    return lambda *answers, **options: Caller(request.param, answers, **options)
