"""What Mistral's chat completions can carry."""

from llm_sdk.capabilities import Capabilities

CAPABILITIES = Capabilities(
    user=frozenset({"text", "image", "file", "audio"}),
    assistant=frozenset({"text", "image", "file", "audio", "tool-call", "reasoning"}),
    tool_result=frozenset({"text", "image", "file", "audio"}),
    # The documented instructions of the thinking models show the form of a thought.
    system=frozenset({"text", "reasoning"}),
    output=frozenset({"text", "tool-call", "reasoning", "opaque"}),
    options=frozenset(
        {
            "max_tokens",
            "temperature",
            "top_p",
            "top_k",
            "presence_penalty",
            "frequency_penalty",
            "seed",
            "stop",
            "parallel_tool_calls",
            "metadata",
        }
    ),
    reasoning=frozenset({"enabled", "disabled", "effort"}),
    reasoning_efforts=frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"}),
    # Those that show their format in their first bytes: the wire does not name it.
    audio_input_formats=frozenset({"wav", "mp3", "flac", "opus"}),
    # References into the caller's own documents are read and written; there are no sources with titles and places.
    citations=False,
    # There is no refusal; what a guardrail stops ends with status 403.
    says=frozenset({"model_id"}),
    # Mistral's OpenAPI document, which gave top_p this default until 2025 and lets these be null since.
    defaults=frozenset({("top_p", 1)}),
    nulls=frozenset(
        {
            "max_tokens",
            "temperature",
            "top_p",
            "top_k",
            "presence_penalty",
            "frequency_penalty",
            "random_seed",
            "stop",
            "metadata",
            "tools",
            "n",
        }
    ),
)
