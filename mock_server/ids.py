"""Made-up ids that can be reproduced."""

from functools import lru_cache
from hashlib import shake_256
from typing import NamedTuple

from llm_sdk.codec import Endpoint

__all__ = ["CallIds", "Token"]

NEW_YEAR_2026 = 1767225600.0
ID_LENGTH = 12


class Token(NamedTuple):
    """A token that was made, and of which length and alphabet it is one."""

    text: str
    length: int
    alphabet: str


class CallIds:
    """The ids of one call to a provider (see :class:`llm_sdk.codec.Ids`), at a time that stands still.

    Tokens of each length and alphabet are a sequence of their own, so that an answer has the same ids whole and
    streamed, although a stream needs more of other kinds in between.

    ``repetition`` is how often the same was asked before. It changes what has to be told apart: tokens that are long
    enough to be an id, and the ids of tool calls. All of these are noted in ``changing``, in their order.
    """

    def __init__(self, seed: str, endpoint: Endpoint, repetition: int = 0) -> None:
        self._seed = seed
        self._endpoint = endpoint
        self._changing_seed = f"{seed}:{repetition}"
        self._made: dict[tuple[int, str], int] = {}
        self.changing: list[Token] = []

    @property
    def is_unused(self) -> bool:
        """Whether nothing was made yet."""
        return not self._made

    def token(self, length: int, alphabet: str = "0123456789abcdef") -> str:
        """A new token of ``length`` characters of ``alphabet``."""
        return self._changing_token(length, alphabet) if length >= ID_LENGTH else self.padding(length, alphabet)

    def padding(self, length: int, alphabet: str) -> str:
        """See :meth:`llm_sdk.codec.Ids.padding`; the same for every repetition."""
        return self._draw(self._seed, length, alphabet)

    def tool_call_id(self, tool_name: str, *, hosted: bool = False) -> str:
        """A new id for a call of this tool, in the provider's own form; a ``hosted`` one is run by the provider."""
        forms = self._endpoint
        form = forms.hosted_call_id if hosted and forms.hosted_call_id is not None else forms.tool_call_id
        return form.make(_ToolCallIds(self), tool_name)

    def now(self) -> float:
        """Seconds since 1970."""
        return NEW_YEAR_2026

    def repeat(self, earlier: list[Token]) -> bool:
        """Make the tokens that an earlier repetition of the call had made by its end; False where that went on
        differently from the start."""
        made = len(self.changing)
        if made and [token[1:] for token in self.changing] != [token[1:] for token in earlier[:made]]:
            return False
        for _, length, alphabet in earlier[made:]:
            self._changing_token(length, alphabet)
        return True

    def _changing_token(self, length: int, alphabet: str) -> str:
        text = self._draw(self._changing_seed, length, alphabet)
        self.changing.append(Token(text, length, alphabet))
        return text

    def _draw(self, seed: str, length: int, alphabet: str) -> str:
        kind = (length, alphabet)
        number = self._made[kind] = self._made.get(kind, 0) + 1
        drawn = shake_256(f"{seed}:{length}:{alphabet}:{number}".encode()).digest(length)
        return drawn.translate(_table(alphabet)).decode("ascii")


class _ToolCallIds:
    """The ids of a call for its tool calls: these are short with some providers, and never the same twice."""

    def __init__(self, ids: CallIds) -> None:
        self._ids = ids

    def token(self, length: int, alphabet: str = "0123456789abcdef") -> str:
        return self._ids._changing_token(length, alphabet)  # noqa: SLF001 - a view of it

    def padding(self, length: int, alphabet: str) -> str:
        return self._ids.padding(length, alphabet)

    def now(self) -> float:
        return self._ids.now()


@lru_cache(maxsize=64)
def _table(alphabet: str) -> bytes:
    """What each byte that is drawn becomes."""
    size = len(alphabet)
    return "".join([alphabet[byte % size] for byte in range(256)]).encode("ascii")
