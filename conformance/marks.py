"""What a check says of itself: which requirements it proves, and over what it runs."""

import pytest

from conformance.case import Case
from conformance.catalogue import Requirement, requirement_by_id

__all__ = ["MARKERS", "over", "proves", "requirement"]

MARKERS = (
    "requirement(*ids, about=()): the requirements that a check proves",
    "over(selection): what a check runs over: answers, errors, streams, calls, conversations, pairs, refusals, ...",
)


def requirement(*ids: str, about: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """The requirements that a check proves.

    With ``about``, they are those of the case that concern one of these subjects; ``ids`` then stand for the cases
    that name none.
    """
    for id in ids:
        requirement_by_id(id)
    return pytest.mark.requirement(*ids, about=about)


def over(selection: str) -> pytest.MarkDecorator:
    """What a check runs over, once for each: the check takes it as ``call``, or as what the selection is of."""
    return pytest.mark.over(selection)


def proves(marker: pytest.Mark, case: Case | None) -> list[Requirement]:
    """The requirements that a check with this marker proves on this case; it may be on a recording without one."""
    about: tuple[str, ...] = marker.kwargs.get("about", ())
    found = case.about(*about) if case is not None and about else []
    return found or [requirement_by_id(id) for id in marker.args]
