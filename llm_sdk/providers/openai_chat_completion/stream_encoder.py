"""Partial responses -> the stream chunks of Chat Completions.

Parts may come in any order; what every chunk repeats stands in ``stream_chunks.py``.
"""

from llm_sdk.accumulator import StreamAccumulator
from llm_sdk.codec import Ids, ModelCall
from llm_sdk.deltas import (
    AudioPartDelta,
    ContentDelta,
    OpaquePartDelta,
    PartialModelResponse,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
    cited,
)
from llm_sdk.providers.openai_chat_completion.content import PROVIDER, is_image, split_signature
from llm_sdk.providers.openai_chat_completion.finish import REFUSAL, encode_finish
from llm_sdk.providers.openai_chat_completion.response import AUDIO_LIFETIME, encode_annotations, is_legacy
from llm_sdk.providers.openai_chat_completion.stream_chunks import Chunks
from llm_sdk.providers.openai_chat_completion.thinking import DEFAULT_FIELD, DETAILS, FIELDS, OPAQUE, read_beside
from llm_sdk.providers.openai_chat_completion.usage import encode_usage
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import Citation, JsonObject, ReasoningPart, TextPart
from llm_sdk.uncarried import cannot_answer, nameless_call


class StreamEncoder:
    """See :class:`llm_sdk.codec.StreamEncoder`."""

    def __init__(self, call: ModelCall, ids: Ids) -> None:
        self._call = call
        self._ids = ids
        self._chunks = Chunks(call, ids)
        self._head = StreamAccumulator()
        self._refused = False
        self._texts: dict[int, list[str]] = {}
        self._citations: dict[int, list[Citation]] = {}
        self._calls: dict[int, int] = {}
        self._hosted: set[int] = set()
        self._field = DEFAULT_FIELD
        self._audio_begun = False

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        """Write what this partial brings. Raises UnsupportedError for a part that this protocol cannot carry."""
        self._head.add_partial(partial.model_copy(update={"delta": None}))
        self._refused = self._refused or partial.finish_detail == REFUSAL
        if partial.delta is not None:
            self._write(partial.delta)
        return self._chunks.take()

    def close(self) -> list[ServerSentEvent]:
        """Write the end of the answer, its usage where it was asked for, and the end mark."""
        whole = self._head.compute_response()
        self._begin({"content": "", "refusal": None})
        if self._audio_begun:
            self._chunks.emit({"audio": {"expires_at": int(self._ids.now()) + AUDIO_LIFETIME}})
        texts = [
            TextPart(text="".join(fragments), citations=self._citations.get(index))
            for index, fragments in sorted(self._texts.items())
        ]
        if annotations := encode_annotations(texts):
            self._chunks.emit({"annotations": annotations})
        finish_reason = encode_finish(whole, calls=bool(self._calls))
        if finish_reason == "tool_calls" and is_legacy(self._call):
            finish_reason = "function_call"
        self._chunks.emit({}, finish_reason)
        if self._chunks.wants_usage and whole.usage is not None:
            self._chunks.emit_usage(encode_usage(whole.usage, self._call))
        self._chunks.emit_end()
        return self._chunks.take()

    def _begin(self, opening: JsonObject) -> None:
        """The first chunk, where there was none: it has the role, and an empty piece of what comes first."""
        if not self._chunks.begun:
            self._chunks.begin(self._head.snapshot())
            self._chunks.emit({"role": "assistant", **opening})

    def _write(self, delta: ContentDelta) -> None:
        match delta.part:
            case TextPartDelta() as part:
                self._text(delta.index, part)
            case ReasoningPartDelta() as part:
                self._reasoning(part)
            case AudioPartDelta() as part:
                self._audio(part)
            case ToolCallPartDelta() as part:
                self._call_delta(delta.index, part)
            case OpaquePartDelta(provider=provider, data=data) if is_image(provider, data):
                self._begin({"content": "", "refusal": None})
                self._chunks.emit({"images": [data]})
            case OpaquePartDelta(provider=provider, data=data) if provider == PROVIDER and "id" in data:
                position = self._calls.setdefault(delta.index, len(self._calls))
                self._tool_call({"index": position, **data})
            case part if not getattr(part, "provider_executed", None):
                raise cannot_answer(part.type, f"content[{delta.index}]", PROVIDER)

    def _text(self, index: int, part: TextPartDelta) -> None:
        self._texts.setdefault(index, []).append(part.text)
        if (citation := cited(part)) is not None:
            self._citations.setdefault(index, []).append(citation)
        if self._refused:
            self._begin({"content": None, "refusal": ""})
        else:
            self._begin({"content": "", "refusal": None})
        if part.text:
            self._chunks.emit({"refusal" if self._refused else "content": part.text})

    def _reasoning(self, part: ReasoningPartDelta) -> None:
        self._field = part.id if part.id in FIELDS else self._field
        self._begin({"content": None})
        if part.text and self._field not in (DETAILS, OPAQUE):
            self._chunks.emit({self._field: part.text})
        if beside := read_beside(ReasoningPart(text="", id=self._field, signature=part.signature)):
            self._chunks.emit(beside)

    def _audio(self, part: AudioPartDelta) -> None:
        if not self._audio_begun:
            self._audio_begun = True
            self._begin({"content": None, "refusal": None})
            self._chunks.emit({"audio": {"id": part.id or self._chunks.audio_id, "transcript": ""}})
        for name in ("data", "transcript"):
            if value := getattr(part, name):
                self._chunks.emit({"audio": {name: value}})

    def _call_delta(self, index: int, part: ToolCallPartDelta) -> None:
        if part.provider_executed or index in self._hosted:
            self._hosted.add(index)  # a hosted search shows in its citations only
            return
        begins = index not in self._calls
        if begins and not (part.tool_call_id and part.tool_name):
            raise nameless_call(index, PROVIDER)
        position = self._calls.setdefault(index, len(self._calls))
        function: JsonObject = {"name": part.tool_name} if begins else {}
        if part.args or begins:
            function["arguments"] = part.args or ""
        signed = split_signature(part.signature)
        if is_legacy(self._call):
            self._begin({"content": None})
            self._chunks.emit({"function_call": function})
        elif begins:
            head = {"index": position, "id": part.tool_call_id, "type": "function", "function": function}
            self._tool_call({**head, **signed})
        elif function or signed:
            self._tool_call({"index": position, "function": function, **signed})

    def _tool_call(self, call: JsonObject) -> None:
        """The first call of an answer that begins with one stands in its first chunk (recorded)."""
        if self._chunks.begun:
            self._chunks.emit({"tool_calls": [call]})
        else:
            self._begin({"content": None, "tool_calls": [call], "refusal": None})
