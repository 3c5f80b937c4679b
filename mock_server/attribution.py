"""Whose protocol an exchange speaks: its URL and the shape of its bodies decide, the recording's own word is a hint."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from llm_sdk.accumulator import accumulate
from llm_sdk.codec import Codec, WireRequest, WireResponse
from llm_sdk.errors import RefusalError, StatusCodeError
from llm_sdk.registry import provider_meant
from mock_server.recordings import Exchange, unframe

__all__ = ["attribute", "chat_path"]


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

    Where several have the same path, the host decides, then the hint, then the shape of the bodies. Where none has the
    path, the shape decides too: of the hinted provider, or of all where there is no URL at all.
    """
    url = urlsplit(exchange.url)
    hint = provider_meant(exchange.recorded_as)
    paths = {name: path for name, codec in codecs.items() if (path := chat_path(codec, exchange)) is not None}
    if len(paths) == 1:
        return next(iter(paths.items()))
    if not paths:
        named = [hint] if hint in codecs else []
        others = [] if url.path else [name for name in codecs if name != hint]
        shaped = (name for name in named + others if _reads(codecs[name], exchange, url.path))
        return next(((name, url.path) for name in shaped), None)
    for name, path in paths.items():
        if urlsplit(codecs[name].endpoint.base_url).hostname == url.hostname:
            return name, path
    if hint in paths:
        return hint, paths[hint]
    shaped = (name for name, path in paths.items() if _reads(codecs[name], exchange, path))
    name = next(shaped, next(iter(paths)))
    return name, paths[name]


def _reads(codec: Codec, exchange: Exchange, path: str) -> bool:
    """Whether the codec makes sense of both bodies; an error answer tells too little to count."""
    try:
        if exchange.request_body is not None:
            codec.decode_request(WireRequest(exchange.method, path, exchange.request_body, exchange.request_headers))
        if exchange.is_answer and exchange.streaming:
            reader = codec.stream_decoder()
            partials = [partial for event in unframe([exchange.response_body]) for partial in reader.feed(event)]
            accumulate([*partials, *reader.close()])
        elif exchange.is_answer:
            codec.decode_response(WireResponse(exchange.status, exchange.response_body, exchange.response_headers))
    except (RefusalError, StatusCodeError):
        return True
    except Exception:  # noqa: BLE001 - a body of another protocol may confuse a codec in any way
        return False
    return True
