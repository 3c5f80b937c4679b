"""Requests that the API refuses, and in which words."""

import json
from typing import Any

import pytest

from conformance.published import PublishedSchemas
from llm_sdk.errors import InvalidInputError
from providers.mistral.given import ASKED, CODEC, MODEL, read

# A body, and the complaint: the status, its kind and place, and the words.
REFUSED: dict[str, tuple[Any, tuple[int, str, str, str]]] = {
    "no JSON": (b"{", (422, "json_invalid", "", "JSON decode error")),
    "no messages": ({"model": MODEL}, (422, "missing", "messages", "Field required")),
    "no model": ({"messages": []}, (422, "missing", "model", "Field required")),
    "no content": (
        {**ASKED, "messages": [{"role": "user"}]},
        (422, "missing", "messages[0].content", "Field required"),
    ),
    "text for a number": (
        {**ASKED, "max_tokens": "5"},
        (422, "int_type", "max_tokens", "Input should be a valid integer"),
    ),
    "chunk without its text": (
        {**ASKED, "messages": [{"role": "user", "content": [{"type": "text"}]}]},
        (422, "missing", "messages[0].content[0].text", "Field required"),
    ),
    "tool without a name": (
        {**ASKED, "tools": [{"type": "function", "function": {"parameters": {}}}]},
        (422, "missing", "tools[0].function.name", "Field required"),
    ),
    "nothing said": (
        {**ASKED, "messages": []},
        (400, "invalid_request_error", "", "Conversation must have at least one message"),
    ),
    "answer at the end": (
        {**ASKED, "messages": [{"role": "assistant", "content": "a"}]},
        (
            400,
            "invalid_request_message_order",
            "",
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
        ),
    ),
}


@pytest.mark.parametrize(("body", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_the_provider_refuses(
    body: Any, complaint: tuple[int, str, str, str], published: PublishedSchemas
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(body)
    reply = CODEC.encode_error(caught.value)
    assert published.complaint("error", json.loads(reply.body)) == ""
    error = CODEC.decode_error(reply)
    status, kind, path, message = complaint
    assert (reply.status, caught.value.path) == (status, path)
    assert error.message == (f"{path}: {message}" if path else message)
    assert f'"{kind}"'.encode() in reply.body
