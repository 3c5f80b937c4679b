"""The kinds of output items of a streamed answer: the events that open each, go on with it and end it."""

from llm_sdk.accumulator import StreamAccumulator
from llm_sdk.codec import Ids, ModelCall
from llm_sdk.deltas import ContentDelta, TextPartDelta, ToolCallPartDelta, cited
from llm_sdk.providers.openai import id_forms
from llm_sdk.providers.openai.content import PROVIDER, WEB_SEARCH, encode_annotation, is_own_image
from llm_sdk.providers.openai.function_call import split_provenance
from llm_sdk.providers.openai.hosted import OPENED, deltas_of
from llm_sdk.providers.openai.item_events import ALPHANUMERIC, Events, OpenItem
from llm_sdk.providers.openai.logprobs import encode_logprobs, with_logprobs
from llm_sdk.providers.openai.reasoning import join_id, reasoning_text, split_fragment, split_id
from llm_sdk.providers.openai.request import wants_encrypted_reasoning
from llm_sdk.providers.openai.response import encode_item, encode_message, message_id, new_id, search_id
from llm_sdk.types import JsonObject, TextPart, ToolResultPart
from llm_sdk.uncarried import cannot_answer, nameless_call, other_kind


class OpenMessage(OpenItem):
    """Text parts with the same signature, each a content part of one message."""

    def __init__(
        self, delta: ContentDelta, output_index: int, events: Events, call: ModelCall, ids: Ids, *, refused: bool
    ) -> None:
        super().__init__(delta, output_index, events, ids)
        self._signature = delta.part.signature if isinstance(delta.part, TextPartDelta) else None
        id, phase = message_id(self._signature)
        self._id = id or new_id(id_forms.MESSAGE_ID, ids)
        self._refused = refused
        self._call = call
        self._texts: list[TextPart] = []
        self._current: int | None = None
        self._written: list[str] = []
        self._citations = 0
        item = {"id": self._id, "type": "message", "status": "in_progress", "content": [], "role": "assistant"}
        self._add({**item, "phase": phase} if phase else item)

    def takes(self, delta: ContentDelta) -> bool:
        if delta.index in self.indices:
            return delta.index == self._current
        return isinstance(delta.part, TextPartDelta) and delta.part.signature == self._signature

    def feed(self, delta: ContentDelta) -> None:
        part = delta.part
        if not isinstance(part, TextPartDelta):
            raise other_kind(delta.index, part, "text", PROVIDER)
        if delta.index != self._current:
            self._finish_part()
            self._current = delta.index
            self.indices.add(delta.index)
            self._emit("content_part.added", **self._place(), part=self._part(TextPart(text="")))
        self._collect(delta)
        kind = "refusal" if self._refused else "output_text"
        extra: JsonObject = {} if self._refused else {"logprobs": encode_logprobs(part.text, self._call)}
        self._emit_delta(f"{kind}.delta", part.text, **self._place(), **extra)
        self._written.append(part.text)
        if (citation := cited(part)) is not None:
            annotation = encode_annotation(citation, "".join(self._written))
            place = {**self._place(), "annotation_index": self._citations}
            self._emit("output_text.annotation.added", **place, annotation=annotation)
            self._citations += 1

    def finish(self) -> JsonObject:
        self._finish_part()
        return self._done(self._message(self._texts))

    def _place(self) -> JsonObject:
        return {"content_index": len(self._texts), "item_id": self._id}

    def _part(self, text: TextPart) -> JsonObject:
        content: JsonObject = self._message([text])["content"][0]
        return content

    def _message(self, texts: list[TextPart]) -> JsonObject:
        return with_logprobs(encode_message(texts, self._ids, refused=self._refused, id=self._id), self._call)

    def _finish_part(self) -> None:
        if self._current is None:
            return
        [text] = [part for part in self._content() if isinstance(part, TextPart)]
        if self._refused:
            self._emit("refusal.done", **self._place(), refusal=text.text)
        else:
            logprobs = encode_logprobs(text.text, self._call)
            self._emit("output_text.done", **self._place(), logprobs=logprobs, text=text.text)
        self._emit("content_part.done", **self._place(), part=self._part(text))
        self._texts.append(text)
        self._parts = StreamAccumulator()
        self._written = []
        self._citations = 0
        self._current = None


