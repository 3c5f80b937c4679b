"""The chunks of a streamed answer, as the API writes them: what each repeats, and its padding."""

from typing import Any

from llm_sdk.codec import Ids, ModelCall, dump_json
from llm_sdk.providers.openai_chat_completion import id_forms, wire
from llm_sdk.providers.openai_chat_completion.logprobs import encode_logprobs
from llm_sdk.providers.openai_chat_completion.request import wants_usage
from llm_sdk.providers.openai_chat_completion.response import describe, new_id, wanted_choices
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, ModelResponse

# A chunk without its padding, and the padding, are together a multiple of this many characters (recorded).
OBFUSCATION_BLOCK = 16


class Chunks:
    """Writes chunks. Those for a request for several choices come once for each."""

    def __init__(self, call: ModelCall, ids: Ids) -> None:
        options = (call.input.extra or {}).get("stream_options")
        self._obfuscate = not (isinstance(options, dict) and options.get("include_obfuscation") is False)
        self.wants_usage = wants_usage(call)
        self._choices = wanted_choices(call)
        self._call = call
        self._ids = ids
        self._head: JsonObject | None = None
        self.audio_id = ""
        self._written: list[ServerSentEvent] = []

    @property
    def begun(self) -> bool:
        """Whether anything was written."""
        return self._head is not None

    def begin(self, response: ModelResponse) -> None:
        """Fix what all chunks repeat: id, model and time. The ids that are made up are those of a whole answer."""
        self._head = {**describe(response, call=self._call, ids=self._ids), "object": "chat.completion.chunk"}
        self.audio_id = new_id(id_forms.AUDIO_ID, id_forms.AUDIO_ID_LENGTH, self._ids)

    def emit(self, delta: JsonObject, finish_reason: str | None = None) -> None:
        """Write what a delta brings to each choice."""
        refused = bool(delta.get("refusal"))
        text = delta.get("refusal") or delta.get("content")
        logprobs = encode_logprobs(text, self._call, refused=refused) if text else None
        for index in range(self._choices):
            choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
            self._write([choice], usage=None)

    def emit_usage(self, usage: JsonObject) -> None:
        """Write the chunk without choices that holds the usage."""
        self._write([], usage=usage)

    def emit_end(self) -> None:
        """Write the end mark."""
        self._written.append(ServerSentEvent(wire.END_MARK))

    def take(self) -> list[ServerSentEvent]:
        """What was written since the last time."""
        written, self._written = self._written, []
        return written

    def _write(self, choices: list[Any], usage: JsonObject | None) -> None:
        chunk: JsonObject = {**(self._head or {}), "choices": choices}
        if self.wants_usage:
            chunk["usage"] = usage
        data = dump_json(chunk)
        if self._obfuscate:
            padding = self._ids.padding(-len(data.decode()) % OBFUSCATION_BLOCK, id_forms.ALPHANUMERIC)
            data = data[:-1] + f',"obfuscation":"{padding}"}}'.encode()
        self._written.append(ServerSentEvent(data))
