"""The bytes around the places where a stream was cut, for a person to look at."""

from conformance.chunking import Cuts
from conformance.reframing import reframe
from conformance.report.document import Excerpt

__all__ = ["escaped", "excerpts"]

AROUND = 40
SHOWN = 4
ESCAPES = {ord("\n"): r"\n", ord("\r"): r"\r", ord("\t"): r"\t", ord("\\"): r"\\"}
PRINTABLE = range(0x20, 0x7F)


def excerpts(recorded: bytes, cuts: Cuts, transform: str) -> tuple[tuple[Excerpt, ...], int]:
    """What stands around the first cuts, or where the transform first changed the recorded body; and the length of the
    body as it was given to the adapter."""
    body = reframe(recorded, transform)
    places = tuple(dict.fromkeys(cuts)) or ((_first_difference(recorded, body),) if transform else ())
    return tuple(_excerpt(body, at) for at in places[:SHOWN]), len(body)


def _excerpt(body: bytes, at: int) -> Excerpt:
    start, end = max(0, at - AROUND), at + AROUND
    return Excerpt(at=at, before=escaped(body[start:at]), after=escaped(body[at:end]))


def _first_difference(recorded: bytes, body: bytes) -> int:
    pairs = enumerate(zip(recorded, body, strict=False))
    return next((at for at, (old, new) in pairs if old != new), min(len(recorded), len(body)))


def escaped(body: bytes) -> str:
    """The bytes as Python writes them, without the quotes."""
    return "".join(ESCAPES.get(byte) or (chr(byte) if byte in PRINTABLE else f"\\x{byte:02x}") for byte in body)
