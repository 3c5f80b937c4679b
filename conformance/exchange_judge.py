"""One recorded exchange put through both halves of a codec.

What counts
- ``requests``: each request that was kept. One that the provider itself refused (400 or 422) may be refused in
  reading, and is then not written again.
- ``responses``: each whole 2xx answer. A refusal, and an answer that reports its own failure, are read when they
  become a typed error.
- ``streams``: each streamed 2xx answer (see :mod:`conformance.stream_judge`).
- ``errors``: each answer from 400 on.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from conformance.judgement import UNREAD, Judgement, MismatchError
from conformance.published import Kind, PublishedSchemas
from conformance.stream_judge import judge_stream
from llm_sdk.codec import Codec, ModelCall, SeededIds, WireRequest, WireResponse
from llm_sdk.comparison import describe
from llm_sdk.errors import AuthenticationError, InvalidInputError, RefusalError, StatusCodeError, status_error
from llm_sdk.types import LanguageModelInput, ModelResponse, UserMessage
from mock_server.recordings import Exchange

__all__ = ["judge_exchange"]

REFUSED_STATUS = frozenset({400, 422})
LEFT_OUT = "tool-call: "
"""How a warning begins that tells of a call cut at the token limit: it is not in the answer that is written again."""


def judge_exchange(
    codec: Codec, exchange: Exchange, path: str, schemas: PublishedSchemas, judgement: Judgement
) -> None:
    """Add what ``exchange`` shows of ``codec`` to ``judgement``. ``path`` is the path as the provider sees it."""
    judge = _ExchangeJudge(codec, exchange, path, schemas, judgement)
    judgement.exchanges += 1
    call = judge.request()
    if exchange.is_error:
        judge.error()
    elif exchange.is_answer and exchange.streaming:
        judgement.warn(judge_stream(codec, exchange, call or judge.bare_call(), schemas, judgement))
    elif exchange.is_answer:
        judge.response(call)


@dataclass(frozen=True, slots=True)
class _ExchangeJudge:
    codec: Codec
    exchange: Exchange
    path: str
    schemas: PublishedSchemas
    judgement: Judgement
    reply: WireResponse = field(init=False)

    def __post_init__(self) -> None:
        exchange = self.exchange
        reply = WireResponse(exchange.status, exchange.response_body, exchange.response_headers)
        object.__setattr__(self, "reply", reply)

    def bare_call(self, model_id: str | None = None) -> ModelCall:
        """The call for an answer whose request was not kept."""
        input = LanguageModelInput(messages=[UserMessage.model_validate({"content": "?"})])
        return ModelCall(model_id or "unknown", input, self.exchange.streaming)

    def request(self) -> ModelCall | None:
        body = self.exchange.request_body
        if body is None:
            return None
        check, id = self.judgement.check, self.exchange.id
        sent = WireRequest(self.exchange.method, self.path, body, self.exchange.request_headers)
        call = check(id, "requests.read", lambda: self._read_request(sent))
        if isinstance(call, ModelCall):
            self.judgement.warn(call.warnings)
            check(id, "requests.rewritten", lambda: self._rewrite_request(sent, call))
            return call
        if call is None:
            self.judgement.fail(id, "requests.rewritten", UNREAD)
        return None

    def _read_request(self, sent: WireRequest) -> ModelCall | InvalidInputError:
        try:
            return self.codec.decode_request(sent)
        except InvalidInputError as error:
            if self.exchange.status in REFUSED_STATUS:
                return error
            raise

    def _rewrite_request(self, sent: WireRequest, call: ModelCall) -> None:
        written = self.codec.encode_request(call.model_id, call.input, stream=call.stream)
        recorded, rewritten = (self.codec.normalize_request(json.loads(body)) for body in (sent.body, written.body))
        if found := describe(recorded, rewritten):
            raise MismatchError(found)
        root = self.codec.endpoint.root
        routes = [self.codec.match(sent.method, sent.path), self.codec.match(written.method, root + written.path)]
        if routes[0] is not None and routes[0] != routes[1]:
            raise MismatchError(f"the path {sent.path} became {root + written.path}")

    def response(self, call: ModelCall | None) -> None:
        check, id = self.judgement.check, self.exchange.id
        outcome = check(id, "responses.read", lambda: self._read_response(self.reply))
        if outcome is None:
            self.judgement.fail(id, "responses.rewritten", UNREAD)
            return
        response = outcome if isinstance(outcome, ModelResponse) else getattr(outcome, "response", None)
        self.judgement.warn(response.warnings if response else None)
        check(id, "responses.rewritten", lambda: self._rewrite_response(outcome, response, call))

    def _read_response(self, reply: WireResponse) -> ModelResponse | RefusalError | StatusCodeError:
        try:
            return self.codec.decode_response(reply)
        except (RefusalError, StatusCodeError) as error:
            return error

    def _rewrite_response(
        self,
        outcome: ModelResponse | RefusalError | StatusCodeError,
        response: ModelResponse | None,
        call: ModelCall | None,
    ) -> None:
        if isinstance(outcome, StatusCodeError):
            written = self.codec.encode_error(outcome)
            self._accept("error", written)
            _same(_shape(outcome), _shape(self.codec.decode_error(written)))
            return
        if response is None:
            raise MismatchError("the refusal came without its response")
        call = call or self.bare_call(response.model_id)
        written = self.codec.encode_response(response, call=call, ids=SeededIds(self.exchange.id))
        self._accept("response", written)
        _same(_shape(outcome), _shape(_without_made_up(response, self._read_response(written))))

    def _accept(self, kind: Kind, written: WireResponse) -> None:
        if complaint := self.schemas.complaint(kind, json.loads(written.body)):
            raise MismatchError(f"the published schema refuses what was written: {complaint}")

    def error(self) -> None:
        self.judgement.check(self.exchange.id, "errors.read", self._read_error)

    def _read_error(self) -> None:
        error = self.codec.decode_error(self.reply)
        expected = status_error(self.exchange.status)
        # A refused key may have a status that says less than its reason does (Gemini: 400).
        refused_key = expected is StatusCodeError and type(error) is AuthenticationError
        if not isinstance(error, StatusCodeError) or not (type(error) is expected or refused_key):
            raise MismatchError(f"status {self.exchange.status} became {type(error).__name__}, not {expected.__name__}")
        if error.status_code != self.exchange.status:
            raise MismatchError(f"status {self.exchange.status} became {error.status_code}")
        message = _provider_message(self.exchange.response_body)
        if message and message not in error.message:
            raise MismatchError(f"the provider said {message!r}, the error says {error.message!r}")


def _shape(outcome: ModelResponse | Exception) -> Any:
    """An outcome as JSON, for comparing."""
    if isinstance(outcome, ModelResponse):
        return {"response": _content_of(outcome)}
    if isinstance(outcome, RefusalError):
        response = _content_of(outcome.response) if outcome.response else None
        return {"refusal": outcome.refusal, "response": response}
    return {"error": type(outcome).__name__, "message": getattr(outcome, "message", str(outcome))}


def _content_of(response: ModelResponse) -> Any:
    """A response as JSON, without warnings of what was left out of it."""
    warnings = [warning for warning in response.warnings or () if not warning.startswith(LEFT_OUT)]
    return response.model_copy(update={"warnings": warnings or None}).model_dump(mode="json")


def _without_made_up(response: ModelResponse, read_back: Any) -> Any:
    """The outcome without the id and the model of its response where ``response`` has none: a provider gives every
    answer both, so they were made up."""
    made_up = {name: None for name in ("id", "model_id") if getattr(response, name) is None}
    if isinstance(read_back, RefusalError) and read_back.response is not None:
        read_back.response = read_back.response.model_copy(update=made_up)
    return read_back.model_copy(update=made_up) if isinstance(read_back, ModelResponse) else read_back


def _same(expected: Any, actual: Any) -> None:
    if found := describe(expected, actual):
        raise MismatchError(f"read back, {found}")


def _provider_message(body: bytes) -> str:
    """The sentence in an error body, wherever the providers put it; empty where it has none."""
    try:
        value = json.loads(body)
    except ValueError:
        return ""
    while isinstance(value, dict | list):
        if isinstance(value, list):
            value = value[0] if value else ""
        else:
            keys = (key for key in ("error", "message", "detail", "msg") if value.get(key))
            value = value.get(next(keys, ""), "")
    return value.strip() if isinstance(value, str) else ""
