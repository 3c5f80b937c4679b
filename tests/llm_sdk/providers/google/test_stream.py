"""Streams: what each chunk says, and which chunks are written."""

import json
from typing import Any

import pytest

from llm_sdk.accumulator import accumulate, to_partials
from llm_sdk.codec import SeededIds
from llm_sdk.deltas import (
    ContentDelta,
    PartialModelResponse,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
)
from llm_sdk.errors import InvariantError, RateLimitError, RefusalError, StreamTruncatedError
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    AudioPart,
    ModelResponse,
    ModelUsage,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from providers.google.given import (
    CALL,
    CALL_PART,
    CODEC,
    HEAD,
    MODEL,
    OTHER_SIGNATURE,
    SIGNATURE,
    call,
    chunk,
    feed,
    plain,
)

ENDED = {"finish_reason": "stop", "finish_detail": "STOP", "id": HEAD["responseId"], "model_id": MODEL}


def thought(text: str, **fields: Any) -> dict[str, Any]:
    return {"text": text, "thought": True, **fields}


def signed(text: str) -> dict[str, Any]:
    return {"text": text, "thoughtSignature": SIGNATURE}


def written(response: ModelResponse, cut: Any = None) -> list[Any]:
    """The chunks of a streamed answer."""
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    events = [event for partial in to_partials(response, cut) for event in encoder.feed(partial)] + encoder.close()
    return [json.loads(event.data) for event in events]


def called(name: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"functionCall": {**({} if name is None else {"name": name}), **fields}}


def piece(path: str, **value: Any) -> dict[str, Any]:
    return called(partialArgs=[{"jsonPath": path, **value}], willContinue=True)


CALLED = ToolCallPart(tool_call_id="a1b2c3d4", tool_name="f", args={})
# Streams and what they add up to.
STREAMS: dict[str, tuple[list[Any], list[Part]]] = {
    "text": ([chunk("Hel"), chunk("lo", finish="STOP")], [TextPart(text="Hello")]),
    "text, signed on an empty one": (
        [chunk("Hel"), chunk("lo"), chunk(signed(""), finish="STOP")],
        [TextPart(text="Hello", signature=SIGNATURE)],
    ),
    "text, signed on its last piece": (
        [chunk("Hel"), chunk(signed("lo"), finish="STOP")],
        [TextPart(text="Hello", signature=SIGNATURE)],
    ),
    "a signed text is complete": (
        [chunk(signed("Hel")), chunk("lo", finish="STOP")],
        [TextPart(text="Hel", signature=SIGNATURE), TextPart(text="lo")],
    ),
    "two texts in one chunk": (
        [chunk("Hel", "lo"), chunk("!", finish="STOP")],
        [TextPart(text="Hel"), TextPart(text="lo!")],
    ),
    "thoughts are one, and so are texts": (
        [chunk(thought("H")), chunk(thought("m")), chunk("Hel"), chunk("lo", finish="STOP")],
        [ReasoningPart(text="Hm"), TextPart(text="Hello")],
    ),
    "an empty text in the end says nothing": (
        [chunk(CALL_PART), chunk("", finish="STOP")],
        [CALL],
    ),
    "no parts in the end": ([chunk("Hello"), chunk(finish="STOP")], [TextPart(text="Hello")]),
    "no content in between": (
        [chunk("Hel"), {"candidates": [{"content": None, "index": 0}], **HEAD}, chunk("lo", finish="STOP")],
        [TextPart(text="Hello")],
    ),
    "sound in pieces": (
        [
            chunk({"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": data}}, finish=finish)
            for data, finish in (("AAEC", None), ("AwQF", "STOP"))
        ],
        [AudioPart(format="linear16", data="AAECAwQF", sample_rate=24000)],
    ),
    "a call in pieces": (
        [
            chunk({**called("f", willContinue=True, id="a1b2c3d4"), "thoughtSignature": SIGNATURE}),
            chunk(piece("$.city", stringValue="Par", willContinue=True)),
            chunk(piece("$.city", stringValue="is")),
            chunk(piece("$.days[1].n", numberValue=2)),
            chunk(piece("$.days[0]['at once']", boolValue=True)),
            chunk(piece("$.none", nullValue=None)),
            chunk(called(), finish="STOP"),
        ],
        [
            CALLED.model_copy(
                update={
                    "args": {"city": "Paris", "days": [{"at once": True}, {"n": 2}], "none": None},
                    "signature": SIGNATURE,
                }
            )
        ],
    ),
    "a call in pieces that nothing ends": (
        [
            chunk(called("f", willContinue=True, id="a1b2c3d4")),
            chunk(piece("$.a", numberValue=0.5)),
            chunk("", finish="STOP"),
        ],
        [CALLED.model_copy(update={"args": {"a": 0.5}})],
    ),
}


