"""A protocol small enough to be seen whole: a parrot is told what to say, and says it, at once or in pieces."""

import json
from typing import Any

from llm_sdk.accumulator import accumulate
from llm_sdk.capabilities import Capabilities
from llm_sdk.codec import Endpoint, Ids, ModelCall, Route, WireRequest, WireResponse, dump_json
from llm_sdk.deltas import ContentDelta, PartialModelResponse, TextPartDelta
from llm_sdk.errors import (
    InvalidInputError,
    InvariantError,
    LanguageModelError,
    RefusalError,
    ServerError,
    StreamTruncatedError,
    status_error,
)
from llm_sdk.extra import merge_extra
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import LanguageModelInput, ModelResponse, TextPart, UserMessage

TEXT = frozenset({"text"})


def event(**body: Any) -> ServerSentEvent:
    return ServerSentEvent(dump_json(body), body["type"])


class ParrotDecoder:
    def __init__(self) -> None:
        self.partials: list[PartialModelResponse] = []
        self.refused = self.ended = False

    def feed(self, event: ServerSentEvent) -> list[PartialModelResponse]:
        body = json.loads(event.data)
        match body["type"]:
            case "start":
                partial = PartialModelResponse(id=body["id"], warnings=body.get("warnings"))
            case "word":
                delta = ContentDelta(index=0, part=TextPartDelta(text=body["text"]))
                partial = PartialModelResponse(delta=delta)
            case "refused":
                self.refused = True
                partial = PartialModelResponse(finish_reason="content_filter", finish_detail="refusal")
            case "end":
                self.ended = True
                partial = PartialModelResponse(finish_reason=None if self.refused else "stop")
            case "error":
                raise ServerError(body["message"], status_code=500)
            case _:
                return []
        self.partials.append(partial)
        return [partial]

    def close(self) -> list[PartialModelResponse]:
        if not self.ended:
            raise StreamTruncatedError("the parrot fell silent")
        if self.refused:
            response = accumulate(self.partials)
            raise RefusalError("".join(part.text for part in response.content), response=response)
        return []


class ParrotEncoder:
    def __init__(self, ids: Ids) -> None:
        self.ids, self.started = ids, False

    def feed(self, partial: PartialModelResponse) -> list[ServerSentEvent]:
        events = []
        if not self.started:
            self.started = True
            events.append(event(type="start", id=partial.id or self.ids.token(4)))
            if partial.finish_detail == "refusal":
                events.append(event(type="refused"))
        if partial.delta and partial.delta.part.text:
            events.append(event(type="word", text=partial.delta.part.text))
        return events

    def close(self) -> list[ServerSentEvent]:
        return [event(type="end")]


class Parrot:
    provider = "parrot"
    capabilities = Capabilities(user=TEXT, assistant=TEXT, tool_result=TEXT, output=TEXT, options=frozenset({"seed"}))
    endpoint = Endpoint(
        "https://parrot.example/v1", "/v1", "/parrot", ("PARROT_KEY",), "PARROT_URL", "x-key", "{key}", "x-id"
    )

    def match(self, method: str, path: str) -> Route | None:
        return Route() if (method, path) == ("POST", "/v1/say") else None

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        body = {"model": model_id, "say": input.messages[0].content[0].text, "seed": input.seed, "stream": stream}
        body = {key: value for key, value in body.items() if value is not None}
        return WireRequest("POST", "/say", dump_json(merge_extra(body, input.extra or {})))

    def decode_request(self, request: WireRequest) -> ModelCall:
        body = json.loads(request.body)
        if not body["say"]:
            raise InvalidInputError("nothing to say", path="say")
        songs = body.get("songs", [])
        input = LanguageModelInput(
            messages=[UserMessage(content=body["say"])],
            seed=body.get("seed"),
            extra={"songs": songs} if songs else None,
        )
        warnings = tuple(f"song: {song}" for song in songs)
        return ModelCall(body["model"], input, body.get("stream", False), warnings)

    def normalize_request(self, body: Any) -> Any:
        return {"stream": False, **body}

    def decode_response(self, reply: WireResponse) -> ModelResponse:
        body = json.loads(reply.body)
        if not isinstance(body, dict) or "id" not in body:
            raise InvariantError("an answer without its id")
        if "refused" in body:
            response = ModelResponse(
                content=[TextPart(text=body["refused"])],
                finish_reason="content_filter",
                finish_detail="refusal",
                id=body["id"],
            )
            raise RefusalError(body["refused"], response=response)
        if "error" in body:
            raise ServerError(body["error"], status_code=500)
        return ModelResponse(content=[TextPart(text=body["said"])], finish_reason="stop", id=body["id"])

    def encode_response(self, response: ModelResponse, *, call: ModelCall, ids: Ids) -> WireResponse:  # noqa: ARG002 - the contract
        key = "refused" if response.finish_detail == "refusal" else "said"
        return WireResponse(200, dump_json({"id": response.id or ids.token(4), key: response.content[0].text}))

    def stream_decoder(self) -> ParrotDecoder:
        return ParrotDecoder()

    def stream_encoder(self, *, call: ModelCall, ids: Ids) -> ParrotEncoder:  # noqa: ARG002 - the contract
        return ParrotEncoder(ids)

    def decode_error(self, reply: WireResponse) -> LanguageModelError:
        message = json.loads(reply.body)["error"]
        return status_error(reply.status)(message, status_code=reply.status)

    def encode_error(self, error: LanguageModelError) -> WireResponse:
        return WireResponse(getattr(error, "status_code", 500), dump_json({"error": error.message}))
