"""Asynchronous tests run on asyncio, which is what a run is made for."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
