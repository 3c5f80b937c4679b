"""How a codec says what of a part stays behind: what only another provider can read, and what it has no field for."""

from llm_sdk.types import AudioPart, FilePart, ImagePart, ReasoningPart, TextPart, ToolCallPart

__all__ = ["tell_lost"]


def tell_lost(
    part: TextPart | ReasoningPart | ToolCallPart | ImagePart | AudioPart | FilePart,
    path: str,
    warnings: list[str],
    *fields: str,
) -> None:
    """Add a warning for each of the ``fields`` that ``part``, standing at ``path``, has: it is sent without them."""
    warnings += [f"{field}: {path} is sent without its {field}" for field in fields if getattr(part, field, None)]
