"""``LanguageModelInput`` -> the exact body of ``generateContent``, and back."""

import json
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.codec import Route
from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.providers.google import GoogleCodec
from providers.google.given import ASKED, CODEC, MODEL, PATH, ask, plain, read, said, written

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "get_weather", "description": "Weather of a city", "parameters": SCHEMA}
DECLARED = {"name": "get_weather", "description": "Weather of a city", "parametersJsonSchema": SCHEMA}
JSON = "application/json"


def config(**fields: Any) -> dict[str, Any]:
    return {"generationConfig": fields}


def calling(**fields: Any) -> dict[str, Any]:
    return {"toolConfig": {"functionCallingConfig": fields}}


# What is asked, and what stands in the body for it: read in both directions.
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "system_prompt": ({"system_prompt": "Be brief."}, {"systemInstruction": {"parts": [{"text": "Be brief."}]}}),
    "empty system_prompt": ({"system_prompt": ""}, {"systemInstruction": {"parts": [{"text": ""}]}}),
    "max_tokens": ({"max_tokens": 16}, config(maxOutputTokens=16)),
    "temperature": ({"temperature": 1.5}, config(temperature=1.5)),
    "temperature 0": ({"temperature": 0}, config(temperature=0.0)),
    "top_p": ({"top_p": 0.25}, config(topP=0.25)),
    "top_k": ({"top_k": 40}, config(topK=40)),
    "presence_penalty 0": ({"presence_penalty": 0}, config(presencePenalty=0.0)),
    "frequency_penalty": ({"frequency_penalty": -1}, config(frequencyPenalty=-1.0)),
    "seed 0": ({"seed": 0}, config(seed=0)),
    "stop": ({"stop": ["END", "\n"]}, config(stopSequences=["END", "\n"])),
    "function": ({"tools": [WEATHER]}, {"tools": [{"functionDeclarations": [DECLARED]}]}),
    "function without description": (
        {"tools": [{"name": "now", "parameters": {"type": "object"}}]},
        {"tools": [{"functionDeclarations": [{"name": "now", "parametersJsonSchema": {"type": "object"}}]}]},
    ),
    "functions stand in one entry before the hosted tools": (
        {"tools": [WEATHER, {"type": "web_search"}]},
        {"tools": [{"functionDeclarations": [DECLARED]}, {"googleSearch": {}}]},
    ),
    "no tools": ({"tools": []}, {"tools": []}),
    "hosted tool": (
        {"tools": [{"type": "opaque", "provider": "google", "data": {"codeExecution": {}}}]},
        {"tools": [{"codeExecution": {}}]},
    ),
    "choice auto": ({"tool_choice": {"type": "auto"}}, calling(mode="AUTO")),
    "choice none": ({"tool_choice": {"type": "none"}}, calling(mode="NONE")),
    "choice required": ({"tool_choice": {"type": "required"}}, calling(mode="ANY")),
    "choice by name": (
        {"tool_choice": {"type": "tool", "tool_name": "get_weather"}},
        calling(mode="ANY", allowedFunctionNames=["get_weather"]),
    ),
    "format text": ({"response_format": {"type": "text"}}, config(responseMimeType="text/plain")),
    "format json": ({"response_format": {"type": "json", "name": "response"}}, config(responseMimeType=JSON)),
    "format json schema": (
        {"response_format": {"type": "json", "name": "response", "schema": SCHEMA}},
        config(responseMimeType=JSON, responseJsonSchema=SCHEMA),
    ),
    "modalities": ({"modalities": ["text", "image"]}, config(responseModalities=["TEXT", "IMAGE"])),
    "voice": (
        {"modalities": ["audio"], "audio": {"voice": "Kore", "language": "de-DE"}},
        config(
            responseModalities=["AUDIO"],
            speechConfig={"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}, "languageCode": "de-DE"},
        ),
    ),
    "reasoning": ({"reasoning": {}}, config(thinkingConfig={"includeThoughts": True})),
    "reasoning with a budget": (
        {"reasoning": {"budget_tokens": 512}},
        config(thinkingConfig={"includeThoughts": True, "thinkingBudget": 512}),
    ),
    "reasoning as much as the model likes": (
        {"reasoning": {"budget_tokens": -1}},
        config(thinkingConfig={"includeThoughts": True, "thinkingBudget": -1}),
    ),
    "reasoning with an effort": (
        {"reasoning": {"effort": "low"}},
        config(thinkingConfig={"includeThoughts": True, "thinkingLevel": "LOW"}),
    ),
    "reasoning off": ({"reasoning": {"enabled": False}}, config(thinkingConfig={"thinkingBudget": 0})),
    "extra": (
        {"temperature": 1, "extra": {"cachedContent": "cachedContents/1", "generationConfig": {"candidateCount": 2}}},
        {"cachedContent": "cachedContents/1", **config(temperature=1.0, candidateCount=2)},
    ),
}


