"""A stand-in for LLM providers: every wire protocol that ``llm_sdk`` knows, offline and always the same."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_server.clock import VirtualClock
    from mock_server.guard import no_real_llm
    from mock_server.scenario_files import ScenarioError
    from mock_server.server import MockServer, tool_call

__all__ = ["MockServer", "ScenarioError", "VirtualClock", "no_real_llm", "tool_call"]

# Loaded when they are asked for: the pytest plugin is imported in runs that never use them.
PLACES = {
    "MockServer": "mock_server.server",
    "ScenarioError": "mock_server.scenario_files",
    "VirtualClock": "mock_server.clock",
    "no_real_llm": "mock_server.guard",
    "tool_call": "mock_server.server",
}


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(PLACES[name]), name)
