"""Whole answers: what is read of them, and what is written."""

import json
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.codec import SeededIds
from llm_sdk.errors import InvariantError, OverloadedError, RefusalError, UnsupportedError
from llm_sdk.types import (
    AudioPart,
    Citation,
    ImagePart,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    Part,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from providers.google.given import CALL, CALL_PART, CODEC, HEAD, MODEL, PNG, SIGNATURE, call, chunk, plain, reply

USAGE = {
    "promptTokenCount": 30,
    "candidatesTokenCount": 8,
    "totalTokenCount": 50,
    "cachedContentTokenCount": 8,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 28}, {"modality": "AUDIO", "tokenCount": 2}],
    "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 8}],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 8}],
    "thoughtsTokenCount": 12,
}
COUNTED = ModelUsage(
    input_tokens=30,
    output_tokens=20,
    input_tokens_details=ModelTokensDetails(text_tokens=28, audio_tokens=2, cached_text_tokens=8),
    output_tokens_details=ModelTokensDetails(image_tokens=8, reasoning_tokens=12),
)
CODE = {"executableCode": {"language": "PYTHON", "code": "print(1)"}, "thoughtSignature": SIGNATURE}
RAN = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}}


def decoded(body: Any) -> ModelResponse:
    return CODEC.decode_response(reply(body))


def encoded(response: ModelResponse) -> Any:
    return json.loads(CODEC.encode_response(response, call=call(), ids=SeededIds()).body)


def answer(*content: Part, **fields: Any) -> ModelResponse:
    head = {"finish_reason": "stop", "finish_detail": "STOP", "id": HEAD["responseId"], "model_id": MODEL}
    return ModelResponse.model_validate({"content": list(content), **head, **fields})


# Read and written: the parts of an answer.
PARTS: dict[str, tuple[list[Part], list[Any]]] = {
    "text": ([TextPart(text="Hello")], ["Hello"]),
    "text with its signature": (
        [TextPart(text="Hello", signature=SIGNATURE)],
        [{"text": "Hello", "thoughtSignature": SIGNATURE}],
    ),
    "thought and text": (
        [ReasoningPart(text="Hm"), TextPart(text="Hello")],
        [{"text": "Hm", "thought": True}, "Hello"],
    ),
    "signature on an empty text": (
        [CALL, TextPart(text="", signature=SIGNATURE)],
        [CALL_PART, {"text": "", "thoughtSignature": SIGNATURE}],
    ),
    "image with its signature": (
        [ImagePart(mime_type="image/png", data=PNG, id=SIGNATURE)],
        [{"inlineData": {"mimeType": "image/png", "data": PNG}, "thoughtSignature": SIGNATURE}],
    ),
    "sound": (
        [AudioPart(format="linear16", data="AAAA", sample_rate=24000)],
        [{"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": "AAAA"}}],
    ),
}


@pytest.mark.parametrize(("content", "parts"), PARTS.values(), ids=PARTS.keys())
def test_parts(content: list[Part], parts: list[Any], published: PublishedSchemas) -> None:
    calls = any(isinstance(part, ToolCallPart) for part in content)
    said = answer(*content, finish_reason="tool_calls" if calls else "stop")
    message = {"finishMessage": "Model generated function call(s)."} if calls else {}
    wired = chunk(*parts, finish="STOP", **message)
    assert plain(decoded(wired)) == plain(said)
    assert encoded(said) == wired
    assert published.complaint("response", wired) == ""


def test_what_has_no_unified_form_is_opaque_and_said() -> None:
    response = decoded(chunk(CODE, RAN, "1", finish="STOP"))
    assert response.content == [
        OpaquePart(provider="google", data=CODE),
        OpaquePart(provider="google", data=RAN),
        TextPart(text="1"),
    ]
    assert response.warnings == [
        "executableCode: this part has no unified form and is kept as an opaque part",
        "codeExecutionResult: this part has no unified form and is kept as an opaque part",
    ]
    assert encoded(response) == chunk(CODE, RAN, "1", finish="STOP")


def test_usage_is_what_is_billed() -> None:
    said = answer(TextPart(text="Hello"), usage=COUNTED)
    assert decoded(chunk("Hello", finish="STOP", usage=USAGE)).usage == COUNTED
    assert encoded(said)["usageMetadata"] == USAGE


