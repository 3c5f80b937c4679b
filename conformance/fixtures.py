"""What the checks are given: the fixtures of the suite."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from conformance.declaration import Declaration, DeclarationError, declared_by
from conformance.lanes import open_lane
from conformance.marks import out_of_sight
from conformance.outcome import AdapterGoneError
from conformance.patience import keep_the_process
from conformance.plan import Call, Pair, Plan, StagedCalls, Target
from conformance.selection import target_of
from conformance.settings import Settings
from conformance.stash import EXCUSED, LACKING, PATIENCE, PLAN, PROVED, SETTINGS, SUBJECT, UNDECLARED
from conformance.subject import Subject
from conformance.targets import RunsOf
from conformance.verdict import Repeat, Verdict
from llm_sdk.environment import read_setting
from llm_sdk.registry import get_codec

if TYPE_CHECKING:
    from conformance.recording_session import RecordingSession
    from conformance.runs import Bench

USAGE_ERROR = 4


@pytest.fixture(scope="session")
def settings(pytestconfig: pytest.Config) -> Settings:
    """The options of the run."""
    return pytestconfig.stash[SETTINGS]


@pytest.fixture
def seed(settings: Settings) -> int:
    """What answers are varied by."""
    return settings.seed


@pytest.fixture(scope="session", autouse=True)
def waits(settings: Settings) -> Iterator[list[float]]:
    """The seconds that adapters wanted to wait before they asked again: the suite does not wait with them."""
    real = asyncio.sleep
    wanted: list[float] = []

    async def at_once(seconds: float, result: Any = None) -> Any:
        wanted.append(seconds)
        return await real(0, result)

    with pytest.MonkeyPatch.context() as patch:
        if not settings.record:
            patch.setattr("asyncio.sleep", at_once)
            patch.setattr("anyio.sleep", at_once)
            patch.setattr("time.sleep", wanted.append)
            keep_the_process(patch.setattr)
        yield wanted


@pytest.fixture(scope="session")
def _subjects(settings: Settings, pytestconfig: pytest.Config) -> Iterator[dict[str, Subject]]:
    with asyncio.Runner() as runner, ExitStack() as stack:
        subjects: dict[str, Subject] = {}
        for provider in settings.providers:
            lane = open_lane(settings.transport)
            stack.callback(lane.close)
            factory, patience = settings.factory(provider), pytestconfig.stash[PATIENCE]
            subjects[provider] = Subject(get_codec(provider), factory, lane, runner.get_loop(), patience)
        yield subjects


@pytest.fixture(scope="session")
def _declarations(settings: Settings, _subjects: dict[str, Subject]) -> dict[str, Declaration]:
    """What the adapter declares, by provider."""
    try:
        return {
            provider: declared_by(subject, settings.factory(provider), settings.declared)
            for provider, subject in _subjects.items()
        }
    except DeclarationError as error:
        raise AdapterGoneError(f"what the adapter declares cannot be read: {error}") from None


@pytest.fixture
def plan(pytestconfig: pytest.Config) -> Plan:
    """Everything that the run judges."""
    found = pytestconfig.stash[PLAN]
    assert found is not None, "there is no plan when cassettes are made"  # noqa: S101
    return found


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Target:
    """What this check runs over."""
    found = target_of(request.node)
    assert found is not None, "a check without a target is not collected"  # noqa: S101
    return found


@pytest.fixture
def subject(
    request: pytest.FixtureRequest,
    target: Target,
    _subjects: dict[str, Subject],
    _declarations: dict[str, Declaration],
) -> Subject:
    """The adapter that this check judges: where it refuses what it does not declare, there is nothing to judge."""
    found, declaration = _subjects[target.provider], _declarations[target.provider]
    stash = request.node.stash
    found.begin()
    stash[SUBJECT] = found
    stash[EXCUSED] = stash[UNDECLARED] = stash[LACKING] = ""
    if (undeclared := declaration.refused_call(target)) is not None:
        stash[UNDECLARED] = what = declaration.reason(undeclared)
        if found.refuses(undeclared):
            stash[EXCUSED] = "not-applicable"
            pytest.skip(f"{what}: not declared, and refused")
    elif declaration.exceeds(target):
        pytest.skip("declared, and beyond what the suite knows of this protocol")
    elif declaration.lacks_answer(target):
        stash[UNDECLARED] = f"an answer as in {target.case}"
        stash[LACKING] = f"an answer as in {target.case}: not declared, and it is not read whole"
    if unseen := out_of_sight(request.node, found.lane):
        pytest.skip(f"--transport {found.lane.name} cannot show {unseen}")
    return found


@pytest.fixture
def call(request: pytest.FixtureRequest, subject: Subject) -> Call:
    """A recorded call, its stream framed as the adapter asks for it."""
    return subject.as_asked(request.param)


@pytest.fixture
def pair(request: pytest.FixtureRequest, subject: Subject) -> Pair:
    """The same for the two calls of a pair."""
    recorded: Pair = request.param
    return replace(recorded, calls=tuple(map(subject.as_asked, recorded.calls)))


@pytest.fixture
def conversation(request: pytest.FixtureRequest, subject: Subject) -> StagedCalls:
    """The same for the calls of a conversation."""
    recorded: StagedCalls = request.param
    return replace(recorded, calls=tuple(map(subject.as_asked, recorded.calls)))


@pytest.fixture
def bench(runs: RunsOf, subject: Subject) -> "Bench":  # noqa: ARG001 - it says with which provider
    """Where runs of ``completion()`` are started."""
    from conformance.runs import Bench  # where it is used: the libraries below completion() come along

    return Bench(subject)


@pytest.fixture
def verdict(request: pytest.FixtureRequest, target: Target) -> Verdict:
    """What a check says its verdict with."""
    played = request.getfixturevalue("call") if "call" in request.fixturenames else None
    body = played.exchange.response_body if isinstance(played, Call) else b""
    return Verdict(request.node.stash[PROVED], repeat_of(request.node, target), body)


def repeat_of(item: Any, target: Target) -> Repeat:
    """How to run a check again."""
    command = item.config.stash[SETTINGS].command(target.provider, in_checkout=not item.config.option.pyargs)
    seed = item.config.stash[SETTINGS].seed if "seed" in item.fixturenames else None
    return Repeat(command, target.case, item.originalname, seed)


@pytest.fixture(scope="session")
def _sessions(settings: Settings) -> Iterator[Callable[[str], "RecordingSession"]]:
    made: dict[str, RecordingSession] = {}
    with ExitStack() as stack:

        def session(provider: str) -> "RecordingSession":
            if provider not in made:
                made[provider] = stack.enter_context(_recording_session(settings, provider))
            return made[provider]

        yield session


@pytest.fixture
def recording_session(target: Target, _sessions: Callable[[str], "RecordingSession"]) -> "RecordingSession":
    """Where this case is recorded."""
    return _sessions(target.provider)


def _recording_session(settings: Settings, provider: str) -> "RecordingSession":
    from conformance.recording_session import Live, RecordingSession  # where it is used: most runs record nothing

    live = None
    if settings.live:
        endpoint = get_codec(provider).endpoint
        key = read_setting(endpoint.key_variables)
        if not key:
            pytest.exit(f"--live needs a key: set {' or '.join(endpoint.key_variables)}", returncode=USAGE_ERROR)
        live = Live(settings.base_url or endpoint.base_url, key, settings.model_id)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    folder = settings.cassettes / provider
    return RecordingSession(provider, folder, model_id=settings.model_id, recorded_at=now, live=live)
