"""What the Responses API can carry."""

from llm_sdk.capabilities import Capabilities

CAPABILITIES = Capabilities(
    user=frozenset({"text", "image", "file"}),
    assistant=frozenset({"text", "image", "tool-call", "reasoning"}),
    tool_result=frozenset({"text", "image", "file"}),
    output=frozenset({"text", "image", "tool-call", "tool-result", "reasoning", "opaque"}),
    options=frozenset({"max_tokens", "temperature", "top_p", "parallel_tool_calls", "metadata"}),
    provider_tools=frozenset({"web_search"}),
    tools=frozenset({"function", "web_search"}),
    modalities=frozenset({"text", "image"}),
    reasoning=frozenset({"enabled", "disabled", "effort", "budget_tokens"}),
    reasoning_efforts=frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"}),
    # The API has no budgets: these four stand for the efforts minimal, low, medium and high.
    reasoning_budgets=frozenset({1000, 2000, 3000, 4000}),
    web_search=frozenset({"allowed_domains", "user_location"}),
    # A generated image is an item of its own, which holds its data.
    assistant_image_urls=False,
    citations=True,
    # OpenAI API reference, Responses.
    defaults=frozenset({("temperature", 1), ("top_p", 1)}),
    # The same document; the reference SDK sends three of them so.
    nulls=frozenset({"temperature", "top_p", "max_output_tokens", "instructions", "metadata", "reasoning"}),
)
