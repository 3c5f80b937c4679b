"""A small picture, for answers that shall show one."""

import struct
import zlib

__all__ = ["picture_of", "png"]


def picture_of(text: str, width: int, height: int) -> bytes:
    """A PNG whose colour stands for ``text``."""
    seed = sum(text.encode("utf-8", "surrogatepass"))
    return png(width, height, seed % 256, seed * 7 % 256, seed * 13 % 256)


def png(width: int, height: int, red: int, green: int, blue: int) -> bytes:
    """A PNG of one colour, each channel 0 to 255. The pixels are stored, not compressed: zlib builds differ."""
    row = b"\0" + bytes((red, green, blue)) * width
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            _chunk(b"IDAT", zlib.compress(row * height, 0)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
