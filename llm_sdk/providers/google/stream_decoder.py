"""The stream chunks of Gemini -> partial responses.

Each is a whole response that holds what is new, and is read in ``reader.py``. There is no end mark: the finish reason
is the end.
"""

from pydantic import ValidationError

from llm_sdk.deltas import Partials
from llm_sdk.providers.google import wire
from llm_sdk.providers.google.content import PROVIDER
from llm_sdk.providers.google.reader import AnswerReader
from llm_sdk.sse import ServerSentEvent
from llm_sdk.wire_event import stream_truncated
from llm_sdk.wire_model import malformed

END_MARK = b"[DONE]"  # sent by some gateways that speak this protocol; the API itself sends none

EVENTS = {"": wire.Response}
"""The models of the events of a stream, by their type; these have none."""


class StreamDecoder:
    """See :class:`llm_sdk.codec.StreamDecoder`."""

    def __init__(self) -> None:
        self._reader = AnswerReader()
        self._number = 0

    def feed(self, event: ServerSentEvent) -> Partials:
        """Read one chunk. A malformed one is an InvariantError that gives its number."""
        if event.data == END_MARK:
            return []
        number, self._number = self._number, self._number + 1
        try:
            chunks = read_chunks(event.data)
        except ValidationError as error:
            malformed(error, f"event {number}", PROVIDER, event.data)
        return [partial for chunk in chunks for partial in self._reader.read(chunk)]

    def close(self) -> Partials:
        """Raises RefusalError for an answer that was blocked, and StreamTruncatedError without a finish reason."""
        if not self._reader.ended:
            raise stream_truncated(self._number, "a finishReason", PROVIDER)
        return self._reader.close()


def read_chunks(data: bytes) -> list[wire.Response]:
    """The chunks of one event. There is one, or one on each line where the blank lines between events are missing
    (recorded)."""
    try:
        return [wire.Response.model_validate_json(data)]
    except ValidationError:
        lines = data.split(b"\n")
        if len(lines) == 1 or not all(line.startswith(b"{") for line in lines):
            raise
        return [wire.Response.model_validate_json(line) for line in lines]


def event_kind(event: ServerSentEvent) -> str:
    """What an event brings: the kinds of its parts; ``finish`` or ``nothing`` where it has none that says anything."""
    chunks = read_chunks(event.data)
    candidates = [candidate for chunk in chunks for candidate in (chunk.candidates or ())[:1]]
    contents = [candidate.content for candidate in candidates if candidate.content is not None]
    parts = [part for content in contents for part in content.parts or ()]
    kinds = [part.kind for part in parts if part.kind != "text" or part.text or part.thought_signature]
    blocked = any(chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason for chunk in chunks)
    ended = blocked or any(candidate.finish_reason is not None for candidate in candidates)
    return "+".join(dict.fromkeys(kinds)) or ("finish" if ended else "nothing")
