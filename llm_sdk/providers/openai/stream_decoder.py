"""The stream events of the Responses API -> partial responses.

The decoder renumbers: an item of the wire may be several parts here, or none. It shows text and arguments as they come,
and what only the end of an item tells, such as the final ``encrypted_content``, when that comes. Whatever the deltas
left out is taken from the item when it is done, and from the whole response at the end.
"""

from typing import ClassVar

from llm_sdk.codec import dump_json
from llm_sdk.deltas import (
    ImagePartDelta,
    OpaquePartDelta,
    PartialModelResponse,
    Partials,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
    ToolResultPartDelta,
    citation_at,
    delta_at,
)
from llm_sdk.errors import RefusalError
from llm_sdk.providers.openai import wire, wire_events
from llm_sdk.providers.openai.content import (
    PROVIDER,
    WEB_SEARCH,
    decode_annotation,
    decode_image,
    decode_item,
    join_signature,
)
from llm_sdk.providers.openai.errors import embedded_error
from llm_sdk.providers.openai.finish import REFUSAL
from llm_sdk.providers.openai.function_call import join_provenance
from llm_sdk.providers.openai.reasoning import SEPARATOR, join_id
from llm_sdk.providers.openai.response import plain_refusal, read_response
from llm_sdk.providers.openai.stream_places import ItemState, Slot, StreamPlaces
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    Citation,
    ImagePart,
    ModelResponse,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from llm_sdk.wire_event import EventReaders, event_type, read_event, stream_truncated

END_MARK = b"[DONE]"  # sent by some servers that speak this protocol; the API itself sends none
UNNAMED = ("", "message")  # frames of servers that leave the name to the data
UNTYPED = "error"  # what a frame without a type can only be, as gateways write it
OPENING = ("response.created", "response.queued", "response.in_progress")
# The last is OpenRouter's (documented).
TERMINAL = ("response.completed", "response.incomplete", "response.failed", "response.done")


