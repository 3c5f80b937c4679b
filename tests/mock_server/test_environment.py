"""Every official client finds the stand-in by the environment alone, whatever was there before."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest
from google import genai

from mock_server import MockServer

BEFORE = {
    "ANTHROPIC_AUTH_TOKEN": "real",
    "GOOGLE_GENAI_USE_VERTEXAI": "true",
    "OPENAI_API_TYPE": "azure",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "no_proxy": "internal",
}


def of_openai() -> Any:
    with openai.OpenAI() as client:
        return client.models.list().data


def of_anthropic() -> Any:
    with anthropic.Anthropic() as client:
        return client.models.list().data


def of_google() -> Any:
    with genai.Client() as client:
        return list(client.models.list())


def of_cohere() -> Any:
    """In a process of its own: this client reads the variable when it is imported."""
    asked = "import cohere; print(len(cohere.ClientV2().models.list().models))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own interpreter
    return int(done.stdout)


@pytest.mark.parametrize("models", [of_openai, of_anthropic, of_google, of_cohere])
def test_a_client_without_arguments(models: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in BEFORE.items():
        monkeypatch.setenv(name, value)
    was = dict(os.environ)
    with MockServer(api_key="mock-key") as mock, mock.patch_environment():
        assert models()
        (exchange,) = mock.requests
        assert (exchange.status, exchange.provider) == (200, models.__name__.removeprefix("of_"))
        assert "real" not in str(exchange.headers)
    assert dict(os.environ) == was