@pytest.mark.parametrize(("chunks", "content"), STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_adds_up(chunks: list[Any], content: list[Part]) -> None:
    calls = any(isinstance(part, ToolCallPart) for part in content)
    whole = ModelResponse(content=content, **{**ENDED, "finish_reason": "tool_calls" if calls else "stop"})
    assert plain(accumulate(feed(*chunks))) == plain(whole)


def test_the_partials_of_a_chunk() -> None:
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 2}
    [first, second, third] = feed(chunk(thought("Hm"), "Hel", usage=usage), chunk("lo", finish="STOP", usage=usage))
    ids = {"id": HEAD["responseId"], "model_id": MODEL}
    assert first == PartialModelResponse(delta=ContentDelta(index=0, part=ReasoningPartDelta(text="Hm")), **ids)
    assert second == PartialModelResponse(
        delta=ContentDelta(index=1, part=TextPartDelta(text="Hel")), usage=ModelUsage(input_tokens=3, output_tokens=2)
    )
    assert third == PartialModelResponse(
        delta=ContentDelta(index=1, part=TextPartDelta(text="lo")), finish_reason="stop", finish_detail="STOP", **ids
    )


def test_running_totals_become_increments() -> None:
    totals = [
        {"trafficType": "ON_DEMAND"},
        {"promptTokenCount": 4, "thoughtsTokenCount": 5},
        {"promptTokenCount": 4, "thoughtsTokenCount": 5, "candidatesTokenCount": 7},
        {"promptTokenCount": 3, "thoughtsTokenCount": 5, "candidatesTokenCount": 9},
    ]
    partials = feed(*(chunk("a", usage=usage) for usage in totals), chunk("", finish="STOP", usage=totals[-1]))
    increments = [partial.usage for partial in partials if partial.usage is not None]
    assert [(one.input_tokens, one.output_tokens) for one in increments] == [(4, 5), (0, 7), (-1, 2)]
    assert accumulate(partials).usage == ModelUsage.model_validate(
        {"input_tokens": 3, "output_tokens": 14, "output_tokens_details": {"reasoning_tokens": 5}}
    )


