"""A protocol that is the unified types themselves, so that tests of the server see nothing of any provider's."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from llm_sdk import accumulate
from llm_sdk.capabilities import Capabilities
from llm_sdk.codec import Endpoint, Ids, ModelCall, Route, WireRequest, WireResponse
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import (
    AuthenticationError,
    InvalidInputError,
    LanguageModelError,
    StatusCodeError,
    StreamTruncatedError,
    UnsupportedError,
    status_error,
)
from llm_sdk.sse import ServerSentEvent, ServerSentEventDecoder
from llm_sdk.types import LanguageModelInput, ModelResponse

KINDS = frozenset({"text", "image", "audio", "tool-call", "tool-result", "reasoning"})
CAPABILITIES = Capabilities(user=KINDS, assistant=KINDS, tool_result=KINDS, output=KINDS, options=frozenset())


class PlainDecoder:
    def __init__(self) -> None:
        self.ended = False

    def feed(self, event: ServerSentEvent) -> list[PartialModelResponse]:
        self.ended = event.data == b"[END]"
        return [] if self.ended else [PartialModelResponse.model_validate_json(event.data)]

    def close(self) -> list[PartialModelResponse]:
        if not self.ended:
            raise StreamTruncatedError("no [END]")
        return []


class PlainEncoder:
    def __init__(self, ids: Ids) -> None:
        self.id: str | None = ids.token(8)

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        id, self.id = partial.id or self.id, None
        return [ServerSentEvent(partial.model_copy(update={"id": id}).model_dump_json().encode())]

    def close(self) -> list[ServerSentEvent]:
        return [ServerSentEvent(b"[END]")]


@dataclass
class PlainCodec:
    """``provider`` names it, and mounts it. Its answers carry no files and no opaque parts."""

    provider: str = "plain"
    capabilities: Capabilities = CAPABILITIES

    def __post_init__(self) -> None:
        self.endpoint = Endpoint(
            base_url=f"https://api.{self.provider}.test/v1",
            root="/v1",
            mount=f"/{self.provider}",
            key_variables=(f"{self.provider.upper()}_API_KEY",),
            base_url_variable=f"{self.provider.upper()}_BASE_URL",
            key_header="X-Plain-Key",
            key_format="key {key}",
            request_id_header="x-plain-request",
        )

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        body = {"model": model_id, "stream": stream, "input": input.model_dump(mode="json")}
        return WireRequest("POST", "/chat", json.dumps(body).encode(), {"content-type": "application/json"})

    def decode_request(self, request: WireRequest) -> ModelCall:
        try:
            body = json.loads(request.body)
        except ValueError:
            raise InvalidInputError("the body is not JSON") from None
        if not isinstance(body, dict) or "model" not in body:
            raise InvalidInputError("missing", path="model")
        try:
            input = LanguageModelInput.model_validate(body["input"])
        except ValidationError as error:
            raise InvalidInputError(error.errors()[0]["msg"], path="input") from None
        return ModelCall(body["model"], input, body.get("stream", False))

    def decode_response(self, reply: WireResponse) -> ModelResponse:
        return ModelResponse.model_validate_json(reply.body)

    def encode_response(self, response: ModelResponse, *, call: ModelCall, ids: Ids) -> WireResponse:  # noqa: ARG002 - as the contract has it
        for at, part in enumerate(response.content):
            if part.type not in KINDS:
                raise UnsupportedError(f"no {part.type} here", path=f"content[{at}]")
        id = response.id or ids.token(8)
        body = response.model_copy(update={"id": id}).model_dump_json().encode()
        return WireResponse(200, body, self.response_headers(ids, stream=False))

    def stream_decoder(self) -> PlainDecoder:
        return PlainDecoder()

    def stream_encoder(self, *, call: ModelCall, ids: Ids) -> PlainEncoder:  # noqa: ARG002 - the same
        return PlainEncoder(ids)

    def encode_error(self, error: LanguageModelError) -> WireResponse:
        status = error.status_code if isinstance(error, StatusCodeError) else 400
        headers = {"content-type": "application/json"}
        if isinstance(error, StatusCodeError) and error.retry_after is not None:
            headers["retry-after"] = str(error.retry_after)
        body = {"problem": error.message, "code": getattr(error, "code", None)}
        return WireResponse(status, json.dumps(body).encode(), headers)

    def refuse_key(self, key: str | None) -> StatusCodeError:
        return AuthenticationError("no key" if key is None else "wrong key", status_code=401)

    def check_fields(self, call: ModelCall) -> None:
        for name in call.input.extra or {}:
            raise InvalidInputError("unknown field", path=name)

    def decode_error(self, reply: WireResponse) -> LanguageModelError:
        return status_error(reply.status)(json.loads(reply.body)["problem"], status_code=reply.status)

    def match(self, method: str, path: str) -> Route | None:
        return Route() if (method, path.partition("?")[0]) == ("POST", "/v1/chat") else None

    def response_headers(self, ids: Ids, *, stream: bool) -> dict[str, str]:
        kind = "text/event-stream" if stream else "application/json"
        return {"content-type": kind, "x-plain-request": "req-" + ids.token(4)}

    def normalize_request(self, body: Any) -> Any:
        return body


PLAIN = PlainCodec()


def read_stream(body: bytes) -> ModelResponse:
    """The response that the bytes of a plain stream add up to."""
    decoder, events = PlainDecoder(), ServerSentEventDecoder()
    partials = [partial for event in [*events.feed(body), *events.close()] for partial in decoder.feed(event)]
    return accumulate([*partials, *decoder.close()])
