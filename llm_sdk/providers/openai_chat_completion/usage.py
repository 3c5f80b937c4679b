"""What is counted: ``usage`` <-> :class:`~llm_sdk.types.ModelUsage`."""

from llm_sdk.codec import ModelCall
from llm_sdk.providers.openai_chat_completion import wire
from llm_sdk.types import JsonObject, ModelTokensDetails, ModelUsage

INPUT_DETAILS = {
    "cached_tokens": "cached_text_tokens",
    "audio_tokens": "audio_tokens",
    "text_tokens": "text_tokens",
    "image_tokens": "image_tokens",
    "cache_write_tokens": "cache_write_tokens",
}
OUTPUT_DETAILS = {
    "reasoning_tokens": "reasoning_tokens",
    "audio_tokens": "audio_tokens",
    "text_tokens": "text_tokens",
    "image_tokens": "image_tokens",
}

UNUSED_PREDICTION = {"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}


def decode_usage(usage: wire.Usage) -> ModelUsage:
    """Cached and reasoning tokens are inside the totals. A detail that was not given stays absent."""
    given, made = usage.prompt_tokens_details, usage.completion_tokens_details
    inputs = {unified: getattr(given, name) for name, unified in INPUT_DETAILS.items()} if given else {}
    outputs = {unified: getattr(made, name) for name, unified in OUTPUT_DETAILS.items()} if made else {}
    # Some servers count these beside the details, or in their place (recorded).
    cached = usage.prompt_cache_hit_tokens if usage.cached_tokens is None else usage.cached_tokens
    if cached is not None and inputs.get("cached_text_tokens") is None:
        inputs["cached_text_tokens"] = cached
    if usage.reasoning_tokens is not None and outputs.get("reasoning_tokens") is None:
        outputs["reasoning_tokens"] = usage.reasoning_tokens
    input, output = usage.prompt_tokens or 0, usage.completion_tokens or 0
    reasoning = outputs.get("reasoning_tokens")
    if reasoning and usage.total_tokens == input + output + reasoning:
        output += reasoning  # xAI counts them beside the output, and bills them as output (recorded)
    return ModelUsage(
        input_tokens=input,
        output_tokens=output,
        input_tokens_details=ModelTokensDetails(**inputs) if inputs else None,
        output_tokens_details=ModelTokensDetails(**outputs) if outputs else None,
    )


def encode_usage(usage: ModelUsage, call: ModelCall) -> JsonObject:
    """The other way, with the details that there are. Where the call predicts its answer, nothing of that was used."""
    body: JsonObject = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
    if usage.input_tokens_details is not None:
        body["prompt_tokens_details"] = _details(usage.input_tokens_details, INPUT_DETAILS)
    if usage.output_tokens_details is not None:
        body["completion_tokens_details"] = _details(usage.output_tokens_details, OUTPUT_DETAILS)
    if (call.input.extra or {}).get("prediction") is not None:
        body["completion_tokens_details"] = {**body.get("completion_tokens_details", {}), **UNUSED_PREDICTION}
    return body


def _details(details: ModelTokensDetails, names: dict[str, str]) -> JsonObject:
    counts = {name: getattr(details, unified) for name, unified in names.items()}
    return {name: count for name, count in counts.items() if count is not None}
