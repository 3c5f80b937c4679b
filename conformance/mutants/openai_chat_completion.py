"""Mutants that know Chat Completions from OpenAI alone, and not from the servers that copy it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from conformance.mutants.reading import Partials, WithDecoder, as_codec, misread, whole
from conformance.mutants.registry import CodecAround, DecoderAround, Parts, mutant, reference
from conformance.mutants.sending import parts_changed, rewriting, sending
from llm_sdk.codec import Codec, StreamDecoder, WireRequest, WireResponse
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import StreamTruncatedError, UnsupportedError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import AssistantMessage, JsonObject, LanguageModelInput, ModelResponse, ModelUsage, Part

Edit = Callable[[JsonObject], None]
END_MARK = b"[DONE]"


class _Edited(CodecAround):
    """A codec that reads every chunk, and every whole answer, after an edit; ``edit`` makes the one of a stream."""

    def __init__(self, codec: Codec, edit: Callable[[], Edit]) -> None:
        super().__init__(codec)
        self._edit = edit

    def decode_response(self, reply: WireResponse) -> ModelResponse:
        body = json.loads(reply.body)
        self._edit()(body)
        return self._codec.decode_response(WireResponse(reply.status, json.dumps(body).encode(), reply.headers))

    def stream_decoder(self) -> StreamDecoder:
        return _EditingDecoder(self._codec, self._edit())


class _EditingDecoder(DecoderAround):
    def __init__(self, codec: Codec, edit: Edit) -> None:
        super().__init__(codec)
        self._edit = edit

    def feed(self, event: ServerSentEvent) -> Partials:
        if event.data == END_MARK:
            return super().feed(event)
        chunk = json.loads(event.data)
        self._edit(chunk)
        return super().feed(ServerSentEvent(json.dumps(chunk).encode(), event.event, event.id))


def _edited(parts: Parts, edit: Callable[[], Edit]) -> LanguageModel:
    return reference(parts, as_codec(_Edited(get_codec(parts.provider), edit)))


def _said(body: JsonObject) -> Iterator[JsonObject]:
    """The messages of an answer, or the deltas of a chunk."""
    for choice in body.get("choices", ()):
        yield choice.get("message") or choice.get("delta") or {}


@mutant("STREAM-25", cases=("no-end-mark",), checks="content")
def needs_the_end_mark(parts: Parts) -> LanguageModel:
    """Takes a stream without [DONE] for one that broke off, whatever its finish reason."""

    class Strict(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            self._ended = False

        def feed(self, event: ServerSentEvent) -> Partials:
            self._ended = self._ended or event.data == END_MARK
            return super().feed(event)

        def close(self) -> Partials:
            if not self._ended:
                raise StreamTruncatedError("the stream ended without [DONE]")
            return super().close()

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Strict)))


@mutant(
    "TOOLS-25",
    cases=("calls-of-one-index",),
    checks="content",
    seen=(
        "langchain-ai/langchain#35281",
        "huggingface/smolagents#1958",
    ),
)
def keys_calls_by_index(parts: Parts) -> LanguageModel:
    """Tells the calls of a stream apart by their index alone."""

    def by_index() -> Edit:
        ids: dict[Any, str] = {}

        def edit(body: JsonObject) -> None:
            for said in _said(body):
                for call in said.get("tool_calls") or ():
                    if "index" in call and call.get("id"):
                        call["id"] = ids.setdefault(call["index"], call["id"])

        return edit

    return _edited(parts, by_index)


@mutant("TOOLS-27", cases=("null-arguments",), checks="content", not_for={"cohere": "its calls stand elsewhere"})
def takes_null_for_arguments(parts: Parts) -> LanguageModel:
    """Gives the word null as the one argument of a call."""

    def edit(body: JsonObject) -> None:
        for said in _said(body):
            for call in said.get("tool_calls") or ():
                if call["function"].get("arguments") == "null":
                    call["function"]["arguments"] = '{"value":null}'

    return _edited(parts, lambda: edit)


@mutant("REASON-11", cases=("reasoning-field",), checks="content")
def knows_one_field_of_reasoning(parts: Parts) -> LanguageModel:
    """Reads reasoning_content, and not reasoning."""

    def edit(body: JsonObject) -> None:
        for said in _said(body):
            said.pop("reasoning", None)

    return _edited(parts, lambda: edit)


@mutant(
    "MEDIA-04",
    cases=("image-tool-result-and-question",),
    checks="meaning",
    not_for=dict.fromkeys(("anthropic", "google", "mistral", "openai"), "images stand in the results themselves"),
)
def sends_images_of_results_last(parts: Parts) -> LanguageModel:
    """Sends the images of a result behind what was said since."""

    def moved(body: JsonObject) -> JsonObject:
        body["messages"].sort(key=lambda message: "image_url" in json.dumps(message.get("content")))
        return body

    return rewriting(parts, moved)


@mutant("REASON-12", cases=("reasoning-details",), checks="meaning or conversation")
def forgets_reasoning_details(parts: Parts) -> LanguageModel:
    """Sends reasoning back as its text alone."""

    class Plain(CodecAround):
        def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
            request = self._codec.encode_request(model_id, input, stream=stream)
            body = json.loads(request.body)
            for message in body["messages"]:
                message.pop("reasoning_details", None)
            return WireRequest(request.method, request.path, json.dumps(body).encode(), request.headers)

    return reference(parts, as_codec(Plain(get_codec(parts.provider))))


@mutant("REASON-12", cases=("details-at-the-end",), checks="content or conversation", seen=("agentjido/req_llm#300",))
def ends_before_the_details(parts: Parts) -> LanguageModel:
    """Reads of the chunk with the finish reason the finish reason alone."""

    def finished(body: JsonObject) -> JsonObject:
        for choice in body.get("choices") or ():
            if choice.get("finish_reason") and "delta" in choice:
                choice["delta"] = {}
        return body

    return misread(parts, finished)


@mutant("USAGE-09", cases=("usage-twice", "no-end-mark"), checks="usage")
def adds_up_totals(parts: Parts) -> LanguageModel:
    """Adds up the usage of every chunk that has one."""

    class Adding(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            self._input = self._output = 0

        def feed(self, event: ServerSentEvent) -> Partials:
            usage = None if event.data == END_MARK else json.loads(event.data).get("usage")
            if usage:
                self._input += usage["prompt_tokens"]
                self._output += usage["completion_tokens"]
            return [self._with_sum(partial) for partial in super().feed(event)]

        def close(self) -> Partials:
            return [self._with_sum(partial) for partial in super().close()]

        def _with_sum(self, partial: PartialModelResponse) -> PartialModelResponse:
            if partial.usage is None:
                return partial
            usage = ModelUsage(input_tokens=self._input, output_tokens=self._output)
            return partial.model_copy(update={"usage": usage})

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Adding)))


@mutant("CORE-28", cases=("filter-results-first",), checks="identity")
def trusts_the_first_chunk(parts: Parts) -> LanguageModel:
    """Takes id and model from the first chunk, although they are empty there."""

    def first() -> Edit:
        head: JsonObject = {}

        def edit(body: JsonObject) -> None:
            for name in ("id", "model"):
                body[name] = head.setdefault(name, body.get(name))

        return edit

    return _edited(parts, first)


@mutant(
    "CORE-28",
    cases=("filter-results-first",),
    checks="identity",
    seen=("pydantic/logfire#64", "microsoft/autogen#4311", "seratch/ChatGPT-in-Slack#49"),
)
def wants_a_choice_in_every_chunk(parts: Parts) -> LanguageModel:
    """Stumbles over a chunk without choices."""

    def edit(body: JsonObject) -> None:
        if not body.get("choices"):
            raise LookupError("list index out of range")

    return _edited(parts, lambda: edit)


@mutant(
    "REASON-12",
    cases=("reasoning-content", "reasoning-field"),
    checks="meaning or conversation",
    seen=("langchain-ai/langchain#34166", "spring-projects/spring-ai#5027", "laravel/ai#534"),
)
def drops_reasoning_of_the_history(parts: Parts) -> LanguageModel:
    """Sends an earlier answer back without its reasoning."""

    def edit(body: JsonObject) -> JsonObject:
        for message in body["messages"]:
            for name in ("reasoning", "reasoning_content", "reasoning_details"):
                message.pop(name, None)
        return body

    return rewriting(parts, edit)


@mutant(
    "REASON-12",
    cases=("reasoning-content", "reasoning-field"),
    checks="meaning or conversation",
    seen=("hoangvvo/llm-sdk@a753a91",),
)
def refuses_reasoning_of_the_history(parts: Parts) -> LanguageModel:
    """Cannot send back an answer with reasoning."""

    def refusing(part: Part) -> list[Part]:
        if part.type == "reasoning":
            raise UnsupportedError("reasoning in the history", path="messages")
        return [part]

    return sending(parts, parts_changed(AssistantMessage, refusing))


@mutant("USAGE-15", cases=("details-of-one-side",), checks="usage", seen=("hoangvvo/llm-sdk@a753a91",))
def wants_details_of_both_sides(parts: Parts) -> LanguageModel:
    """Stumbles over a usage that has details of the input and none of the output."""

    def edit(body: JsonObject) -> None:
        usage = body.get("usage") or {}
        if "prompt_tokens_details" in usage and "completion_tokens_details" not in usage:
            raise TypeError("cannot read properties of undefined")

    return _edited(parts, lambda: edit)


@mutant("CORE-29", cases=("no-choices", "filtered-message"), checks="content")
def wants_a_message(parts: Parts) -> LanguageModel:
    """Stumbles over a whole answer without a message."""

    def edit(body: JsonObject) -> None:
        if body.get("object") == "chat.completion" and not any("message" in choice for choice in body["choices"]):
            raise LookupError("message")

    return _edited(parts, lambda: edit)


@mutant("CORE-32", cases=("several-choices",), checks="content")
def mixes_choices(parts: Parts) -> LanguageModel:
    """Takes all choices of an answer for the first."""

    def edit(body: JsonObject) -> None:
        for choice in body.get("choices", ()):
            choice["index"] = 0

    return _edited(parts, lambda: edit)


@mutant("CORE-27", cases=("no-finish-reason", "empty-finish-reasons"), checks="finish_reason")
def takes_no_reason_for_one(parts: Parts) -> LanguageModel:
    """Reads a finish reason that is absent as one of tomorrow."""

    def edit(body: JsonObject) -> None:
        for choice in body.get("choices", ()):
            if "message" in choice and not choice.get("finish_reason"):
                choice["finish_reason"] = "none"

    return _edited(parts, lambda: edit)


@mutant("CORE-31", cases=("content-as-a-list",), checks="content")
def drops_content_that_is_no_text(parts: Parts) -> LanguageModel:
    """Reads no content that is a list."""

    def edit(body: JsonObject) -> None:
        for said in _said(body):
            if isinstance(said.get("content"), list):
                said["content"] = ""

    return _edited(parts, lambda: edit)


@mutant("TOOLS-28", cases=("call-that-stops", "call-without-finish-reason"), checks="finish_reason")
def believes_the_finish_word(parts: Parts) -> LanguageModel:
    """Calls an answer with calls stopped because its finish word says so."""

    def stopped(response: ModelResponse) -> ModelResponse:
        return response.model_copy(update={"finish_reason": "stop"})

    return whole(parts, stopped)


@mutant("TOOLS-29", cases=("function-call",), checks="content")
def knows_no_function_call(parts: Parts) -> LanguageModel:
    """Passes over the deprecated function_call."""

    def edit(body: JsonObject) -> None:
        for said in _said(body):
            said.pop("function_call", None)

    return _edited(parts, lambda: edit)


@mutant("USAGE-10", cases=("usage-of-groq", "counts-beside-the-details"), checks="usage")
def knows_one_place_for_counts(parts: Parts) -> LanguageModel:
    """Reads usage where OpenAI has it, and nowhere else."""

    def edit(body: JsonObject) -> None:
        body.pop("x_groq", None)
        for name in ("prompt_cache_hit_tokens", "reasoning_tokens"):
            (body.get("usage") or {}).pop(name, None)

    return _edited(parts, lambda: edit)


@mutant("USAGE-11", cases=("reasoning-beside-the-output",), checks="usage")
def bills_no_reasoning(parts: Parts) -> LanguageModel:
    """Takes the completion tokens for all of the output, whatever the total says."""

    def edit(body: JsonObject) -> None:
        if usage := body.get("usage"):
            usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]

    return _edited(parts, lambda: edit)


@mutant("CITE-07", cases=("numbered-citations",), checks="content")
def drops_lists_of_sources(parts: Parts) -> LanguageModel:
    """Passes over the list of URLs beside a message."""

    def edit(body: JsonObject) -> None:
        body.pop("citations", None)
        body.pop("search_results", None)

    return _edited(parts, lambda: edit)
