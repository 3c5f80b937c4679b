"""What ``mock-server serve`` does with its options."""

import gc
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llm_sdk.codec import Codec
from llm_sdk.errors import InvalidInputError
from llm_sdk.registry import find_codec, provider_names
from mock_server.access import Access, is_loopback
from mock_server.cross_origin import CrossOrigin
from mock_server.engine import Engine
from mock_server.logs import LogFormat, begin_log
from mock_server.provider_state import Validation
from mock_server.routes import base_path
from mock_server.scenario_errors import ScenarioError
from mock_server.scenario_source import ScenarioSource
from mock_server.store import Store
from mock_server.web_server import AddressInUseError, WebServer, open_socket
from mock_server.workers import can_have_workers, run_workers

if TYPE_CHECKING:
    from mock_server.scenarios import Scenario
    from mock_server.verdict import Level

__all__ = ["ServeOptions", "serve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """The options of the command, by their names."""

    host: str = "127.0.0.1"
    port: int = 8080
    scenarios: tuple[Path, ...] = field(default=())
    replay: Path | None = None
    replay_timing: bool = False
    replay_once: bool = False
    reload: bool = True
    strict: bool = False
    api_key: str | None = None
    allow_anyone: bool = False
    allow_origins: tuple[str, ...] = ()
    control_token: str | None = None
    validate: Validation | None = None
    seed: int = 0
    profile: str | None = None
    log_format: LogFormat | None = None
    workers: int = 1
    state: str | None = None
    isolate_keys: bool = False
    verdict: Path | None = None
    fail_on: "Level | None" = None


def serve(options: ServeOptions) -> None:
    """Serve until interrupted. Raises click.ClickException, which says what is wrong with the options."""
    if not is_loopback(options.host) and options.api_key is None and not options.allow_anyone:
        raise click.UsageError(
            f"--host {options.host} lets other machines in: give --api-key KEY, or --allow-anyone if that is meant"
        )
    if options.workers > 1 and not can_have_workers():
        raise click.UsageError("--workers needs a system on which several processes can listen at one address")
    if options.replay is None and (options.replay_timing or options.replay_once):
        raise click.UsageError("--replay-timing and --replay-once are about recordings: give --replay FILE_OR_DIR")
    _check_verdict(options)
    cross_origin = _cross_origin(options)
    if options.log_format is not None:
        begin_log(options.log_format)
    engine = _engine(options)
    know_nothing = options.workers > 1 and options.state is None
    if know_nothing:
        _refuse_counting(engine)
    try:
        listener = open_socket(options.host, options.port, shared=options.workers > 1)
    except AddressInUseError as error:
        raise click.ClickException(str(error)) from None
    _raise_file_limit()
    announce = _announcement(options, engine, listener.getsockname()[1])
    access = Access(options.host, options.control_token, shared=know_nothing)

    def run(listener: socket.socket, on_started: Callable[[], None]) -> None:
        isolated = options.isolate_keys
        WebServer(
            engine,
            listener,
            on_started=on_started,
            access=access,
            isolate_keys=isolated,
            cross_origin=cross_origin,
        ).run_until_stopped()

    status = 0
    gc.freeze()  # what there is up to here stays to the end
    if options.workers > 1:
        from mock_server.shared_traffic import shared_traffic

        with shared_traffic() as engine.traffic:
            status = run_workers(options.workers, listener, run, announce)
    else:
        run(listener, announce)
    gc.unfreeze()
    try:
        if not options.isolate_keys and not know_nothing:
            _tell_unused(engine)
        if status:
            sys.exit(status)
        _judge(options, engine)
    except engine.store.failures as error:
        raise click.ClickException(engine.store.explain(error)) from None


def _cross_origin(options: ServeOptions) -> CrossOrigin:
    try:
        return CrossOrigin(options.allow_origins)
    except InvalidInputError as error:
        raise click.UsageError(f"--allow-origin: {error.message}") from None


def _refuse_counting(engine: Engine) -> None:
    """Raises click.UsageError for what several workers without one state would answer wrongly."""
    if counted := list(compress(engine.script.names, map(_counts, engine.script.scenarios))):
        named = ", ".join(counted)
        raise click.UsageError(f"workers share no counts without --state, and these scenarios need them: {named}")
    if engine.replay is not None and engine.replay.counts:
        raise click.UsageError(
            "workers share no counts without --state, and recordings of equal requests have no order without them"
        )


def _tell_unused(engine: Engine) -> None:
    engine.catch_up()
    if unused := engine.script.unused:
        click.echo("scenarios that have never answered: " + ", ".join(unused), err=True)


def _store(state: str | None) -> Store | None:
    if state is None:
        return None
    from mock_server.redis_store import open_store

    try:
        return open_store(state)
    except InvalidInputError as error:
        raise click.BadParameter(error.message, param_hint="--state") from None


def _check_verdict(options: ServeOptions) -> None:
    if options.verdict is None and options.fail_on is None:
        return
    if options.isolate_keys or (options.workers > 1 and options.state is None):
        raise click.UsageError(
            "a verdict needs all requests in one place: neither --isolate-keys, nor --workers without --state"
        )
    if options.verdict is not None:
        from mock_server.verdict.formats import format_of

        try:
            format_of(options.verdict)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--verdict") from None
        if not options.verdict.resolve().parent.is_dir():
            raise click.BadParameter(f"there is no folder {options.verdict.resolve().parent}", param_hint="--verdict")


def _judge(options: ServeOptions, engine: Engine) -> None:
    """Write the verdict, and end with status 1 where it is bad enough."""
    if options.verdict is None and options.fail_on is None:
        return
    from mock_server.journal_routes import judge_all
    from mock_server.verdict.formats import FORMATS, format_of

    verdict = judge_all(engine)
    if options.verdict is not None:
        options.verdict.write_bytes(FORMATS[format_of(options.verdict)][1](verdict))
    if options.fail_on is not None and verdict.at_least(options.fail_on):
        click.echo(str(verdict).rstrip(), err=True)
        sys.exit(1)


def _engine(options: ServeOptions) -> Engine:
    engine = Engine(
        strict=options.strict,
        api_key=options.api_key,
        seed=options.seed,
        codecs=_codecs(options.profile),
        validation=options.validate,
        store=_store(options.state),
    )
    source = ScenarioSource(options.scenarios, providers=engine.providers)
    try:
        engine.follow(source) if options.reload and not options.isolate_keys else engine.begin_with(source.load())
    except ScenarioError as error:
        raise click.ClickException(str(error)) from None
    if options.replay is not None:
        _replay(options.replay, options, engine)
    return engine


def _replay(recordings: Path, options: ServeOptions, engine: Engine) -> None:
    """Let recordings answer."""
    from mock_server.recordings import RecordingError
    from mock_server.replay import load_replay

    try:
        replay = load_replay(recordings, engine.codecs, timing=options.replay_timing, once=options.replay_once)
    except RecordingError as error:
        raise click.ClickException(str(error)) from None
    engine.replay = replay.fresh(engine.store.counts("replayed"))


def _codecs(profile: str | None) -> list[Codec]:
    codecs = [find_codec(name) for name in provider_names()]
    if profile is None:
        return codecs
    from mock_server.profiles import deviate, load_profile

    try:
        return deviate(codecs, load_profile(profile))
    except InvalidInputError as error:
        raise click.BadParameter(error.message, param_hint="--profile") from None


def _counts(scenario: "Scenario") -> bool:
    """Whether what it answers depends on how often it was asked."""
    when = scenario.when
    turns = scenario.turns or ()
    spoils = any(turn.fault is not None and turn.fault.spoils for turn in turns)
    return when.nth is not None or when.probability is not None or scenario.sequence is not None or spoils


def _raise_file_limit() -> None:
    """Let there be as many connections as the system allows this process."""
    with suppress(ImportError):  # Windows has no such limit
        import resource

        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _announcement(options: ServeOptions, engine: Engine, port: int) -> Callable[[], None]:
    host = f"[{options.host}]" if ":" in options.host else options.host

    def announce() -> None:
        for codec in engine.codecs:
            click.echo(f"{codec.provider} http://{host}:{port}{base_path(codec)}")

    return announce
