"""Scenario files that are followed: read again at the next request when one of them has changed."""

import logging
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.scenario_errors import Problem, ScenarioError

if TYPE_CHECKING:
    from mock_server.scenarios import Scenario

__all__ = ["ScenarioSource"]

# Looking takes as long as there are files; this keeps it below a tenth of the time.
PAUSE_PER_LOOK = 10

logger = logging.getLogger("mock_server")


class ScenarioSource:
    """Files and folders of scenarios. ``providers`` are the names that may be matched on.

    A change that cannot be read leaves everything as it was, and is told in the log and in ``problems``.
    """

    def __init__(self, paths: Sequence[Path], *, providers: Collection[str] | None = None) -> None:
        self.paths = tuple(paths)
        self.problems: tuple[Problem, ...] = ()
        self._providers = providers
        self._seen = self._look()
        self._next_look = 0.0

    def load(self) -> "list[Scenario]":
        """All scenarios, in the order of the paths. Raises ScenarioError that tells everything wrong with them."""
        scenarios: list[Scenario] = []
        problems: list[Problem] = []
        for path in self.paths:
            # Here, because a server without files needs nothing that reads them.
            from mock_server.scenario_files import load_scenarios

            try:
                scenarios += load_scenarios(path, providers=self._providers)
            except ScenarioError as error:
                problems += error.problems
        if problems:
            raise ScenarioError(problems)
        return scenarios

    def reload(self) -> "list[Scenario] | None":
        """The scenarios, where a file has changed and all can be read; None otherwise."""
        began = time.monotonic()
        if began < self._next_look:
            return None
        seen = self._look()
        ended = time.monotonic()
        self._next_look = ended + PAUSE_PER_LOOK * (ended - began)
        if seen == self._seen:
            return None
        self._seen = seen
        try:
            scenarios = self.load()
        except ScenarioError as error:
            self.problems = error.problems
            logger.error("scenarios have changed and cannot be read; those from before stay:\n%s", error)
            return None
        self.problems = ()
        logger.info("scenarios have changed: %d of them", len(scenarios))
        return scenarios

    def _look(self) -> dict[Path, tuple[int, int]]:
        """What tells whether a file has changed: when it was written, and how long it is."""
        found: dict[Path, tuple[int, int]] = {}
        for path in self.paths:
            from mock_server.scenario_files import scenario_files

            for file in scenario_files(path):
                try:
                    state = file.stat()
                except OSError:
                    continue
                found[file] = (state.st_mtime_ns, state.st_size)
        return found
