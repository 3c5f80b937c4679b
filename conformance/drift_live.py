"""A handful of cheap calls of a live API, for :mod:`conformance.drift`: every header is heard, nothing is written."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx

from llm_sdk.accumulator import accumulate
from llm_sdk.codec import Codec
from llm_sdk.errors import LanguageModelError
from llm_sdk.registry import get_model
from llm_sdk.types import LanguageModelInput
from mock_server.cassette import Cut
from mock_server.recording_transport import RecordingTransport
from mock_server.recordings import Exchange, is_stream

__all__ = ["CHEAP_MODELS", "live_exchanges"]

CHEAP_MODELS = {
    "openai": "gpt-5-nano",
    "openai-chat-completion": "gpt-5-nano",
    "anthropic": "claude-haiku-4-5",
    "google": "gemini-2.5-flash-lite",
    "cohere": "command-r7b-12-2024",
    "mistral": "ministral-3b-latest",
}
"""Whom to ask where nobody is named: the cheapest of each provider that had one under this name in 2026."""
TOOL = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALLS: dict[str, tuple[bool, dict[str, object]]] = {
    "text": (False, {}),
    "text-stream": (True, {}),
    "tool-call": (False, {"tools": [TOOL], "tool_choice": {"type": "required"}}),
    "tool-call-stream": (True, {"tools": [TOOL], "tool_choice": {"type": "required"}}),
}
NO_MODEL = "no-such-model"
"""Costs nothing, and shows an error."""
MAX_TOKENS = 128


def live_exchanges(
    codec: Codec, *, api_key: str, base_url: str, model_id: str, transport: httpx.BaseTransport | None = None
) -> Iterator[Exchange]:
    """Ask for a short text and a tool call, each whole and streamed, and for a model that there is not."""
    with httpx.Client(transport=transport or httpx.HTTPTransport()) as client:
        for name, (stream, more) in {**CALLS, NO_MODEL: (False, {})}.items():
            heard: list[Exchange] = []
            model = get_model(
                codec.provider,
                NO_MODEL if name == NO_MODEL else model_id,
                api_key=api_key,
                base_url=base_url,
                http_client=httpx.Client(transport=RecordingTransport(_Borrowed(client), _Ear(name, heard.append))),
                headers={"accept-encoding": "identity"},
                max_retries=0,
            )
            question = {"role": "user", "content": "What is the weather in Paris? In ten words at most."}
            input = LanguageModelInput.model_validate({"messages": [question], "max_tokens": MAX_TOKENS, **more})
            with suppress(LanguageModelError):  # an error is an answer too
                accumulate(model.stream_sync(input)) if stream else model.generate_sync(input)
            yield from heard


class _Borrowed(httpx.BaseTransport):
    """Sends through a client that somebody else closes."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._client.send(request, stream=True)


class _Ear:
    """A tape that keeps nothing but the answer, with every header."""

    def __init__(self, name: str, tell: Callable[[Exchange], None]) -> None:
        self._name = name
        self._tell = tell

    def begin(self, method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> "_Heard":  # noqa: ARG002 - what was asked is known
        return _Heard(self._name, method, url, self._tell)


class _Heard:
    def __init__(self, name: str, method: str, url: str, tell: Callable[[Exchange], None]) -> None:
        self.ended = False
        self._name, self._method, self._url, self._tell = name, method, url, tell
        self._status = 0
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []

    def respond(self, status: int, headers: list[tuple[str, str]], reason: str = "") -> None:  # noqa: ARG002 - a tape's signature
        self._status, self._headers = status, {name.lower(): value for name, value in headers}

    def chunk(self, data: bytes) -> None:
        self._chunks.append(data)

    def end(self, cut: Cut = "") -> None:  # noqa: ARG002 - what came is looked at in any case
        if self.ended:
            return
        self.ended = True
        body = b"".join(self._chunks)
        self._tell(
            Exchange(
                id=self._name,
                method=self._method,
                url=self._url,
                status=self._status,
                response_headers=self._headers,
                response_body=body,
                streaming=is_stream(self._headers, body),
            )
        )
