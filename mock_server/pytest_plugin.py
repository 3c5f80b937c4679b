"""The fixture ``mock_llm``: a running mock server that every provider's client finds by its environment variables."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mock_server.server import MockServer

__all__ = ["mock_llm"]


@pytest.fixture
def mock_llm(monkeypatch: pytest.MonkeyPatch) -> Iterator["MockServer"]:
    """A :class:`~mock_server.MockServer` for one test. Base URLs and keys of all providers lead to it."""
    from mock_server.server import MockServer

    with MockServer() as mock:
        for name, value in mock.environment().items():
            monkeypatch.setenv(name, value)
        yield mock
