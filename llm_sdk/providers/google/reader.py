"""Reads an answer chunk by chunk. A whole answer is a stream of one chunk, so that both give the same response.

Chunks have no positions: a text, a thought or raw sound at the start of a chunk goes on with the one that is open.
Beside another one in the same chunk it is a part of its own, and a part that has got its signature is complete.
"""

from typing import Any

from llm_sdk.codec import dump_json
from llm_sdk.deltas import (
    AudioPartDelta,
    CitationDelta,
    ContentDelta,
    FilePartDelta,
    ImagePartDelta,
    OpaquePartDelta,
    PartDelta,
    PartialModelResponse,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
    ToolResultPartDelta,
)
from llm_sdk.errors import RefusalError
from llm_sdk.providers.google import wire
from llm_sdk.providers.google.content import PROVIDER, decode_part, make_call_id
from llm_sdk.providers.google.errors import embedded_error
from llm_sdk.providers.google.finish import REFUSAL, REFUSALS, decode_finish, decode_word
from llm_sdk.providers.google.grounding import Grounding, WrittenText
from llm_sdk.providers.google.partial_args import PartialArgs
from llm_sdk.providers.google.usage import UsageTotals, decode_usage
from llm_sdk.types import AudioPart, FilePart, ImagePart, ModelResponse, OpaquePart, TextPart, ToolCallPart

OPEN_ENDED = "executableCode"
"""The kind of part whose result is still to come, though its chunk says that the answer stops (recorded)."""


class _StreamedCall:
    """A function call whose arguments come in pieces."""

    def __init__(self, index: int, name: str) -> None:
        self.index = index
        self.name = name
        self.args = PartialArgs()


