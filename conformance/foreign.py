"""What only the provider that made it can read: parts of its answers, and tools that it runs, for conversations that
move to another provider.

Signatures have the forms that each provider gives them (recorded shapes); what tells them apart is how they begin.
"""

import base64
import json
from collections.abc import Iterator

from llm_sdk.types import OpaquePart, OpaqueTool, Part, ReasoningPart

__all__ = ["SEALED", "marks_of", "opaque_part", "opaque_tool", "reasoning_of_others"]

SEALED = "only-its-maker-reads-this"
"""Stands in whatever is opaque."""
ELSEWHERE = "provider-of-another-api"
THOUGHT = "I must look."
DETAILS = [{"type": "reasoning.text", "text": THOUGHT, "signature": "sig-of-another-gateway", "index": 0}]


def _token(*opening: int) -> str:
    return base64.b64encode(bytes(opening) + bytes(range(64, 124))).decode()


REASONING = {
    "openai": ReasoningPart(text=THOUGHT, signature="gAAAAABo_encrypted-elsewhere", id="rs_0c5a" + "7" * 46),
    "openai-chat-completion": ReasoningPart(text=THOUGHT, signature=json.dumps(DETAILS), id="reasoning"),
    "anthropic": ReasoningPart(text=THOUGHT, signature=_token(0x12, 0x40, 0x0A, 0x3E, 0x08)),
    "google": ReasoningPart(text=THOUGHT, signature=_token(0x12, 0x40, 0x0A, 0x3E, 0x01)),
    "mistral": ReasoningPart(text=THOUGHT, signature="sig-of-another-lab", id="thinking"),
}
"""By who made it."""


def reasoning_of_others(provider: str) -> Iterator[ReasoningPart]:
    """A thought of each other provider, signed."""
    yield from (part for maker, part in REASONING.items() if maker != provider)


def opaque_part() -> OpaquePart:
    """A block of a provider that is none of these."""
    return OpaquePart(provider=ELSEWHERE, data={"type": "vault", "content": SEALED})


def opaque_tool() -> OpaqueTool:
    """A tool that such a provider runs."""
    return OpaqueTool(provider=ELSEWHERE, data={"type": "vault_search", "vault": SEALED})


def marks_of(part: Part) -> tuple[str, ...]:
    """What of a part stands in no request to another provider."""
    if isinstance(part, ReasoningPart) and part.signature:
        written = json.dumps(part.signature)[1:-1]
        return (part.signature, written, json.dumps(written)[1:-1])
    return (SEALED,)
