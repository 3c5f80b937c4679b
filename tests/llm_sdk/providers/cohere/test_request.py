"""Requests to the letter: what is sent for an input, what is refused with nothing sent, and what is said of losses."""

from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.types import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    LanguageModelInput,
    Message,
    OpaquePart,
    ReasoningPart,
    SourcePart,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
)
from providers.cohere.given import (
    ASKED,
    CALL,
    CALLED,
    CODEC,
    MODEL,
    PNG,
    ask,
    assistant,
    losses,
    source,
    text_block,
    thinking_block,
    tool_call,
    tool_result,
    user,
    wired,
    written,
)

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
TOOL = {"name": "get_weather", "description": "The sky.", "parameters": SCHEMA}
FUNCTION = {"type": "function", "function": TOOL}
PICTURE = ImagePart(mime_type="image/png", data=PNG)

OPTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"max_tokens": 0}, {"max_tokens": 0}),
    ({"temperature": 0.0}, {"temperature": 0.0}),
    ({"top_p": 0.5}, {"p": 0.5}),
    ({"top_k": 0}, {"k": 0}),
    ({"seed": 0}, {"seed": 0}),
    ({"presence_penalty": 0.0, "frequency_penalty": 0.5}, {"presence_penalty": 0.0, "frequency_penalty": 0.5}),
    ({"stop": ["END"]}, {"stop_sequences": ["END"]}),
    ({"tools": [TOOL]}, {"tools": [FUNCTION]}),
    ({"tools": []}, {"tools": []}),
    ({"tool_choice": {"type": "auto"}}, {}),
    ({"tool_choice": {"type": "none"}}, {"tool_choice": "NONE"}),
    ({"tool_choice": {"type": "required"}}, {"tool_choice": "REQUIRED"}),
    ({"response_format": {"type": "text"}}, {"response_format": {"type": "text"}}),
    ({"response_format": {"type": "json", "name": "n"}}, {"response_format": {"type": "json_object"}}),
    (
        {"response_format": {"type": "json", "name": "n", "schema": SCHEMA}},
        {"response_format": {"type": "json_object", "json_schema": SCHEMA}},
    ),
    ({"reasoning": {"enabled": True}}, {"thinking": {"type": "enabled"}}),
    ({"reasoning": {"budget_tokens": 500}}, {"thinking": {"type": "enabled", "token_budget": 500}}),
    ({"reasoning": {"enabled": False}}, {"thinking": {"type": "disabled"}}),
    ({"extra": {"safety_mode": "OFF"}}, {"safety_mode": "OFF"}),
    ({"extra": {"messages": {"0": {"x": 1}}}}, {"messages": [{"role": "user", "content": "Hi", "x": 1}]}),
]


@pytest.mark.parametrize(("options", "fields"), OPTIONS)
def test_options(published: PublishedSchemas, options: dict[str, Any], fields: dict[str, Any]) -> None:
    body = written(ask(**options))
    assert body == {**ASKED, **fields}
    assert published.complaint("request", body) == ""


def test_a_stream_is_asked_for_in_the_body() -> None:
    sent = CODEC.encode_request(MODEL, ask(), stream=True)
    assert (sent.method, sent.path, sent.headers["accept"]) == ("POST", "/v2/chat", "text/event-stream")
    assert written(ask(), stream=True) == {**ASKED, "stream": True}


