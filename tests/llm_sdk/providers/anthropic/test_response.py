"""A whole answer <-> ``ModelResponse``: every block, every way to end, usage, and the exact body that is written."""

from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.codec import SeededIds
from llm_sdk.errors import InvariantError, MalformedArgumentsError, RefusalError, ServerError, UnsupportedError
from llm_sdk.types import (
    Citation,
    ImagePart,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from providers.anthropic.given import (
    CALL,
    CALL_BLOCK,
    CODEC,
    MODEL,
    PAGE,
    PAGE_BLOCK,
    PNG,
    SEARCH,
    SEARCH_BLOCK,
    answer,
    body_of,
    call,
    found,
    found_block,
    plain,
    reply,
    text,
)

FETCH_BLOCK = {
    "type": "server_tool_use",
    "id": "srvtoolu_2",
    "name": "web_fetch",
    "input": {"url": "https://a.example"},
}
COMPACTION = {"type": "compaction", "content": "Until now: rain."}
RANGE = '{"type":"page_location","document_index":0,"file_id":"file_1","start_page_number":1,"end_page_number":2}'
PAGES = {
    "type": "page_location",
    "cited_text": "rain",
    "document_title": None,
    "document_index": 0,
    "start_page_number": 1,
    "end_page_number": 2,
    "file_id": "file_1",
}

# Blocks and their parts, read in both directions, with the kinds of the warnings.
CONTENT: dict[str, tuple[list[Any], list[Part], list[str]]] = {
    "nothing": ([], [], []),
    "text": ([text("Hi")], [TextPart(text="Hi")], []),
    "empty text": ([text("")], [TextPart(text="")], []),
    "several texts": ([text("a"), text("b")], [TextPart(text="a"), TextPart(text="b")], []),
    "citations": (
        [{"citations": [PAGES], **text("Rain.")}],
        [TextPart(text="Rain.", citations=[Citation(source="file_1", cited_text="rain", signature=RANGE)])],
        [],
    ),
    "thinking": (
        [{"type": "thinking", "thinking": "Hm", "signature": "Esig"}],
        [ReasoningPart(text="Hm", signature="Esig")],
        [],
    ),
    "thinking without its text": (
        [{"type": "thinking", "thinking": "", "signature": "Esig"}],
        [ReasoningPart(text="", signature="Esig")],
        [],
    ),
    "redacted thinking": (
        [{"type": "redacted_thinking", "data": "Ered"}],
        [ReasoningPart(text="", signature="Ered", id="redacted_thinking")],
        [],
    ),
    "calls": (
        [CALL_BLOCK, {**CALL_BLOCK, "id": "toolu_2", "input": {}}],
        [CALL, CALL.model_copy(update={"tool_call_id": "toolu_2", "args": {}})],
        [],
    ),
    "web search": ([SEARCH_BLOCK, found_block([PAGE_BLOCK])], [SEARCH, found(PAGE)], []),
    "a search that found nothing": ([SEARCH_BLOCK, found_block([])], [SEARCH, found()], []),
    "a search that failed": (
        [SEARCH_BLOCK, found_block({"type": "web_search_tool_result_error", "error_code": "unavailable"})],
        [SEARCH, found(TextPart(text="unavailable"), is_error=True)],
        [],
    ),
    "other hosted tools": ([FETCH_BLOCK], [OpaquePart(provider="anthropic", data=FETCH_BLOCK)], ["server_tool_use"]),
    "compaction": ([COMPACTION], [OpaquePart(provider="anthropic", data=COMPACTION)], ["compaction"]),
}


@pytest.mark.parametrize(("blocks", "parts", "warnings"), CONTENT.values(), ids=CONTENT)
def test_content(published: PublishedSchemas, blocks: list[Any], parts: list[Part], warnings: list[str]) -> None:
    response = CODEC.decode_response(answer(*blocks))
    assert response.content == parts
    assert [warning.partition(":")[0] for warning in response.warnings or ()] == warnings
    body = body_of(response)
    assert body["content"] == blocks
    assert published.complaint("response", body) == ""


def test_what_is_only_read() -> None:
    """A block, a citation and a result of tomorrow; the caller that is always the same."""
    place = {"type": "place_of_tomorrow"}
    odd = found_block([{"type": "result_of_tomorrow"}])
    response = CODEC.decode_response(
        answer(
            {"type": "block_of_tomorrow"},
            text("a", citations=[place]),
            odd,
            {**CALL_BLOCK, "caller": {"type": "direct"}},
        )
    )
    assert response.content == [
        OpaquePart(provider="anthropic", data={"type": "block_of_tomorrow"}),
        TextPart(text="a"),
        OpaquePart(provider="anthropic", data=odd),
        CALL,
    ]
    kinds = [warning.partition(":")[0] for warning in response.warnings or ()]
    assert kinds == ["block_of_tomorrow", "citation", "web_search_tool_result"]


# The provider's word for the end, and ours. The first of several for one reason is what is written without a word.
ENDS = [
    ("end_turn", "stop"),
    ("stop_sequence", "stop"),
    ("max_tokens", "length"),
    ("model_context_window_exceeded", "length"),
    ("tool_use", "tool_calls"),
    ("pause_turn", "other"),
    ("compaction", "other"),
    ("reason_of_tomorrow", "other"),
    (None, None),
]


@pytest.mark.parametrize(("stop_reason", "finish_reason"), ENDS)
def test_ends(stop_reason: str | None, finish_reason: str | None) -> None:
    response = CODEC.decode_response(answer(stop_reason=stop_reason))
    assert (response.finish_reason, response.finish_detail) == (finish_reason, stop_reason)
    body = body_of(response, stop=["END"])
    sequence = "END" if stop_reason == "stop_sequence" else None
    assert (body["stop_reason"], body["stop_sequence"]) == (stop_reason, sequence)


@pytest.mark.parametrize(
    ("finish_reason", "finish_detail", "stop_reason"),
    [
        ("stop", None, "end_turn"),
        ("stop", "completed", "end_turn"),
        ("length", "max_output_tokens", "max_tokens"),
        ("tool_calls", None, "tool_use"),
        ("content_filter", "SAFETY", "refusal"),
        ("other", None, "pause_turn"),
    ],
)
def test_ends_in_the_words_of_others(finish_reason: Any, finish_detail: str | None, stop_reason: str) -> None:
    response = ModelResponse(content=[], finish_reason=finish_reason, finish_detail=finish_detail)
    assert body_of(response)["stop_reason"] == stop_reason


def test_an_answer_that_ended_in_an_error_is_one() -> None:
    written = CODEC.encode_response(ModelResponse(content=[], finish_reason="error"), call=call(), ids=SeededIds())
    assert written.status == 500
    assert isinstance(CODEC.decode_error(written), ServerError)


DETAILS = {"type": "refusal", "category": "cyber", "explanation": "Not this."}

# The end of a refused answer, what is told of it, and the texts of its content.
REFUSALS: dict[str, tuple[list[Any], Any, str, list[Part]]] = {
    "explained": (
        [],
        DETAILS,
        "Not this.",
        [TextPart(text="Not this.", signature='{"category":"cyber"}')],
    ),
    "explained without a category": (
        [],
        {**DETAILS, "category": None},
        "Not this.",
        [TextPart(text="Not this.")],
    ),
    "explained after some text": (
        [text("Well,")],
        DETAILS,
        "Not this.",
        [TextPart(text="Well,"), TextPart(text="Not this.", signature='{"category":"cyber"}')],
    ),
    "unexplained": ([], None, "the provider gives no explanation", []),
    "unexplained after some text": (
        [text("Well,"), text(" no.")],
        None,
        "Well, no.",
        [TextPart(text="Well,"), TextPart(text=" no."), TextPart(text="")],
    ),
    "a category alone": (
        [text("Well,")],
        {**DETAILS, "explanation": ""},
        "Well,",
        [TextPart(text="Well,"), TextPart(text="", signature='{"category":"cyber"}')],
    ),
}


@pytest.mark.parametrize(("blocks", "details", "refusal", "parts"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(
    published: PublishedSchemas, blocks: list[Any], details: Any, refusal: str, parts: list[Part]
) -> None:
    with pytest.raises(RefusalError) as caught:
        CODEC.decode_response(answer(*blocks, stop_reason="refusal", stop_details=details))
    assert caught.value.refusal == refusal
    response = caught.value.response
    assert response is not None
    assert (response.content, response.finish_reason, response.finish_detail) == (parts, "content_filter", "refusal")
    body = body_of(response)
    assert (body["content"], body["stop_reason"], body["stop_details"]) == (blocks, "refusal", details)
    assert published.complaint("response", body) == ""


# Usage on the wire and ours: cached tokens are beside the input there, and inside it here.
USAGE: dict[str, tuple[dict[str, Any], ModelUsage]] = {
    "totals": ({"input_tokens": 3, "output_tokens": 5}, ModelUsage(input_tokens=3, output_tokens=5)),
    "cached": (
        {"input_tokens": 3, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 8, "output_tokens": 5},
        ModelUsage(
            input_tokens=15,
            output_tokens=5,
            input_tokens_details=ModelTokensDetails(cached_text_tokens=8, cache_write_tokens=4),
        ),
    ),
    "nothing cached": (
        {"input_tokens": 3, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 5},
        ModelUsage(
            input_tokens=3,
            output_tokens=5,
            input_tokens_details=ModelTokensDetails(cached_text_tokens=0, cache_write_tokens=0),
        ),
    ),
    "thinking": (
        {"input_tokens": 3, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 2}},
        ModelUsage(input_tokens=3, output_tokens=5, output_tokens_details=ModelTokensDetails(reasoning_tokens=2)),
    ),
}


@pytest.mark.parametrize(("wired", "usage"), USAGE.values(), ids=USAGE)
def test_usage(wired: dict[str, Any], usage: ModelUsage) -> None:
    response = CODEC.decode_response(answer(usage=wired))
    assert response.usage == usage
    assert body_of(response)["usage"] == {**wired, "service_tier": "standard"}


@pytest.mark.parametrize("details", [{}, {"thinking_tokens": None}, None])
def test_details_that_say_nothing_are_none(details: Any) -> None:
    usage = {"input_tokens": 3, "output_tokens": 5, "output_tokens_details": details}
    assert CODEC.decode_response(answer(usage=usage)).usage == ModelUsage(input_tokens=3, output_tokens=5)


def test_a_body_to_the_letter() -> None:
    """What the provider does not leave out, and what is made up: an id and a signature of the right shape."""
    response = ModelResponse(content=[ReasoningPart(text="Hm"), TextPart(text="Hi")], finish_reason="stop")
    body = body_of(response)
    id, signature = body.pop("id"), body["content"][0].pop("signature")
    assert body == {
        "model": MODEL,
        "type": "message",
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {"input_tokens": 0, "output_tokens": 0, "service_tier": "standard"},
    }
    assert (id[:6], len(id)) == ("msg_01", 28)
    assert (signature[:1], len(signature)) == ("E", 344)
    headers = CODEC.response_headers(SeededIds(), stream=False)
    assert (headers["content-type"], headers["request-id"][:7], len(headers["request-id"])) == (
        "application/json",
        "req_011",
        28,
    )


def test_a_search_of_a_scenario_becomes_one_of_the_provider() -> None:
    """Its ids get the provider's prefix, its pages encrypted content, its citations an encrypted index."""
    search = ToolCallPart(tool_call_id="ws-1", tool_name="web_search", args={}, provider_executed=True)
    result = ToolResultPart(
        tool_call_id="ws-1",
        tool_name="web_search",
        content=[PAGE.model_copy(update={"content": []})],
        provider_executed=True,
    )
    said = TextPart(text="Rain", citations=[Citation(source="https://a.example", start_index=0, end_index=4)])
    body = body_of(ModelResponse(content=[search, result, said]))
    called, told, cited = body["content"]
    assert called["id"] == told["tool_use_id"] == "srvtoolu_ws_1"
    encrypted = told["content"][0].pop("encrypted_content"), cited["citations"][0].pop("encrypted_index")
    assert {(token[:1], len(token)) for token in encrypted} == {("E", 180)}
    assert cited["citations"] == [
        {"type": "web_search_result_location", "cited_text": "", "url": "https://a.example", "title": None}
    ]
    assert body["usage"]["server_tool_use"] == {"web_search_requests": 1}


@pytest.mark.parametrize(
    "part",
    [
        ImagePart(mime_type="image/png", data=PNG),
        OpaquePart(provider="openai", data={}),
        ToolResultPart(tool_call_id="a", tool_name="f", content=[]),
        ToolCallPart(tool_call_id="a", tool_name="code", args={}, provider_executed=True),
    ],
)
def test_what_an_answer_cannot_carry(part: Part) -> None:
    with pytest.raises(UnsupportedError) as caught:
        body_of(ModelResponse(content=[TextPart(text="a"), part]))
    assert caught.value.path == "content[1]"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"", "the top level"),
        ({}, "content"),
        ({"content": [{"type": "text"}]}, "content.0.text"),
        ({"content": [{"type": "tool_use", "id": "a", "name": "f"}]}, "content.0.input"),
    ],
)
def test_malformed_answers(body: Any, where: str) -> None:
    with pytest.raises(InvariantError, match=f"the answer is malformed at {where}:"):
        CODEC.decode_response(reply(body))


@pytest.mark.parametrize("arguments", [["Paris"], '{"city": "Pa', None])
def test_arguments_that_are_no_object_name_the_tool(arguments: Any) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": arguments}
    with pytest.raises(MalformedArgumentsError, match="the arguments of tool 'get_weather' are not a JSON object"):
        CODEC.decode_response(reply({"content": [text("Let me see."), call]}))


def test_the_least_that_is_an_answer() -> None:
    """Compatible servers leave out much."""
    response = CODEC.decode_response(reply({"content": [text("Hi")]}))
    assert plain(response) == {"content": [{"type": "text", "text": "Hi"}]}
