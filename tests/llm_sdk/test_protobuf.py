"""What stands behind the fields that an opaque token begins with."""

import pytest

from llm_sdk.protobuf import behind_fields


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"\x12\x05\x0a\x03\x01ab", b"\x01ab"),
        (b"\x12\x03\x01ab", b"\x01ab"),
        (b"\x0a\x03\x01ab", b"\x01ab"),
        (b"\x12\x85\x80\x01\x01ab", b"\x01ab"),  # a length of several bytes
        (b"\x01ab", b"\x01ab"),
        (b"\x12\x85", b""),
        (b"", b""),
    ],
)
def test_behind_fields(data: bytes, content: bytes) -> None:
    assert behind_fields(data, 0x12, 0x0A) == content
