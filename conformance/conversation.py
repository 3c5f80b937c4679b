"""A case as a conversation: what is sent at each stage, given what was answered before."""

from collections import defaultdict, deque

from llm_sdk.types import (
    AssistantMessage,
    LanguageModelInput,
    Message,
    ModelResponse,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
)

__all__ = ["Conversation"]


class Conversation:
    """What was said so far. Answers may come with other tool call ids than the case has scripted, as those of a live
    model do; the results that follow are then given with the ids that came. Where an id is empty in the case, because
    the provider gives none, results belong to the calls of their tool in order."""

    def __init__(self) -> None:
        self._history: list[Message] = []
        self._ids: dict[str, str] = {}
        self._in_order: defaultdict[str, deque[str]] = defaultdict(deque)

    def next_input(self, input: LanguageModelInput) -> LanguageModelInput:
        """The stage's input behind everything that was said before; it counts as said from now on."""
        self._history += [self._with_ids_that_came(message) for message in input.messages]
        return input.model_copy(update={"messages": list(self._history)})

    def add_answer(self, answer: ModelResponse, scripted: ModelResponse | None) -> None:
        """Note the answer that came, to the stage for which ``scripted`` stands in the case."""
        self._history.append(AssistantMessage(content=answer.content))
        came = _calls(answer)
        for call in _calls(scripted):
            match = next((other for other in came if other.tool_name == call.tool_name), None)
            if match is not None:
                came.remove(match)
                self._ids[call.tool_call_id] = match.tool_call_id
                if not call.tool_call_id:
                    self._in_order[call.tool_name].append(match.tool_call_id)

    def _with_ids_that_came(self, message: Message) -> Message:
        if not isinstance(message, ToolMessage):
            return message
        content = [
            part.model_copy(update={"tool_call_id": self._id_that_came(part)})
            if isinstance(part, ToolResultPart)
            else part
            for part in message.content
        ]
        return message.model_copy(update={"content": content})

    def _id_that_came(self, result: ToolResultPart) -> str:
        if not result.tool_call_id and (waiting := self._in_order[result.tool_name]):
            return waiting.popleft()
        return self._ids.get(result.tool_call_id, result.tool_call_id)


def _calls(answer: ModelResponse | None) -> list[ToolCallPart]:
    """The calls that the caller has to answer."""
    parts = answer.content if answer is not None else []
    return [part for part in parts if isinstance(part, ToolCallPart) and not part.provider_executed]
