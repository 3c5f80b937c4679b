"""What tests assert of the requests that came, and what they are told where it does not hold."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from llm_sdk.codec import Codec, ModelCall
from mock_server.asked import Asked
from mock_server.conditions import Miss, When
from mock_server.journal import Exchange, Exchanges
from mock_server.scenario_errors import Problem, ScenarioError
from mock_server.scenario_files import read_conditions

if TYPE_CHECKING:
    from mock_server.verdict import Level, Verdict

__all__ = ["Assertions"]

MOST_LISTED = 20
NEAREST = 2
COUNTED = ("nth", "probability")


@dataclass(frozen=True, slots=True)
class _Expected:
    """What requests are asked for: the conditions of a scenario, and what they were answered with."""

    when: When
    given: Mapping[str, Any]
    status: int | str | None
    scenario: str | None

    @classmethod
    def read(
        cls, when: Mapping[str, Any], status: int | str | None, scenario: str | None, codecs: Iterable[Codec]
    ) -> Self:
        """Raises ScenarioError for a malformed condition, and for one that no request meets or misses by itself."""
        if drawn := [name for name in COUNTED if when.get(name) is not None]:
            told = "is about which request a scenario answers, not about what came: say how many came with times"
            raise ScenarioError([Problem(told, key=name) for name in drawn])
        return cls(read_conditions(when, providers=[codec.provider for codec in codecs]), when, status, scenario)

    def misses(self, exchange: Exchange) -> list[Miss]:
        """The conditions that an exchange does not meet."""
        found: list[Miss] = []
        if exchange.input is not None and exchange.model_id is not None:
            call = ModelCall(exchange.model_id, exchange.input, exchange.stream)
            found += self.when.misses(Asked(exchange.provider, call, exchange.headers))
        elif self.status is None or self.given.keys() - {"provider"}:
            found.append(Miss("input", "a request to a model", exchange.error or exchange.path))
        elif self.given.get("provider", exchange.provider) != exchange.provider:
            found.append(Miss("provider", self.given["provider"], exchange.provider))
        if not Exchanges([exchange]).where(status=self.status):
            found.append(Miss("status", str(self.status), str(exchange.status)))
        if self.scenario not in (None, exchange.scenario):
            got = "an answer that was made up" if exchange.scenario is None else repr(exchange.scenario)
            found.append(Miss("scenario", repr(self.scenario), got))
        return found

    def __str__(self) -> str:
        given = dict(self.given)
        given |= {"status": self.status} if self.status is not None else {}
        given |= {"scenario": self.scenario} if self.scenario is not None else {}
        return " with " + ", ".join(f"{key}={value!r}" for key, value in given.items()) if given else ""


class Assertions(ABC):
    """What can be asserted of whatever has a journal."""

    @property
    @abstractmethod
    def requests(self) -> Exchanges:
        """The latest requests to any provider, oldest first, each with its ``input`` and the answer it got.

        ``requests.where(status="4xx")`` are some of them, see :meth:`~mock_server.journal.Exchanges.where`.
        """

    @property
    @abstractmethod
    def _spoken(self) -> Sequence[Codec]:
        """The protocols that are spoken."""

    @property
    def _dropped(self) -> int:
        """How many requests are forgotten."""
        return 0

    def assert_requested(
        self,
        *,
        times: int | None = None,
        status: int | str | None = None,
        scenario: str | None = None,
        **when: Any,
    ) -> Exchanges:
        """Check that requests to a model came that meet the conditions of a scenario: ``times`` of them, or at least
        one. ``status``, such as 429 or ``"4xx"``, and ``scenario`` are what they were answered with; with a status,
        requests that could not be read count too.

        Returns them. Raises AssertionError that tells which requests came nearest, field by field, and ScenarioError
        for a malformed condition.
        """
        return _find(self.requests, _Expected.read(when, status, scenario, self._spoken), times)

    def assert_not_requested(
        self, *, status: int | str | None = None, scenario: str | None = None, **when: Any
    ) -> None:
        """Check that no request to a model came that meets these conditions, see :meth:`assert_requested`. Raises
        AssertionError that lists those that did, and ScenarioError for a malformed condition."""
        expected = _Expected.read(when, status, scenario, self._spoken)
        if found := [exchange for exchange in self.requests if not expected.misses(exchange)]:
            raise AssertionError("\n".join([f"expected no request{expected}, got {len(found)}:", *_listed(found)]))

    def verdict(self, *, ignore: Iterable[str] = ()) -> "Verdict":
        """What the requests so far show that would go wrong with a real provider, by all rules but those in
        ``ignore``. Raises ValueError for an id that no rule has."""
        # Here, because few tests ask for it.
        from mock_server.verdict import judge

        return judge(self.requests, self._spoken, ignore=ignore, dropped=self._dropped)

    def assert_verdict(self, *, level: "Level" = "error", ignore: Iterable[str] = ()) -> None:
        """Check that the verdict has found nothing of this level or worse. Raises AssertionError with the verdict."""
        verdict = self.verdict(ignore=ignore)
        if verdict.at_least(level):
            raise AssertionError(str(verdict).rstrip())


def _find(came: Exchanges, expected: _Expected, times: int | None) -> Exchanges:
    """Those that are as expected. Raises AssertionError where they are not ``times``, or not one at least."""
    missed = [(expected.misses(exchange), exchange) for exchange in came]
    found = Exchanges(exchange for misses, exchange in missed if not misses)
    if len(found) == times or (times is None and found):
        return found
    wanted = "at least 1 request" if times is None else f"{times} request{'' if times == 1 else 's'}"
    lines = [f"expected {wanted}{expected}, got {len(found)}"]
    if not came:
        raise AssertionError("\n".join([*lines, "no request came at all"]))
    near = sorted((one for one in missed if one[0]), key=_distance)
    if near and len(found) < (times or 1):
        lines.append("nearest:")
        for misses, exchange in near[:NEAREST]:
            lines += [f"  {exchange}", *(f"      {miss}" for miss in misses)]
    raise AssertionError("\n".join([*lines, "all requests that came:", *_listed(came)]))


def _distance(missed: tuple[list[Miss], Exchange]) -> tuple[bool, int, int]:
    misses, exchange = missed
    return exchange.input is None, len(misses), -exchange.number


def _listed(exchanges: Sequence[Exchange]) -> list[str]:
    hidden = len(exchanges) - MOST_LISTED
    earlier = [f"  ({hidden} earlier ones)"] if hidden > 0 else []
    return [*earlier, *(f"  {exchange}" for exchange in exchanges[-MOST_LISTED:])]
