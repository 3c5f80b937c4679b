"""Whose protocol an exchange speaks: its URL and the shape of its bodies decide, the recording's own word is a hint."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from conformance.recordings import Exchange
from llm_sdk.codec import Codec, WireRequest, WireResponse
from llm_sdk.errors import LanguageModelError, RefusalError

__all__ = ["attribute", "chat_path", "hinted_provider"]

ANSWERS_CHECKED = 200
FAMILIES = {
    "openai-responses": "openai",
    "openai-chat": "openai-chat-completion",
    "openai-compatible": "openai-chat-completion",
    "anthropic-compatible": "anthropic",
    "gemini": "google",
}
"""Names under which recordings go elsewhere -> ours."""


def hinted_provider(recorded_as: str) -> str:
    """The provider that a recording's own word stands for, such as ``openai-compatible:groq``; the word itself where
    it is none of the known ones.
    """
    word = recorded_as.strip().lower().replace("_", "-").partition(":")[0]
    return FAMILIES.get(word, word)


def chat_path(codec: Codec, exchange: Exchange) -> str | None:
    """The path, as the provider itself would see it, of an exchange with its chat endpoint; ``None`` for any other.

    Gateways and compatible servers put the endpoint under paths of their own: the longest end of the path that the
    codec knows, below its root or without it, is taken. A query is kept.
    """
    url = urlsplit(exchange.url)
    segments = url.path.strip("/").split("/")
    for start in range(len(segments)):
        end = "/" + "/".join(segments[start:])
        for path in (end, codec.endpoint.root + end):
            if codec.match(exchange.method, path) is not None:
                return f"{path}?{url.query}" if url.query else path
    return None


def attribute(exchange: Exchange, codecs: Mapping[str, Codec]) -> tuple[str, str] | None:
    """The provider among ``codecs`` whose protocol this is, and the path as it sees it; ``None`` for none of them.

    Where several have the same path, the host decides, then the hint, then whose reading of the request and the answer
    succeeds. Where no codec knows the URL, the hint alone is left, and the path is that of the URL.
    """
    paths = {name: path for name, codec in codecs.items() if (path := chat_path(codec, exchange)) is not None}
    hint = hinted_provider(exchange.recorded_as)
    if len(paths) > 1:
        host = urlsplit(exchange.url).hostname
        at_home = [name for name in paths if urlsplit(codecs[name].endpoint.base_url).hostname == host]
        if len(at_home) == 1:
            return at_home[0], paths[at_home[0]]
        if hint in paths:
            return hint, paths[hint]
        for name, path in paths.items():
            if _reads(codecs[name], exchange, path):
                return name, path
    if paths:
        return next(iter(paths.items()))
    if hint in codecs and (exchange.recorded_as or not exchange.url):
        return hint, urlsplit(exchange.url).path
    return None


def _reads(codec: Codec, exchange: Exchange, path: str) -> bool:
    """Whether the codec makes sense of both bodies; a stream or an error answer tells too little to count."""
    try:
        if exchange.request_body is not None:
            codec.decode_request(WireRequest(exchange.method, path, exchange.request_body, exchange.request_headers))
        if exchange.status == ANSWERS_CHECKED and not exchange.streaming:
            codec.decode_response(WireResponse(exchange.status, exchange.response_body, exchange.response_headers))
    except RefusalError:
        return True
    except LanguageModelError:
        return False
    return True