@pytest.mark.parametrize(("options", "body"), OPTIONS.values(), ids=OPTIONS.keys())
def test_an_option_is_written_and_read(options: dict[str, Any], body: dict[str, Any]) -> None:
    input = ask(**options)
    assert written(input) == {**ASKED, **body}
    assert plain(read({**ASKED, **body}).input) == plain(input)


@pytest.mark.parametrize("options", [options for options, _ in OPTIONS.values()], ids=OPTIONS.keys())
def test_the_published_schema_accepts_it(published: PublishedSchemas, options: dict[str, Any]) -> None:
    assert published.complaint("request", written(ask(**options))) == ""


# Other ways to say the same, or more than has a unified form; what is read of them, beside the message.
READ: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nulls": ({"systemInstruction": None, "generationConfig": None, "safetySettings": None}, {}),
    "snake case": (
        {"generation_config": {"max_output_tokens": 5, "thinking_config": {"include_thoughts": True}}},
        {"max_tokens": 5, "reasoning": {}},
    ),
    "a single object in the place of a list": (
        {"tools": {"function_declarations": {"name": "now", "parameters": {"type": "OBJECT"}}}},
        {"tools": [{"name": "now", "parameters": {"type": "object"}}]},
    ),
    "instructions in one part, with a role": (
        {"system_instruction": {"role": "user", "parts": {"text": "Be brief."}}},
        {"system_prompt": "Be brief."},
    ),
    "instructions in two parts": (
        {"systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]}},
        {
            "system_prompt": "Be brief.\nBe kind.",
            "extra": {"systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]}},
        },
    ),
    "a schema in the manner of OpenAPI": (
        config(
            responseMimeType=JSON,
            responseSchema={
                "type": "OBJECT",
                "properties": {"type": {"type": "STRING", "nullable": True, "max_length": "9"}},
                "property_ordering": ["type"],
            },
        ),
        {
            "response_format": {
                "type": "json",
                "name": "response",
                "schema": {
                    "type": "object",
                    "properties": {"type": {"type": ["string", "null"], "maxLength": 9}},
                    "propertyOrdering": ["type"],
                },
            }
        },
    ),
    "functions behind a hosted tool, in one entry": (
        {"tools": [{"google_search": {}, "functionDeclarations": [DECLARED]}]},
        {"tools": [WEATHER, {"type": "web_search"}]},
    ),
    "a function without parameters": (
        {"tools": [{"functionDeclarations": [{"name": "now"}]}]},
        {"tools": [{"name": "now", "parameters": {"type": "object", "properties": {}}}]},
    ),
    "what a function declares beside": (
        {"tools": [{"functionDeclarations": [{**DECLARED, "behavior": "BLOCKING"}]}]},
        {
            "tools": [WEATHER],
            "extra": {"tools": {"0": {"functionDeclarations": {"0": {"behavior": "BLOCKING"}}}}},
        },
    ),
    "a choice of several functions": (
        calling(mode="ANY", allowedFunctionNames=["a", "b"]),
        {
            "tool_choice": {"type": "required"},
            "extra": {"toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["a", "b"]}}},
        },
    ),
    "a mode of its own": (
        calling(mode="VALIDATED"),
        {"extra": {"toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}}}},
    ),
    "thinking that is not shown": (
        config(thinkingConfig={"thinkingBudget": 100}),
        {
            "reasoning": {"budget_tokens": 100},
            "extra": {"generationConfig": {"thinkingConfig": {"includeThoughts": False}}},
        },
    ),
    "a level in lower case": (
        config(thinkingConfig={"includeThoughts": True, "thinkingLevel": "high"}),
        {"reasoning": {"effort": "high"}},
    ),
    "films, asked for": (
        config(responseModalities=["VIDEO"]),
        {"extra": {"generationConfig": {"responseModalities": ["VIDEO"]}}},
    ),
    "an enum": (
        config(responseMimeType="text/x.enum", responseSchema={"type": "STRING", "enum": ["a"]}),
        {
            "extra": {
                "generationConfig": {
                    "responseMimeType": "text/x.enum",
                    "responseSchema": {"type": "STRING", "enum": ["a"]},
                }
            }
        },
    ),
    "labels keep their spelling": ({"labels": {"my_team": "a_b"}}, {"extra": {"labels": {"my_team": "a_b"}}}),
}


@pytest.mark.parametrize(("body", "options"), READ.values(), ids=READ.keys())
def test_a_request_in_other_words(body: dict[str, Any], options: dict[str, Any]) -> None:
    wired = {**ASKED, **body}
    call = read(wired)
    assert plain(call.input) == plain(ask(**options))
    assert CODEC.normalize_request(written(call.input)) == CODEC.normalize_request(wired)


def test_the_description_of_a_format_goes_into_its_schema() -> None:
    format = {"type": "json", "name": "city", "description": "A city", "schema": SCHEMA}
    body = written(ask(response_format=format))
    assert body["generationConfig"]["responseJsonSchema"] == {"description": "A city", **SCHEMA}


def test_an_effort_outranks_a_budget() -> None:
    request = CODEC.encode_request(MODEL, ask(reasoning={"effort": "low", "budget_tokens": 9}), stream=False)
    assert json.loads(request.body)["generationConfig"]["thinkingConfig"] == {
        "includeThoughts": True,
        "thinkingLevel": "LOW",
    }
    assert request.warnings == (
        "reasoning: the budget was left out, because this protocol takes it or an effort, not both",
    )


UNSUPPORTED = {
    "metadata": ({"metadata": {"user": "7"}}, "metadata"),
    "parallel_tool_calls": ({"parallel_tool_calls": False}, "parallel_tool_calls"),
    "a narrowed search": (
        {"tools": [{"type": "web_search", "allowed_domains": ["a.com"]}]},
        "tools[0].allowed_domains",
    ),
    "a search near by": ({"tools": [{"type": "web_search", "user_location": {}}]}, "tools[0].user_location"),
    "a format of sound": ({"audio": {"format": "mp3"}}, "audio.format"),
    "effort max": ({"reasoning": {"effort": "max"}}, "reasoning.effort"),
    "instructions in mid-conversation": (
        {"messages": [{"role": "system", "content": "Be brief."}]},
        "messages[0].content[0]",
    ),
}


@pytest.mark.parametrize(("options", "path"), UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_what_the_protocol_cannot_say_is_refused(options: dict[str, Any], path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        CODEC.encode_request(MODEL, ask(**options), stream=False)
    assert (caught.value.path, caught.value.provider) == (path, "google")


REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "* GenerateContentRequest.contents: contents is not specified\n"),
    "no contents": ({"contents": []}, "* GenerateContentRequest.contents: contents is not specified\n"),
    "an empty content": (
        {"contents": [{"role": "user", "parts": []}]},
        "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n",
    ),
    "a role of another provider": (
        {"contents": [said("Hi", role="assistant")]},
        "Please use a valid role: user, model.",
    ),
    "a number in the place of a text": (
        {"contents": [said({"text": 1})]},
        "Invalid value at 'contents[0].parts[0].text': Input should be a valid string",
    ),
    "a text in the place of a number": (
        {**ASKED, "generationConfig": {"maxOutputTokens": "many"}},
        "Invalid value at 'generation_config.max_output_tokens': Input should be a valid integer, "
        "unable to parse string as an integer",
    ),
}


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_the_api_refuses(body: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(body)
    assert (caught.value.message, caught.value.provider) == (message, "google")


def test_a_body_that_is_no_json() -> None:
    with pytest.raises(InvalidInputError, match=r"^google: Invalid JSON payload received\. "):
        read(b"{")


def test_the_path_names_model_and_streaming() -> None:
    whole = CODEC.encode_request("gemini-2.5-flash", ask(), stream=False)
    assert (whole.method, whole.path) == ("POST", "/v1beta/models/gemini-2.5-flash:generateContent")
    streamed = GoogleCodec("v1").encode_request("models/gemini-2.5-flash", ask(), stream=True)
    assert streamed.path == "/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    tuned = CODEC.encode_request("tunedModels/a b", ask(), stream=False)
    assert tuned.path == "/v1beta/tunedModels/a%20b:generateContent"
    with pytest.raises(InvalidInputError, match="'v9' is none of v1, v1alpha, v1beta"):
        GoogleCodec("v9")


ROUTES: dict[str, Route | None] = {
    PATH: Route(MODEL, False),
    "/v1/models/m:generateContent": Route("m", False),
    "/v1beta/models/m:streamGenerateContent?alt=sse": Route("m", True),
    "/v1beta/models/m:streamGenerateContent?key=k&alt=sse": Route("m", True),
    "/v1beta/models/m:streamGenerateContent": Route("m", True, "json-array"),
    "/v1beta/tunedModels/t:generateContent": Route("tunedModels/t", False),
    "/v1/projects/p/locations/l/publishers/google/models/m:generateContent": Route("m", False),
    "/v1beta1/publishers/google/models/m:streamGenerateContent?alt=sse": Route("m", True),
    "/v1/projects/p/locations/l/endpoints/7:generateContent": Route("endpoints/7", False),
    "/v1beta/models/m:countTokens": None,
    "/v1beta/models": None,
    "/v1/messages": None,
}


@pytest.mark.parametrize(("path", "route"), ROUTES.items())
def test_paths(path: str, route: Route | None) -> None:
    found = CODEC.match("POST", path)
    assert found == route
    assert getattr(found, "framing", None) == getattr(route, "framing", None)
    assert CODEC.match("GET", path) is None