COUNTS: dict[str, tuple[Any, ModelUsage | None]] = {
    "nothing yet": ({"trafficType": "ON_DEMAND"}, None),
    "no candidates": ({"promptTokenCount": 3, "totalTokenCount": 3}, ModelUsage(input_tokens=3, output_tokens=0)),
    "what a hosted tool put into the prompt": (
        {"promptTokenCount": 3, "candidatesTokenCount": 2, "toolUsePromptTokenCount": 40, "totalTokenCount": 45},
        ModelUsage(input_tokens=43, output_tokens=2),
    ),
    "cached, of no kind that is said": (
        {"promptTokenCount": 3, "cachedContentTokenCount": 2},
        ModelUsage(input_tokens=3, output_tokens=0, input_tokens_details=ModelTokensDetails(cached_text_tokens=2)),
    ),
    "a document, and a modality without a count": (
        {"promptTokenCount": 3, "promptTokensDetails": [{"modality": "DOCUMENT", "tokenCount": 3}, {"modality": 1}]},
        ModelUsage(input_tokens=3, output_tokens=0, input_tokens_details=ModelTokensDetails(text_tokens=0)),
    ),
}


@pytest.mark.parametrize(("usage", "counted"), COUNTS.values(), ids=COUNTS.keys())
def test_counts(usage: Any, counted: ModelUsage | None) -> None:
    assert decoded(chunk("Hello", finish="STOP", usage=usage)).usage == counted


def test_calls_without_ids_get_the_same_ones_again() -> None:
    part = {"functionCall": {"name": "f", "args": {}}}
    response = decoded(chunk(part, part, finish="STOP"))
    first, second = [call.tool_call_id for call in response.content if isinstance(call, ToolCallPart)]
    assert first != second
    assert response.finish_reason == "tool_calls"
    assert decoded(chunk(part, part, finish="STOP")) == response
    assert [call["functionCall"] for call in encoded(response)["candidates"][0]["content"]["parts"]] == [
        {"name": "f", "args": {}},
        {"name": "f", "args": {}},
    ]


FINISHES = {
    "STOP": ("stop", "STOP"),
    "MAX_TOKENS": ("length", "MAX_TOKENS"),
    "SAFETY": ("content_filter", "SAFETY"),
    "RECITATION": ("content_filter", "RECITATION"),
    "UNEXPECTED_TOOL_CALL": ("error", "UNEXPECTED_TOOL_CALL"),
    "MALFORMED_FUNCTION_CALL": ("error", "MALFORMED_FUNCTION_CALL"),
    "LANGUAGE": ("other", "LANGUAGE"),
    "REASON_OF_TOMORROW": ("other", "REASON_OF_TOMORROW"),
    2: ("length", "MAX_TOKENS"),
}


@pytest.mark.parametrize(("word", "finish"), FINISHES.items())
def test_why_an_answer_ends(word: Any, finish: tuple[str, str]) -> None:
    response = decoded(chunk("Hello", finish=word))
    assert (response.finish_reason, response.finish_detail) == finish
    assert encoded(response)["candidates"][0]["finishReason"] == finish[1]


def test_words_of_other_providers_are_not_written() -> None:
    response = answer(TextPart(text="a"), finish_reason="length", finish_detail="max_output_tokens")
    assert encoded(response)["candidates"][0]["finishReason"] == "MAX_TOKENS"


BLOCKED: dict[str, tuple[Any, str]] = {
    "prompt": ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "the prompt was blocked: PROHIBITED_CONTENT"),
    "prompt, on Vertex": (
        {"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "Not this."}},
        "Not this.",
    ),
    "answer": ({"candidates": [{"content": {}, "finishReason": "SAFETY"}]}, "the answer was blocked: SAFETY"),
    "answer, with a message": (
        {"candidates": [{"finishReason": "IMAGE_SAFETY", "finishMessage": "Not this."}]},
        "Not this.",
    ),
}


@pytest.mark.parametrize(("body", "refusal"), BLOCKED.values(), ids=BLOCKED.keys())
def test_what_is_blocked_before_anything_came_is_a_refusal(body: Any, refusal: str) -> None:
    with pytest.raises(RefusalError) as caught:
        decoded({**body, "usageMetadata": {"promptTokenCount": 3}, **HEAD})
    assert caught.value.refusal == refusal
    said = answer(TextPart(text=refusal), finish_reason="content_filter", finish_detail="refusal")
    assert caught.value.response == said.model_copy(update={"usage": ModelUsage(input_tokens=3, output_tokens=0)})
    with pytest.raises(RefusalError) as again:
        decoded(encoded(said))
    assert again.value.refusal == refusal


GROUNDING = {
    "webSearchQueries": ["cats"],
    "searchEntryPoint": {"renderedContent": '<div class="container"></div>'},
    "groundingChunks": [
        {"web": {"uri": "https://a.b/1", "title": "One"}},
        {"web": {"uri": "https://a.b/2"}},
        {"retrievedContext": {"uri": "file", "title": "Two"}},
    ],
    "groundingSupports": [
        {"segment": {"endIndex": 6, "text": "«é»"}, "groundingChunkIndices": [0, 2]},
        {"segment": {"startIndex": 8, "endIndex": 13, "text": " purr"}, "groundingChunkIndices": [1]},
    ],
}


