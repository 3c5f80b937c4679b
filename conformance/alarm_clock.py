"""Sets the alarm of :mod:`conformance.patience` for each check."""

from collections.abc import Generator

import pytest

from conformance.patience import Patience

__all__ = ["AlarmClock"]


class AlarmClock:
    """A pytest plugin that sets the alarm for each check, and for what comes before and after it."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None]:
        with self._patience.watch():
            yield

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None]:
        with self._patience.watch():
            yield

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None]:
        """What was made for the whole run is let go of behind the last check."""
        with self._patience.watch():
            yield
