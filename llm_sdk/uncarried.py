"""What a streamed or whole answer cannot be written with: the errors of all encoders, in one wording."""

from llm_sdk.deltas import PartDelta
from llm_sdk.errors import InvariantError, UnsupportedError

__all__ = ["already_ended", "cannot_answer", "nameless_call", "other_kind"]


def cannot_answer(kind: str, path: str, provider: str) -> UnsupportedError:
    """An answer holds, at ``path``, a part of a kind that its protocol has no place for."""
    return UnsupportedError(f"an answer of this protocol cannot carry {kind}", path=path, provider=provider)


def already_ended(index: int, unit: str, provider: str) -> InvariantError:
    """A delta goes on with a part whose ``unit`` of the stream, such as a block, has ended."""
    return InvariantError(
        f"content {index}: this protocol streams one {unit} after another, and this one has ended", provider=provider
    )


def nameless_call(index: int, provider: str) -> InvariantError:
    """The first delta of a call does not say which tool it calls, or has no id."""
    return InvariantError(
        f"content {index}: the first delta of a tool call lacks its name or tool_call_id", provider=provider
    )


def other_kind(index: int, delta: PartDelta, kind: str, provider: str) -> InvariantError:
    """A delta is of another kind than the part that it goes on with."""
    return InvariantError(f"content {index}: a delta of kind {delta.type} for a part of kind {kind}", provider=provider)
