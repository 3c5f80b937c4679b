"""One part of a streamed answer: what opens it, goes on with it and ends it, and in which chunk."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from llm_sdk.accumulator import StreamAccumulator
from llm_sdk.deltas import (
    AudioPartDelta,
    ContentDelta,
    OpaquePartDelta,
    PartialModelResponse,
    ReasoningPartDelta,
    TextPartDelta,
    cited,
)
from llm_sdk.providers.google.content import encode_text, signed
from llm_sdk.providers.google.media import encode_media
from llm_sdk.providers.google.response import PartWriter
from llm_sdk.types import AudioPart, Citation, JsonObject

SIGNATURE = "thoughtSignature"


class Change(NamedTuple):
    """A delta of one part; ``begins`` says that it comes with a new chunk."""

    part: Any
    begins: bool


class OpenPart(ABC):
    """A part that has begun. ``piece`` is what of it stands in the chunk that is being made, and ``kind`` what sort of
    part it is: a chunk holds parts of one kind (recorded)."""

    goes_on = False
    """Whether a reader would take a part of the same kind, first in the next chunk, to go on with this one."""

    def __init__(self, index: int, kind: str) -> None:
        self.index = index
        self.kind = kind
        self.piece: JsonObject = {}

    @abstractmethod
    def feed(self, change: Change) -> JsonObject | None:
        """Take a delta, the first one included. Returns a piece that has to stand in a chunk of its own; None where
        this delta needs none, or is told by :attr:`piece`."""

    @abstractmethod
    def finish(self) -> None:
        """Complete the last piece."""


class OpenText(OpenPart):
    """A text or a thought: every fragment goes out in a chunk of its own. The signature goes with the last one."""

    def __init__(self, index: int, *, thought: bool) -> None:
        super().__init__(index, "thought" if thought else "text")
        self.goes_on = True
        self.is_text = not thought
        self.fragments: list[str] = []
        self.citations: list[Citation] = []
        self._signature: str | None = None
        self._thought = thought

    @property
    def text(self) -> str:
        """All of it so far."""
        return "".join(self.fragments)

    def feed(self, change: Change) -> JsonObject | None:
        part: TextPartDelta | ReasoningPartDelta = change.part
        begins = change.begins
        if isinstance(part, TextPartDelta) and (citation := cited(part)) is not None:
            self.citations.append(citation)
        first = not self.piece
        self.fragments.append(part.text)
        if first:
            self.piece = encode_text(part.text, None, thought=self._thought)
        if part.text and not first and (begins or self.piece["text"]):
            self._hold()
            self.piece = encode_text(part.text, None, thought=self._thought)
            self._sign(part.signature)
            return self.piece
        if not first and begins and part.signature is not None:
            self.piece = encode_text("", part.signature, thought=self._thought)
            return self.piece
        if not first and part.text:
            self.piece["text"] = part.text
        if first and not part.text:
            self._signature = part.signature
        else:
            self._sign(part.signature)
        return None

    def _hold(self) -> None:
        self._signature = self.piece.pop(SIGNATURE, self._signature)

    def _sign(self, signature: str | None) -> None:
        if signature is not None:
            self.piece[SIGNATURE] = self._signature = signature

    def finish(self) -> None:
        if self._signature is not None:
            self.piece[SIGNATURE] = self._signature
            self.goes_on = False


class OpenSound(OpenPart):
    """A sound: every fragment is an ``inlineData`` of its own. It has no transcript."""

    def __init__(self, index: int, part: AudioPartDelta) -> None:
        super().__init__(index, f"audio {part.format} {part.sample_rate} {part.channels}")
        self.goes_on = part.id is None
        self._told = StreamAccumulator()

    def feed(self, change: Change) -> JsonObject | None:
        part: AudioPartDelta = change.part
        first = not self.piece
        self._told.add_partial(PartialModelResponse(delta=ContentDelta(index=0, part=part)))
        if part.data is None:
            return None
        [sound] = self._told.compute_response().content
        assert isinstance(sound, AudioPart)  # noqa: S101 - it was told by deltas of sound only
        self.piece = piece = signed(encode_media(sound.model_copy(update={"data": part.data})), sound.id)
        return None if first else piece

    def finish(self) -> None:
        """Every piece is complete."""


class OpenWhole(OpenPart):
    """A part that goes out in one piece: a function call, an image, a file, whatever is the provider's own."""

    def __init__(self, index: int, kind: str, parts: PartWriter) -> None:
        super().__init__(index, kind)
        self._parts = parts
        self._told = StreamAccumulator()

    def feed(self, change: Change) -> JsonObject | None:
        delta = ContentDelta(index=self.index, part=change.part)
        self._told.add_partial(PartialModelResponse(delta=delta))
        return None

    def finish(self) -> None:
        if self.piece:
            return
        [part] = self._told.compute_response().content
        self.piece |= self._parts.encode(part, f"content[{self.index}]")


def open_part(delta: ContentDelta, parts: PartWriter) -> OpenPart:
    """The part that a delta begins."""
    match delta.part:
        case TextPartDelta():
            return OpenText(delta.index, thought=False)
        case ReasoningPartDelta():
            return OpenText(delta.index, thought=True)
        case AudioPartDelta():
            return OpenSound(delta.index, delta.part)
        case OpaquePartDelta(data=data):
            return OpenWhole(delta.index, " ".join(data), parts)
    return OpenWhole(delta.index, delta.part.type, parts)
