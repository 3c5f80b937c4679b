"""The heart of the stand-in: a provider's codec and a request in, a planned reply out. No I/O, no clock, no waiting.

Every edge uses it: the server on a socket, the transport without one, and the conformance suite. The bytes are a
function of the seed, the scenarios and the requests so far.
"""

import hashlib
import hmac
import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from llm_sdk.codec import Codec, WireRequest
from llm_sdk.errors import (
    InvalidInputError,
    LanguageModelError,
    NotFoundError,
    StatusCodeError,
)
from llm_sdk.registry import find_codec, provider_names
from llm_sdk.services import services_of
from llm_sdk.types import ModelResponse
from mock_server.answer_writer import AnswerWriter
from mock_server.answers import Answer, Answers, bad_scenario
from mock_server.asked import Asked
from mock_server.call import Call, decode, digest, fingerprint_of, header_text
from mock_server.clock import Clock, SystemClock
from mock_server.control import carry_out
from mock_server.fault_plan import Faults
from mock_server.fault_rules import split_model
from mock_server.ids import CallIds
from mock_server.journal import Sender, caller_of, redact_headers, redact_path
from mock_server.late_errors import end_in_error
from mock_server.logs import log_exchange
from mock_server.nearest import explain_no_match
from mock_server.pacing import Pace
from mock_server.pending import PendingReply
from mock_server.provider_state import ProviderState, Validation
from mock_server.readings import Readings
from mock_server.reply import ReplyPlan, whole_reply
from mock_server.scenario_source import ScenarioSource
from mock_server.scenarios import FunctionReply, Scenario, Turn
from mock_server.script import Script
from mock_server.served_paths import paths_served
from mock_server.store import InMemory, Order, Records, Store
from mock_server.traffic import Traffic

if TYPE_CHECKING:
    from mock_server.replay import Replay

__all__ = ["Engine"]

# Not validated, because a validator takes long to build and a server may never need one.
QUICK = Pace.model_construct()
NOTHING = Turn.model_construct()

logger = logging.getLogger("mock_server")
WARNING_HEADER = "x-mock-server-warning"
"""The header of an answer that says what the provider would have refused the request for."""


