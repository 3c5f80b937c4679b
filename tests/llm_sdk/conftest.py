"""What the tests of this folder share: the fixture of those that make calls."""

from collections.abc import Callable

import pytest
from callers import CLIENTS, Caller


@pytest.fixture(params=CLIENTS)
def caller(request: pytest.FixtureRequest) -> Callable[..., Caller]:
    """Makes a model that gets these answers, on every kind of client in turn."""
    return lambda *answers, **options: Caller(request.param, answers, **options)
