"""One part of a streamed response in the making, for each kind of part.

The laws that hold here are listed in :mod:`llm_sdk.accumulator`.
"""

import base64
from contextlib import suppress
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from llm_sdk.deltas import (
    AudioPartDelta,
    CitationDelta,
    FilePartDelta,
    ImagePartDelta,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
)
from llm_sdk.errors import InvariantError, MalformedArgumentsError
from llm_sdk.json_model import copy_json
from llm_sdk.types import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    JsonObject,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

__all__ = ["PartBuilder", "parse_tool_arguments", "part_builder"]

Delta = TypeVar("Delta", TextPartDelta, ToolCallPartDelta, ReasoningPartDelta, AudioPartDelta, Any)


def parse_tool_arguments(text: str, tool_name: str) -> JsonObject:
    """The arguments of a call, ``{}`` where there are none. Raises MalformedArgumentsError that names the tool and
    shows the text.

    Integers keep every digit, and of two equal keys the last one counts. What no unified type can hold is refused
    (see :func:`llm_sdk.json_model.copy_json`), though a lenient reader may call it JSON.
    """
    if not text.strip():
        return {}
    try:
        args = copy_json(from_json(text, allow_inf_nan=False))
    except ValueError as error:
        raise _malformed(text, tool_name, f"JSON ({error})") from None
    if not isinstance(args, dict):
        raise _malformed(text, tool_name, "a JSON object")
    return args


def _malformed(text: str, tool_name: str, wanted: str) -> MalformedArgumentsError:
    message = f"the arguments of tool {tool_name!r} are not {wanted}: {_shorten(text)}"
    return MalformedArgumentsError(message, tool_name=tool_name, arguments=text)


def _parse_started_arguments(text: str) -> JsonObject:
    try:
        args = copy_json(from_json(text, allow_partial="trailing-strings", allow_inf_nan=False))
    except ValueError:
        return {}
    return args if isinstance(args, dict) else {}


def _shorten(text: str, limit: int = 500) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


class PartBuilder(Generic[Delta]):
    """One part in the making; ``once`` names the fields that come whole."""

    kind: str
    once: frozenset[str] = frozenset()

    def __init__(self, index: int) -> None:
        self._index = index
        self._fields: JsonObject = {}
        self._fragments: list[str] = []

    def add(self, delta: Delta) -> None:
        """Add one change. Nothing of the delta is kept that anyone could change later."""
        raise NotImplementedError

    def build(self) -> Part:
        """The whole part. Raises InvariantError that names the index for one that is not complete."""
        raise NotImplementedError

    def show(self) -> Part | None:
        """What can be shown so far, and ``None`` where :meth:`build` would raise for good reason; never raises."""
        try:
            return self.build()
        except InvariantError:
            return None

    def _take(self, delta: Delta) -> None:
        for name in self.once & delta.model_fields_set:
            value = getattr(delta, name)
            if value is not None and (value or name not in self._fields):
                self._fields[name] = value

    def _lacks(self, field: str) -> InvariantError:
        return InvariantError(f"content {self._index}: the {self.kind} part has ended without {field}")


class _Text(PartBuilder[TextPartDelta]):
    kind = "text"
    once = frozenset({"signature"})

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self._citations: list[CitationDelta] = []

    def add(self, delta: TextPartDelta) -> None:
        self._fragments.append(delta.text)
        if delta.citation is not None:
            self._citations.append(delta.citation)
        if delta.signature is not None:
            self._take(delta)

    def build(self) -> TextPart:
        if any(citation.source is None for citation in self._citations):
            raise self._lacks("the source of a citation")
        return self.show()

    def show(self) -> TextPart:
        citations = [
            Citation(**citation.model_dump(exclude={"type"}))
            for citation in self._citations
            if citation.source is not None
        ]
        return TextPart(text="".join(self._fragments), citations=citations, **self._fields)


