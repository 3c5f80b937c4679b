"""What the Messages API can carry, by its version."""

from dataclasses import replace
from typing import Literal, TypeAlias

from llm_sdk.capabilities import Capabilities

ApiVersion: TypeAlias = Literal["2023-06-01", "2026-10-21"]
DEFAULT_VERSION: ApiVersion = "2023-06-01"

SAMPLING = ("temperature", "top_p", "top_k")
"""The options that the version of October 2026 refuses, at their default too."""

CAPABILITIES = Capabilities(
    user=frozenset({"text", "image", "file", "source"}),
    assistant=frozenset({"text", "file", "tool-call", "reasoning"}),
    tool_result=frozenset({"text", "image", "file", "source"}),
    output=frozenset({"text", "tool-call", "tool-result", "reasoning", "opaque"}),
    options=frozenset({"max_tokens", "stop", "parallel_tool_calls", "metadata", *SAMPLING}),
    provider_tools=frozenset({"web_search"}),
    tools=frozenset({"function", "web_search"}),
    response_formats=frozenset({"text", "json_schema"}),
    reasoning=frozenset({"enabled", "disabled", "effort", "budget_tokens"}),
    reasoning_efforts=frozenset({"low", "medium", "high", "xhigh", "max"}),
    web_search=frozenset({"allowed_domains", "max_uses", "user_location"}),
    image_mime_types=frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"}),
    file_mime_types=frozenset({"application/pdf", "text/*"}),
    source_parts=frozenset({"text"}),
    citations=True,
    says=frozenset({"refusal", "model_id"}),
    required=frozenset({"max_tokens"}),
)
"""Version 2023-06-01, the default."""

CAPABILITIES_2026_10_21 = replace(
    CAPABILITIES,
    assistant=CAPABILITIES.assistant - {"file"},
    options=CAPABILITIES.options - set(SAMPLING),
)

BY_VERSION: dict[str, Capabilities] = {"2023-06-01": CAPABILITIES, "2026-10-21": CAPABILITIES_2026_10_21}