class AnswerReader:
    """Gives the deltas of each chunk. ``ended`` says whether the finish reason has come."""

    def __init__(self) -> None:
        self.ended = False
        self._id: str | None = None
        self._model_id: str | None = None
        self._next_index = 0
        self._places = 0
        self._open: str = ""
        self._texts: list[WrittenText] = []
        self._made_up = 0
        self._called = False
        self._streamed: _StreamedCall | None = None
        self._grounding = Grounding()
        self._usage = UsageTotals()
        self._blocked: str | None = None
        self._finish_word: str | None = None
        self._more_candidates = False

    def read(self, chunk: wire.Response) -> list[PartialModelResponse]:
        """The partials of one chunk: the first brings the ids, the last the usage and the finish reason.

        Raises StatusCodeError for an error in the place of an answer.
        """
        if chunk.error is not None:
            error = embedded_error(chunk.error)
            error.locate(provider=PROVIDER, request_id=chunk.response_id)
            raise error
        self._id = chunk.response_id or self._id
        self._model_id = chunk.model_version or self._model_id
        warnings: list[str] = []
        deltas: list[ContentDelta] = []
        continued = self._streamed is not None
        candidate = self._candidate(chunk, warnings)
        finished = False
        if candidate is not None:
            deltas = self._read_candidate(candidate, warnings)
            finished = candidate.finish_reason is not None
        self._read_feedback(chunk.prompt_feedback)
        head = {"id": self._id, "model_id": self._model_id}
        tail = self._tail(candidate if finished else None, chunk.usage_metadata, warnings)
        if continued and not deltas and not finished and not tail:
            return []
        steps: list[dict[str, Any]] = [{"delta": delta} for delta in deltas] or [{}]
        steps[0] |= head
        steps[-1] |= tail
        return [PartialModelResponse(**step) for step in steps]

    def close(self) -> list[PartialModelResponse]:
        """What only the end of the answer tells. Raises RefusalError where nothing but a block has come."""
        if self._blocked is not None and not self._next_index:
            raise self._refusal(self._blocked)
        if (search := self._grounding.search()) is not None:
            call, result = search
            args = dump_json(call.args).decode()
            head = call.model_dump(exclude={"args", "type"})
            deltas = (ToolCallPartDelta(**head, args=args), ToolResultPartDelta(**result.model_dump()))
            return [PartialModelResponse(delta=self._new(delta)) for delta in deltas]
        return []

    def _candidate(self, chunk: wire.Response, warnings: list[str]) -> wire.Candidate | None:
        """The first one; that there are more is said once."""
        candidates = chunk.candidates or []
        first = next((candidate for candidate in candidates if not candidate.index), None)
        if len(candidates) > (first is not None) and not self._more_candidates:
            self._more_candidates = True
            warnings.append("candidates: only the first answer of several is read")
        return first

    def _read_candidate(self, candidate: wire.Candidate, warnings: list[str]) -> list[ContentDelta]:
        parts = (candidate.content.parts if candidate.content else None) or []
        deltas: list[ContentDelta] = []
        before = ""
        for part in parts:
            deltas += self._part(part, part.kind, before, warnings)
            before = self._open
        if candidate.finish_reason is not None:
            self._finish_word = decode_word(candidate.finish_reason)
            self.ended = self._finish_word != "STOP" or not (parts and parts[-1].kind == OPEN_ENDED)
            if self._finish_word in REFUSALS:
                self._blocked = candidate.finish_message or f"the answer was blocked: {self._finish_word}"
            deltas += self._cut_call() if self._finish_word == "MAX_TOKENS" else self._end_call()
        if candidate.grounding_metadata is not None:
            for index, citation in self._grounding.add(candidate.grounding_metadata, self._texts):
                delta = TextPartDelta(text="", citation=CitationDelta(**citation.model_dump()))
                deltas.append(ContentDelta(index=index, part=delta))
        return deltas

    def _part(self, part: wire.Part, kind: str, before: str, warnings: list[str]) -> list[ContentDelta]:
        """The deltas of one part. ``before`` is the kind of the part in front of it in the same chunk."""
        if kind == "functionCall" and part.function_call is not None and self._is_piece(part.function_call):
            return self._piece(part, part.function_call)
        ended = self._end_call()
        if kind in ("text", "thought"):
            return ended + self._text(part, kind, before)
        call = part.function_call
        made_up = make_call_id(self._id, self._made_up, call.name or "") if call is not None else ""
        unified = decode_part(part, made_up, warnings)
        if isinstance(unified, ToolCallPart):
            self._made_up += unified.tool_call_id == made_up
            self._called = True
            head = unified.model_dump(exclude={"args", "type"})
            delta: PartDelta = ToolCallPartDelta(**head, args=dump_json(unified.args).decode())
        elif isinstance(unified, AudioPart):
            return ended + self._sound(unified, before)
        elif isinstance(unified, ImagePart):
            delta = ImagePartDelta(**unified.model_dump())
        elif isinstance(unified, FilePart):
            delta = FilePartDelta(**unified.model_dump())
        else:
            assert isinstance(unified, OpaquePart)  # noqa: S101 - every other kind of part is a text
            delta = OpaquePartDelta(**unified.model_dump())
        return [*ended, self._new(delta, kind)]

    def _text(self, part: wire.Part, kind: str, before: str) -> list[ContentDelta]:
        """A text or a thought. An empty one without a signature means something only in front of everything, or
        beside another one."""
        text, signature = part.text or "", part.thought_signature
        goes_on = self._open == kind and before != kind
        if not text and signature is None and not goes_on and before != kind and self._next_index:
            self._places += 1
            self._open = ""
            return []
        make = TextPartDelta if kind == "text" else ReasoningPartDelta
        delta = make(text=text, signature=signature)
        if goes_on:
            change = ContentDelta(index=self._next_index - 1, part=delta)
        else:
            if kind == "text":
                self._texts.append(WrittenText(self._next_index, self._places))
            change = self._new(delta, kind)
        if kind == "text":
            self._texts[-1].fragments.append(text)
        if signature is not None:
            self._open = "signed"
        return [change] if text or signature is not None or not goes_on else []

    def _sound(self, part: AudioPart, before: str) -> list[ContentDelta]:
        kind = f"audio {part.format} {part.sample_rate} {part.channels}"
        delta = AudioPartDelta(**part.model_dump())
        if self._open == kind and before != kind:
            return [ContentDelta(index=self._next_index - 1, part=delta)]
        return [self._new(delta, kind if part.id is None else "signed")]

    def _new(self, part: PartDelta, kind: str = "") -> ContentDelta:
        delta = ContentDelta(index=self._next_index, part=part)
        self._next_index += 1
        self._places += 1
        self._open = kind
        return delta

    def _is_piece(self, call: wire.FunctionCall) -> bool:
        return call.name is None or bool(call.will_continue) or call.partial_args is not None

    def _piece(self, part: wire.Part, call: wire.FunctionCall) -> list[ContentDelta]:
        """A piece of a call: the first has the name, one without anything in it ends the call."""
        deltas: list[ContentDelta] = []
        if call.name is not None:
            deltas += self._end_call()
            made_up = make_call_id(self._id, self._made_up, call.name)
            self._made_up += call.id is None
            self._called = True
            head = ToolCallPartDelta(
                tool_call_id=call.id or made_up, tool_name=call.name, signature=part.thought_signature
            )
            deltas.append(self._new(head, "functionCall"))
            self._streamed = _StreamedCall(self._next_index - 1, call.name)
        if self._streamed is not None:
            for piece in call.partial_args or ():
                self._streamed.args.add(piece)
            if not call.will_continue:
                deltas += self._end_call()
        return deltas

    def _end_call(self) -> list[ContentDelta]:
        """The arguments of a call whose pieces have all come. Some have no piece that says so (recorded)."""
        streamed, self._streamed = self._streamed, None
        if streamed is None:
            return []
        args = ToolCallPartDelta(args=dump_json(streamed.args.args).decode())
        return [ContentDelta(index=streamed.index, part=args)]

    def _cut_call(self) -> list[ContentDelta]:
        """What has come of a call that the token limit cut is shown, and nobody may run it."""
        streamed, self._streamed = self._streamed, None
        if streamed is None:
            return []
        came = dump_json(streamed.args.args).decode()
        return [ContentDelta(index=streamed.index, part=ToolCallPartDelta(args=came.removesuffix("}") or "{"))]

    def _read_feedback(self, feedback: wire.PromptFeedback | None) -> None:
        if feedback is not None and feedback.block_reason is not None:
            self.ended = True
            reason = feedback.block_reason_message or f"the prompt was blocked: {feedback.block_reason}"
            self._blocked = reason

    def _tail(
        self, candidate: wire.Candidate | None, usage: wire.UsageMetadata | None, warnings: list[str]
    ) -> dict[str, Any]:
        """The fields of the last partial of a chunk. ``candidate`` is one that has finished."""
        tail: dict[str, Any] = {}
        total = decode_usage(usage) if usage is not None else None
        if total is not None and (increment := self._usage.increment(total)) is not None:
            tail["usage"] = increment
        if candidate is not None and candidate.finish_reason is not None:
            reason, detail = decode_finish(candidate.finish_reason, called=self._called)
            tail |= {"finish_reason": reason, "finish_detail": detail}
        if warnings:
            tail["warnings"] = warnings
        return tail

    def _refusal(self, text: str) -> RefusalError:
        whole = ModelResponse(
            content=[TextPart(text=text)],
            usage=self._usage.total,
            finish_reason="content_filter",
            finish_detail=REFUSAL,
            id=self._id,
            model_id=self._model_id,
        )
        return RefusalError(text, response=whole, provider=PROVIDER)
