"""Servers that copy the protocol, and where they deviate: each row was seen in recorded traffic or reported."""

import json
from typing import Any

import pytest

from llm_sdk.accumulator import accumulate
from llm_sdk.errors import MalformedArgumentsError, OverloadedError, RateLimitError, StatusCodeError
from llm_sdk.sse import ServerSentEvent, ServerSentEventDecoder
from llm_sdk.types import (
    Citation,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    ReasoningPart,
    TextPart,
)
from providers.openai_chat_completion.given import (
    CALL,
    CODEC,
    END,
    HI,
    PNG,
    THOUGHT,
    answer,
    assistant,
    call_json,
    calls,
    chunk,
    event,
    feed,
    read_messages,
    reply,
    stream_of,
    streamed,
    user,
    whole_of,
    wired,
    written,
)

STOP = chunk("stop")
USED = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


# Messages with reasoning, and the part that it is. Each is read whole and streamed.
REASONING: dict[str, tuple[dict[str, Any], ReasoningPart]] = {
    "reasoning_content": ({"reasoning_content": "Hm."}, THOUGHT),
    "reasoning": ({"reasoning": "Hm."}, ReasoningPart(text="Hm.", id="reasoning")),
    "both": ({"reasoning_content": "Hm.", "reasoning": "Hm."}, THOUGHT),
    "reasoning_text (Copilot)": ({"reasoning_text": "Hm."}, ReasoningPart(text="Hm.", id="reasoning_text")),
    "an opaque text beside (Copilot)": (
        {"reasoning_text": "Hm.", "reasoning_opaque": "x"},
        ReasoningPart(text="Hm.", id="reasoning_text", signature='"x"'),
    ),
    "only an opaque text": (
        {"reasoning_opaque": "x"},
        ReasoningPart(text="", id="reasoning_opaque", signature='"x"'),
    ),
    "details beside": (
        {"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "Hm."}]},
        ReasoningPart(text="Hm.", id="reasoning", signature='[{"type":"reasoning.text","index":0,"text":"Hm."}]'),
    ),
    "only encrypted": (
        {"reasoning_details": [{"type": "reasoning.encrypted", "index": 0, "data": "x"}]},
        ReasoningPart(
            text="", id="reasoning_details", signature='[{"type":"reasoning.encrypted","index":0,"data":"x"}]'
        ),
    ),
    "only details": (
        {"reasoning_details": [{"type": "reasoning.summary", "index": 0, "summary": "Hm."}]},
        ReasoningPart(
            text="Hm.", id="reasoning_details", signature='[{"type":"reasoning.summary","index":0,"summary":"Hm."}]'
        ),
    ),
}


@pytest.mark.parametrize("name", REASONING)
def test_reasoning(name: str) -> None:
    fields, part = REASONING[name]
    expected = [part, TextPart(text="a")]
    assert CODEC.decode_response(answer(content="a", **fields)).content == expected
    assert streamed(chunk(role="assistant", content="", **fields), chunk(content="a"), STOP).content == expected


@pytest.mark.parametrize("name", REASONING)
def test_reasoning_goes_back_to_where_it_came_from(name: str) -> None:
    fields, part = REASONING[name]
    said = {"role": "assistant", "content": "a", **fields}
    told = fields.keys() - ({"reasoning"} if name == "both" else set())
    whole = whole_of(ModelResponse(content=[part, TextPart(text="a")]))["choices"][0]["message"]
    assert {field: whole[field] for field in told} == {field: fields[field] for field in told}
    assert written(read_messages(HI, said, HI))["messages"] == [HI, said, HI]
    assert streamed(*stream_of(ModelResponse(content=[part, TextPart(text="a")]))[:-1]).content[0] == part


def test_details_of_a_stream_are_put_together() -> None:
    first = {"type": "reasoning.text", "index": 0, "text": "H", "format": "x"}
    events = [
        chunk(reasoning="H", reasoning_details=[first]),
        chunk(reasoning="m", reasoning_details=[{"type": "reasoning.text", "index": 0, "text": "m"}]),
        chunk(reasoning_details=[{"type": "reasoning.text", "index": 0, "signature": "s"}]),
        chunk(content="a"),
        STOP,
    ]
    (thought, _) = streamed(*events).content
    assert isinstance(thought, ReasoningPart)
    assert thought.text == "Hm"
    assert json.loads(thought.signature or "") == [{**first, "text": "Hm", "signature": "s"}]


# Usage as other servers give it.
USAGES: dict[str, tuple[dict[str, Any], ModelUsage]] = {
    "cache hits beside (DeepSeek)": (
        {**USED, "prompt_cache_hit_tokens": 1, "prompt_cache_miss_tokens": 2},
        ModelUsage(input_tokens=3, output_tokens=2, input_tokens_details=ModelTokensDetails(cached_text_tokens=1)),
    ),
    "reasoning beside (Copilot)": (
        {**USED, "reasoning_tokens": 1},
        ModelUsage(input_tokens=3, output_tokens=2, output_tokens_details=ModelTokensDetails(reasoning_tokens=1)),
    ),
    "reasoning outside of the output (xAI)": (
        {**USED, "total_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 4}},
        ModelUsage(input_tokens=3, output_tokens=6, output_tokens_details=ModelTokensDetails(reasoning_tokens=4)),
    ),
    "null counts": ({"prompt_tokens": 3, "completion_tokens": None}, ModelUsage(input_tokens=3, output_tokens=0)),
    "null details": (
        {**USED, "prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": None}},
        ModelUsage(input_tokens=3, output_tokens=2, output_tokens_details=ModelTokensDetails()),
    ),
}


@pytest.mark.parametrize("name", USAGES)
def test_usage(name: str) -> None:
    body, usage = USAGES[name]
    assert CODEC.decode_response(answer(content="a", beside={"usage": body})).usage == usage
    assert streamed(chunk(content="a"), chunk("stop", beside={"usage": body})).usage == usage


@pytest.mark.parametrize(
    "events",
    [
        [chunk("stop", beside={"usage": USED}), event({"choices": [], "usage": USED})],
        [chunk(content="", beside={"usage": {**USED, "completion_tokens": 1}}), chunk("stop", beside={"usage": USED})],
        [chunk("stop", beside={"x_groq": {"id": "req_1", "usage": USED}})],
    ],
    ids=["twice (Groq)", "as a running total (Perplexity)", "in x_groq (Groq)"],
)
def test_usage_is_counted_once(events: list[ServerSentEvent]) -> None:
    assert streamed(chunk(content="a"), *events).usage == ModelUsage(input_tokens=3, output_tokens=2)


def test_missing_usage_ids_and_finish_reason() -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": "a"}}]}
    response = CODEC.decode_response(reply(body))
    assert response.model_dump(mode="json") == {"content": [{"type": "text", "text": "a"}]}
    assert streamed(event({"choices": [{"delta": {"content": "a"}}]})) == response


def test_empty_choices() -> None:
    assert CODEC.decode_response(reply({"id": "x", "choices": []})).content == []
    azure = event({"id": "", "object": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]})
    response = streamed(azure, chunk(content="a"), STOP)
    assert (response.id, response.content) == ("chatcmpl-1", [TextPart(text="a")])


