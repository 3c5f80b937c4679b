"""Clients whose base URL has another form than the one that is printed at the start."""

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from mock_server import MockServer

SAYS_HI = {"role": "user", "content": "Hi"}


@pytest.fixture(scope="module")
def mock() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def test_azures_client_is_given_the_server_itself(mock: MockServer) -> None:
    """It adds ``/openai``, and the name of the deployment for some paths alone."""
    with openai.AzureOpenAI(azure_endpoint=mock.url, api_key="any", api_version="2025-03-01-preview") as azure:
        assert azure.responses.create(model="gpt-4o", input="Hi").output_text == "You said: Hi"
        chosen = azure.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}]).choices
        assert chosen[0].message.content == "You said: Hi"
        assert len(azure.embeddings.create(model="text-embedding-3-small", input="Hi").data[0].embedding) == 1536
        assert azure.models.list().data


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/openai/chat/completions", {"model": "m", "messages": [SAYS_HI]}),
        ("/anthropic/messages", {"model": "m", "messages": [SAYS_HI], "max_tokens": 9}),
        ("/google/models/m:generateContent", {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}),
        ("/cohere/chat", {"model": "m", "messages": [SAYS_HI]}),
        ("/mistral/chat/completions", {"model": "m", "messages": [SAYS_HI]}),
    ],
)
def test_a_client_that_wants_the_version_in_its_base_url(mock: MockServer, path: str, body: dict[str, Any]) -> None:
    answer = httpx.post(mock.url + path, json=body)
    assert (answer.status_code, "You said: Hi" in answer.text) == (200, True)
