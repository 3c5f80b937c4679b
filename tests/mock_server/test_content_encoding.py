"""Compressed request bodies: what is decoded, what is refused, and how much of it is ever in memory."""

import gzip
import json
import zlib

import pytest
from plain_protocol import PLAIN

from llm_sdk.types import LanguageModelInput
from mock_server.content_encoding import EncodedBodyError, decoded_body
from mock_server.engine import Engine
from mock_server.keyed_routes import KeyedRoutes
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes

HELLO = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "hello"}]})
BODY = PLAIN.encode_request("m", HELLO, stream=False).body
LIMIT = 4000


def bare_deflate(body: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return encoder.compress(body) + encoder.flush()


TAKEN = {
    "gzip": gzip.compress(BODY),
    "GZip": gzip.compress(BODY),
    "x-gzip": gzip.compress(BODY),
    "identity, gzip": gzip.compress(BODY),
    "deflate": zlib.compress(BODY),
    " deflate ": bare_deflate(BODY),
    "identity": BODY,
    "": BODY,
}


@pytest.mark.parametrize(("encoding", "sent"), TAKEN.items(), ids=map(repr, TAKEN))
def test_a_body_is_read_as_it_was_before_it_was_encoded(encoding: str, sent: bytes) -> None:
    assert decoded_body(encoding, sent, LIMIT) == BODY


NOT_GZIP = "the body is not gzip, as its content-encoding says: "
REFUSED = {
    "brotli": ("br", BODY, 415, "the content-encoding 'br' is not taken here; gzip and deflate are"),
    "zstandard": ("zstd", BODY, 415, "the content-encoding 'zstd' is not taken here; gzip and deflate are"),
    "twice": (
        *("gzip, gzip", gzip.compress(gzip.compress(BODY)), 415),
        "the content-encoding 'gzip, gzip' is not taken here; gzip and deflate are",
    ),
    "plain": ("gzip", BODY, 400, NOT_GZIP + "Error -3 while decompressing data: incorrect header check"),
    "cut": ("gzip", gzip.compress(BODY)[:-9], 400, NOT_GZIP + "it breaks off"),
    "longer": ("gzip", gzip.compress(BODY) + b"x", 400, NOT_GZIP + "it goes on behind the end of it"),
    "nothing": ("gzip", b"", 400, NOT_GZIP + "it breaks off"),
    "too large": (
        "gzip",
        gzip.compress(bytes(LIMIT + 1)),
        413,
        "the body is larger than 4000 bytes when it is decoded",
    ),
}


@pytest.mark.parametrize(("encoding", "sent", "status", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_decoded_is_refused(encoding: str, sent: bytes, status: int, said: str) -> None:
    with pytest.raises(EncodedBodyError) as caught:
        decoded_body(encoding, sent, LIMIT)
    assert (caught.value.status, str(caught.value)) == (status, said)


def test_a_body_of_the_greatest_size_is_taken() -> None:
    assert decoded_body("gzip", gzip.compress(bytes(LIMIT)), LIMIT) == bytes(LIMIT)


def test_no_more_of_a_bomb_is_decoded_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb, decoded = gzip.compress(bytes(10_000_000)), []
    real = zlib.decompressobj

    class Watched:
        def __init__(self, window: int) -> None:
            self._decoder = real(window)

        def decompress(self, body: bytes, max_length: int) -> bytes:
            decoded.append(self._decoder.decompress(body, max_length))
            return decoded[-1]

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    with pytest.raises(EncodedBodyError, match="larger than 4000 bytes"):
        decoded_body("gzip", bomb, LIMIT)
    assert list(map(len, decoded)) == [LIMIT + 1]


def post(routes: Routes, encoding: str, body: bytes) -> ReplyPlan:
    headers = {"content-encoding": encoding, "authorization": "Bearer key"}
    plan = routes.answer("POST", "/plain/v1/chat", headers, body)
    assert isinstance(plan, ReplyPlan)
    return plan


@pytest.mark.parametrize("kind", [Routes, KeyedRoutes])
def test_requests_are_decoded_on_their_way_in(kind: type[Routes]) -> None:
    routes = kind(Engine(codecs=[PLAIN]), max_body_bytes=LIMIT)
    plain = routes.answer("POST", "/plain/v1/chat", {"authorization": "Bearer key"}, BODY)
    assert isinstance(plain, ReplyPlan)
    assert plain.status == 200
    assert json.loads(post(routes, "gzip", gzip.compress(BODY)).body) == json.loads(plain.body)
    unknown = post(routes, "br", BODY)
    assert unknown.status == 415
    assert b"'br'" in unknown.body
    assert post(routes, "gzip", gzip.compress(bytes(LIMIT + 1))).status == 413
