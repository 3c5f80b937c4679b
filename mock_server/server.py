"""The stand-in for tests in Python: :class:`MockServer`."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from llm_sdk.codec import Codec
from llm_sdk.errors import InvalidInputError
from llm_sdk.registry import find_codec, provider_names
from llm_sdk.types import JsonObject, ModelResponse
from mock_server.access import is_loopback
from mock_server.assertions import Assertions
from mock_server.clock import Clock
from mock_server.cross_origin import CrossOrigin
from mock_server.engine import Engine
from mock_server.environment import led_here
from mock_server.fault_rules import FaultRule
from mock_server.faults import Fault
from mock_server.in_process import intercept, make_router, provider_hosts
from mock_server.journal import Exchanges
from mock_server.pacing import Pace
from mock_server.provider_state import Validation
from mock_server.routes import base_path, environment
from mock_server.scenario_files import load_scenarios, read_conditions, read_scenarios, read_turn
from mock_server.scenarios import FixedReply, FunctionReply, Scenario, ScriptedToolCall
from mock_server.transport import MockTransport
from mock_server.web_server import WebServer, open_socket

if TYPE_CHECKING:
    import respx

    from mock_server.app import MockApp
    from mock_server.verdict import Level

__all__ = ["MockServer", "ScenarioBuilder", "tool_call"]

IN_PROCESS_ORIGIN = "http://mock-server.invalid"

Scenarios = str | Path | Sequence[Scenario | JsonObject]


def tool_call(tool_name: str, args: JsonObject | None = None, *, tool_call_id: str | None = None) -> ScriptedToolCall:
    """A tool call to reply with; its id is made up where it is left out."""
    return ScriptedToolCall(tool_name=tool_name, args=args or {}, tool_call_id=tool_call_id)


class MockServer(Assertions):
    """Every provider at once, on a free port of the loopback interface, or ``in_process`` behind :attr:`transport`.

    Use it as a context manager, ``with`` or ``async with``. ``validate`` says what becomes of a request that the
    provider would refuse: its own error, a warning in the journal and in a header, or nothing; where it is left out,
    an unknown field gets a warning and all else the error. ``scenarios`` are files,
    a folder, or scenarios as data; those given here survive :meth:`reset`. ``strict`` refuses what no scenario matches;
    ``api_key`` refuses every other key; ``seed`` changes made-up ids and whatever is drawn. ``clock`` is what delays
    and rate limits go by: give a :class:`~mock_server.clock.VirtualClock` to drive them by hand. With ``use_all`` the
    end of the ``with`` block raises AssertionError where a scenario has never answered; with ``fail_on``, a
    level, where the verdict is as bad as that. ``codecs`` are the protocols to speak: all that are registered by
    default. ``profile`` is a server that copies one of them and deviates from it: one
    of :data:`mock_server.profiles.PROFILES`. A ``host`` that lets other machines in needs an ``api_key`` or
    ``allow_anyone``, or it is an InvalidInputError; its control endpoints are off. ``allow_origins`` are the sites
    whose pages may read answers in a browser. ``replay`` is a file or a folder of
    recordings, which answer before all scenarios what means the same as a recorded request; with ``replay_timing`` at
    the recorded times, with ``replay_once`` each once. It raises RecordingError where there is none. With
    ``isolate_keys`` each API key has scenarios, requests, faults and kept responses of its own on the socket, and
    control is about the key in the header ``x-mock-key``: see :class:`~mock_server.shared_server.SharedMock`.
    """

    def __init__(
        self,
        scenarios: Scenarios = (),
        *,
        in_process: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_anyone: bool = False,
        allow_origins: Sequence[str] = (),
        strict: bool = False,
        api_key: str | None = None,
        seed: int = 0,
        codecs: Sequence[Codec] | None = None,
        profile: str | None = None,
        validate: Validation | None = None,
        clock: Clock | None = None,
        use_all: bool = False,
        fail_on: "Level | None" = None,
        isolate_keys: bool = False,
        replay: str | Path | None = None,
        replay_timing: bool = False,
        replay_once: bool = False,
    ) -> None:
        if not in_process and not is_loopback(host) and api_key is None and not allow_anyone:
            raise InvalidInputError(f"host {host} lets other machines in: give an api_key, or allow_anyone=True")
        spoken = [find_codec(name) for name in provider_names()] if codecs is None else codecs
        if profile is not None:
            from mock_server.profiles import deviate, load_profile

            spoken = deviate(spoken, load_profile(profile))
        self._engine = Engine(
            strict=strict, api_key=api_key, seed=seed, codecs=spoken, clock=clock, validation=validate
        )
        self._engine.begin_with(_read_scenarios(scenarios, self._engine.providers))
        if replay is not None:
            from mock_server.replay import load_replay

            self._engine.replay = load_replay(Path(replay), spoken, timing=replay_timing, once=replay_once)
        self._use_all = use_all
        self._fail_on = fail_on
        self._in_process = in_process
        self._isolate_keys = isolate_keys
        self._cross_origin = CrossOrigin(allow_origins)
        self._host, self._port = host, port
        self._server: WebServer | None = None
        self._thread: threading.Thread | None = None
        self._origin: str | None = IN_PROCESS_ORIGIN if in_process else None

    def start(self) -> Self:
        """Listen; nothing to do in process. Raises AddressInUseError."""
        if self._in_process or self._server is not None:
            return self
        listener = open_socket(self._host, self._port)
        host, port = listener.getsockname()[:2]
        accepting = threading.Event()
        self._server = WebServer(
            self._engine,
            listener,
            on_started=accepting.set,
            grace=0.2,
            isolate_keys=self._isolate_keys,
            cross_origin=self._cross_origin,
        )
        self._thread = threading.Thread(target=self._server.run_until_stopped, name="mock-server", daemon=True)
        self._thread.start()
        accepting.wait()
        self._origin = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        return self

    def stop(self) -> None:
        """Stop listening, and wait until all connections are closed."""
        if self._server is None or self._thread is None:
            return
        self._server.stop()
        self._thread.join()
        self._server = self._thread = self._origin = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if self._use_all and kind is None:
            self.assert_all_used()
        if self._fail_on is not None and kind is None:
            self.assert_verdict(level=self._fail_on)

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, at)

    @property
    def url(self) -> str:
        """Where the server listens, such as ``http://127.0.0.1:40123``. Raises RuntimeError before it does."""
        if self._origin is None:
            raise RuntimeError("the mock server is not running: use it as `with MockServer() as mock:`")
        return self._origin

    def base_url(self, provider: str) -> str:
        """The base URL to give to a client of ``provider``. Raises InvalidInputError for one that is unknown."""
        return self.url + base_path(self._codec(provider))

    def environment(self, *, api_key: str = "mock-key") -> dict[str, str]:
        """The environment variables that lead every provider's client here, with a key that is none."""
        return environment(self._engine.codecs, self.url, api_key=api_key)

    def patch_environment(self, *, api_key: str = "mock-key") -> AbstractContextManager[None]:
        """Set :meth:`environment` in a ``with`` block, and put everything back at its end. In unittest:
        ``self.enterContext(mock.patch_environment())``."""
        return led_here(self._engine.codecs, self.environment(api_key=api_key))

    @property
    def transport(self) -> Any:
        """A :class:`~mock_server.transport.MockTransport` for clients of httpx and httpx2, sync and async: no socket is
        needed. Its type says nothing, because it is what both libraries want."""
        return MockTransport(self._engine)

    @property
    def app(self) -> "MockApp":
        """The stand-in as an ASGI application."""
        from mock_server.app import MockApp

        return MockApp(self._engine)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of the providers' real APIs, which :meth:`intercept` and :meth:`router` answer."""
        return provider_hosts(self._engine.codecs)

    def intercept(self) -> AbstractContextManager[None]:
        """Answer, in a ``with`` block, whatever clients of httpx and httpx2 send to the providers' real hosts: for an
        app whose base URLs are built in. All other requests go their way. It holds for the whole process."""
        return intercept(self.transport, self.hosts)

    def router(self, *, pass_through: Iterable[str] = ()) -> "respx.MockRouter":
        """A router of respx for the providers' real hosts: ``with mock.router():``. Requests to the hosts in
        ``pass_through`` are really sent, and all others are an error. Raises ImportError without respx."""
        return make_router(self.transport, self.hosts, pass_through)

    def side_effect(self, request: Any) -> Any:
        """Answer a request of httpx, as a side effect in a router of your own:
        ``respx_mock.route(host="...").mock(side_effect=mock.side_effect)``."""
        return self.transport.side_effect(request)

    @property
    def engine(self) -> Engine:
        """What answers, for tools that bring their own edge."""
        return self._engine

    @property
    def clock(self) -> Any:
        """What delays and rate limits go by: the clock that was given, or the machine's."""
        return self._engine.clock

    def on(self, *, name: str | None = None, fallback: bool = False, **when: Any) -> "ScenarioBuilder":
        """Begin a scenario: ``mock.on(last_user="weather").reply("Sunny.")``.

        The keywords are the conditions of a scenario file (see :class:`~mock_server.conditions.When`), and
        ``predicate``, a function of the :class:`~mock_server.asked.Asked` request. A ``fallback`` answers where no
        other scenario does. Raises ScenarioError for a condition that is malformed.
        """
        conditions = read_conditions(when, providers=self._engine.providers)
        placed: Scenario | None = None

        def publish(turns: list[JsonObject]) -> None:
            nonlocal placed
            read = [read_turn(turn, conditions) for turn in turns]
            scenario = Scenario(name=name, when=conditions, turns=read, fallback=fallback)
            with self._engine.lock:
                self._engine.script.put(scenario, instead_of=placed)
            placed = scenario

        return ScenarioBuilder(publish)

    def add_fault(self, *, when: Mapping[str, Any] | None = None, times: int | None = None, **fault: Any) -> None:
        """Let the requests that meet ``when`` go wrong, all of them or the next ``times``, whatever answers them:
        ``mock.add_fault(status=503, times=2)``. Raises ScenarioError, and pydantic's ValidationError for a malformed
        fault."""
        conditions = read_conditions(when or {}, providers=self._engine.providers)
        rule = FaultRule(when=conditions, fault=Fault(**fault), times=times)
        with self._engine.lock:
            self._engine.faults.rules.add([rule])

    def add_scenarios(self, scenarios: Scenarios) -> None:
        """Add these behind those that are there: files, a folder, or data. Raises ScenarioError."""
        found = _read_scenarios(scenarios, self._engine.providers)
        with self._engine.lock:
            self._engine.script.add(found)

    @property
    def unused_scenarios(self) -> list[str]:
        """The names of the scenarios that have never answered."""
        with self._engine.lock:
            return self._engine.script.unused

    def assert_all_used(self) -> None:
        """Check that every scenario has answered at least once. Raises AssertionError that names the others."""
        if unused := self.unused_scenarios:
            raise AssertionError("scenarios that have never answered: " + ", ".join(unused))

    @property
    def requests(self) -> Exchanges:
        """See :attr:`Assertions.requests`."""
        with self._engine.lock:
            return Exchanges(self._engine.journal)

    @property
    def _dropped(self) -> int:
        return self._engine.journal.dropped

    @property
    def _spoken(self) -> Sequence[Codec]:
        return self._engine.codecs

    def reset(self) -> None:
        """Forget all requests, and all scenarios but those that the server began with."""
        self._engine.reset()

    def _codec(self, provider: str) -> Codec:
        for codec in self._engine.codecs:
            if codec.provider == provider:
                return codec
        raise InvalidInputError(f"no provider {provider!r}; there are {', '.join(self._engine.providers)}")


