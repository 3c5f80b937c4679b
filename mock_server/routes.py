"""Which path leads where: the providers' own paths, a page about them, and what controls the stand-in.

Providers are found by a loop over the codecs; none is known by name. Each stands below its mount, such as
``/openai/v1/...``, and at the root, ``/v1/...``, where no other claims the same path or the others leave it.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from llm_sdk.codec import Codec, WireRequest, WireResponse
from llm_sdk.errors import InvalidInputError, status_error
from mock_server.access import Access
from mock_server.content_encoding import ENCODING, EncodedBodyError, without_encoding
from mock_server.engine import Engine
from mock_server.journal_routes import requests_reply, verdict_reply
from mock_server.limits import MAX_BODY_BYTES
from mock_server.pending import PendingReply
from mock_server.reply import ReplyPlan, json_reply, whole_reply
from mock_server.scenario_errors import ScenarioError
from mock_server.service_routes import claims, has_chat, offered_at_root
from mock_server.store import Order, OrderKind
from mock_server.traffic import CONTENT_TYPE
from mock_server.ui import page

__all__ = ["Routes", "base_path", "environment"]

logger = logging.getLogger("mock_server")

CONTROL = "/_mock/"
OPEN = frozenset({"health", "ready", "environment"})
"""Of the control endpoints, what anyone may ask for: whoever waits for the server, or looks for it, has no token."""
OF_ALL = frozenset({"metrics"})
"""What any of several workers tells of all of them, though they have no state together."""
PLACES = 256
"""How many paths are remembered, with who is there."""


def base_path(codec: Codec) -> str:
    """The path that a client of this provider has in its base URL."""
    return codec.endpoint.mount + codec.endpoint.root


def environment(codecs: Iterable[Codec], origin: str, *, api_key: str = "mock-key") -> dict[str, str]:
    """The environment variables that lead every provider's client to ``origin``, with a key that is none."""
    variables: dict[str, str] = {}
    for codec in codecs:
        endpoint = codec.endpoint
        places = (endpoint.base_url_variable, *endpoint.other_base_url_variables)
        variables |= dict.fromkeys(places, origin + base_path(codec))
        variables |= dict.fromkeys((*endpoint.key_variables, *endpoint.other_key_variables), api_key)
    return variables


