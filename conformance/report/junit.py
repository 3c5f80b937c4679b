"""What pytest's own JUnit file (``--junitxml``) says of each check, and of the run."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeGuard

from conformance.catalogue import Requirement
from conformance.report.document import SUITE_VERSION, Check
from conformance.settings import Settings

__all__ = ["describe_run", "properties_of"]


class _JUnitFile(Protocol):
    def add_global_property(self, name: str, value: object) -> None: ...


def properties_of(check: Check, proved: list[Requirement]) -> list[tuple[str, str]]:
    """The properties of one check: what it proves, on what, its verdict, and how to see a failure again."""
    properties = [("requirement", f"{found.id} ({found.level}) {found.sentence}") for found in proved]
    properties += [("provider", check.provider), ("case", check.case), ("verdict", check.verdict)]
    return [*properties, ("repeat", check.repeat)] if check.repeat else properties


def describe_run(plugins: Iterable[Any], settings: Settings) -> None:
    """Say in the JUnit file, where one is written, who was judged, and by what."""
    for plugin in filter(_writes_junit, plugins):
        plugin.add_global_property("suite", f"llm-conformance {SUITE_VERSION}")
        plugin.add_global_property("adapter", settings.adapter)
        plugin.add_global_property("transport", settings.transport)
        plugin.add_global_property("providers", ", ".join(settings.providers))
        plugin.add_global_property("level", settings.level)


def _writes_junit(plugin: Any) -> TypeGuard[_JUnitFile]:
    return hasattr(plugin, "add_global_property")