class ScenarioBuilder:
    """A scenario in the making. Each :meth:`reply` and :meth:`fault` is its next turn, and counts from then on."""

    def __init__(self, publish: Callable[[list[JsonObject]], None]) -> None:
        """``publish`` takes all turns so far, and raises ScenarioError for one that is malformed."""
        self._publish = publish
        self._turns: list[JsonObject] = []

    def reply(
        self,
        *content: Any,
        fault: Fault | Mapping[str, Any] | None = None,
        pace: Pace | Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Self:
        """Answer with texts and parts, or with a whole ``ModelResponse``, in which nothing is a template, or with what
        a function, sync or async, gives for the :class:`~mock_server.asked.Asked` request: any of these.

        ``fields`` are those of a scripted reply: ``refusal``, ``usage``, ``finish_reason``, ``id`` and so on. ``fault``
        damages the answer, ``pace`` slows it down. Raises ScenarioError.
        """
        reply: Any = {**fields, "content": [_as_data(part) for part in content]} if content else fields
        if len(content) == 1 and not fields and isinstance(content[0], ModelResponse):
            reply = FixedReply(response=content[0])
        elif len(content) == 1 and not fields and callable(content[0]):
            reply = FunctionReply(function=content[0])
        return self._add({"reply": reply, "fault": fault, "pace": pace})

    def fault(
        self, fault: Fault | None = None, /, *, pace: Pace | Mapping[str, Any] | None = None, **fields: Any
    ) -> Self:
        """Go wrong: ``status=429, retry_after=2``, or ``cut_after_events=3``, and all else that a fault may have.

        Without a status, the answer that is made up for the request is damaged. Raises ScenarioError.
        """
        return self._add({"fault": fault or fields, "pace": pace})

    def _add(self, turn: JsonObject) -> Self:
        turns = [*self._turns, turn]
        self._publish(turns)
        self._turns = turns
        return self


def _as_data(part: Any) -> Any:
    return part.model_dump() if hasattr(part, "model_dump") else part


def _read_scenarios(scenarios: Scenarios, providers: Iterable[str]) -> list[Scenario]:
    known = list(providers)
    if isinstance(scenarios, str | Path):
        return load_scenarios(Path(scenarios), providers=known)
    return read_scenarios(scenarios, providers=known)