def test_grounding_comes_in_the_end_and_adds_up() -> None:
    def resting(*uris: str, at: int, queries: list[str]) -> dict[str, Any]:
        support = {"segment": {"startIndex": at, "endIndex": at + 2}, "groundingChunkIndices": [at // 2]}
        web = [{"web": {"uri": uri, "title": uri}} for uri in uris]
        return {"groundingChunks": web, "groundingSupports": [support], "webSearchQueries": queries}

    response = accumulate(
        feed(
            chunk("ab", groundingMetadata={}),
            chunk("cd", groundingMetadata=resting("u", at=0, queries=["q"])),
            chunk("", finish="STOP", groundingMetadata=resting("v", at=2, queries=[])),
        )
    )
    text, search, found = response.content
    assert isinstance(text, TextPart)
    assert [(one.source, one.start_index, one.end_index) for one in text.citations or ()] == [("u", 0, 2), ("v", 2, 4)]
    assert (search.type, found.type) == ("tool-call", "tool-result")


TRUNCATED: dict[str, list[Any]] = {
    "nothing": [],
    "no finish reason": [chunk("Hel"), chunk("lo")],
    "code whose result is still to come": [chunk({"executableCode": {"code": "1"}}, finish="STOP")],
}


@pytest.mark.parametrize("chunks", TRUNCATED.values(), ids=TRUNCATED.keys())
def test_a_stream_without_its_end_is_truncated(chunks: list[Any]) -> None:
    with pytest.raises(StreamTruncatedError, match=f"^google: the stream ended after {len(chunks)} events"):
        feed(*chunks)


@pytest.mark.parametrize("word", ["MAX_TOKENS", "MALFORMED_FUNCTION_CALL", "SAFETY"])
def test_code_without_a_result_is_the_end_where_the_answer_does_not_stop_by_itself(word: str) -> None:
    response = accumulate(feed(chunk({"executableCode": {"code": "1"}}, finish=word)))
    assert ([part.type for part in response.content], response.finish_detail) == (["opaque"], word)


def test_a_call_that_the_token_limit_cut_is_left_out() -> None:
    begun = [chunk("Wait."), chunk(called("f", willContinue=True)), chunk(piece("$.a", stringValue="x"))]
    response = accumulate(feed(*begun, chunk(finish="MAX_TOKENS")))
    assert (response.content, response.finish_reason) == ([TextPart(text="Wait.")], "length")
    [warning] = response.warnings or ()
    assert warning.startswith("tool-call: the answer was cut short, and a call with it: ")


def test_an_error_amid_a_stream() -> None:
    with pytest.raises(RateLimitError, match="slowly") as caught:
        feed(chunk("Hel"), {"error": {"code": 429, "message": "slowly", "status": "RESOURCE_EXHAUSTED"}})
    assert (caught.value.provider, caught.value.code) == ("google", "RESOURCE_EXHAUSTED")


def test_a_block_is_a_refusal_and_amid_an_answer_an_end() -> None:
    with pytest.raises(RefusalError, match="the prompt was blocked: OTHER"):
        feed({"promptFeedback": {"blockReason": "OTHER"}, **HEAD})
    response = accumulate(feed(chunk("Hel"), chunk(finish="SAFETY")))
    assert (response.content, response.finish_reason) == ([TextPart(text="Hel")], "content_filter")


@pytest.mark.parametrize("data", [b"{", b'{"candidates": 1}', b"[]", b'{"candidates":[]}\n[]'])
def test_a_malformed_chunk_gives_its_number(data: bytes) -> None:
    decoder = CODEC.stream_decoder()
    decoder.feed(ServerSentEvent(b"{}"))
    with pytest.raises(InvariantError, match=r"^google: event 1 is malformed at "):
        decoder.feed(ServerSentEvent(data))


@pytest.mark.parametrize("path", ["city", "$", "$.a..b", "$.a[x]", "$[0]", "$.a[99999]"])
def test_a_path_that_cannot_be_gone(path: str) -> None:
    with pytest.raises(InvariantError, match="argument"):
        feed(chunk(called("f", willContinue=True)), chunk(piece(path, numberValue=1)))


def test_events_without_blank_lines_between_them() -> None:
    lines = b"\n".join(json.dumps(one).encode() for one in (chunk("Hel"), chunk("lo", finish="STOP")))
    decoder = CODEC.stream_decoder()
    partials = decoder.feed(ServerSentEvent(lines))
    assert accumulate(partials + decoder.close()).content == [TextPart(text="Hello")]


# Answers and the parts, finish reasons included, of the chunks that are written.
WRITTEN: dict[str, tuple[ModelResponse, list[Any]]] = {
    "text": (ModelResponse(content=[TextPart(text="abc")], **ENDED), [["a"], ["b"], ["c", "STOP"]]),
    "nothing": (ModelResponse(content=[], **ENDED), [["STOP"]]),
    "each kind in chunks of its own": (
        ModelResponse(
            content=[
                ReasoningPart(text="H", signature=SIGNATURE),
                TextPart(text="ab", signature=OTHER_SIGNATURE),
                CALL,
                CALL.model_copy(update={"tool_call_id": "b"}),
            ],
            **ENDED,
        ),
        [
            [thought("H", thoughtSignature=SIGNATURE)],
            ["a"],
            [{"text": "b", "thoughtSignature": OTHER_SIGNATURE}],
            [CALL_PART, called("get_weather", args={"city": "Paris"}, id="b"), "STOP"],
        ],
    ),
    "two texts side by side": (
        ModelResponse(content=[TextPart(text="ab"), TextPart(text="c")], **ENDED),
        [["a"], ["b", "c", "STOP"]],
    ),
}


@pytest.mark.parametrize(("response", "expected"), WRITTEN.values(), ids=WRITTEN.keys())
def test_chunks(response: ModelResponse, expected: list[Any]) -> None:
    seen = []
    for body in written(response, list):
        [candidate] = body["candidates"]
        assert {name: body[name] for name in HEAD} == HEAD
        parts = [part["text"] if part.keys() == {"text"} else part for part in candidate["content"].get("parts", ())]
        seen.append([*parts, *([candidate["finishReason"]] if "finishReason" in candidate else [])])
    assert seen == expected


def test_every_chunk_has_the_totals_so_far() -> None:
    usage = ModelUsage(input_tokens=4, output_tokens=9)
    counts = [
        body["usageMetadata"] for body in written(ModelResponse(content=[TextPart(text="abc")], usage=usage), list)
    ]
    begun = {"promptTokenCount": 4, "candidatesTokenCount": 1, "totalTokenCount": 5}
    assert counts == [begun, begun, {"promptTokenCount": 4, "candidatesTokenCount": 9, "totalTokenCount": 13}]


def test_a_refusal_is_an_answer_of_which_all_was_kept_back() -> None:
    refused = ModelResponse(
        content=[TextPart(text="I will not.")], finish_reason="content_filter", finish_detail="refusal"
    )
    [body] = written(refused, list)
    assert body["candidates"] == [
        {
            "content": {"role": "model"},
            "finishReason": "SAFETY",
            "finishMessage": "I will not.",
            "index": 0,
        }
    ]
    with pytest.raises(RefusalError) as caught:
        feed(body)
    assert caught.value.refusal == "I will not."


def test_parts_follow_one_another() -> None:
    encoder = CODEC.stream_encoder(call=call(stream=True), ids=SeededIds())
    for index in (0, 1):
        part = ToolCallPartDelta(tool_call_id=f"c{index}", tool_name="f")
        encoder.feed(PartialModelResponse(delta=ContentDelta(index=index, part=part)))
    late = ToolCallPartDelta(args="{}")
    with pytest.raises(InvariantError, match="content 0: this protocol streams one part after another"):
        encoder.feed(PartialModelResponse(delta=ContentDelta(index=0, part=late)))


KINDS: dict[str, tuple[Any, str]] = {
    "text": (chunk("a"), "text"),
    "an empty text": (chunk("", finish="STOP"), "finish"),
    "calls": (chunk(CALL_PART, CALL_PART, finish="STOP"), "functionCall"),
    "a thought beside a text": (chunk(thought("a"), "b"), "thought+text"),
    "code": (chunk({"executableCode": {"code": "1"}}), "executableCode"),
    "no candidates": ({"usageMetadata": {}, **HEAD}, "nothing"),
    "a blocked prompt": ({"promptFeedback": {"blockReason": "SAFETY"}, **HEAD}, "finish"),
}


@pytest.mark.parametrize(("body", "kind"), KINDS.values(), ids=KINDS.keys())
def test_kinds_of_events(body: Any, kind: str) -> None:
    assert CODEC.event_kind(ServerSentEvent(json.dumps(body).encode())) == kind  # type: ignore[attr-defined]
