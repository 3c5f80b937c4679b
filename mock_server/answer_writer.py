"""From an answer in unified types to the bytes of its provider, cut and timed. No I/O."""

from llm_sdk.accumulator import to_partials
from llm_sdk.codec import ModelCall
from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.json_array import encode_array
from llm_sdk.sse import encode_event
from llm_sdk.types import ModelResponse
from mock_server.answers import Answer, bad_scenario
from mock_server.call import Call, notices
from mock_server.ids import CallIds
from mock_server.pacing import Pace
from mock_server.rendering import RenderedAnswers
from mock_server.reply import ReplyPlan, TimedChunk, whole_reply

__all__ = ["AnswerWriter"]


class AnswerWriter:
    """Writes answers, and keeps the bytes of those that may come again."""

    def __init__(self) -> None:
        self._rendered = RenderedAnswers()

    def write(self, call: Call, answer: Answer, pace: Pace) -> ReplyPlan:
        """The answer to a call that was read, its bytes from an earlier time where only ids differ.

        Raises what the provider's codec raises for what its protocol cannot say; where a scenario says it, a
        StatusCodeError that names the scenario.
        """
        assert call.ids is not None  # noqa: S101 - made when it was read
        ids, model_call = call.ids, call.read
        told = (model_call.notices, model_call.stopped_at)
        key = (call.codec.provider, call.fingerprint, model_call.stream, call.framing, told, pace, answer.said)
        plan = self._rendered.find(key, ids)
        if plan is None:
            plan = _encode(call, ids, model_call, answer.response, pace)
            self._rendered.keep(key, plan, ids)
        return plan


def _encode(call: Call, ids: CallIds, model_call: ModelCall, response: ModelResponse, pace: Pace) -> ReplyPlan:
    codec = call.codec
    try:
        if not model_call.stream:
            reply = codec.encode_response(response, call=model_call, ids=ids)
            return whole_reply(reply, notices(codec, model_call))
        framing = call.framing
        headers = codec.response_headers(ids, stream=framing == "sse") | notices(codec, model_call)
        encoder = codec.stream_encoder(call=model_call, ids=ids)
        events = [event for partial in to_partials(response, pace.fragments) for event in encoder.feed(partial)]
        events += encoder.close()
    except (UnsupportedError, InvalidInputError) as error:
        if call.scenario is None:
            raise
        raise bad_scenario(call.scenario, error.message) from None
    line_end = codec.endpoint.line_end
    pieces = [encode_event(event, line_end) for event in events] if framing == "sse" else encode_array(events, line_end)
    chunks = [TimedChunk(piece, pace.delay if at else 0.0) for at, piece in enumerate(pieces)]
    return ReplyPlan(200, headers, tuple(chunks), stream=True)