class Routes:
    """Answers any request that reaches the stand-in, whatever it came over. ``access`` is the rule for those that
    control it; without one they are all taken. ``max_body_bytes`` bounds what an encoded body may become."""

    def __init__(self, engine: Engine, access: Access | None = None, *, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._engine = engine
        self._access = access
        self._max_body_bytes = max_body_bytes
        # Most requests of a client go to a few places, and to look for one takes every provider's patterns.
        self._below_mount = lru_cache(PLACES)(self._find_below_mount)
        self._chat_at_root = lru_cache(PLACES)(self._find_chat_at_root)
        self._control: dict[tuple[str, str], Callable[[bytes], ReplyPlan]] = {
            ("GET", "health"): self._health,
            ("GET", "ready"): self._ready,
            ("GET", "metrics"): self._metrics,
            ("GET", "requests"): self._requests,
            ("GET", "verdict"): self._verdict,
            ("GET", "scenarios"): self._scenarios,
            ("POST", "scenarios"): self._add_scenarios,
            ("PUT", "scenarios"): self._put_scenarios,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "reset"): self._reset,
        }

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, host: str = ""
    ) -> ReplyPlan | PendingReply:
        """``target`` is the path with its query. A ``host`` that is a provider's own decides between two that share a
        path at the root. What is pending is run by the caller, who knows whether there is an event loop. A state that
        cannot be reached is an error of the provider that was asked."""
        if ENCODING in headers:
            try:
                headers, body = without_encoding(headers, body, self._max_body_bytes)
            except EncodedBodyError as error:
                return self.refuse(method, target, headers, error.status, str(error))
        store = self._engine.store
        try:
            return self._answer(method, target, headers, body, host)
        except store.failures as error:
            logger.error("%s", explained := store.explain(error))
            return self.refuse(method, target, headers, 503, explained)

    def _answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, host: str
    ) -> ReplyPlan | PendingReply:
        path, _, query = target.partition("?")
        if path == "/" and method in ("GET", "HEAD"):
            return self._index(host) if headers.get("accept", "").startswith("text/plain") else whole_reply(page())
        if path.startswith(CONTROL):
            name = path.removeprefix(CONTROL).rstrip("/")
            refused = (
                self._access.refuse(headers, of_all=name in OF_ALL)
                if self._access is not None and name not in OPEN
                else None
            )
            if refused is not None:
                return _problem(*refused)
            if (method, name) == ("GET", "environment"):
                return self._environment(host)
            return self._answer_control(method, name, query.encode("latin-1") if method == "GET" else body)
        found = self._below_mount(method, target) or self._at_root(method, target, headers, host)
        if isinstance(found, ReplyPlan):
            return found
        codec, rest = found
        return self._engine.begin(codec, WireRequest(method, rest, body, headers))

    def refuse(self, method: str, target: str, headers: Mapping[str, str], status: int, message: str) -> ReplyPlan:
        """The reply to a request that cannot be taken, in the words of the provider that it was sent to."""
        if target.startswith("/") and not target.startswith(CONTROL):
            found = self._below_mount(method, target) or self._at_root(method, target, headers, headers.get("host", ""))
            if not isinstance(found, ReplyPlan):
                return whole_reply(found[0].encode_error(status_error(status)(message, status_code=status)))
        return _problem(status, message)

    def _find_below_mount(self, method: str, target: str) -> tuple[Codec, str] | None:
        here = [codec for codec in self._engine.codecs if target.startswith(codec.endpoint.mount + "/")]
        if not here:
            return None
        places = [(codec, path) for codec in here for path in _paths_at(codec, target)]
        # Services come second, because a protocol has to be read whole to know them.
        for claim in (has_chat, claims):
            for codec, path in places:
                if claim(codec, method, path):
                    return codec, path
        return places[0]

    def _at_root(
        self, method: str, target: str, headers: Mapping[str, str], host: str
    ) -> tuple[Codec, str] | ReplyPlan:
        here, hosted = self._chat_at_root(method, target, host)
        if not here:
            here = offered_at_root(hosted or self._engine.codecs, method, target, headers)
        if len(here) > 1:
            here = (
                [codec for codec in here if codec in hosted]
                or [codec for codec in here if codec.endpoint.at_root]
                or here
            )
        if len(here) == 1:
            return here[0], target
        path = target.partition("?")[0]
        if here:
            names = ", ".join(base_path(codec) for codec in here)
            return _problem(404, f"{len(here)} providers have {path}; use one of the base URLs {names}")
        bases = ", ".join(dict.fromkeys(map(base_path, self._engine.codecs)))
        return _problem(404, f"nothing answers {method} {path} here; base URLs are {bases}")

    def _find_chat_at_root(self, method: str, target: str, host: str) -> tuple[list[Codec], list[Codec]]:
        """The providers whose chat endpoint is there, and those that a client looks for at ``host``."""
        here = [codec for codec in self._engine.codecs if codec.match(method, target) is not None]
        return here, [codec for codec in self._engine.codecs if urlsplit(codec.endpoint.base_url).netloc == host]

    def _answer_control(self, method: str, name: str, said: bytes) -> ReplyPlan:
        """``said`` is the query of a request that asks, and the body of one that changes something."""
        action = self._control.get((method, name))
        if action is not None:
            if name != "health":  # which says that the server runs, whatever has become of its state
                self._engine.catch_up()
            return action(said)
        allowed = [allowed for allowed, other in self._control if other == name]
        if allowed:
            reply = _problem(405, f"{CONTROL}{name} takes {' and '.join(allowed)}, not {method}")
            return whole_reply(WireResponse(405, reply.body, reply.headers), {"allow": ", ".join(allowed)})
        names = ", ".join(dict.fromkeys(CONTROL + other for _, other in self._control))
        return _problem(404, f"no {CONTROL}{name}; there are {names}")

    def _index(self, host: str) -> ReplyPlan:
        origin = f"http://{host}" if host else ""
        lines = [f"mock-server {_version()}", "", "Base URLs:"]
        lines += [f"  {codec.provider}: {origin}{base_path(codec)}" for codec in self._engine.codecs]
        lines += ["", "Control:"]
        lines += [f"  {method} {CONTROL}{name}" for method, name in [*self._control, ("GET", "environment")]]
        text = "\n".join([*lines, ""]).encode()
        return whole_reply(WireResponse(200, text, {"content-type": "text/plain; charset=utf-8"}))

    def _environment(self, host: str) -> ReplyPlan:
        lines = [f"{name}={value}\n" for name, value in environment(self._engine.codecs, f"http://{host}").items()]
        return whole_reply(WireResponse(200, "".join(lines).encode(), {"content-type": "text/plain; charset=utf-8"}))

    def _health(self, _: bytes) -> ReplyPlan:
        providers = {codec.provider: base_path(codec) for codec in self._engine.codecs}
        return json_reply(200, {"status": "ok", "version": _version(), "providers": providers})

    def _ready(self, _: bytes) -> ReplyPlan:
        return json_reply(200, {"status": "ready"})

    def _metrics(self, _: bytes) -> ReplyPlan:
        with self._engine.lock:
            text = self._engine.traffic.render()
        return whole_reply(WireResponse(200, text, {"content-type": CONTENT_TYPE}))

    def _requests(self, query: bytes) -> ReplyPlan:
        return _told(requests_reply, self._engine, query)

    def _verdict(self, query: bytes) -> ReplyPlan:
        return _told(verdict_reply, self._engine, query)

    def _scenarios(self, _: bytes) -> ReplyPlan:
        with self._engine.lock:
            script, source = self._engine.script, self._engine.source
            told = {"scenarios": script.to_json(), "unused": script.unused}
        return json_reply(200, told | {"problems": [str(problem) for problem in source.problems] if source else []})

    def _add_scenarios(self, body: bytes) -> ReplyPlan:
        return self._change("add-scenarios", body, "added")

    def _put_scenarios(self, body: bytes) -> ReplyPlan:
        return self._change("put-scenarios", body, "put")

    def _change(self, kind: OrderKind, body: bytes, done: str) -> ReplyPlan:
        """Give the order if its body can be read; ``done`` is the word for it."""
        from mock_server.scenario_files import parse_scenarios, read_fault_rules

        read: Callable[..., Sized] = read_fault_rules if kind == "add-faults" else parse_scenarios
        try:
            text = body.decode("utf-8")
            number = len(read(text, providers=self._engine.providers))
        except UnicodeDecodeError:
            return _problem(400, "the body is not UTF-8 text")
        except ScenarioError as error:
            return _problem(400, str(error))
        self._engine.obey(Order(kind, text))
        return json_reply(200, {done: number})

    def _faults(self, _: bytes) -> ReplyPlan:
        with self._engine.lock:
            return json_reply(200, {"faults": self._engine.faults.rules.to_json()})

    def _add_faults(self, body: bytes) -> ReplyPlan:
        return self._change("add-faults", body, "added")

    def _clear_faults(self, _: bytes) -> ReplyPlan:
        self._engine.obey(Order("clear-faults"))
        return json_reply(200, {"status": "ok"})

    def _reset(self, _: bytes) -> ReplyPlan:
        self._engine.reset()
        return json_reply(200, {"status": "ok"})


def _paths_at(codec: Codec, target: str) -> Iterator[str]:
    """What a target below the provider's mount may mean: the path with its root, or the same without its version."""
    rest = target.removeprefix(codec.endpoint.mount)
    yield rest
    for beginning in codec.endpoint.versions:
        yield beginning + rest


def _told(tell: Callable[[Engine, str], ReplyPlan], engine: Engine, query: bytes) -> ReplyPlan:
    try:
        return tell(engine, query.decode("latin-1"))
    except InvalidInputError as error:
        return _problem(400, str(error))


def _problem(status: int, message: str) -> ReplyPlan:
    return json_reply(status, {"error": {"message": message}})


def _version() -> str:
    try:
        return version("llm-conformance")
    except PackageNotFoundError:
        return "unknown"