class Engine:
    """Answers requests to any provider.

    ``strict`` refuses what no scenario matches, and fields that the provider does not know. ``api_key`` refuses every
    other key; without it any will do. ``codecs`` are the protocols to speak: all of the registry by default. ``clock``
    is what delays and rate limits go by. ``validation`` says what becomes of a request that the provider would refuse.
    Engines that have one ``store`` answer as one; by default there is one for each, in memory. It may be used from
    several threads.
    """

    def __init__(
        self,
        scenarios: Iterable[Scenario] = (),
        *,
        strict: bool = False,
        api_key: str | None = None,
        seed: int = 0,
        codecs: Sequence[Codec] | None = None,
        clock: Clock | None = None,
        validation: Validation | None = None,
        store: Store | None = None,
    ) -> None:
        self.codecs = [find_codec(name) for name in provider_names()] if codecs is None else list(codecs)
        self.clock = clock or SystemClock()
        self.store: Store = store if store is not None else InMemory()
        self.faults = Faults(seed, self.clock, self.store)
        self.traffic = Traffic()
        self.state = ProviderState(validation, self.store)
        self.lock = Lock()
        self.source: ScenarioSource | None = None
        self.replay: Replay | None = None
        self._initial = list(scenarios)
        self._strict = strict
        self._validation = validation
        self._api_key = api_key
        self._seed = seed
        self._readings = Readings(self._sender_of, strict=strict)
        self._answers = Answers(self.state)
        self._writer = AnswerWriter()
        self._salt = os.urandom(16)
        self._secret_headers = frozenset(name for codec in self.codecs for name, _ in codec.endpoint.key_headers)
        self._begin_counting()

    def _begin_counting(self) -> None:
        self.script = Script(self._initial, seed=self._seed, store=self.store)
        self.journal = self.store.records()
        self._repeats = self.store.counts("repeats")
        self._numbers = self.store.counts("numbers")
        if self.replay is not None:
            self.replay = self.replay.fresh(self.store.counts("replayed"))

    @property
    def providers(self) -> list[str]:
        """The names of the protocols that are spoken here."""
        return [codec.provider for codec in self.codecs]

    def twin(self, name: str) -> "Engine":
        """An engine that begins as this one did, with requests, faults and state of its own, which a shared store keeps
        under ``name``; traffic is counted for both together."""
        other = Engine(
            self._initial,
            strict=self._strict,
            api_key=self._api_key,
            seed=self._seed,
            codecs=self.codecs,
            clock=self.clock,
            validation=self._validation,
            store=self.store.apart(name),
        )
        other.traffic = self.traffic
        other.replay = self.replay.fresh(other.store.counts("replayed")) if self.replay is not None else None
        return other

    def begin_with(self, scenarios: Iterable[Scenario]) -> None:
        """Take these as the scenarios to go back to."""
        with self.lock:
            self._initial = list(scenarios)
            self.script = Script(self._initial, seed=self._seed, store=self.store)

    def follow(self, source: ScenarioSource) -> None:
        """Begin with the scenarios of these files, and go on with what becomes of them. Raises ScenarioError."""
        self.begin_with(source.load())
        self.source = source

    def reset(self) -> None:
        """Back to the start: the scenarios that were given then, an empty journal, every count at nothing."""
        self.obey(Order("reset"))

    def obey(self, order: Order) -> None:
        """Do what a control call asks for, here and in every engine with the same store."""
        with self.lock:
            self.store.publish(order)
            self._catch_up()

    def catch_up(self) -> None:
        """Do what was asked of others with the same store."""
        with self.lock:
            self._catch_up()

    def _catch_up(self) -> None:
        for order in self.store.news():
            if order.kind == "reset":
                self._begin_counting()
                self.faults.reset()
                self.state.forget()
            else:
                carry_out(order, self.script, self.faults.rules, self.providers)

    def answer(self, codec: Codec, request: WireRequest) -> ReplyPlan:
        """Plan the reply to ``request``, whose path starts with the provider's root, and write both down.

        Whatever is wrong with the request is answered as the provider would. A function that replies is called, and
        waited for where it is async.
        """
        found = self.begin(codec, request)
        return found.run() if isinstance(found, PendingReply) else found

    def begin(self, codec: Codec, request: WireRequest) -> ReplyPlan | PendingReply:
        """As :meth:`answer`; where a function has to be asked, that is left to the caller."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self.lock:
            self._catch_up()
            if self.source is not None and (changed := self.source.reload()) is not None:
                self.script.exchange(self._initial, changed)
                self._initial = changed
            call = Call(codec, request, headers, self.clock.time(), monotonic())
            try:
                plan = self._plan(call)
            except LanguageModelError as error:
                plan = self._refuse(call, error)
            return plan if isinstance(plan, PendingReply) else self._write_down(call, plan)

    def _plan(self, call: Call) -> ReplyPlan | PendingReply:
        codec, request = call.codec, call.request
        route = codec.match(request.method, request.path)
        if route is None:
            return self._serve(call)
        call.framing = route.framing
        self._check_key(call)
        if (replayed := self._replayed(call)) is not None:
            return replayed
        asked = self._readings.read(call, self.state)
        model_call, in_model = asked.call, None
        if "+fault" in model_call.model_id:
            model_id, in_model = split_model(model_call.model_id)
            model_call = call.model_call = replace(model_call, model_id=model_id)
            asked = Asked(codec.provider, model_call, call.headers)
        call.ids = self._ids(codec, call.fingerprint, "stream" if model_call.stream else "whole")
        settled = services_of(codec).settled(model_call, call.ids)
        choice = None if settled else self.script.choose(asked, call.fingerprint)
        turn = choice.turn if choice is not None else NOTHING
        if choice is not None:
            call.scenario, call.turn = choice.name, choice.answered + 1
        call.faults = self.faults.plan(asked, codec, turn.fault, in_model, (call.scenario, request.path))
        if call.faults is not None and call.faults.error is not None:
            return self._damaged(call, self._refuse(call, call.faults.error))
        if settled:
            answer = self._answers.complete(call, call.ids, ModelResponse(content=[*settled], finish_reason="stop"))
            return self._damaged(call, self._finish(call, turn, answer))
        if choice is None and (self._strict or self.replay is not None):
            self._find_no_answer(asked)
        if isinstance(turn.reply, FunctionReply):
            finish, fail = partial(self._finish_later, call, turn), partial(self._fail_later, call)
            return PendingReply(turn.reply.function, asked, finish, fail)
        if choice is not None and turn.cassette is not None:
            recorded = turn.cassette.plan(choice.answered, codec, model_call, self.codecs)
            return self._damaged(
                call,
                recorded
                if isinstance(recorded, ReplyPlan)
                else self._finish(call, turn, Answer.of(recorded, call.ids)),
            )
        return self._damaged(call, self._finish(call, turn, self._answers.find(call, call.ids, choice)))

    def _replayed(self, call: Call) -> ReplyPlan | None:
        """The recorded answer to what means the same, where there is one: before any check, for the provider has taken
        the request, or said itself what is wrong with it."""
        if self.replay is None:
            return None
        codec, request, in_model = call.codec, call.request, None
        with suppress(InvalidInputError):
            call.model_call = decode(codec, request) if codec.match(request.method, request.path) else None
        if call.model_call is not None and "+fault" in call.model_call.model_id:
            model_id, in_model = split_model(call.model_call.model_id)
            call.model_call = replace(call.model_call, model_id=model_id)
        recorded = self.replay.find(codec, request, call.model_call)
        if recorded is None:
            return None
        call.scenario, call.response = f"recording {recorded.exchange.id}", recorded.response
        if call.model_call is not None:
            call.fingerprint = fingerprint_of(codec, call.model_call)
            asked = Asked(codec.provider, call.model_call, call.headers)
            call.faults = self.faults.plan(asked, codec, None, in_model, (call.scenario, request.path))
        else:
            call.faults = self.faults.plan_service(codec, call.headers, request.path)
        if call.faults is not None and call.faults.error is not None:
            return self._damaged(call, self._refuse(call, call.faults.error))
        return self._damaged(call, self.replay.plan(recorded))

    def _serve(self, call: Call) -> ReplyPlan:
        """The answer of what the provider offers beside its chat endpoint."""
        codec, request = call.codec, call.request
        self._check_key(call)
        if (replayed := self._replayed(call)) is not None:
            return replayed
        ids = self._unread_ids(call)
        call.faults = self.faults.plan_service(codec, call.headers, request.path)
        if call.faults is not None and call.faults.error is not None:
            return self._damaged(call, self._refuse(call, call.faults.error))
        answer = self.state.serve(codec, request, ids)
        if answer is None:
            said = f"Invalid URL ({request.method} {request.path.partition('?')[0]})"
            beside = [other for other in self.codecs if other.endpoint.mount == codec.endpoint.mount]
            reason = f"{said}. The mock server answers {', '.join(paths_served(beside))}."
            raise NotFoundError(reason, status_code=404, code="unknown_url")
        return self._damaged(call, whole_reply(answer, codec.response_headers(ids, stream=False)))

    def _finish(self, call: Call, turn: Turn, answer: Answer) -> ReplyPlan:
        """The plan of an answer, before any fault."""
        call.stop_at(answer.stopped_at)
        plan = self._writer.write(call, answer, turn.pace or QUICK)
        if plan.chunks:
            self.state.keep(call.codec, call.read, call.request, [chunk.data for chunk in plan.chunks])
        call.response = answer.response
        return plan

    def _finish_later(self, call: Call, turn: Turn, given: Any) -> ReplyPlan:
        """The plan of what a function has given."""
        assert isinstance(turn.reply, FunctionReply) and call.ids is not None  # noqa: S101 PT018 - asked before
        with self.lock:
            try:
                response = turn.reply.build_from(given, call.ids)
                fixed = isinstance(given, ModelResponse)
                answer = Answer.of(response, call.ids) if fixed else self._answers.complete(call, call.ids, response)
                plan = self._damaged(call, self._finish(call, turn, answer))
            except ValidationError as error:
                plan = self._refuse(call, bad_scenario(str(call.scenario), str(error)))
            except LanguageModelError as error:
                plan = self._refuse(call, error)
            return self._write_down(call, plan)

    def _fail_later(self, call: Call, error: Exception) -> ReplyPlan:
        """The plan of what a function has raised: an error of a provider is answered as it is."""
        if not isinstance(error, LanguageModelError):
            logger.error("the function of the scenario %r failed", call.scenario, exc_info=error)
            error = bad_scenario(str(call.scenario), f"its function raised {type(error).__name__}: {error}")
        with self.lock:
            plan = self._refuse(call, error)
            return self._write_down(call, plan)

    def _damaged(self, call: Call, plan: ReplyPlan) -> ReplyPlan:
        if call.complaints:
            logger.warning("%s would refuse this request: %s", call.codec.provider, " ".join(call.complaints))
            plan = replace(plan, headers={**plan.headers, WARNING_HEADER: header_text(call.complaints)})
        if call.faults is None:
            return plan
        plan = end_in_error(plan, call.faults, call.codec, call.framing)
        usage = call.response.usage if call.response is not None else None
        return self.faults.put_on(plan, call.faults, call.fingerprint, usage.output_tokens if usage else 0)

    def _ids(self, codec: Codec, fingerprint: str, form: str) -> CallIds:
        """Ids made from what the request says and how often it was said in this form.

        They are the same for a whole and a streamed answer, whatever other requests come in between.
        """
        seen = self._repeats.next(fingerprint, form)
        return CallIds(f"{self._seed}:{fingerprint}", codec.endpoint, seen)

    def _check_key(self, call: Call) -> None:
        if self._api_key is None:
            return
        key = call.codec.endpoint.key_of(call.headers, call.request.path)
        if key is None or not hmac.compare_digest(key.encode(), self._api_key.encode()):
            raise call.codec.refuse_key(key)

    def _find_no_answer(self, asked: Asked) -> None:
        """Say what came nearest. Raises NotFoundError where no answer may be made up."""
        lines = [self.replay.explain(asked)] if self.replay is not None else []
        if self._strict:
            lines.append(explain_no_match(asked, self.script.nearest(asked), len(self.script)))
            raise NotFoundError("\n".join(lines), status_code=404, code="no_scenario")
        logger.warning("%s: an answer is made up: %s", asked.provider, "\n".join(lines))

    def _refuse(self, call: Call, error: LanguageModelError) -> ReplyPlan:
        codec = call.codec
        headers = codec.response_headers(call.ids or self._unread_ids(call), stream=False)
        error.locate(provider=None, request_id=headers.get(codec.endpoint.request_id_header.lower()))
        call.error = error.message
        call.retry_after = error.retry_after if isinstance(error, StatusCodeError) else None
        return whole_reply(codec.encode_error(error), headers)

    def _unread_ids(self, call: Call) -> CallIds:
        """The ids of a call that is not read, or not for the model."""
        body = hashlib.sha256(call.request.body).hexdigest()
        call.ids = self._ids(call.codec, digest(call.codec.provider, call.request.path, body), "unread")
        return call.ids

    def _write_down(self, call: Call, plan: ReplyPlan) -> ReplyPlan:
        """Put the exchange into the journal. The plan that comes back tells it when the client does not stay."""
        exchange = call.exchange(self._numbers.next() + 1, plan, call.sender or self._sender_of(call))
        self.journal.add(exchange)
        self.traffic.count(exchange.provider, exchange.status, exchange.scenario)
        log_exchange(exchange)
        if not plan.stream and not plan.latency:
            return plan
        return replace(plan, on_left=partial(self._note_left, self.journal, exchange.number))

    def _sender_of(self, call: Call) -> Sender:
        key = call.codec.endpoint.key_of(call.headers, call.request.path)
        headers = redact_headers(call.headers, self._secret_headers, key)
        return Sender(headers, redact_path(call.request.path), caller_of(key, self._salt))

    def _note_left(self, journal: Records, number: int) -> None:
        with self.lock, suppress(*self.store.failures):
            journal.note_left(number)
