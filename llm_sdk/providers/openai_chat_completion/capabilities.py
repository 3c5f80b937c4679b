"""What Chat Completions can carry."""

from llm_sdk.capabilities import Capabilities

CAPABILITIES = Capabilities(
    user=frozenset({"text", "image", "audio", "file"}),
    assistant=frozenset({"text", "audio", "tool-call", "reasoning"}),
    # A result itself is text: what else it holds goes into a user message behind it.
    tool_result=frozenset({"text", "image", "audio", "file"}),
    output=frozenset({"text", "audio", "tool-call", "reasoning", "opaque"}),
    options=frozenset(
        {
            "max_tokens",
            "temperature",
            "top_p",
            "presence_penalty",
            "frequency_penalty",
            "seed",
            "stop",
            "parallel_tool_calls",
            "metadata",
        }
    ),
    tools=frozenset({"function", "web_search"}),
    modalities=frozenset({"text", "audio"}),
    reasoning=frozenset({"enabled", "disabled", "effort", "budget_tokens"}),
    reasoning_efforts=frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"}),
    # The API has no budgets: these four stand for the efforts minimal, low, medium and high.
    reasoning_budgets=frozenset({1000, 2000, 3000, 4000}),
    web_search=frozenset({"user_location"}),
    audio=frozenset({"format", "voice"}),
    audio_formats=frozenset({"wav", "aac", "mp3", "flac", "opus", "linear16"}),
    audio_input_formats=frozenset({"wav", "mp3"}),
    audio_by_id=True,
    file_urls=False,
    citations=True,
    # OpenAI API reference, Chat Completions.
    defaults=frozenset({("temperature", 1), ("top_p", 1), ("presence_penalty", 0), ("frequency_penalty", 0)}),
)