def test_a_choice_whose_message_was_filtered_out() -> None:
    response = CODEC.decode_response(reply({"choices": [{"index": 0, "finish_reason": "content_filter"}]}))
    assert (response.content, response.finish_reason) == ([], "content_filter")


def test_choices_of_one_index_are_pieces_of_one_answer() -> None:
    """Copilot gives the text and the calls of one answer as two choices (reported)."""
    pieces = [{"message": {"content": "I look."}}, {"message": {"tool_calls": [call_json()]}}]
    response = CODEC.decode_response(reply({"choices": [{**piece, "finish_reason": "tool_calls"} for piece in pieces]}))
    assert (response.content, response.finish_reason) == ([TextPart(text="I look."), CALL], "tool_calls")
    assert response.warnings is None


def test_choices_that_all_say_something_are_several_answers() -> None:
    response = CODEC.decode_response(reply({"choices": [{"message": {"content": text}} for text in "ab"]}))
    assert response.content == [TextPart(text="a")]
    assert response.warnings == ["choices: 2 answers came, and only the first one is given"]


@pytest.mark.parametrize("odd", [{"index": None}, {"message": None}], ids=["index", "message"])
def test_a_choice_with_a_null(odd: dict[str, Any]) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop", **odd}
    response = CODEC.decode_response(reply({"id": 7, "choices": [choice]}))
    assert (response.id, response.content, response.finish_reason) == ("7", [], "stop")


@pytest.mark.parametrize(
    ("word", "reason"),
    [("eos_token", "stop"), ("end_turn", "stop"), ("tool_use", "tool_calls"), ("SAFETY", "content_filter")],
)
def test_ends_in_the_words_of_others(word: str, reason: str) -> None:
    response = CODEC.decode_response(answer(word, content="a"))
    assert (response.finish_reason, response.finish_detail) == (reason, word)


IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}


def test_images_are_kept() -> None:
    """OpenRouter puts them beside the content (documented)."""
    parts = [TextPart(text="Here:"), OpaquePart(provider="openai-chat-completion", data=IMAGE), CALL]
    whole = CODEC.decode_response(answer(content="Here:", images=[IMAGE], tool_calls=[call_json()]))
    live = streamed(chunk(content="Here:"), chunk(images=[IMAGE]), calls({**call_json(), "index": 0}), STOP)
    for response in (whole, live):
        assert response.content == parts
        assert [warning.partition(":")[0] for warning in response.warnings or ()] == ["image_url"]
    assert CODEC.decode_response(reply(whole_of(whole))).content == parts
    assert streamed(*stream_of(whole)[:-1]).content == parts
    assert wired(user(TextPart(text="a")), assistant(*parts[:2]))[1]["content"] == [
        {"type": "text", "text": "Here:"},
        IMAGE,
    ]
    assert CODEC.decode_response(answer(content="", images=[IMAGE])).finish_reason == "stop"


