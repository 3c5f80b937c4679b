"""Templates of the reports. Everything that is filled in is escaped."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.report.matrix import pieces_of

__all__ = ["read_asset", "render"]

if TYPE_CHECKING:
    import jinja2

FOLDER = Path(__file__).parent / "templates"


@cache
def _environment() -> "jinja2.Environment":
    import jinja2  # where it is used: most runs write no page

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["pieces"] = pieces_of
    return environment


def render(name: str, **values: Any) -> str:
    """The template of this name, filled in."""
    return _environment().get_template(name).render(**values)


def read_asset(name: str) -> str:
    """A file that stands beside the templates, such as a style sheet."""
    return (FOLDER / name).read_text(encoding="utf-8")
