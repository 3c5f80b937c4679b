"""The client's half of a protocol small enough to be seen whole: what is said comes back, at once or in pieces."""

import json
from typing import Any

from llm_sdk.capabilities import Capabilities
from llm_sdk.codec import Endpoint, WireRequest, WireResponse, dump_json
from llm_sdk.deltas import ContentDelta, PartialModelResponse, TextPartDelta
from llm_sdk.errors import (
    InvariantError,
    LanguageModelError,
    RefusalError,
    StreamTruncatedError,
    UnsupportedError,
    status_error,
)
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import LanguageModelInput, ModelResponse, ModelUsage, TextPart, UserMessage

TEXT = frozenset({"text"})


class EchoDecoder:
    def __init__(self) -> None:
        self.ended = False

    def feed(self, event: ServerSentEvent) -> list[PartialModelResponse]:
        if event.data == b"[END]":
            self.ended = True
            return [PartialModelResponse(finish_reason="stop")]
        try:
            body = json.loads(event.data)
        except ValueError:
            raise InvariantError(f"an event that is not JSON: {event.data!r}") from None
        if "error" in body:
            raise status_error(body["error"]["status"])(body["error"]["message"], status_code=body["error"]["status"])
        if "in" in body:
            return [PartialModelResponse(usage=usage(body))]
        return [PartialModelResponse(delta=ContentDelta(index=0, part=TextPartDelta(text=body["text"])))]

    def close(self) -> list[PartialModelResponse]:
        if not self.ended:
            raise StreamTruncatedError("the echo broke off")
        return []


class EchoCodec:
    provider = "echo"
    capabilities = Capabilities(user=TEXT, assistant=TEXT, tool_result=TEXT, output=TEXT, options=frozenset({"seed"}))
    endpoint = Endpoint(
        base_url="https://echo.example/v1",
        root="/v1",
        mount="/echo",
        key_variables=("ECHO_API_KEY", "ECHO_OTHER_KEY"),
        base_url_variable="ECHO_BASE_URL",
        key_header="X-Echo-Key",
        key_format="Key {key}",
        request_id_header="X-Echo-Id",
    )

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        text = input.messages[0].content[0].text
        if text == "unspeakable":
            raise UnsupportedError("nobody says that", path="messages[0].content[0]")
        warnings = ("the seed is left out",) if input.seed is not None else ()
        body = {"model": model_id, "say": text, "stream": stream}
        return WireRequest("POST", "/echo", dump_json(body), {"Content-Type": "application/json"}, warnings)

    def decode_response(self, reply: WireResponse) -> ModelResponse:
        body = json.loads(reply.body)
        response = ModelResponse(content=[TextPart(text=body["said"])], usage=usage(body), finish_reason="stop")
        if body.get("refused"):
            raise RefusalError(body["said"], response=response)
        return response

    def stream_decoder(self) -> EchoDecoder:
        return EchoDecoder()

    def decode_error(self, reply: WireResponse) -> LanguageModelError:
        text = reply.body.decode("utf-8", "replace")
        try:
            error = json.loads(text)["error"]
        except (ValueError, KeyError):
            error = {"message": text or "an answer without a body"}
        code = error.get("code")
        return status_error(reply.status)(
            error["message"],
            status_code=reply.status,
            code=code,
            retryable=False if code == "insufficient_quota" else None,
            body=text,
        )


def usage(body: dict[str, Any]) -> ModelUsage | None:
    return ModelUsage(input_tokens=body["in"], output_tokens=body["out"]) if "in" in body else None


def data(body: Any) -> bytes:
    """One event of a streamed answer."""
    return b"data: " + (body if isinstance(body, bytes) else dump_json(body)) + b"\n\n"


CODEC = EchoCodec()
KEY = "sk-echo-0123456789"
HELLO = LanguageModelInput(messages=[UserMessage(content="hello")])
SAID = dump_json({"said": "hello", "in": 3, "out": 2})
EVENTS = [data({"text": "hel"}), data({"text": "lo"}), data({"in": 3, "out": 2}), data(b"[END]")]
EVENT_STREAM = {"content-type": "text/event-stream; charset=utf-8"}
EXPECTED = ModelResponse(
    content=[TextPart(text="hello")], usage=ModelUsage(input_tokens=3, output_tokens=2), finish_reason="stop"
)
