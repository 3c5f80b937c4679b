"""An answer that is sent back as history: the provider gets its own items again, ids, phases and tokens included."""

from typing import Any

import pytest

from llm_sdk.accumulator import accumulate
from llm_sdk.comparison import describe
from llm_sdk.errors import RefusalError
from llm_sdk.types import ModelResponse
from providers.openai.given import (
    CODEC,
    SEARCH_ITEM,
    answer,
    assistant,
    feed,
    function_call,
    losses,
    message,
    plain,
    reply,
)
from providers.openai.given import items as items_of
from providers.openai.recorded import answers, streams

# What an item says of how it came about, and need not be told again.
FORGOTTEN = {
    "message": ["status"],
    "function_call": ["status"],
    "web_search_call": ["status"],
    "image_generation_call": ["status", "background", "quality", "revised_prompt", "action"],
    "reasoning": ["status"],
}


def normalized(wired: list[Any]) -> Any:
    """Items without what is forgotten, in the form in which two of them can be compared."""
    kept = [{key: value for key, value in item.items() if key not in FORGOTTEN.get(item["type"], ())} for item in wired]
    return CODEC.normalize_request({"model": "m", "input": kept})["input"]


def replayed(response: ModelResponse) -> list[Any]:
    sent: list[Any] = items_of(assistant(*response.content))
    return sent


OUTPUTS: dict[str, list[Any]] = {
    "a text and its phase": [message("Rain", phase="final_answer")],
    "commentary, a call, an answer": [
        message("Looking", phase="commentary"),
        function_call(),
        message("Rain", id="msg_2", phase="final_answer"),
    ],
    "reasoning and what it led to": [
        {
            "id": "rs_1",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "**a**"}, {"type": "summary_text", "text": "**b**"}],
            "encrypted_content": "gAAAA",
        },
        function_call(),
    ],
    "the reasoning of an open model, in two parts": [
        {
            "id": "rs_1",
            "type": "reasoning",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "Hm"}, {"type": "reasoning_text", "text": "So\nit is"}],
        },
        function_call(),
    ],
    "a summary and the reasoning itself": [
        {
            "id": "rs_1",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "**a**"}, {"type": "summary_text", "text": "**b**"}],
            "content": [{"type": "reasoning_text", "text": "Hm"}],
            "encrypted_content": "gAAAA",
        },
    ],
    "a search with its sources": [
        {**SEARCH_ITEM, "action": {"type": "search", "query": "a", "sources": [{"type": "url", "url": "u"}]}},
        message("Rain"),
    ],
    "a search that failed": [{**SEARCH_ITEM, "status": "failed"}, message("Sorry")],
    "items without a unified form": [{"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAA"}],
}


@pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
def test_an_answer_goes_back_item_by_item(output: list[Any]) -> None:
    response = CODEC.decode_response(answer(*output))
    assert normalized(replayed(response)) == normalized(output)
    assert losses(assistant(*response.content)) == ()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"namespace": "crm"}, id="namespace"),
        pytest.param({"caller": {"type": "program", "caller_id": "call_2"}}, id="caller"),
    ],
)
def test_a_call_goes_back_with_all_that_it_said(fields: dict[str, Any]) -> None:
    """The namespace that a tool search has loaded it from, and the program that has called it (recorded)."""
    [item] = replayed(CODEC.decode_response(answer({**function_call(), **fields})))
    assert {name: item.get(name) for name in fields} == fields


def test_the_reasoning_of_an_open_model_goes_back_as_content() -> None:
    content = [{"type": "reasoning_text", "text": "Hm"}]
    reasoning = {"id": "rs_1", "type": "reasoning", "summary": [], "content": content}
    [item] = replayed(CODEC.decode_response(answer(reasoning)))
    assert (item["summary"], item["content"]) == ([], content)


def test_recorded_answers_go_back_item_by_item() -> None:
    judged = 0
    for body in answers():
        output = body.get("output", [])
        try:
            response = CODEC.decode_response(reply(body))
        except RefusalError:
            continue
        assert describe(normalized(output), normalized(replayed(response))) == ""
        judged += 1
    assert judged > 700


def test_recorded_streams_come_to_the_answer_that_ends_them() -> None:
    """Law 8 on real traffic. What is encrypted differs each time that it is told, and one recording says something else
    in its deltas than at its end."""
    unequal = judged = 0
    for events in streams():
        ends = [one for one in events if one.event in ("response.completed", "response.incomplete")]
        if not ends:
            continue
        try:
            streamed, whole = accumulate(feed(*events)), accumulate(feed(ends[0]))
        except RefusalError:
            continue
        judged += 1
        unequal += describe(unencrypted(whole), unencrypted(streamed)) != ""
    assert judged > 350
    assert unequal <= 2


def unencrypted(response: ModelResponse) -> Any:
    shown = plain(response)
    for part in shown["content"]:
        if part["type"] == "reasoning":
            part.pop("signature", None)
        if part["type"] == "opaque":
            part["data"] = part["data"]["type"]
    return shown
