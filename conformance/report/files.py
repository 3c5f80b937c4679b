"""The files that a run leaves behind."""

from collections.abc import Callable
from pathlib import Path

from conformance.report.badge import badge
from conformance.report.collected import Report
from conformance.report.document import Document
from conformance.report.page import page
from conformance.settings import Settings
from mock_server.cassette import write_whole

__all__ = ["write_reports"]

Render = Callable[[Document], str]


def write_reports(report: Report, settings: Settings) -> None:
    """Write every file that was asked for, each whole or not at all. Raises OSError."""
    wanted: list[tuple[Path | None, Render]] = [(settings.report_html, page), (settings.badge, badge)]
    if settings.report_json is None and not any(path for path, _ in wanted):
        return
    document = report.document()
    if settings.report_json is not None:
        document.write(settings.report_json)
    for path, render in wanted:
        if path is not None:
            write_whole(path, render(document))
