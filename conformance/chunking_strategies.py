"""Hypothesis strategies for the ways of a network with a stream: they shrink to a single cut and a single transform."""

from hypothesis import strategies as st

from conformance.chunking import Cuts, tender_offsets
from conformance.reframing import TRANSFORMS

__all__ = ["cuts", "transforms"]

LINE_ENDS = ("lf", "crlf", "cr")


def cuts(body: bytes, max_size: int = 32) -> st.SearchStrategy[Cuts]:
    """Sorted cuts of ``body``, most of them where they hurt; equal ones make empty chunks."""
    offsets: st.SearchStrategy[int] = st.integers(0, len(body))
    if tender := tender_offsets(body):
        offsets = st.sampled_from(tender) | st.sampled_from(tender) | offsets
    return st.lists(offsets, max_size=max_size).map(lambda drawn: tuple(sorted(drawn)))


def transforms(names: tuple[str, ...] = tuple(TRANSFORMS), max_size: int = 4) -> st.SearchStrategy[str]:
    """Combinations of ``names``, such as ``crlf+comments``, with at most one kind of line end."""
    others = [name for name in names if name not in LINE_ENDS]
    ends = [name for name in LINE_ENDS if name in names] or [""]
    chosen = st.lists(st.sampled_from(others), max_size=max_size, unique=True) if others else st.just([])
    return st.builds(lambda end, rest: "+".join([end, *rest]).strip("+"), st.sampled_from(ends), chosen)
