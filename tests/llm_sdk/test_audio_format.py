"""Recordings are told by their first bytes."""

import base64

import pytest

from llm_sdk.audio_format import audio_format


@pytest.mark.parametrize(
    ("head", "format"),
    [
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "wav"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", None),
        (b"fLaC\x00\x00\x00\x22", "flac"),
        (b"OggS\x00\x02", "opus"),
        (b"ID3\x04\x00", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"\xff", None),
        (b"\x00\x01\x02\x03", None),
        (b"", None),
    ],
)
def test_formats(head: bytes, format: str | None) -> None:
    for rest in (b"", b"\x00" * 64):
        assert audio_format(base64.b64encode(head + (rest if len(head) > 1 else b"")).decode()) == format


def test_what_is_no_base64_is_none() -> None:
    assert audio_format("not base64!") is None