class StreamDecoder:
    """See :class:`llm_sdk.codec.StreamDecoder`."""

    def __init__(self) -> None:
        self._places = StreamPlaces()
        self._done_ids: set[str] = set()
        self._number = 0
        self._begun = False
        self._ended = False
        self._refusal: list[str] = []
        self._error: RefusalError | None = None

    def feed(self, event: ServerSentEvent) -> Partials:
        """Read one event. Unknown ones mean nothing; a malformed one is an InvariantError that gives its number."""
        number, self._number = self._number, self._number + 1
        if self._ended:
            return []  # nothing may follow the terminal event; some recordings go on with the next answer
        if event.data == END_MARK:
            return []
        kind = event.event if event.event not in UNNAMED else event_type(event, number, PROVIDER)
        reader = self.READERS.get(kind or (UNTYPED if event.data.startswith(b"{") else ""))
        if reader is None:
            return []
        model, read = reader
        return read(self, read_event(model, event, number, PROVIDER))

    def close(self) -> Partials:
        """Raises RefusalError for a refusal that the stream told, and StreamTruncatedError when its end is missing."""
        if self._error is not None:
            raise self._error
        if not self._ended:
            raise stream_truncated(self._number, "response.completed", PROVIDER)
        return []

    def _opening(self, event: wire_events.ResponseEvent) -> Partials:
        if self._begun:
            return []
        self._begun = True
        return [PartialModelResponse(id=event.response.id, model_id=event.response.model)]

    def _item_added(self, event: wire_events.ItemEvent) -> Partials:
        item = event.item
        state = self._places.add(event.output_index, ItemState(item.type))
        match item:
            case wire.Message():
                state.signature = join_signature(item.id, item.phase)
                return []
            case wire.Reasoning():
                state.id = item.id
                return [delta_at(self._places.slot(state).index, ReasoningPartDelta(id=item.id))]
            case wire.FunctionCall():
                state.arguments = item.arguments
                return [delta_at(self._places.slot(state).index, _call_head(item))]
            case wire.WebSearchCall():
                head = ToolCallPartDelta(tool_call_id=item.id, tool_name=WEB_SEARCH, id=item.id, provider_executed=True)
                return [delta_at(self._places.slot(state).index, head)]
        self._places.slot(state)
        return []

    def _content_part_added(self, event: wire_events.ContentPartAdded) -> Partials:
        if not isinstance(event.part, wire.OutputText):
            return []
        state = self._places.state(event.output_index, "message")
        return self._text(state, event.content_index, "")

    def _text_delta(self, event: wire_events.PartDelta) -> Partials:
        return self._text(self._places.state(event.output_index, "message"), event.content_index, event.delta)

    def _text(self, state: ItemState, at: int, text: str) -> Partials:
        """More text of a content part; the signature of its message goes with the first of it, or when it is known."""
        slot = self._places.slot(state, at)
        signature = state.signature if state.signature != slot.signature else None
        first = not slot.begun
        slot.begun, slot.signature = True, state.signature
        slot.sent += len(text)
        if not (first or text or signature):
            return []
        return [delta_at(slot.index, TextPartDelta(text=text, signature=signature))]

    def _text_done(self, event: wire_events.TextDone) -> Partials:
        state = self._places.state(event.output_index, "message")
        return self._rest_of_text(state, event.content_index, event.text, [])

    def _rest_of_text(self, state: ItemState, at: int, text: str, citations: list[Citation]) -> Partials:
        slot = self._places.slot(state, at)
        rest = self._text(state, at, text[slot.sent :])
        return rest + [_cite(slot, citation) for citation in citations[slot.citations :]]

    def _annotation_added(self, event: wire_events.AnnotationAdded) -> Partials:
        state = self._places.state(event.output_index, "message")
        return [_cite(self._places.slot(state, event.content_index), decode_annotation(event.annotation))]

    def _refusal_delta(self, event: wire_events.PartDelta) -> Partials:
        self._refusal.append(event.delta)
        return []

    def _arguments_delta(self, event: wire_events.ArgumentsDelta) -> Partials:
        slot = self._places.slot(self._places.state(event.output_index, "function_call"))
        slot.sent += len(event.delta)
        return [delta_at(slot.index, ToolCallPartDelta(args=event.delta))]

    def _arguments_done(self, event: wire_events.ArgumentsDone) -> Partials:
        return self._arguments(
            self._places.slot(self._places.state(event.output_index, "function_call")), event.arguments
        )

    def _arguments(self, slot: Slot, arguments: str) -> Partials:
        """What the deltas have not told of the arguments."""
        rest, slot.sent = arguments[slot.sent :], max(slot.sent, len(arguments))
        return [delta_at(slot.index, ToolCallPartDelta(args=rest))] if rest else []

    def _summary_part_added(self, event: wire_events.SummaryPartAdded) -> Partials:
        state = self._places.state(event.output_index, "reasoning")
        state.summaries = max(state.summaries, event.summary_index + 1)
        return []

    def _summary_delta(self, event: wire_events.SummaryDelta) -> Partials:
        state = self._places.state(event.output_index, "reasoning")
        state.summaries = max(state.summaries, event.summary_index + 1)
        return self._reasoning_text(state, event.summary_index, ReasoningPartDelta(text=event.delta))

    def _reasoning_delta(self, event: wire_events.PartDelta) -> Partials:
        """Text of the content, with the id that tells where it begins."""
        state = self._places.state(event.output_index, "reasoning")
        begun = len(state.starts)
        for at in range(begun, event.content_index + 1):
            gap = len(SEPARATOR) * (state.summaries + at - state.told)
            state.starts.append(self._places.slot(state).sent + gap)
        id = join_id(state.id, state.starts) if event.content_index >= begun else None
        part = ReasoningPartDelta(text=event.delta, id=id)
        return self._reasoning_text(state, state.summaries + event.content_index, part)

    def _reasoning_text(self, state: ItemState, at: int, part: ReasoningPartDelta) -> Partials:
        """Text of the part of this number, the summary's first; they are joined as in the whole item.

        A part that has no text yet may never get one: the separators before it come with what follows.
        """
        slot = self._places.slot(state)
        if not part.text:
            return []
        text = SEPARATOR * max(at - state.told, 0) + part.text
        state.told = max(state.told, at)
        slot.sent += len(text)
        return [delta_at(slot.index, part.model_copy(update={"text": text}))]

    def _partial_image(self, event: wire_events.PartialImage) -> Partials:
        slot = self._places.slot(self._places.state(event.output_index, "image_generation_call"))
        slot.begun = True
        image = decode_image(event.partial_image_b64, event.output_format, event.size, None)
        return [delta_at(slot.index, ImagePartDelta(**image.model_dump()))]

    def _item_done(self, event: wire_events.ItemEvent) -> Partials:
        return self._finish_item(event.output_index, event.item)

    def _finish_item(self, output_index: int, item: wire.Item) -> Partials:
        """Pass on what the item tells beyond its deltas."""
        state = self._places.state(output_index, item.type)
        state.done = True
        if isinstance(item_id := getattr(item, "id", None), str):
            self._done_ids.add(item_id)
        refusal: list[str] = []
        plain = plain_refusal(item, refusal)
        if refusal:
            self._refusal = self._refusal or refusal
            return []
        if isinstance(item, wire.FunctionCall):
            return self._rest_of_call(self._places.slot(state), item)
        if isinstance(item, wire.Message):
            state.signature = join_signature(item.id, item.phase)
        warnings: list[str] = []
        partials: Partials = []
        for at, part in enumerate(decode_item(plain, warnings)):
            partials += self._rest_of_part(state, at, part)
        if warnings:
            partials.append(PartialModelResponse(warnings=warnings))
        return partials

    def _rest_of_part(self, state: ItemState, at: int, part: Part) -> Partials:
        """What the deltas have not told of a part; ``at`` is its place in the item."""
        match part:
            case TextPart():
                return self._rest_of_text(state, at, part.text, part.citations or [])
            case ReasoningPart():
                return self._rest_of_reasoning(self._places.slot(state), part)
            case ToolCallPart():
                return self._rest_of_search(self._places.slot(state), part)
            case ToolResultPart():
                return [delta_at(self._places.slot(state).index + 1, ToolResultPartDelta(**part.model_dump()))]
            case ImagePart():
                return [delta_at(self._places.slot(state).index, ImagePartDelta(**part.model_dump()))]
            case OpaquePart():
                # A preview or a text of the same item may stand at its first place already.
                slot = self._places.slot(state, len(state.slots) if state.slots[0].begun else at)
                return [delta_at(slot.index, OpaquePartDelta(**part.model_dump()))]
        return []

    def _rest_of_reasoning(self, slot: Slot, part: ReasoningPart) -> Partials:
        """The signature of the finished item is the one that counts: an earlier one differs from it (recorded)."""
        rest, slot.sent = part.text[slot.sent :], len(part.text)
        return [delta_at(slot.index, ReasoningPartDelta(text=rest, signature=part.signature, id=part.id))]

    def _rest_of_call(self, slot: Slot, item: wire.FunctionCall) -> Partials:
        return [delta_at(slot.index, _call_head(item)), *self._arguments(slot, item.arguments)]

    def _rest_of_search(self, slot: Slot, part: ToolCallPart) -> Partials:
        head = part.model_dump(exclude={"args", "type"})
        if not part.args:
            return [delta_at(slot.index, ToolCallPartDelta(**head))]
        args = dump_json(part.args).decode()
        return [delta_at(slot.index, ToolCallPartDelta(**head, args=args))]

    def _terminal(self, event: wire_events.ResponseEvent) -> Partials:
        """The whole response once more: what was never finished is finished from it."""
        self._ended = True
        response = event.response
        partials: Partials = []
        for at, item in enumerate(response.output or ()):
            state = self._places.find(at)
            told = str(getattr(item, "id", None)) in self._done_ids or (state is not None and state.done)
            if not told:
                partials += self._finish_item(at, item)
        for state in self._places.states():
            partials += self._arguments(self._places.slot(state), state.arguments)
        try:
            whole = read_response(response)
        except RefusalError as error:
            self._error = error
            whole = error.response or ModelResponse(content=[])
        finish_reason = whole.finish_reason
        if not response.output and finish_reason == "stop":
            calls = "function_call" in self._places.kinds()
            finish_reason = "tool_calls" if calls else "stop"
        if self._refusal and self._error is None:
            refusal = "".join(self._refusal)
            said = {"content": [TextPart(text=refusal)], "finish_reason": "content_filter", "finish_detail": REFUSAL}
            self._error = RefusalError(refusal, response=whole.model_copy(update=said), provider=PROVIDER)
        return [
            *partials,
            PartialModelResponse(
                usage=whole.usage,
                finish_reason=finish_reason,
                finish_detail=whole.finish_detail,
                id=whole.id,
                model_id=whole.model_id,
            ),
        ]

    def _error_event(self, event: wire_events.ErrorEvent) -> Partials:
        if event.type is None and event.error is None:
            return []
        message = event.message or "the stream reports an error and gives no message"
        error = embedded_error(event.error or wire.ResponseError(code=event.code, message=message))
        error.locate(provider=PROVIDER, request_id=None)
        raise error

    READERS: ClassVar[EventReaders] = {
        **dict.fromkeys(OPENING, (wire_events.ResponseEvent, _opening)),
        **dict.fromkeys(TERMINAL, (wire_events.ResponseEvent, _terminal)),
        "response.output_item.added": (wire_events.ItemEvent, _item_added),
        "response.output_item.done": (wire_events.ItemEvent, _item_done),
        "response.content_part.added": (wire_events.ContentPartAdded, _content_part_added),
        "response.output_text.delta": (wire_events.PartDelta, _text_delta),
        "response.output_text.done": (wire_events.TextDone, _text_done),
        "response.output_text.annotation.added": (wire_events.AnnotationAdded, _annotation_added),
        "response.refusal.delta": (wire_events.PartDelta, _refusal_delta),
        "response.function_call_arguments.delta": (wire_events.ArgumentsDelta, _arguments_delta),
        "response.function_call_arguments.done": (wire_events.ArgumentsDone, _arguments_done),
        "response.reasoning_summary_part.added": (wire_events.SummaryPartAdded, _summary_part_added),
        "response.reasoning_summary_text.delta": (wire_events.SummaryDelta, _summary_delta),
        "response.reasoning_text.delta": (wire_events.PartDelta, _reasoning_delta),
        "response.image_generation_call.partial_image": (wire_events.PartialImage, _partial_image),
        "error": (wire_events.ErrorEvent, _error_event),
    }


EVENTS = {type: model for type, (model, _) in StreamDecoder.READERS.items()}
"""The models of the events of a stream, by their type."""


def _call_head(item: wire.FunctionCall) -> ToolCallPartDelta:
    signature = join_provenance(item)
    return ToolCallPartDelta(tool_call_id=item.call_id, tool_name=item.name, id=item.id, signature=signature)


def _cite(slot: Slot, citation: Citation) -> PartialModelResponse:
    slot.citations += 1
    return citation_at(slot.index, citation)
