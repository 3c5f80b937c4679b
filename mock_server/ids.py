"""Made-up ids that can be reproduced."""

from hashlib import shake_256

from llm_sdk.codec import Endpoint

__all__ = ["CallIds"]

NEW_YEAR_2026 = 1767225600.0


class CallIds:
    """The ids of one call to a provider (see :class:`llm_sdk.codec.Ids`), at a time that stands still.

    Tokens of each length and alphabet are a sequence of their own, so that an answer has the same ids whole and
    streamed, although a stream needs more of other kinds in between.
    """

    def __init__(self, seed: str, endpoint: Endpoint) -> None:
        self._seed = seed
        self._endpoint = endpoint
        self._made: dict[tuple[int, str], int] = {}

    def token(self, length: int, alphabet: str = "0123456789abcdef") -> str:
        """A new token of ``length`` characters of ``alphabet``."""
        kind = (length, alphabet)
        number = self._made[kind] = self._made.get(kind, 0) + 1
        drawn = shake_256(f"{self._seed}:{alphabet}:{number}".encode()).digest(length)
        size = len(alphabet)
        return "".join([alphabet[byte % size] for byte in drawn])

    def tool_call_id(self, tool_name: str, *, hosted: bool = False) -> str:
        """A new id for a call of this tool, in the provider's own form; a ``hosted`` one is run by the provider."""
        forms = self._endpoint
        form = forms.hosted_call_id if hosted and forms.hosted_call_id is not None else forms.tool_call_id
        return form.make(self, tool_name)

    def now(self) -> float:
        """Seconds since 1970."""
        return NEW_YEAR_2026
