"""What is answered to a call, in unified types: what a scenario says, or what is made up."""

from dataclasses import dataclass

from pydantic import ValidationError

from llm_sdk.codec import ModelCall
from llm_sdk.errors import StatusCodeError
from llm_sdk.services import services_of
from llm_sdk.types import ModelResponse
from mock_server.author import estimate_usage, write_answer
from mock_server.call import Call
from mock_server.ids import CallIds
from mock_server.provider_state import ProviderState
from mock_server.rendering import Kept
from mock_server.scenarios import FixedReply
from mock_server.script import Choice
from mock_server.stop_sequences import stop_response
from mock_server.templates import BadTemplateError

__all__ = ["Answer", "Answers", "bad_scenario"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to a call, and the stop sequence at which it ends, None where it ends otherwise.

    ``said`` tells it from other answers: it is the response as JSON, with numbers in the places of made-up tokens.
    """

    response: ModelResponse
    stopped_at: str | None
    said: str

    @classmethod
    def of(cls, response: ModelResponse, ids: CallIds, stopped_at: str | None = None) -> "Answer":
        """The answer with ``response``, for which all tokens of ``ids`` so far were made."""
        said = response.model_dump_json()
        for number, token in enumerate(ids.changing):
            said = said.replace(token.text, f"\0{number}\0")
        return cls(response, stopped_at, said)


class Answers:
    """Answers calls that were read, for providers with this ``state``.

    An answer that would be the same every time is remembered. The call and the reply that says it are known by their
    identity, which is quick: a request that comes again is read once (see :class:`~mock_server.readings.Readings`), and
    the reply of a scenario stays what it is.
    """

    def __init__(self, state: ProviderState) -> None:
        self._state = state
        self._kept: Kept[tuple[ModelCall, object, Answer]] = Kept()

    def find(self, call: Call, ids: CallIds, choice: Choice | None) -> Answer:
        """The answer, from the scenario where it has one, made up otherwise. Raises the StatusCodeError that tells of a
        scenario whose templates cannot be rendered, InvalidInputError for a schema that no value satisfies."""
        model_call, reply = call.read, choice.turn.reply if choice is not None else None
        kept = self._kept.get((id(model_call), id(reply)))
        if kept is not None:
            return kept[-1]
        answer = self._work_out(call, ids, choice)
        if ids.is_unused and not self._state.may_cache(answer.response.usage):
            # Kept with it, call and reply are alive, so that nothing else can have their identities.
            self._kept.put((id(model_call), id(reply)), (model_call, reply, answer), 4 * len(answer.said))
        return answer

    def complete(self, call: Call, ids: CallIds, response: ModelResponse) -> Answer:
        """A scripted answer, up to a stop sequence of the request, and with usage."""
        response, stopped_at = stop_response(response, call.read.input.stop or ())
        return Answer.of(self._counted(call, response) if response.usage is None else response, ids, stopped_at)

    def _work_out(self, call: Call, ids: CallIds, choice: Choice | None) -> Answer:
        if choice is None or choice.turn.reply is None:
            written = write_answer(call.read, ids, services_of(call.codec))
            return Answer.of(self._counted(call, written.response), ids, written.stopped_at)
        reply = choice.turn.reply
        try:
            response = reply.build(choice.variables, ids)
        except (BadTemplateError, ValidationError) as error:
            raise bad_scenario(choice.name, str(error)) from None
        return Answer.of(response, ids) if isinstance(reply, FixedReply) else self.complete(call, ids, response)

    def _counted(self, call: Call, response: ModelResponse) -> ModelResponse:
        """The answer with usage that is estimated."""
        usage = response.usage or estimate_usage(call.read.input, response.content)
        usage = self._state.count(call.codec, call.request, call.read, usage)
        return response.model_copy(update={"usage": usage})


def bad_scenario(name: str, what: str) -> StatusCodeError:
    """A scenario that cannot be said: an error that no client asks again for."""
    return StatusCodeError(f"the scenario {name!r} cannot be answered: {what}", status_code=400, code="bad_scenario")