HISTORIES: dict[str, tuple[list[Message], list[dict[str, Any]]]] = {
    "one text is a string": ([user(TextPart(text="Hi"))], [{"role": "user", "content": "Hi"}]),
    "several are a list": (
        [user(TextPart(text="a"), TextPart(text="b"))],
        [{"role": "user", "content": [text_block("a"), text_block("b")]}],
    ),
    "an image by data": (
        [user(PICTURE)],
        [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}],
            }
        ],
    ),
    "an image by URL": (
        [user(ImagePart(url="https://example.com/a.png"))],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}],
    ),
    "instructions in between": (
        [SystemMessage(content=[TextPart(text="Be brief.")])],
        [{"role": "system", "content": "Be brief."}],
    ),
    "thoughts and a text": (
        [assistant(ReasoningPart(text="Hm."), TextPart(text="42"))],
        [{"role": "assistant", "content": [thinking_block("Hm."), text_block("42")]}],
    ),
    "a plan goes back as one": (
        [assistant(ReasoningPart(text="I will look.", id="tool_plan"), CALL)],
        [{"role": "assistant", "tool_plan": "I will look.", "tool_calls": [tool_call()]}],
    ),
    "a call without arguments": (
        [assistant(CALL.model_copy(update={"args": {}}))],
        [{"role": "assistant", "tool_calls": [tool_call("{}")]}],
    ),
    "a result": (
        [tool_result(TextPart(text="sun"))],
        [{"role": "tool", "tool_call_id": "get_weather_1", "content": "sun"}],
    ),
    "an empty result": (
        [tool_result()],
        [{"role": "tool", "tool_call_id": "get_weather_1", "content": ""}],
    ),
    "a result of several parts, with a document": (
        [tool_result(TextPart(text="sun"), source("and rain", id="", title="Forecast"))],
        [
            {
                "role": "tool",
                "tool_call_id": "get_weather_1",
                "content": [
                    text_block("sun"),
                    {"type": "document", "document": {"data": {"title": "Forecast", "text": "and rain"}}},
                ],
            }
        ],
    ),
    "a document whose text is JSON is its fields": (
        [tool_result(source('{"sky": "blue"}', id="d1"))],
        [
            {
                "role": "tool",
                "tool_call_id": "get_weather_1",
                "content": [{"type": "document", "document": {"id": "d1", "data": {"sky": "blue"}}}],
            }
        ],
    ),
    "results of parallel calls": (
        [
            ToolMessage(
                content=[
                    ToolResultPart(tool_call_id=id, tool_name="f", content=[TextPart(text=id)]) for id in ("a", "b")
                ]
            )
        ],
        [{"role": "tool", "tool_call_id": id, "content": id} for id in ("a", "b")],
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_histories(published: PublishedSchemas, name: str) -> None:
    messages, expected = HISTORIES[name]
    assert wired(*messages) == expected
    assert published.complaint("request", written(LanguageModelInput(messages=messages))) == ""


def test_the_system_prompt_is_the_first_message() -> None:
    body = written(ask(system_prompt=""))
    assert body["messages"] == [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}]


def test_sources_of_the_user_are_documents() -> None:
    body = written(
        LanguageModelInput(
            messages=[
                user(source("first", id="a", title="A")),
                user(TextPart(text="Hi"), SourcePart(source="", title="", content=[])),
            ]
        )
    )
    assert body["documents"] == [{"id": "a", "data": {"title": "A", "text": "first"}}, {"data": {"text": ""}}]
    assert body["messages"] == [{"role": "user", "content": "Hi"}]


SIGNATURE = '{"type":"tool","tool_output":{"content":"sun"}}'


def test_citations_go_back_with_their_sources() -> None:
    passage: dict[str, Any] = {"start_index": 0, "end_index": 3, "cited_text": "Sun"}
    citations = [
        Citation(source="get_weather_1:0", signature=SIGNATURE, **passage),
        Citation(source="d1", title="Forecast", signature="of another provider", **passage),
    ]
    (message,) = wired(assistant(TextPart(text="First."), TextPart(text="Sunny.", citations=citations)))
    assert message["citations"] == [
        {
            "start": 0,
            "end": 3,
            "text": "Sun",
            "sources": [
                {"type": "tool", "id": "get_weather_1:0", "tool_output": {"content": "sun"}},
                {"type": "document", "id": "d1", "document": {"id": "d1", "title": "Forecast"}},
            ],
            "type": "TEXT_CONTENT",
            "content_index": 1,
        }
    ]


