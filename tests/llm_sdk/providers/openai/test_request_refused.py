"""What is refused: inputs that this protocol cannot carry, and bodies that the API answers with 400."""

import json
from typing import Any

import pytest

from llm_sdk.errors import InvalidInputError, LanguageModelError, UnsupportedError
from llm_sdk.types import LanguageModelInput
from providers.openai.given import CODEC, MODEL, ask, read, said

AUDIO = {"type": "audio", "data": "AAAA", "format": "mp3"}
FILE = {"type": "file", "mime_type": "application/pdf", "data": "JVBERi0="}
TEXT = {"type": "text", "text": "a"}


def one(role: str, *content: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "Hi"}, {"role": role, "content": list(content)}]}


def result(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool-result", "tool_call_id": "call_1", "tool_name": "f", "content": list(content)}


CALL = {"type": "tool-call", "tool_call_id": "call_1", "tool_name": "f", "args": {}}
UNSUPPORTED: dict[str, dict[str, Any]] = {
    "stop": {"stop": ["end"]},
    "top_k": {"top_k": 40},
    "seed": {"seed": 7},
    "presence_penalty": {"presence_penalty": 0.5},
    "frequency_penalty": {"frequency_penalty": 0.0},
    "audio.voice": {"audio": {"voice": "alloy"}},
    "audio.format": {"audio": {"format": "mp3"}},
    "modalities[1]": {"modalities": ["text", "audio"]},
    "reasoning.budget_tokens": {"reasoning": {"budget_tokens": 1024}},
    "tools[1].max_uses": {
        "tools": [{"name": "f", "parameters": {}}, {"type": "web_search", "max_uses": 3}],
    },
    "messages[1].content[1]": one("user", TEXT, AUDIO),
    "messages[1].content[0]": one("assistant", FILE),
    "messages[1].content[0].content[1]": one("tool", result(TEXT, AUDIO)),
    "messages[1].content[1].content[0]": one(
        "user", TEXT, {"type": "source", "source": "s", "title": "t", "content": [AUDIO]}
    ),
}


@pytest.mark.parametrize(("path", "options"), UNSUPPORTED.items(), ids=UNSUPPORTED)
def test_what_the_protocol_cannot_carry_is_named_by_its_path(path: str, options: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError) as caught:
        CODEC.encode_request(MODEL, ask(**options), stream=False)
    assert (caught.value.path, caught.value.provider) == (path, "openai")
    assert str(caught.value).startswith(f"openai: {path}: ")


@pytest.mark.parametrize(
    ("options", "error", "path"),
    [
        pytest.param(one("assistant", AUDIO), UnsupportedError, "messages[1].content[0]", id="the model's sound"),
        pytest.param(one("user", CALL), UnsupportedError, "messages[1].content[0]", id="a call of the user"),
        pytest.param(one("user", result()), UnsupportedError, "messages[1].content[0]", id="a result of the user"),
        pytest.param(
            one("user", {"type": "reasoning", "text": "Hm"}),
            UnsupportedError,
            "messages[1].content[0]",
            id="reasoning of the user",
        ),
        pytest.param(one("system", FILE), UnsupportedError, "messages[1].content[0]", id="a file in instructions"),
        pytest.param(one("assistant", result()), UnsupportedError, "messages[1].content[0]", id="the model's result"),
        pytest.param(one("tool", TEXT), InvalidInputError, "messages[1].content[0]", id="a text as a tool result"),
    ],
)
def test_a_part_in_the_wrong_message_is_named_by_its_path(
    options: dict[str, Any], error: type[UnsupportedError | InvalidInputError], path: str
) -> None:
    with pytest.raises(error) as caught:
        CODEC.encode_request(MODEL, ask(**options), stream=False)
    assert caught.value.path == path


def test_an_image_of_the_model_goes_by_data() -> None:
    with pytest.raises(UnsupportedError) as caught:
        CODEC.encode_request(
            MODEL, ask(**one("assistant", {"type": "image", "url": "https://a.example/b.png"})), stream=False
        )
    assert caught.value.path == "messages[1].content[0].url"


@pytest.mark.parametrize("budget", [0, 1, 999, 1024, 5000, -1000])
def test_only_four_budgets_stand_for_an_effort(budget: int) -> None:
    with pytest.raises(UnsupportedError, match=r"^openai: reasoning\.budget_tokens: .*1000, 2000, 3000, 4000"):
        CODEC.encode_request(MODEL, ask(reasoning={"budget_tokens": budget}), stream=True)


NOT_JSON = "We could not parse the JSON body of your request."


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"model":"m","input":"\xff"}', b'{"model":"m","input":"\\ud800"}', b"nonsense"]
)
def test_a_body_that_is_not_json_is_refused_in_the_providers_words(body: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(body)
    assert (caught.value.message, caught.value.path) == (NOT_JSON, "")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"hi"', b"7"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="Invalid "):
        read(body)


FUNCTION = {"type": "function", "name": "f", "parameters": {}}
# The parameter that is missing, and a body without it.
MISSING: dict[str, dict[str, Any]] = {
    "model": {"input": "Hi"},
    "input": {"model": MODEL},
    "tools[0].type": {"model": MODEL, "input": "Hi", "tools": [{}]},
    "tools[1].name": {"model": MODEL, "input": "Hi", "tools": [FUNCTION, {"type": "function"}]},
}


@pytest.mark.parametrize(("path", "body"), MISSING.items(), ids=MISSING)
def test_a_missing_parameter_is_named_in_the_providers_words(path: str, body: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(body)
    assert caught.value.path == path
    assert caught.value.message == f"{path}: Missing required parameter: '{path}'."


# A parameter of the wrong type or value, by its path.
WRONG: dict[str, dict[str, Any]] = {
    "model": {"model": 5},
    "input": {"input": 5},
    "instructions": {"instructions": 5},
    "tools": {"tools": {}},
    "tools[0].parameters": {"tools": [{**FUNCTION, "parameters": 5}]},
    "tools[0].name": {"tools": [{**FUNCTION, "name": None}]},
    "tool_choice": {"tool_choice": 5},
    "text": {"text": "json"},
    "text.format": {"text": {"format": "json"}},
    "reasoning": {"reasoning": "high"},
    "reasoning.effort": {"reasoning": {"effort": 5}},
    "include": {"include": "reasoning.encrypted_content"},
    "include[1]": {"include": ["a", 5]},
    "temperature": {"temperature": "hot"},
    "max_output_tokens": {"max_output_tokens": 1.5},
    "metadata": {"metadata": []},
    "stream": {"stream": "perhaps"},
}


@pytest.mark.parametrize(("path", "fields"), WRONG.items(), ids=WRONG)
def test_a_parameter_of_the_wrong_type_is_named(path: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read({"model": MODEL, "input": "Hi", **fields})
    assert caught.value.path == path
    assert f"Invalid type for '{path}': expected " in caught.value.message
    assert caught.value.code == "invalid_type"


# The same inside an input item, where a plain string would have been right too.
WRONG_ITEMS: dict[str, Any] = {
    "input[0]": "Hi",
    "input[0].role": {"role": "bot", "content": "Hi"},
    "input[0].content": {"role": "user"},
    "input[0].content[0].text": said({"type": "input_text"}),
    "input[0].content[1].type": said("Hi", {"text": "Hi"}),
    "input[0].call_id": {"type": "function_call_output", "output": "rain"},
    "input[0].output": {"type": "function_call_output", "call_id": "call_1", "output": 5},
    "input[0].arguments": {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": {}},
    "input[0].name": {"type": "function_call", "call_id": "call_1", "arguments": "{}"},
}


@pytest.mark.parametrize(("path", "item"), WRONG_ITEMS.items(), ids=WRONG_ITEMS)
def test_a_malformed_item_is_named_by_its_path(path: str, item: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read({"model": MODEL, "input": [item]})
    assert caught.value.path == path


# Inside JSON that the wire models leave to later readers.
WRONG_INSIDE: dict[str, dict[str, Any]] = {
    "text.format.description": {
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {}, "description": 5}}
    },
    "tools[0].filters.allowed_domains": {"tools": [{"type": "web_search", "filters": {"allowed_domains": "a"}}]},
    "tools[0].user_location.city": {"tools": [{"type": "web_search", "user_location": {"city": 5}}]},
}


@pytest.mark.parametrize(("path", "fields"), WRONG_INSIDE.items(), ids=WRONG_INSIDE)
def test_a_fault_in_a_nested_form_is_named(path: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read({"model": MODEL, "input": "Hi", **fields})
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("path", "value"),
    [("max_output_tokens", "100"), ("max_output_tokens", True), ("temperature", "1"), ("stream", "yes"), ("store", 0)],
)
def test_types_are_not_guessed(path: str, value: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read({"model": MODEL, "input": "Hi", path: value})
    assert caught.value.path == path


@pytest.mark.parametrize("field", ["temperature", "service_tier"])
def test_a_number_that_json_lacks_is_refused(field: str) -> None:
    with pytest.raises(InvalidInputError):
        read(b'{"model":"m","input":"Hi","%s":NaN}' % field.encode())


# As the API says it (reported by its users), and its code for it.
WORDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "string for number": (
        {"temperature": "hot"},
        "Invalid type for 'temperature': expected a decimal, but got a string instead.",
        "invalid_type",
    ),
    "string for integer": (
        {"max_output_tokens": "100"},
        "Invalid type for 'max_output_tokens': expected an integer, but got a string instead.",
        "invalid_type",
    ),
    "boolean for integer": (
        {"max_output_tokens": True},
        "Invalid type for 'max_output_tokens': expected an integer, but got a boolean instead.",
        "invalid_type",
    ),
    "object for string": (
        {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}]},
        "Invalid type for 'input[0].arguments': expected a string, but got an object instead.",
        "invalid_type",
    ),
    "string for object": (
        {"tools": [{**FUNCTION, "parameters": "{}"}]},
        "Invalid type for 'tools[0].parameters': expected an object, but got a string instead.",
        "invalid_type",
    ),
    "string for array": (
        {"tools": "f"},
        "Invalid type for 'tools': expected an array of objects, but got a string instead.",
        "invalid_type",
    ),
    "string for array of strings": (
        {"include": "a"},
        "Invalid type for 'include': expected an array of strings, but got a string instead.",
        "invalid_type",
    ),
    "null": (
        {"tools": [{**FUNCTION, "name": None}]},
        "Invalid type for 'tools[0].name': expected a string, but got null instead.",
        "invalid_type",
    ),
    "one of several types": (
        {"input": [{"role": "user", "content": 5}]},
        "Invalid type for 'input[0].content': expected one of a string or array of objects, "
        "but got an integer instead.",
        "invalid_type",
    ),
    "value of no enum": (
        {"input": [{"role": "tool", "content": "Hi"}]},
        "Invalid value: 'tool'. Supported values are: 'user', 'assistant', 'system', and 'developer'.",
        "invalid_value",
    ),
    "number for enum": (
        {"input": [{"role": 5, "content": "Hi"}]},
        "Invalid type for 'input[0].role': expected one of 'user', 'assistant', 'system', or 'developer', "
        "but got an integer instead.",
        "invalid_type",
    ),
    "missing": (
        {"tools": [{"type": "function"}]},
        "Missing required parameter: 'tools[0].name'.",
        "missing_required_parameter",
    ),
}


@pytest.mark.parametrize(("fields", "words", "code"), WORDS.values(), ids=WORDS)
def test_a_fault_is_told_in_the_providers_words(fields: dict[str, Any], words: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read({"model": MODEL, "input": "Hi", **fields})
    assert caught.value.message == f"{caught.value.path}: {words}"
    assert json.loads(CODEC.encode_error(caught.value).body)["error"] == {
        "message": words,
        "type": "invalid_request_error",
        "param": caught.value.path,
        "code": code,
    }


def test_a_refusal_is_written_as_the_providers_own_error() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read({"input": "Hi"})
    error: LanguageModelError = caught.value
    answer = CODEC.encode_error(error)
    assert answer.status == 400
    assert answer.body.decode() == (
        '{\n  "error": {\n    "message": "Missing required parameter: \'model\'.",\n'
        '    "type": "invalid_request_error",\n    "param": "model",\n    "code": "missing_required_parameter"\n  }\n}'
    )


def test_nothing_is_checked_that_the_input_does_not_say() -> None:
    """An input without options passes, whatever its messages are."""
    assert CODEC.encode_request(MODEL, LanguageModelInput(messages=[]), stream=False).body
