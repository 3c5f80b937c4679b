"""What Cohere's chat can carry."""

from llm_sdk.capabilities import Capabilities

CAPABILITIES = Capabilities(
    user=frozenset({"text", "image", "source"}),
    assistant=frozenset({"text", "tool-call", "reasoning"}),
    tool_result=frozenset({"text", "source"}),
    output=frozenset({"text", "tool-call", "reasoning", "opaque"}),
    options=frozenset(
        {"max_tokens", "temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed", "stop"}
    ),
    # No tool can be forced by its name.
    tool_choices=frozenset({"auto", "none", "required"}),
    reasoning=frozenset({"enabled", "disabled", "budget_tokens"}),
    image_mime_types=frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"}),
    source_parts=frozenset({"text"}),
    citations=True,
    # Cohere API reference, v2 chat: temperature, p, k and the penalties.
    defaults=frozenset(
        {("temperature", 0.3), ("top_p", 0.75), ("top_k", 0), ("presence_penalty", 0), ("frequency_penalty", 0)}
    ),
    # An answer names no model; what is blocked is an error, and a model that declines says so in plain text.
    says=frozenset(),
)
