"""What is counted: ``usageMetadata`` <-> :class:`~llm_sdk.types.ModelUsage`."""

from collections.abc import Iterable

from llm_sdk.accumulator import subtract_usage
from llm_sdk.providers.google import wire
from llm_sdk.types import JsonObject, ModelTokensDetails, ModelUsage

# The enum of modalities, by its names and its numbers. Films and documents have no count of their own here.
MODALITIES: dict[str | int | None, str] = {
    "TEXT": "text",
    1: "text",
    "IMAGE": "image",
    2: "image",
    "AUDIO": "audio",
    4: "audio",
}
MODALITY_NAMES = {"text": "TEXT", "image": "IMAGE", "audio": "AUDIO"}


def decode_usage(usage: wire.UsageMetadata) -> ModelUsage | None:
    """None for a chunk that counts nothing yet.

    Thoughts become part of the output, and what hosted tools put into the prompt part of the input, as they are billed.
    A detail that was not given stays absent.
    """
    prompt, made, thoughts = usage.prompt_token_count, usage.candidates_token_count, usage.thoughts_token_count
    if prompt is None and made is None and thoughts is None:
        return None
    given: dict[str, int] = {}
    _count(given, "{}_tokens", usage.prompt_tokens_details)
    if usage.prompt_tokens_details is not None:
        _count(given, "{}_tokens", usage.tool_use_prompt_tokens_details)
    _count(given, "cached_{}_tokens", usage.cache_tokens_details)
    if usage.cache_tokens_details is None and usage.cached_content_token_count is not None:
        given["cached_text_tokens"] = usage.cached_content_token_count
    output: dict[str, int] = {}
    _count(output, "{}_tokens", usage.candidates_tokens_details)
    if thoughts is not None:
        output["reasoning_tokens"] = thoughts
    return ModelUsage(
        input_tokens=(prompt or 0) + (usage.tool_use_prompt_token_count or 0),
        output_tokens=(made or 0) + (thoughts or 0),
        input_tokens_details=ModelTokensDetails(**given) if given or usage.prompt_tokens_details is not None else None,
        output_tokens_details=ModelTokensDetails(**output)
        if output or usage.candidates_tokens_details is not None
        else None,
    )


def _count(counts: dict[str, int], name: str, details: Iterable[wire.ModalityTokenCount] | None) -> None:
    for detail in details or ():
        if (modality := MODALITIES.get(detail.modality)) is not None:
            key = name.format(modality)
            counts[key] = counts.get(key, 0) + detail.token_count


def encode_usage(usage: ModelUsage) -> JsonObject:
    """The other way. Thoughts go beside the candidates again, and a count of zero candidates is left out."""
    given, made = usage.input_tokens_details, usage.output_tokens_details
    thoughts = made.reasoning_tokens if made else None
    metadata: JsonObject = {"promptTokenCount": usage.input_tokens}
    if candidates := max(usage.output_tokens - (thoughts or 0), 0):
        metadata["candidatesTokenCount"] = candidates
    metadata["totalTokenCount"] = usage.input_tokens + usage.output_tokens
    cached = _details(given, "cached_{}_tokens")
    if cached:
        metadata["cachedContentTokenCount"] = sum(detail["tokenCount"] for detail in cached)
    if given is not None:
        metadata["promptTokensDetails"] = _details(given, "{}_tokens")
    if cached:
        metadata["cacheTokensDetails"] = cached
    if made is not None and ((produced := _details(made, "{}_tokens")) or thoughts is None):
        metadata["candidatesTokensDetails"] = produced
    if thoughts is not None:
        metadata["thoughtsTokenCount"] = thoughts
    return metadata


def _details(details: ModelTokensDetails | None, name: str) -> list[JsonObject]:
    counts = {wired: getattr(details, name.format(modality), None) for modality, wired in MODALITY_NAMES.items()}
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count is not None]


class UsageTotals:
    """What was counted so far: every chunk gives the totals, and partial responses give increments."""

    def __init__(self) -> None:
        self.total: ModelUsage | None = None

    def increment(self, total: ModelUsage) -> ModelUsage | None:
        """What ``total`` has more than the one before; None where it is the same."""
        before, self.total = self.total, total
        if before is None or before == total:
            return total if before is None else None
        return subtract_usage(total, before)
