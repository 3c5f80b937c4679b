"""The body of an answer that is not 2xx, whatever it is: the provider's JSON, a proxy's, HTML, or nothing."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from llm_sdk.codec import WireResponse
from llm_sdk.types import JsonObject

__all__ = ["ErrorBody", "read_error_body"]

SHOWN = 500
"""How much of a body without a message is shown as one."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """``fields`` are those of the error object, empty where there is none; ``text`` is the body as it came."""

    status: int
    fields: JsonObject
    text: str

    @property
    def message(self) -> str:
        """The provider's message, or else the start of the body, or else that there is none."""
        message = self.word("message")
        return message or self.text.strip()[:SHOWN] or f"an answer of status {self.status} without a body"

    def word(self, name: str) -> str | None:
        """A field that is text and not empty."""
        value = self.fields.get(name)
        return value if isinstance(value, str) and value else None


def read_error_body(reply: WireResponse, *, key: str = "error") -> ErrorBody:
    """Find the error object: under ``key``, or the body itself, or in a list of one."""
    text = reply.body.decode("utf-8", "replace")
    try:
        body: Any = from_json(text)
    except ValueError:
        return ErrorBody(reply.status, {}, text)
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get(key, body) if isinstance(body, dict) else body
    fields = error if isinstance(error, dict) else {"message": error} if isinstance(error, str) else {}
    return ErrorBody(reply.status, fields, text)