class OpenFunctionCall(OpenItem):
    """Name and ids come first, then the arguments as they are written."""

    def __init__(self, delta: ContentDelta, output_index: int, events: Events, ids: Ids) -> None:
        super().__init__(delta, output_index, events, ids)
        part = delta.part
        if not isinstance(part, ToolCallPartDelta) or not part.tool_name or not part.tool_call_id:
            raise nameless_call(delta.index, PROVIDER)
        self._id = part.id or new_id(id_forms.FUNCTION_CALL_ID, ids)
        self._arguments: list[str] = []
        self._item = {
            "id": self._id,
            "type": "function_call",
            "status": "in_progress",
            "arguments": "",
            "call_id": part.tool_call_id,
            "name": part.tool_name,
            **split_provenance(part.signature),
        }
        self._add(self._item)

    def feed(self, delta: ContentDelta) -> None:
        if isinstance(delta.part, ToolCallPartDelta) and delta.part.args:
            self._write(delta.part.args)

    def _write(self, fragment: str) -> None:
        self._arguments.append(fragment)
        self._emit_delta("function_call_arguments.delta", fragment, item_id=self._id)

    def finish(self) -> JsonObject:
        if not self._arguments:
            self._write("{}")
        arguments = "".join(self._arguments)
        self._emit("function_call_arguments.done", arguments=arguments, item_id=self._id)
        return self._done({**self._item, "status": "completed", "arguments": arguments})


class OpenSearch(OpenItem):
    """A hosted search: nothing of it is written in pieces, and its result ends up in the item.

    Several may be under way at once (recorded): one that has not said what it searches for waits.
    """

    def __init__(self, delta: ContentDelta, output_index: int, events: Events, ids: Ids) -> None:
        super().__init__(delta, output_index, events, ids)
        self._tool_call_id = getattr(delta.part, "tool_call_id", None)
        self._id = search_id(getattr(delta.part, "id", None), self._tool_call_id, ids)
        self._searching = False
        self._add({"id": self._id, "type": "web_search_call", "status": "in_progress"})
        self._progress("web_search_call", self._id)

    @property
    def waits(self) -> bool:
        return not self._searching

    def takes(self, delta: ContentDelta) -> bool:
        result = delta.part.type == "tool-result" and delta.part.tool_call_id == self._tool_call_id
        return delta.index in self.indices or result

    def feed(self, delta: ContentDelta) -> None:
        self.indices.add(delta.index)
        self._searching = self._searching or bool(getattr(delta.part, "args", None))
        self._collect(delta)

    def finish(self) -> JsonObject:
        self._emit("web_search_call.completed", item_id=self._id)
        call, *results = self._content()
        result = results[0] if results and isinstance(results[0], ToolResultPart) else None
        return self._done(encode_item(call.model_copy(update={"id": self._id}), result, "", self._ids))


class OpenReasoning(OpenItem):
    """The summary, cut into its parts where their titles begin, and the content behind it.

    An ``encrypted_content`` that comes with ``output_item.added`` is not the final one, and differs from it, as it does
    in the API.
    """

    def __init__(self, delta: ContentDelta, output_index: int, events: Events, ids: Ids, *, encrypted: bool) -> None:
        super().__init__(delta, output_index, events, ids)
        self._id = split_id(getattr(delta.part, "id", None))[0] or new_id(id_forms.REASONING_ID, ids)
        self._starts: list[int] = []
        self._position = 0
        self._summary: list[list[str]] = []
        self._held = ""
        self._contents: list[list[str]] = []
        item: JsonObject = {"id": self._id, "type": "reasoning", "summary": []}
        if encrypted:
            item["encrypted_content"] = "gAAAAA" + ids.token(64, ALPHANUMERIC)
        self._add(item)

    def feed(self, delta: ContentDelta) -> None:
        self._collect(delta)
        text, id = getattr(delta.part, "text", ""), getattr(delta.part, "id", None)
        if id is not None:
            _, self._starts = split_id(id)
        for at, piece in split_fragment(text, self._position, self._starts):
            if at is None:
                self._summarize(piece)
            else:
                self._begin_contents(at + 1)
                self._contents[at].append(piece)
                self._emit_delta("reasoning_text.delta", piece, **self._content_place())
        self._position += len(text)

    def _summarize(self, piece: str) -> None:
        text = self._held + piece
        # A line end at the end may be the one before the next part's title.
        self._held = next((end for end in ("\n*", "\n") if text.endswith(end)), "")
        self._write(text.removesuffix(self._held))

    def _write(self, text: str) -> None:
        if not text:
            return
        first, *others = text.split("\n**")
        if first or not self._summary:
            self._text(first)
        for other in others:
            self._end_part()
            self._begin_part()
            self._text("**" + other)

    def _begin_part(self) -> None:
        self._summary.append([])
        self._emit("reasoning_summary_part.added", **self._place(), part={"type": "summary_text", "text": ""})

    def _text(self, text: str) -> None:
        if not self._summary:
            self._begin_part()
        self._summary[-1].append(text)
        self._emit_delta("reasoning_summary_text.delta", text, **self._place())

    def _end_part(self) -> None:
        text = "".join(self._summary[-1])
        self._emit("reasoning_summary_text.done", **self._place(), text=text)
        self._emit("reasoning_summary_part.done", **self._place(), part={"type": "summary_text", "text": text})

    def _place(self) -> JsonObject:
        return {"item_id": self._id, "summary_index": len(self._summary) - 1}

    def _end_summary(self) -> None:
        self._write(self._held)
        self._held = ""
        if self._summary:
            self._end_part()

    def _begin_contents(self, count: int) -> None:
        """End what comes before the last of so many content parts, and begin those that have not begun."""
        while len(self._contents) < count:
            if self._contents:
                self._end_content()
            else:
                self._end_summary()
            self._contents.append([])
            self._emit("content_part.added", **self._content_place(), part=reasoning_text(""))

    def _end_content(self) -> None:
        text = "".join(self._contents[-1])
        self._emit("reasoning_text.done", **self._content_place(), text=text)
        self._emit("content_part.done", **self._content_place(), part=reasoning_text(text))

    def _content_place(self) -> JsonObject:
        return {"item_id": self._id, "content_index": len(self._contents) - 1}

    def finish(self) -> JsonObject:
        if self._starts:
            self._begin_contents(len(self._starts))
            self._end_content()
        else:
            self._end_summary()
        [part] = self._content()
        id = join_id(self._id, self._starts)
        return self._done(encode_item(part.model_copy(update={"id": id}), None, "", self._ids))


