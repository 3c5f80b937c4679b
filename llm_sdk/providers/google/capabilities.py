"""What Gemini can carry."""

from llm_sdk.capabilities import Capabilities

MEDIA = frozenset({"image", "audio", "file"})

CAPABILITIES = Capabilities(
    user=MEDIA | {"text"},
    assistant=MEDIA | {"text", "tool-call", "reasoning"},
    tool_result=MEDIA | {"text"},
    output=MEDIA | {"text", "tool-call", "tool-result", "reasoning", "opaque"},
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
        }
    ),
    # Instructions stand at the start only: a content has the role user or model.
    system=frozenset(),
    provider_tools=frozenset({"web_search"}),
    tools=frozenset({"function", "web_search"}),
    modalities=frozenset({"text", "image", "audio"}),
    reasoning=frozenset({"enabled", "disabled", "effort", "budget_tokens"}),
    reasoning_efforts=frozenset({"minimal", "low", "medium", "high", "xhigh"}),
    audio=frozenset({"voice", "language"}),
    audio_input_formats=frozenset({"wav", "mp3", "linear16", "flac", "aac", "opus"}),
    citations=True,
    # Google API reference: a Schema in `parameters` has no additionalProperties; `parametersJsonSchema` has it.
    open_parameters=True,
)
