"""All that goes wrong on purpose with a request, from wherever it was asked for, and what the caller sees of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from llm_sdk.codec import Codec
from llm_sdk.errors import StatusCodeError, status_error
from mock_server.asked import Asked
from mock_server.clock import Clock
from mock_server.fault_rules import HEADER, FaultRules, fault_in_header
from mock_server.faults import Fault, put_on
from mock_server.reply import ReplyPlan
from mock_server.store import InMemory, Store

__all__ = ["SEED_HEADER", "FaultPlan", "Faults"]

SEED_HEADER = "x-mock-seed"
KEY_REFUSED = 401
WRONG_KEY = "wrong-key"


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What goes wrong with one request: the error that it is answered with, where there is one, the headers in which
    the provider tells what its limit leaves, and the error that a streamed answer ends in."""

    fault: Fault
    error: StatusCodeError | None
    headers: Mapping[str, str]
    late_error: StatusCodeError | None = None


class Faults:
    """The faults of a stand-in: its rules, its rate limits, and what requests ask for themselves.

    A fault may be asked for by the scenario that answers, by a rule, by a header and behind the model's name. They
    apply together; where two disagree, the one that comes later in this list holds. ``clock`` drives the windows of
    rate limits; ``seed`` is what every draw comes from, and is told with every fault; ``store`` keeps what is counted.
    """

    def __init__(self, seed: int, clock: Clock, store: Store | None = None) -> None:
        self._store: Store = store if store is not None else InMemory()
        self._seed = seed
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Begin without a rule, and with what the store has counted."""
        self.rules = FaultRules(self._seed, self._store)
        self._limits = self._store.windows()

    def plan(
        self, asked: Asked, codec: Codec, in_scenario: Fault | None, in_model: Fault | None, who: tuple[str | None, str]
    ) -> FaultPlan | None:
        """What goes wrong with this request, to which its scenario and the name of its model bring these faults.

        ``who`` is the name of the scenario and the path with its query: rate limits are counted for each scenario and
        each key. Raises InvalidInputError for a malformed header.
        """
        by_rule = self.rules.take(asked) if len(self.rules) else None
        fault: Fault | None = None
        for source in (in_scenario, by_rule, _in_header(asked.headers), in_model):
            if source is not None:
                fault = source if fault is None else source.over(fault)
        return self._planned(fault, codec, asked.headers, who, asked.call.stream) if fault is not None else None

    def plan_service(self, codec: Codec, headers: Mapping[str, str], path: str) -> FaultPlan | None:
        """What goes wrong with a request to what a provider offers beside its chat endpoint: what its header says.

        Rules are not asked, because a client that lists the models first would use them up. Raises InvalidInputError.
        """
        fault = _in_header(headers)
        return self._planned(fault, codec, headers, ("", path)) if fault is not None else None

    def _planned(
        self, fault: Fault, codec: Codec, headers: Mapping[str, str], who: tuple[str | None, str], stream: bool = False
    ) -> FaultPlan:
        late = None
        if fault.error_after_events is not None:
            late = _error_of(fault, fault.status or 500, fault.retry_after)
        if fault.rate_limit is not None:
            scenario, path = who
            key = (codec.provider, scenario, codec.endpoint.key_of(headers, path))
            limited = self._limited(fault, fault.rate_limit, codec, key)
            if limited.error is not None or late is None:
                return limited
            return replace(limited, late_error=late) if stream else replace(limited, error=late)
        if late is not None:
            return FaultPlan(fault, None, {}, late) if stream else FaultPlan(fault, late, {})
        if not fault.status:
            return FaultPlan(fault, None, {})
        return FaultPlan(fault, _refused_key(fault, codec) or _error_of(fault, fault.status, fault.retry_after), {})

    def put_on(self, plan: ReplyPlan, faults: FaultPlan, fingerprint: str, tokens: int) -> ReplyPlan:
        """``plan``, of so many tokens, as the caller gets it. Its headers say what was asked for, and the seed that
        repeats it."""
        fault = faults.fault
        damaged = put_on(plan, fault, f"{self._seed}:{fingerprint}", tokens)
        told = {HEADER: str(fault).encode("unicode_escape").decode("ascii"), SEED_HEADER: str(self._seed)}
        return replace(
            damaged,
            headers={**damaged.headers, **faults.headers, **told},
            faults={**damaged.faults, "seed": self._seed},
        )

    def _limited(self, fault: Fault, limit: int, codec: Codec, key: object) -> FaultPlan:
        now = self._clock.time()
        left = self._limits.take((key, limit, fault.window), limit=limit, window=fault.window, now=now)
        told = codec.endpoint.rate_limit_headers
        headers = told.write(left.limit, left.remaining, left.reset_after, now, refused=not left.allowed)
        if left.allowed:
            return FaultPlan(fault, None, headers)
        wait = ceil(left.reset_after) if fault.retry_after is None else fault.retry_after
        return FaultPlan(fault, _error_of(fault, fault.status or 429, wait), headers)


def _in_header(headers: Mapping[str, str]) -> Fault | None:
    asked = headers.get(HEADER)
    return fault_in_header(asked) if asked else None


def _refused_key(fault: Fault, codec: Codec) -> StatusCodeError | None:
    """What the provider says of a wrong key, where that is the error that was asked for and nothing else is said of it:
    frameworks tell it by its words."""
    if fault.message or fault.code or fault.retry_after is not None:
        return None
    refused = codec.refuse_key(WRONG_KEY)
    return refused if fault.status == refused.status_code == KEY_REFUSED else None


def _error_of(fault: Fault, status: int, retry_after: float | None) -> StatusCodeError:
    message = fault.message or f"This error was asked for: status {status}."
    return status_error(status)(message, status_code=status, code=fault.code, retry_after=retry_after)