class OpenImage(OpenItem):
    """Every image but the last is a preview."""

    def __init__(self, delta: ContentDelta, output_index: int, events: Events, ids: Ids) -> None:
        super().__init__(delta, output_index, events, ids)
        given = getattr(delta.part, "id", None)
        self._id = given if given is not None and is_own_image(given) else new_id(id_forms.IMAGE_ID, ids)
        self._previews = 0
        self._seen = False
        self._add({"id": self._id, "type": "image_generation_call", "status": "in_progress"})
        self._progress("image_generation_call", self._id)

    def feed(self, delta: ContentDelta) -> None:
        if self._seen:
            preview = self._whole()
            self._emit(
                "image_generation_call.partial_image",
                item_id=self._id,
                partial_image_index=self._previews,
                partial_image_b64=preview["result"],
                output_format=preview["output_format"],
            )
            self._previews += 1
        self._collect(delta)
        self._seen = True

    def _whole(self) -> JsonObject:
        [image] = self._content()
        return encode_item(image.model_copy(update={"id": self._id}), None, "", self._ids)

    def finish(self) -> JsonObject:
        item = self._whole()
        self._emit("image_generation_call.completed", item_id=self._id)
        return self._done(item)


class OpenOpaque(OpenItem):
    """An item in the provider's own words."""

    def feed(self, delta: ContentDelta) -> None:
        self._collect(delta)

    def finish(self) -> JsonObject:
        [part] = self._content()
        item = encode_item(part, None, "", self._ids)
        kind, id = str(item.get("type")), str(item.get("id", ""))
        self._add({**item, **OPENED.get(kind, {})})
        self._progress(kind, id, failed=bool(item.get("error")))
        for event, fields in deltas_of(kind, item):
            place = {} if event.startswith("shell_call_command.") else {"item_id": id}
            self._emit(event, **place, **fields)
        return self._done(item)


def open_item(
    delta: ContentDelta, output_index: int, events: Events, call: ModelCall, ids: Ids, *, refused: bool
) -> OpenItem:
    """Write the events that open the item of this delta. Raises UnsupportedError for a part without an item."""
    part = delta.part
    match part.type:
        case "text":
            return OpenMessage(delta, output_index, events, call, ids, refused=refused)
        case "tool-call" if not part.provider_executed:
            return OpenFunctionCall(delta, output_index, events, ids)
        case "tool-call" if part.tool_name == WEB_SEARCH:
            return OpenSearch(delta, output_index, events, ids)
        case "reasoning":
            return OpenReasoning(delta, output_index, events, ids, encrypted=wants_encrypted_reasoning(call))
        case "image":
            return OpenImage(delta, output_index, events, ids)
        case "opaque" if part.provider == PROVIDER:
            return OpenOpaque(delta, output_index, events, ids)
    raise cannot_answer(part.type, f"content[{delta.index}]", PROVIDER)
