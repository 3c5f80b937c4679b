"""Notes which scenario of which official client a test shows, for docs/clients.md."""

from collections.abc import Callable, Iterator

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "shows(*scenarios): what the test shows of its module's CLIENT; without one, the argument `scenario`, or that "
        "errors of the argument `status` are read",
    )


@pytest.fixture(autouse=True)
def _noted(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Iterator[None]:
    """Properties of the test in the JUnit report: the client, the scenarios, and how often an error was asked for."""
    mark = request.node.get_closest_marker("shows")
    if mark is None:
        yield
        return
    arguments = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    client = arguments.get("client") or request.module.CLIENT
    record_property("language", client.language)
    record_property("client", client.name)
    for scenario in mark.args or (arguments.get("scenario") or f"status {arguments['status']}",):
        record_property("scenario", scenario)
    mock = request.getfixturevalue("mock") if "mock" in request.fixturenames else None
    yield
    if mock is not None and "status" in arguments:
        record_property("streamed" if arguments.get("stream") else "whole", len(mock.requests))