def test_grounding_counts_bytes_of_all_texts() -> None:
    response = decoded(chunk("«é»!", {"text": "s purr"}, finish="STOP", groundingMetadata=GROUNDING))
    first, second, search, found = response.content
    assert first == TextPart(
        text="«é»!",
        citations=[
            Citation(source="https://a.b/1", title="One", cited_text="«é»", start_index=0, end_index=3),
            Citation(source="file", title="Two", cited_text="«é»", start_index=0, end_index=3),
        ],
    )
    assert second == TextPart(
        text="s purr", citations=[Citation(source="https://a.b/2", cited_text=" purr", start_index=1, end_index=6)]
    )
    assert isinstance(search, ToolCallPart)
    assert (search.tool_name, search.args) == ("web_search", {"type": "search", "queries": ["cats"]})
    assert found == ToolResultPart(
        tool_call_id=search.tool_call_id,
        tool_name="web_search",
        content=[
            SourcePart(source="https://a.b/1", title="One", content=[]),
            SourcePart(source="https://a.b/2", title="", content=[]),
        ],
        provider_executed=True,
    )
    assert response.finish_reason == "stop"
    written = encoded(response)["candidates"][0]["groundingMetadata"]
    assert written["groundingSupports"] == GROUNDING["groundingSupports"]
    assert written == GROUNDING


def test_a_segment_may_name_its_part() -> None:
    support = {"segment": {"partIndex": 1, "endIndex": 3, "text": "Cat"}, "groundingChunkIndices": [0]}
    metadata = {"groundingChunks": [{"web": {"uri": "u"}}], "groundingSupports": [support]}
    response = decoded(chunk({"text": "Hm", "thought": True}, "Cats", finish="STOP", groundingMetadata=metadata))
    assert response.content[1] == TextPart(
        text="Cats", citations=[Citation(source="u", cited_text="Cat", start_index=0, end_index=3)]
    )


def test_an_error_in_the_place_of_an_answer() -> None:
    with pytest.raises(OverloadedError, match="try again") as caught:
        decoded({"error": {"code": 503, "message": "try again", "status": "UNAVAILABLE"}})
    assert (caught.value.status_code, caught.value.code) == (503, "UNAVAILABLE")


def test_only_the_first_candidate_is_read() -> None:
    body = chunk("one", finish="STOP")
    body["candidates"].append({**chunk("two", finish="STOP")["candidates"][0], "index": 1})
    response = decoded(body)
    assert response.content == [TextPart(text="one")]
    assert response.warnings == ["candidates: only the first answer of several is read"]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"candidates": {}}', b'{"candidates": [{"content": {"parts": 1}}]}'])
def test_a_malformed_answer_says_where(body: bytes) -> None:
    with pytest.raises(InvariantError, match=r"^google: the answer is malformed at "):
        decoded(body)


def test_arguments_that_are_no_object_name_the_tool() -> None:
    call = {"functionCall": {"name": "get_weather", "args": ["Boston"]}}
    with pytest.raises(InvariantError, match=r"functionCall\.args: .*the arguments of tool 'get_weather' are not"):
        decoded(chunk(call, finish="STOP"))


def test_an_answer_of_nothing() -> None:
    assert decoded(HEAD) == ModelResponse(content=[], id=HEAD["responseId"], model_id=MODEL)
    assert encoded(ModelResponse(content=[], id=HEAD["responseId"], model_id=MODEL)) == HEAD


CANNOT = {
    "image by URL": ImagePart(url="https://a.b/c"),
    "part of another provider": OpaquePart(provider="openai", data={}),
    "result": ToolResultPart(tool_call_id="a", tool_name="f", content=[]),
    "hosted tool": ToolCallPart(tool_call_id="a", tool_name="shell", args={}, provider_executed=True),
}


@pytest.mark.parametrize("part", CANNOT.values(), ids=CANNOT.keys())
def test_what_an_answer_cannot_carry(part: Part) -> None:
    with pytest.raises(UnsupportedError, match=r"content\[0\]"):
        encoded(answer(part))


def test_headers_and_made_up_ids() -> None:
    written = CODEC.encode_response(answer(TextPart(text="a"), id=None), call=call(), ids=SeededIds())
    assert written.headers["content-type"] == "application/json; charset=UTF-8"
    assert len(json.loads(written.body)["responseId"]) == 22
    assert written.body.startswith(b'{\n  "candidates": [\n    {\n')
