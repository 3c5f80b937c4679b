"""As much of protocol buffers as an opaque token shows of who has made it."""

__all__ = ["behind_fields"]


def behind_fields(data: bytes, *headers: int) -> bytes:
    """The content of the fields that ``data`` begins with, one inside another: each has one of the ``headers``, in this
    order, and may be missing."""
    for header in headers:
        if data[:1] == bytes([header]):
            data = _content(data)
    return data


def _content(data: bytes) -> bytes:
    """What stands behind a field's number and its length, of which the last byte is below 0x80."""
    at = 1
    while at < len(data) and data[at] >= 0x80:
        at += 1
    return data[at + 1 :]
