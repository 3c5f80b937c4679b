"""What a dialect finds in a text."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from llm_sdk.json_model import JsonObject

__all__ = ["DialectParser", "Found", "Item", "Malformed", "Text", "Thought"]


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of what the model thinks."""

    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A tool call. ``raw`` is its markup."""

    name: str
    arguments: JsonObject
    raw: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Markup of a call that makes no sense. Unless calls stand beside it, its text follows as :class:`Text`."""

    message: str
    raw: str | None = None


Item: TypeAlias = Text | Thought | Found | Malformed


class DialectParser(Protocol):
    """Finds the calls in a text that comes in pieces. How it is cut changes nothing but the cuts of :class:`Text` and
    :class:`Thought`."""

    def feed(self, text: str) -> list[Item]:
        """Read a piece."""
        ...

    def close(self) -> list[Item]:
        """The text has ended."""
        ...
