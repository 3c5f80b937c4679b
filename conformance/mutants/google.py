"""Mutants of what is peculiar to Gemini."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.mutants.reading import (
    Partials,
    ReadPartials,
    WithDecoder,
    as_codec,
    content_changed,
    misread,
    part_of,
    streamed,
    whole,
)
from conformance.mutants.registry import CodecAround, DecoderAround, Parts, mutant, reference
from conformance.mutants.sending import rewriting
from llm_sdk.codec import Codec, WireRequest, WireResponse
from llm_sdk.deltas import ContentDelta, PartialModelResponse, ReasoningPartDelta
from llm_sdk.errors import LanguageModelError, StatusCodeError
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import JsonObject, LanguageModelInput, ModelUsage, TextPart

BEHIND = 1 << 10
"""Index of what comes behind the thoughts, where each of these has an index of its own."""


def _parts_changed(change: Callable[[list[Any]], list[Any]]) -> Callable[[Any], Any]:
    """A misreading of the parts of every candidate."""

    def misreading(body: JsonObject) -> JsonObject:
        for candidate in body.get("candidates", ()):
            content = candidate.get("content", {})
            if "parts" in content:
                content["parts"] = change(content["parts"])
        return body

    return misreading


@mutant("CORE-33", cases=("prompt-blocked",), checks="refusal or content", seen=("hoangvvo/llm-sdk@a753a91",))
def takes_a_blocked_prompt_for_silence(parts: Parts) -> LanguageModel:
    """Gives an empty answer where the prompt was blocked."""

    def misreading(body: JsonObject) -> JsonObject:
        if body.pop("promptFeedback", None):
            body["candidates"] = [{"finishReason": "STOP"}]
        return body

    return misread(parts, misreading)


@mutant("CORE-34", cases=("malformed-call", "cut-while-thinking"), checks="content")
def wants_parts_in_every_candidate(parts: Parts) -> LanguageModel:
    """Stumbles over a candidate without parts."""

    def misreading(body: JsonObject) -> JsonObject:
        for candidate in body["candidates"]:
            if not candidate["content"]["parts"]:
                raise LookupError("parts")
        return body

    return misread(parts, misreading)


@mutant("CORE-35", cases=("texts-of-one-chunk",), checks="content")
def joins_the_texts_of_a_chunk(parts: Parts) -> LanguageModel:
    """Takes all texts of one chunk for one."""

    def joined(found: list[Any]) -> list[Any]:
        if not all(set(part) == {"text"} for part in found):
            return found
        return [{"text": "".join(part["text"] for part in found)}]

    return misread(parts, _parts_changed(joined))


@mutant(
    "REASON-13",
    cases=("signed-call",),
    checks="content",
    seen=(
        "AstrBotDevs/AstrBot#9217",
        "diegosouzapw/OmniRoute#9221",
    ),
)
def forgets_the_signatures_of_calls(parts: Parts) -> LanguageModel:
    """Reads a call without the signature that it comes with."""

    def unsigned(found: list[Any]) -> list[Any]:
        for part in found:
            if "functionCall" in part:
                part.pop("thoughtSignature", None)
        return found

    return misread(parts, _parts_changed(unsigned))


@mutant("TOOLS-32", cases=("arguments-by-path",), checks="content")
def ignores_pieces_of_arguments(parts: Parts) -> LanguageModel:
    """Reads only arguments that come whole."""

    def whole_ones(found: list[Any]) -> list[Any]:
        for part in found:
            part.get("functionCall", {}).pop("partialArgs", None)
        return found

    return misread(parts, _parts_changed(whole_ones))


@mutant("AUDIO-06", cases=("spoken-samples", "spoken-samples-spelled-otherwise"), checks="content")
def reads_no_parameters_of_sound(parts: Parts) -> LanguageModel:
    """Reads of the MIME type of a sound only what stands before its parameters."""

    def plain(found: list[Any]) -> list[Any]:
        for part in found:
            if "inlineData" in part:
                part["inlineData"]["mimeType"] = part["inlineData"]["mimeType"].partition(";")[0]
        return found

    return misread(parts, _parts_changed(plain))


@mutant(
    "USAGE-12",
    cases=("thoughts-beside",),
    checks="usage",
    seen=(
        "langchain-ai/langchainjs#11423",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def leaves_thoughts_out_of_the_output(parts: Parts) -> LanguageModel:
    """Takes the tokens of the candidates for all of the output."""

    def misreading(body: JsonObject) -> JsonObject:
        body.get("usageMetadata", {}).pop("thoughtsTokenCount", None)
        return body

    return misread(parts, misreading)


@mutant(
    "USAGE-01",
    cases=("text",),
    checks="usage",
    not_for=dict.fromkeys(("anthropic", "cohere", "mistral", "openai", "openai-chat-completion"), "it has other names"),
    seen=("hoangvvo/llm-sdk@a753a91",),
)
def looks_for_the_output_under_another_name(parts: Parts) -> LanguageModel:
    """Counts no output, for it looks for responseTokenCount."""

    def misreading(body: JsonObject) -> JsonObject:
        body.get("usageMetadata", {}).pop("candidatesTokenCount", None)
        return body

    return misread(parts, misreading)


@mutant("USAGE-13", cases=("counts-as-texts",), checks="usage")
def counts_numbers_only(parts: Parts) -> LanguageModel:
    """Takes a count that comes as a text for none."""

    def misreading(body: JsonObject) -> JsonObject:
        counts = body.get("usageMetadata", {})
        body["usageMetadata"] = {name: count for name, count in counts.items() if not isinstance(count, str)}
        return body

    return misread(parts, misreading)


@mutant("CITE-08", cases=("grounding",), checks="content")
def takes_bytes_for_characters(parts: Parts) -> LanguageModel:
    """Gives the range of a citation in bytes of UTF-8."""

    def in_bytes(part: Any) -> Any:
        if not isinstance(part, TextPart) or not part.citations:
            return part
        counted = [
            citation.model_copy(
                update={
                    "start_index": len(part.text[: citation.start_index or 0].encode()),
                    "end_index": len(part.text[: citation.end_index or 0].encode()),
                }
            )
            for citation in part.citations
        ]
        return part.model_copy(update={"citations": counted})

    return whole(parts, content_changed(lambda content: [in_bytes(part) for part in content]))


@mutant("TOOLS-31", cases=("calls-by-their-order",), checks="meaning or conversation")
def sends_results_backwards(parts: Parts) -> LanguageModel:
    """Sends the results of calls without ids in another order than theirs."""

    class Backwards(CodecAround):
        def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
            sent: WireRequest = self._codec.encode_request(model_id, input, stream=stream)
            body = json.loads(sent.body)
            for content in body["contents"]:
                if all("functionResponse" in part for part in content["parts"]):
                    content["parts"].reverse()
            return replace(sent, body=json.dumps(body).encode())

    return reference(parts, as_codec(Backwards(get_codec(parts.provider))))


@mutant(
    "CORE-33",
    cases=("prompt-blocked",),
    checks="refusal",
    seen=("langchain-ai/langchain#17800", "hoangvvo/llm-sdk@a753a91"),
)
def wants_a_candidate(parts: Parts) -> LanguageModel:
    """Stumbles over an answer without candidates."""

    def misreading(body: JsonObject) -> JsonObject:
        if not body.get("candidates"):
            raise LookupError("list index out of range")
        return body

    return misread(parts, misreading)


@mutant(
    "USAGE-12",
    cases=("thoughts-beside", "signed-text"),
    checks="usage",
    seen=("agno-agi/agno#6624", "hoangvvo/llm-sdk@a753a91"),
)
def sums_the_counts_of_chunks(parts: Parts) -> LanguageModel:
    """Takes the count of each chunk for its own, and adds them all up."""

    class Summing(DecoderAround):
        def __init__(self, codec: Codec) -> None:
            super().__init__(codec)
            self._input = self._output = 0

        def feed(self, event: ServerSentEvent) -> Partials:
            counts = json.loads(event.data).get("usageMetadata", {})
            self._input += counts.get("promptTokenCount", 0)
            self._output += counts.get("candidatesTokenCount", 0)
            return [self._with_sum(partial) for partial in super().feed(event)]

        def close(self) -> Partials:
            return [self._with_sum(partial) for partial in super().close()]

        def _with_sum(self, partial: PartialModelResponse) -> PartialModelResponse:
            usage = ModelUsage(input_tokens=self._input, output_tokens=self._output)
            return partial.model_copy(update={"usage": usage}) if partial.usage is not None else partial

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Summing)))


@mutant("REASON-15", cases=("signed-text",), checks="signatures", seen=("hoangvvo/llm-sdk@a753a91",))
def drops_empty_texts(parts: Parts) -> LanguageModel:
    """Passes over a text without characters, and the signature on it."""
    return misread(parts, _parts_changed(lambda found: [part for part in found if part.get("text") != ""]))


@mutant("REASON-01", cases=("signed-text",), checks="content", seen=("hoangvvo/llm-sdk@a753a91",))
def thinks_in_pieces(parts: Parts) -> LanguageModel:
    """Gives each chunk of a thought as a part of its own."""

    def apart() -> ReadPartials:
        thoughts = 0

        def read(partial: PartialModelResponse) -> Partials:
            nonlocal thoughts
            if partial.delta is None:
                return [partial]
            is_thought = isinstance(part_of(partial), ReasoningPartDelta)
            index = thoughts if is_thought else BEHIND + partial.delta.index
            thoughts += is_thought
            return [partial.model_copy(update={"delta": ContentDelta(index=index, part=partial.delta.part)})]

        return read

    return streamed(parts, apart)


@mutant(
    "TOOLS-14",
    cases=("parallel-results", "calls-by-their-order"),
    checks="meaning or conversation or schema or together",
    not_for=dict.fromkeys(
        ("anthropic", "cohere", "mistral", "openai", "openai-chat-completion"), "its requests have no contents"
    ),
    seen=("cloudwego/eino-ext#571", "epam/ai-dial-adapter-vertexai#214"),
)
def sends_each_result_in_a_turn_of_its_own(parts: Parts) -> LanguageModel:
    """Sends the results of parallel calls in as many turns."""

    def apart(body: JsonObject) -> JsonObject:
        contents: list[JsonObject] = []
        for content in body["contents"]:
            if all("functionResponse" in part for part in content["parts"]):
                contents += [{**content, "parts": [part]} for part in content["parts"]]
            else:
                contents.append(content)
        return {**body, "contents": contents}

    return rewriting(parts, apart)


class _Errors(CodecAround):
    """A codec whose reading of errors is changed."""

    def read(self, error: StatusCodeError) -> LanguageModelError:
        return error

    def decode_error(self, reply: WireResponse) -> LanguageModelError:
        error = self._codec.decode_error(reply)
        return self.read(error) if isinstance(error, StatusCodeError) else error


@mutant("ERROR-16", cases=("invalid-key",), checks="test_error")
def goes_by_the_status_of_a_refused_key(parts: Parts) -> LanguageModel:
    """Takes a refused key for a bad request."""

    class ByStatus(_Errors):
        def read(self, error: StatusCodeError) -> LanguageModelError:
            return StatusCodeError(error.message, status_code=error.status_code, code=error.code)

    return reference(parts, as_codec(ByStatus(get_codec(parts.provider))))


@mutant("ERROR-17", cases=("wait-in-the-body",), checks="test_error")
def looks_for_the_wait_in_headers(parts: Parts) -> LanguageModel:
    """Does not read from the body how long to wait."""

    class Hasty(_Errors):
        def read(self, error: StatusCodeError) -> LanguageModelError:
            error.retry_after = None
            return error

    return reference(parts, as_codec(Hasty(get_codec(parts.provider))))


@mutant("ERROR-18", cases=("error-in-an-array",), checks="test_error")
def reads_no_error_in_an_array(parts: Parts) -> LanguageModel:
    """Looks for an error in an object only."""

    class ObjectsOnly(CodecAround):
        def decode_error(self, reply: WireResponse) -> LanguageModelError:
            body = b"{}" if reply.body.lstrip().startswith(b"[") else reply.body
            return self._codec.decode_error(replace(reply, body=body))

    return reference(parts, as_codec(ObjectsOnly(get_codec(parts.provider))))
