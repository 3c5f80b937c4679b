"""The report as one page for people: no script, style or picture of it stands elsewhere."""

import base64
import hashlib
from datetime import datetime

from conformance.catalogue import AREAS
from conformance.report.document import Document
from conformance.report.matrix import Area, Matrix, matrix_of
from conformance.report.outline import outline
from conformance.report.templating import read_asset, render
from conformance.report.words import WORDS

__all__ = ["page"]


def page(document: Document) -> str:
    """The HTML. It holds failing checks whole, as many as a page can bear, and of the others their number."""
    matrix = matrix_of(document)
    script, style = read_asset("page.js"), read_asset("page.css")
    return render(
        "page.html.j2",
        document=document,
        outline=outline(document),
        areas=_in_order(matrix),
        failing=[row for row in matrix.rows if row.id in document.failing],
        providers=matrix.providers,
        words_by_name=WORDS,
        words=[word for word in WORDS.values() if any(word.name in row.words for row in matrix.rows)],
        left_out=matrix.left_out,
        when=_when(document.made_at),
        duration=_duration(document.duration_seconds),
        script=script,
        style=style,
        policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'",
    )


def _in_order(matrix: Matrix) -> list[Area]:
    areas = {area.name: area for area in matrix.areas}
    return [areas[name] for name in (*AREAS, *sorted(areas.keys() - set(AREAS))) if name in areas]


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def _when(made_at: str) -> str:
    try:
        return datetime.fromisoformat(made_at).strftime("%d %B %Y, %H:%M %Z").removeprefix("0").strip()
    except ValueError:
        return made_at


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}\xa0min {rest}\xa0s" if minutes else f"{seconds:.1f}\xa0s"