class _ToolCall(PartBuilder[ToolCallPartDelta]):
    kind = "tool-call"
    once = frozenset({"tool_call_id", "tool_name", "id", "signature", "provider_executed"})

    def add(self, delta: ToolCallPartDelta) -> None:
        if delta.args is not None:
            self._fragments.append(delta.args)
        self._take(delta)

    def build(self) -> ToolCallPart:
        for name in ("tool_call_id", "tool_name"):
            if name not in self._fields:
                raise self._lacks(name)
        args = parse_tool_arguments("".join(self._fragments), self._fields["tool_name"])
        return ToolCallPart(args=args, **self._fields)

    def show(self) -> ToolCallPart | None:
        if not {"tool_call_id", "tool_name"} <= self._fields.keys():
            return None
        return ToolCallPart(args=_parse_started_arguments("".join(self._fragments)), **self._fields)


class _Reasoning(PartBuilder[ReasoningPartDelta]):
    kind = "reasoning"
    once = frozenset({"signature", "id"})

    def add(self, delta: ReasoningPartDelta) -> None:
        self._fragments.append(delta.text)
        self._take(delta)

    def build(self) -> ReasoningPart:
        return ReasoningPart(text="".join(self._fragments), **self._fields)


class _Audio(PartBuilder[AudioPartDelta]):
    """The fragments are those of the transcript; ``_sounds`` holds the base64 as it came."""

    kind = "audio"
    once = frozenset({"format", "sample_rate", "channels", "id"})

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self._sounds: list[str] = []

    def add(self, delta: AudioPartDelta) -> None:
        if delta.data is not None:
            self._sounds.append(delta.data)
        if delta.transcript is not None:
            self._fragments.append(delta.transcript)
        self._take(delta)

    def build(self) -> AudioPart:
        if not self._sounds:
            raise self._lacks("data")
        if "format" not in self._fields:
            raise self._lacks("format")
        return self._part([self._decoded(data) for data in self._sounds])

    def show(self) -> AudioPart | None:
        if "format" not in self._fields:
            return None
        sounds: list[bytes] = []
        with suppress(InvariantError):
            sounds.extend(map(self._decoded, self._sounds))
        return self._part(sounds)

    def _decoded(self, data: str) -> bytes:
        try:
            return base64.b64decode(data, validate=True)
        except ValueError as error:
            raise InvariantError(f"content {self._index}: audio data that is not base64 ({error})") from None

    def _part(self, sounds: list[bytes]) -> AudioPart:
        transcript = "".join(self._fragments) if self._fragments else None
        data = base64.b64encode(b"".join(sounds)).decode("ascii")
        return AudioPart(data=data, transcript=transcript, **self._fields)


class _Whole(PartBuilder[Any]):
    """A part that each delta brings whole: the last one wins."""

    part: type[ImagePart | FilePart | ToolResultPart | OpaquePart]

    def add(self, delta: Any) -> None:
        self._fields = delta.model_dump()

    def build(self) -> Part:
        try:
            return self.part.model_validate(self._fields)
        except ValidationError as error:
            what = "; ".join(
                f"{'.'.join(map(str, item['loc']))} {item['msg'].removeprefix('Value error, ')}".strip()
                for item in error.errors()
            )
            raise InvariantError(f"content {self._index}: the {self.kind} part is not complete: {what}") from None


class _Attachment(_Whole):
    """A whole part whose fields may come apart; new data takes the place of a URL, and the other way round."""

    def add(self, delta: ImagePartDelta | FilePartDelta) -> None:
        fields = delta.model_dump()
        if fields.keys() & {"data", "url"}:
            self._fields.pop("data", None)
            self._fields.pop("url", None)
        self._fields |= fields


class _Image(_Attachment):
    kind = "image"
    part = ImagePart


class _File(_Attachment):
    kind = "file"
    part = FilePart


class _ToolResult(_Whole):
    kind = "tool-result"
    part = ToolResultPart


class _Opaque(_Whole):
    kind = "opaque"
    part = OpaquePart


_BUILDERS: dict[str, type[PartBuilder[Any]]] = {
    builder.kind: builder for builder in (_Text, _ToolCall, _Reasoning, _Audio, _Image, _File, _ToolResult, _Opaque)
}


def part_builder(kind: str, index: int) -> PartBuilder[Any]:
    """An empty builder for a part of this ``kind`` at this ``index`` of the content."""
    return _BUILDERS[kind](index)
