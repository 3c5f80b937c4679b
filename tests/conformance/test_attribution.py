"""Whose protocol an exchange speaks: URL and shape decide, the recording's own word is a hint."""

import pytest
from parrot import Parrot

from llm_sdk.codec import Endpoint, ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.registry import provider_meant
from mock_server.attribution import attribute
from mock_server.recordings import Exchange


class Lory(Parrot):
    """A parrot of another house: the same path, and every request has a perch."""

    provider = "lory"
    endpoint = Endpoint("https://lory.example/v1", "/v1", "/lory", (), "", "x-key", "{key}", "x-id")

    def decode_request(self, request: WireRequest) -> ModelCall:
        if b"perch" not in request.body:
            raise InvalidInputError("no perch")
        return super().decode_request(request)


CODECS = {"lory": Lory(), "parrot": Parrot()}
PLAIN = b'{"model": "m", "say": "x"}'
PERCHED = b'{"model": "m", "say": "x", "perch": 1}'
ANSWER = b'{"id": "r", "said": "x"}'


def exchange(url: str, recorded_as: str = "", request: bytes | None = PLAIN, answer: bytes = ANSWER) -> Exchange:
    return Exchange("1", "POST", url, 200, answer, request, recorded_as=recorded_as)


@pytest.mark.parametrize(
    ("recorded", "provider", "path"),
    [
        (exchange("https://parrot.example/v1/say"), "parrot", "/v1/say"),
        (exchange("https://lory.example/v1/say?beta=1", "parrot"), "lory", "/v1/say?beta=1"),
        (exchange("https://gate.example/aviary/v1/say", "parrot"), "parrot", "/v1/say"),
        (exchange("https://gate.example/say", request=PERCHED), "lory", "/v1/say"),
        (exchange("https://gate.example/say"), "parrot", "/v1/say"),
        (exchange("", request=None), "lory", ""),
        (exchange("", "parrot", request=None), "parrot", ""),
        (exchange("https://gate.example/speak", "parrot"), "parrot", "/speak"),
    ],
)
def test_the_url_then_the_host_then_the_hint_then_the_shape_decide(
    recorded: Exchange, provider: str, path: str
) -> None:
    assert attribute(recorded, CODECS) == (provider, path)


@pytest.mark.parametrize(
    "recorded",
    [
        exchange("https://parrot.example/v1/models"),
        exchange("https://parrot.example/v1/models", "parrot", answer=b'{"data": []}'),
        exchange("https://gate.example/speak", "cockatoo"),
        exchange("", "cockatoo", answer=b"[]"),
    ],
)
def test_what_is_no_chat_of_any_provider_is_passed_over(recorded: Exchange) -> None:
    assert attribute(recorded, CODECS) is None


@pytest.mark.parametrize(
    ("word", "provider"),
    [
        ("openai-responses", "openai"),
        ("OpenAI_Chat", "openai-chat-completion"),
        ("openai-compatible:groq", "openai-chat-completion"),
        ("anthropic-compatible:vertex", "anthropic"),
        ("cohere", "cohere"),
    ],
)
def test_the_words_of_others_have_a_meaning(word: str, provider: str) -> None:
    assert provider_meant(word) == provider