HOSTED = {"tool_call_id": "ws_1", "tool_name": "web_search", "provider_executed": True}
LOSSES: dict[str, tuple[Message, str]] = {
    "a signed thought": (assistant(ReasoningPart(text="Hm.", signature="gAAA")), "signature: messages[0].content[0] "),
    "a thought with an id": (assistant(ReasoningPart(text="Hm.", id="rs_1")), "signature: messages[0].content[0] "),
    "a signed text": (assistant(TextPart(text="42", signature="msg_1")), "signature: messages[0].content[0] "),
    "a signed citation": (
        assistant(TextPart(text="42", citations=[Citation(source="s", signature="abc")])),
        "signature: messages[0].content[0] ",
    ),
    "a signed call": (assistant(CALL.model_copy(update={"signature": "x"})), "signature: messages[0].content[0] "),
    "a hosted call": (assistant(ToolCallPart(args={}, **HOSTED)), "hosted tool: messages[0].content[0] was run"),
    "a hosted result": (assistant(ToolResultPart(content=[], **HOSTED)), "hosted tool: messages[0].content[0] was run"),
    "an opaque part": (
        assistant(OpaquePart(provider="acme", data={})),
        "opaque: messages[0].content[0] belongs to acme",
    ),
    "one of the user": (user(OpaquePart(provider="acme", data={})), "opaque: messages[0].content[0] belongs to acme"),
    "a source of the model": (assistant(source("x")), "source: messages[0].content[0] is sent without"),
    "a failure": (tool_result(is_error=True), "is_error: messages[0].content[0] is sent as it is"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_lost_is_said(name: str) -> None:
    message, warning = LOSSES[name]
    (said,) = losses(message)
    assert said.startswith(warning)


def test_nothing_of_another_provider_is_sent() -> None:
    said = assistant(
        ReasoningPart(text="", signature="gAAA", id="rs_1"),
        ReasoningPart(text="Hm.", signature="gAAA", id="rs_1"),
        CALL.model_copy(update={"id": "fc_1", "signature": "x"}),
    )
    assert wired(said) == [{"role": "assistant", "content": [thinking_block("Hm.")], "tool_calls": [tool_call()]}]


def test_the_losses_of_tools_and_formats() -> None:
    asked = ask(
        tools=[{"type": "opaque", "provider": "acme", "data": {}}],
        response_format={"type": "json", "name": "n", "description": "d"},
    )
    sent = CODEC.encode_request(MODEL, asked, stream=False)
    assert [warning.partition(":")[0] for warning in sent.warnings] == ["tool", "response_format"]


REFUSED: list[tuple[LanguageModelInput, str]] = [
    *[
        (ask(**{option: value}), option)
        for option, value in {"parallel_tool_calls": False, "metadata": {"a": "b"}}.items()
    ],
    (ask(tool_choice={"type": "tool", "tool_name": "f"}), "tool_choice"),
    (ask(tools=[{"type": "web_search"}]), "tools[0]"),
    (ask(modalities=["image"]), "modalities[0]"),
    (ask(audio={"voice": "x"}), "audio.voice"),
    (ask(reasoning={"effort": "low"}), "reasoning.effort"),
    (LanguageModelInput(messages=[user(AudioPart(data="", format="wav"))]), "messages[0].content[0]"),
    (LanguageModelInput(messages=[user(FilePart(url="https://example.com/a.pdf"))]), "messages[0].content[0]"),
    (LanguageModelInput(messages=[user(CALL)]), "messages[0].content[0]"),
    (LanguageModelInput(messages=[user(ReasoningPart(text="x"))]), "messages[0].content[0]"),
    (LanguageModelInput(messages=[assistant(PICTURE)]), "messages[0].content[0]"),
    (LanguageModelInput(messages=[tool_result(PICTURE)]), "messages[0].content[0].content[0]"),
    (
        LanguageModelInput(messages=[user(ImagePart(mime_type="image/tiff", data=PNG))]),
        "messages[0].content[0].mime_type",
    ),
    (
        LanguageModelInput(messages=[user(SourcePart(source="s", title="", content=[PICTURE]))]),
        "messages[0].content[0].content[0]",
    ),
]


@pytest.mark.parametrize(("input", "path"), REFUSED, ids=[path for _, path in REFUSED])
def test_what_cannot_be_sent_is_refused_with_its_path(input: LanguageModelInput, path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        CODEC.encode_request(MODEL, input, stream=False)
    assert caught.value.path == path


def test_only_results_stand_in_a_message_of_tools() -> None:
    with pytest.raises(InvalidInputError):
        wired(ToolMessage(content=[TextPart(text="x")]))


def test_a_message_of_the_model_with_all_it_can_hold() -> None:
    assert wired(assistant(CALL)) == [CALLED]
