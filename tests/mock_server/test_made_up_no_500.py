"""Wrong values in the fields that have no unified form, of which an answer is made up: see ``test_no_500``."""

from collections.abc import Iterator
from math import gcd
from typing import Any

import pytest

from benchmarks.wrong_values import WRONG, Place, damaged, find_defects
from llm_sdk.codec import WireRequest

USER = {"role": "user", "content": "Use f"}
FUNCTION = {"type": "function", "name": "f"}
CUSTOM = {"type": "custom", "name": "g", "format": {"type": "grammar", "syntax": "regex", "definition": "a"}}
CHAT_CUSTOM = {
    "type": "custom",
    "custom": {"name": "g", "format": {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a"}}},
}
CALL = {"type": "custom_tool_call", "call_id": "c", "name": "g", "input": "x"}
RESULT = {"type": "custom_tool_call_output", "call_id": "c", "output": "x"}
ENABLED = {"enabled": True}
TEXT = {"type": "text", "text": "Green."}
DOCUMENTS = [
    {"type": "document", "source": source, "title": "t", "citations": ENABLED}
    for source in (
        {"type": "text", "media_type": "text/plain", "data": "Green."},
        {"type": "base64", "media_type": "text/plain", "data": "R3JlZW4u"},
        {"type": "content", "content": [TEXT]},
    )
]
SEARCHED = {"type": "search_result", "source": "s", "title": "t", "content": [TEXT], "citations": ENABLED}
BODIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "responses": (
        *("openai", "/v1/responses"),
        {
            "model": "m",
            "input": [USER, CALL, RESULT, USER],
            "tools": [FUNCTION, CUSTOM, {"type": "shell", "environment": {"type": "local"}}],
            "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [FUNCTION, {"type": "custom"}]},
            "reasoning": {"effort": "low", "summary": None, "generate_summary": None},
            "prompt": {"id": "p"},
            "service_tier": "flex",
        },
    ),
    "responses, log probabilities": (
        *("openai", "/v1/responses"),
        {"model": "m", "input": "x", "include": ["message.output_text.logprobs"], "top_logprobs": 2},
    ),
    "responses, a custom tool": (
        *("openai", "/v1/responses"),
        {"model": "m", "input": "x", "tools": [CUSTOM], "tool_choice": {"type": "custom", "name": "g"}},
    ),
    "chat": (
        *("openai-chat-completion", "/v1/chat/completions"),
        {
            "model": "m",
            "messages": [USER],
            "tools": [CHAT_CUSTOM, {"type": "function", "function": {"name": "f"}}],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "custom", "custom": {"name": "g"}}]},
            },
            "service_tier": "flex",
            "prediction": {"type": "content", "content": "x"},
            "logprobs": True,
            "top_logprobs": 2,
        },
    ),
    **{
        f"claude, document {at}": (
            *("anthropic", "/v1/messages"),
            {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": [block, TEXT]}]},
        )
        for at, block in enumerate([*DOCUMENTS, SEARCHED])
    },
    "claude, tools": (
        *("anthropic", "/v1/messages"),
        {
            "model": "m",
            "max_tokens": 2000,
            "messages": [USER],
            "tools": [{"type": "bash_20250124", "name": "bash"}],
            "tool_choice": {"type": "any"},
            "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"},
            "context_management": {"edits": []},
        },
    ),
    "gemini": (
        *("google", "/v1beta/models/m:generateContent"),
        {
            "contents": [{"role": "user", "parts": [{"text": "x"}]}],
            "tools": [{"functionDeclarations": [{"name": "a"}, {"name": "b"}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": ["a", "b"]}},
            "generationConfig": {
                "responseMimeType": "text/x.enum",
                "responseSchema": {"type": "STRING", "enum": ["a"]},
                "responseLogprobs": True,
                "logprobs": 2,
                "thinkingConfig": {"includeThoughts": False, "thinkingBudget": 100},
            },
        },
    ),
    "cohere": (
        *("cohere", "/v2/chat"),
        {
            "model": "m",
            "messages": [USER],
            "documents": ["x", {"id": "d", "data": {"title": "t", "text": "x"}}],
            "citation_options": {"mode": "FAST"},
        },
    ),
    "mistral, the middle": (
        *("mistral", "/v1/fim/completions"),
        {"model": "m", "prompt": "a", "suffix": "b", "n": 2},
    ),
    "mistral, an agent": (*("mistral", "/v1/agents/completions"), {"agent_id": "a", "messages": [USER]}),
}
ASKED = 150
"""So many damaged requests of each body."""


def paths(value: Any) -> Iterator[tuple[str | int, ...]]:
    """The way to every value inside of this one."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (key,)
        yield from ((key, *rest) for rest in paths(inner))


@pytest.mark.parametrize(("provider", "path", "body"), BODIES.values(), ids=BODIES)
def test_a_wrong_value_is_the_clients_mistake(provider: str, path: str, body: dict[str, Any]) -> None:
    places = [Place(WireRequest("POST", path), body, place) for place in paths(body)]
    step = max(len(places) * len(WRONG) // ASKED, 1)
    while gcd(step, len(WRONG)) > 1:  # so that it meets all values
        step += 1
    assert list(find_defects(provider, damaged(places, step=step), validation="off")) == []
