"""What a check says of itself: which requirements it proves, and over what it runs."""

from typing import get_args

import pytest

from conformance.catalogue import Requirement, requirement_by_id
from conformance.lanes import Lane, Sight
from conformance.plan import Call, Target

__all__ = ["MARKERS", "lane_shows", "out_of_sight", "over", "proves", "requirement"]

MARKERS = (
    "requirement(*ids, about=(), otherwise=()): the requirements that a check proves",
    "over(selection): what a check runs over: answers, errors, streams, calls, conversations, pairs, refusals, ...",
    "lane_shows(*sights): what of an exchange the lane must be able to show, for the check to be judged",
)


def requirement(*ids: str, about: tuple[str, ...] = (), otherwise: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """The requirements that a check proves: ``ids`` always, and those of the case that concern one of the subjects
    ``about``, or ``otherwise`` where it has none.
    """
    for id in (*ids, *otherwise):
        requirement_by_id(id)
    return pytest.mark.requirement(*ids, about=about, otherwise=otherwise)


def over(selection: str) -> pytest.MarkDecorator:
    """What a check runs over, once for each: the check takes it as ``call``, or as what the selection is of."""
    return pytest.mark.over(selection)


def lane_shows(*sights: Sight) -> pytest.MarkDecorator:
    """What of an exchange the lane must be able to show: elsewhere the check is not judged, and says so."""
    if unknown := set(sights) - set(get_args(Sight)):
        raise ValueError(f"a lane shows {', '.join(get_args(Sight))}; not {', '.join(unknown)}")
    return pytest.mark.lane_shows(*sights)


def out_of_sight(item: pytest.Item, lane: Lane) -> str:
    """What this check needs and the lane cannot show; empty where it can be judged."""
    needed = [sight for marker in item.iter_markers("lane_shows") for sight in marker.args]
    return ", ".join(sight for sight in dict.fromkeys(needed) if sight not in lane.shows)


def proves(marker: pytest.Mark, target: Target) -> list[Requirement]:
    """The requirements that a check with this marker proves on this target: of a case those that it names, of a
    recording from elsewhere those that it can show.
    """
    named = target.of_case.requirements_named() if target.of_case is not None else _shown_by(target)
    found = [requirement for requirement in named if requirement.about in marker.kwargs["about"]]
    others = [] if found else [requirement_by_id(id) for id in marker.kwargs["otherwise"]]
    return [*(requirement_by_id(id) for id in marker.args), *found, *others]


def _shown_by(target: Target) -> list[Requirement]:
    return target.shows() if isinstance(target, Call) else []
