"""``service_tier`` of both protocols of OpenAI."""

from llm_sdk.codec import ModelCall

__all__ = ["tier_of"]

UNASKED = (None, "auto")
DEFAULT = "default"


def tier_of(call: ModelCall) -> str:
    """The tier by which a call is served: the one that it asks for (recorded)."""
    asked = (call.input.extra or {}).get("service_tier")
    return DEFAULT if asked in UNASKED else str(asked)