def test_a_citation_without_its_object() -> None:
    flat = {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 1}
    expected = [Citation(source="https://a.example", title="A", start_index=0, end_index=1)]
    assert CODEC.decode_response(answer(content="a", annotations=[flat])).content == [
        TextPart(text="a", citations=expected)
    ]


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"object": "error", "message": "too long", "type": "BadRequestError", "code": 400}, "too long", 400),
        ({"detail": "out of memory"}, "out of memory", 500),
    ],
)
def test_an_error_without_its_object_inside_an_answer(body: Any, message: str, code: int) -> None:
    for read in (lambda: CODEC.decode_response(reply(body)), lambda: streamed(chunk(content="a"), event(body))):
        with pytest.raises(StatusCodeError) as caught:
            read()
        assert (caught.value.message, caught.value.status_code) == (message, code)


def test_a_finish_reason_ends_a_stream_without_end_mark() -> None:
    response = accumulate(feed(chunk(content="a"), chunk("stop", beside={"usage": USED})))
    assert (response.content, response.finish_reason) == ([TextPart(text="a")], "stop")
    assert response.usage == ModelUsage(input_tokens=3, output_tokens=2)


def test_leading_whitespace_and_comments() -> None:
    body = answer(content="a").body
    assert CODEC.decode_response(reply(b"\n         \n" + body)).content == [TextPart(text="a")]
    framing = ServerSentEventDecoder()
    sent = b": OPENROUTER PROCESSING\n\n" + b"".join(b"data: " + one.data + b"\n\n" for one in (STOP, END))
    assert [*framing.feed(sent), *framing.close()] == [STOP, END]


def test_content_as_a_list() -> None:
    content = [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": []}, {"type": "text", "text": "b"}]
    warnings = ["thinking: this content has no unified form and was left out"]
    for response in (CODEC.decode_response(answer(content=content)), streamed(chunk(content=content), STOP)):
        assert (response.content, response.warnings) == ([TextPart(text="ab")], warnings)


def test_numbered_citations() -> None:
    beside = {
        "citations": ["https://a.example", "https://b.example"],
        "search_results": [{"url": "https://a.example", "title": "A"}],
    }
    first = {"source": "https://a.example", "title": "A"}
    expected = TextPart(
        text="Wet[1], wet[1].",
        citations=[
            Citation(**first, start_index=3, end_index=6),
            Citation(**first, start_index=11, end_index=14),
            Citation(source="https://b.example", title="", start_index=0, end_index=15),
        ],
    )
    assert CODEC.decode_response(answer(content="Wet[1], wet[1].", beside=beside)).content == [expected]
    events = [chunk(content="Wet[1]", beside=beside), chunk(content=", wet[1].", beside=beside), STOP]
    assert streamed(*events).content == [expected]


def test_a_cut_that_only_the_upstream_tells() -> None:
    cut = call_json('{"city":"Pa')
    body = json.loads(answer("tool_calls", tool_calls=[cut]).body)
    body["choices"][0]["native_finish_reason"] = "length"
    response = CODEC.decode_response(reply(body))
    assert (response.content, response.finish_reason, response.finish_detail) == ([], "length", "length")
    last = {"choices": [{"delta": {}, "finish_reason": "tool_calls", "native_finish_reason": "max_output_tokens"}]}
    in_stream = streamed(calls({**cut, "index": 0}), event(last))
    assert (in_stream.content, in_stream.finish_detail) == ([], "max_output_tokens")
    with pytest.raises(MalformedArgumentsError):
        streamed(calls({**cut, "index": 0}), chunk("tool_calls"))


@pytest.mark.parametrize(
    ("status", "body", "kind", "message", "code"),
    [
        (404, b'{"error":"no such model"}', StatusCodeError, "no such model", None),
        (429, b'{"error":{"message":"slowly","code":429}}', RateLimitError, "slowly", None),
        (400, b'{"code":400,"message":"too hot","type":"Bad Request"}', StatusCodeError, "too hot", "Bad Request"),
        (503, b"upstream connect error", OverloadedError, "upstream connect error", None),
        (500, b"", StatusCodeError, "an answer of status 500 without a body", None),
    ],
)
def test_errors(status: int, body: bytes, kind: type[StatusCodeError], message: str, code: str | None) -> None:
    error = CODEC.decode_error(reply(body, status))
    assert isinstance(error, kind)
    assert (error.status_code, error.message, error.code) == (status, message, code)
