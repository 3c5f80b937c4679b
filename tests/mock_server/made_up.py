"""What the stand-in answers without a scenario, asked in a provider's own JSON and judged by its published schemas."""

import json
from typing import Any

from conformance.published import DEFAULT_FOLDER, Kind, load_schemas
from llm_sdk import accumulate
from llm_sdk.codec import WireRequest, WireResponse
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent, ServerSentEventDecoder
from llm_sdk.types import ModelResponse
from mock_server.engine import Engine


class MadeUp:
    """Asks one provider at one path; at ``stream_path``, where it has one for that, or with ``stream_fields`` in the
    body, for a stream. Without the published schemas everything satisfies them."""

    def __init__(self, provider: str, path: str, *, stream_path: str = "", **stream_fields: Any) -> None:
        self.codec = get_codec(provider)
        self._schemas = load_schemas(provider, DEFAULT_FOLDER)
        self._path = path
        self._stream_path = stream_path or path
        self._stream_fields = stream_fields

    def whole(self, **body: Any) -> Any:
        """The answer as JSON, after its streamed twin was found to say the same."""
        answer = self._send(self._path, body)
        read = self.codec.decode_response(WireResponse(200, answer, {}))
        assert self._accumulated(body) == read
        return self._checked("response", json.loads(answer))

    def events(self, **body: Any) -> list[Any]:
        """The data of the events of a streamed answer."""
        events = [event.data for event in self._events(body)]
        return [self._checked("stream_event", json.loads(data)) for data in events if data != b"[DONE]"]

    def _checked(self, kind: Kind, value: Any) -> Any:
        assert self._schemas.complaint(kind, value) == ""
        return value

    def _send(self, path: str, body: dict[str, Any]) -> bytes:
        request = WireRequest("POST", path, json.dumps(self._checked("request", body)).encode())
        plan = Engine(codecs=[self.codec]).answer(self.codec, request)
        assert plan.status == 200, plan.body
        return plan.body

    def _events(self, body: dict[str, Any]) -> list[ServerSentEvent]:
        decoder = ServerSentEventDecoder()
        sent = self._send(self._stream_path, {**body, **self._stream_fields})
        return [*decoder.feed(sent), *decoder.close()]

    def _accumulated(self, body: dict[str, Any]) -> ModelResponse:
        decoder = self.codec.stream_decoder()
        partials = [partial for event in self._events(body) for partial in decoder.feed(event)]
        return accumulate([*partials, *decoder.close()])
