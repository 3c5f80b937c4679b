"""Compressed request bodies, which the networks before real providers undo (RFC 9110, 8.4)."""

import zlib
from collections.abc import Mapping

__all__ = ["ENCODING", "EncodedBodyError", "decoded_body", "without_encoding"]

ENCODING = "content-encoding"
"""The header that names it."""

GZIP_WINDOW, ZLIB_WINDOW, BARE_WINDOW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
GZIP = frozenset({"gzip", "x-gzip"})
TAKEN = "gzip and deflate"


class EncodedBodyError(Exception):
    """The body cannot be decoded. ``status`` is that of the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def decoded_body(encoding: str, body: bytes, max_bytes: int) -> bytes:
    """The body as it was before ``encoding``, the value of its header ``content-encoding``.

    Raises EncodedBodyError: 415 for an encoding that is not known here, 400 for a body that does not have it, 413 for
    one of more than ``max_bytes`` when decoded, of which no more than that is decoded.
    """
    names = [name for given in encoding.split(",") if (name := given.strip().lower()) not in ("", "identity")]
    if not names:
        return body
    if len(names) > 1 or (names[0] != "deflate" and names[0] not in GZIP):
        raise EncodedBodyError(415, f"the content-encoding {encoding.strip()!r} is not taken here; {TAKEN} are")
    decoder = zlib.decompressobj(GZIP_WINDOW if names[0] in GZIP else _window_of(body))
    try:
        decoded = decoder.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise EncodedBodyError(400, f"the body is not {names[0]}, as its content-encoding says: {error}") from None
    if len(decoded) > max_bytes:
        raise EncodedBodyError(413, f"the body is larger than {max_bytes} bytes when it is decoded")
    if not decoder.eof or decoder.unused_data:
        fault = "goes on behind the end of it" if decoder.eof else "breaks off"
        raise EncodedBodyError(400, f"the body is not {names[0]}, as its content-encoding says: it {fault}")
    return decoded


def without_encoding(headers: Mapping[str, str], body: bytes, max_bytes: int) -> tuple[Mapping[str, str], bytes]:
    """The same request with its body decoded, and no header that says otherwise; names of ``headers`` are in lower
    case. Raises EncodedBodyError: see :func:`decoded_body`."""
    plain = decoded_body(headers.get(ENCODING, ""), body, max_bytes)
    return {name: value for name, value in headers.items() if name != ENCODING}, plain


def _window_of(body: bytes) -> int:
    """``deflate`` is zlib's format, but some send it without the head that belongs to it (RFC 9110, 8.4.1.2)."""
    has_head = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return ZLIB_WINDOW if has_head else BARE_WINDOW
