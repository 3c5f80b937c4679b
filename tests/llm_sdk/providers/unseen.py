"""What the folders of the providers name and no recording shows, each proved by a sample that the published schema
accepts.

A sample is the kind of its schema and a body. Each stands for the names it is listed under: values, such as a type of
block or a reason to stop, and fields.
"""

from typing import Any, TypeAlias

from conformance.published import Kind
from llm_sdk.types import JsonObject

Sample: TypeAlias = tuple[Kind, JsonObject]

ASKED: JsonObject = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
TEXT: JsonObject = {"type": "text", "text": "a"}


def asked(**fields: Any) -> Sample:
    """A request of one message, for those protocols that agree on it."""
    return "request", {**ASKED, **fields}


def responses_request(**fields: Any) -> Sample:
    return "request", {"model": "m", "input": "Hi", **fields}


def incomplete_response(reason: str) -> Sample:
    """A whole response without output that ended for this reason."""
    nulls = dict.fromkeys(("error", "instructions", "max_output_tokens", "previous_response_id", "reasoning"))
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "incomplete"}
    told = {"incomplete_details": {"reason": reason}, "output": [], "tools": [], "tool_choice": "auto", "metadata": {}}
    options = {"parallel_tool_calls": True, "temperature": 1, "top_p": 1, "truncation": "disabled"}
    return "response", {**head, **told, **options, **nulls}


def completion(**message: Any) -> Sample:
    said = {"role": "assistant", "content": "Hi", "refusal": None, **message}
    choice = {"index": 0, "message": said, "finish_reason": "stop", "logprobs": None}
    return "response", {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def anthropic_request(**fields: Any) -> Sample:
    return "request", {**ASKED, "max_tokens": 9, **fields}


ANTHROPIC_USAGE = {
    "input_tokens": 1,
    "output_tokens": 1,
    **dict.fromkeys(("cache_creation", "cache_creation_input_tokens", "cache_read_input_tokens", "inference_geo")),
    **dict.fromkeys(("server_tool_use", "service_tier")),
}


def anthropic_answer(*content: JsonObject, stop_reason: str = "end_turn") -> Sample:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    return "response", {**head, "content": list(content), "stop_reason": stop_reason, "usage": ANTHROPIC_USAGE}


def gemini_request(**config: Any) -> Sample:
    contents = [{"role": "user", "parts": [{"text": "Hi"}]}]
    return "request", {"contents": contents, "generationConfig": config}


def candidate(**fields: Any) -> Sample:
    return "response", {"candidates": [fields]}


def cohere_answer(finish_reason: str = "COMPLETE", **message: Any) -> Sample:
    return "response", {"id": "1", "finish_reason": finish_reason, "message": {"role": "assistant", **message}}


def mistral_answer(finish_reason: str = "stop", **usage: Any) -> Sample:
    counts = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, **usage}
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": finish_reason}
    head = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
    return "response", {**head, "usage": counts, "choices": [choice]}


def mistral_chunk(**chunk: Any) -> Sample:
    return asked(messages=[*ASKED["messages"], {"role": "assistant", "content": [TEXT, chunk]}])


REASONING_DELTA = {"item_id": "rs_1", "output_index": 0, "content_index": 0, "delta": "Hm", "sequence_number": 0}
SEARCH_RESULT = {"type": "search_result", "source": "u", "title": "t", "content": [TEXT]}
SEARCH_LOCATION = {"source": "u", "title": "t", "cited_text": "a", "search_result_index": 0}
WEB_SEARCH = {"type": "web_search_20250305", "name": "web_search"}
GEMINI_ENDS = (
    *("BLOCKLIST", "CONTINUATION", "ESCALATION", "FINISH_REASON_UNSPECIFIED", "IMAGE_OTHER", "IMAGE_RECITATION"),
    *("IMAGE_PROHIBITED_CONTENT", "IMAGE_SAFETY", "LANGUAGE", "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE"),
    *("MISSING_THOUGHT_SIGNATURE", "MODEL_ARMOR", "NO_IMAGE", "OTHER", "PROHIBITED_CONTENT", "PUP_LIMITED_DISABLED"),
    *("RECITATION", "SAFETY", "SPII", "TOO_MANY_TOOL_CALLS"),
)
COHERE_CITATION = {
    "start": 0,
    "end": 1,
    "text": "a",
    "sources": [{"type": "document", "id": "d", "document": {"id": "d"}}],
    "content_index": 0,
    "type": "TEXT_CONTENT",
}

VALUES: dict[str, dict[str, Sample]] = {
    "openai": {
        "content_filter": incomplete_response("content_filter"),
        "custom_tool_call_output": responses_request(
            input=[{"type": "custom_tool_call_output", "call_id": "call_1", "output": "a"}]
        ),
        "web_search_2025_08_26": responses_request(tools=[{"type": "web_search_2025_08_26"}]),
        "response.reasoning_text.delta": (
            "stream_event",
            {"type": "response.reasoning_text.delta", **REASONING_DELTA},
        ),
    },
    "anthropic": {
        "search_result": anthropic_request(messages=[{"role": "user", "content": [SEARCH_RESULT]}]),
        "search_result_location": anthropic_answer(
            {
                **TEXT,
                "citations": [
                    {"type": "search_result_location", **SEARCH_LOCATION, "start_block_index": 0, "end_block_index": 1}
                ],
            }
        ),
        "web_search_20260318": anthropic_request(tools=[{**WEB_SEARCH, "type": "web_search_20260318"}]),
        "model_context_window_exceeded": anthropic_answer(stop_reason="model_context_window_exceeded"),
        "pause_turn": anthropic_answer(stop_reason="pause_turn"),
    },
    "google": {word: candidate(finishReason=word) for word in GEMINI_ENDS},
    "cohere": {"TIMEOUT": cohere_answer("TIMEOUT")},
    "mistral": {
        "file": mistral_chunk(type="file", file_id="00000000-0000-4000-8000-000000000000"),
        "reference": mistral_chunk(type="reference", reference_ids=[0]),
        "tool_reference": mistral_chunk(
            type="thinking", thinking=[{"type": "tool_reference", "tool": "web_search", "title": "T"}]
        ),
        "model_length": mistral_answer("model_length"),
    },
}

FIELDS: dict[str, dict[str, Sample]] = {
    "openai": {
        "allowed_domains": responses_request(tools=[{"type": "web_search", "filters": {"allowed_domains": []}}])
    },
    "openai-chat-completion": {
        "transcript": completion(audio={"id": "audio_1", "expires_at": 1, "data": "", "transcript": "a"}),
        "voice": asked(modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"}),
        "modalities": asked(modalities=["text"]),
        "web_search_options": asked(web_search_options={}),
        # Of a whole call; in a stream it comes in fragments, as a function does.
        "custom": completion(tool_calls=[{"id": "c", "type": "custom", "custom": {"name": "sql", "input": "a"}}]),
        "url_citation": completion(
            annotations=[
                {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1}}
            ]
        ),
    },
    "anthropic": {
        "details": (
            "error",
            {"type": "error", "error": {"type": "billing_error", "message": "a", "details": {}}, "request_id": "r"},
        ),
        "effort": anthropic_request(output_config={"effort": "high"}),
        "allowed_domains": anthropic_request(tools=[{**WEB_SEARCH, "allowed_domains": ["a.example"]}]),
        "max_uses": anthropic_request(tools=[{**WEB_SEARCH, "max_uses": 1}]),
        "user_location": anthropic_request(
            tools=[{**WEB_SEARCH, "user_location": {"type": "approximate", "city": "Paris"}}]
        ),
    },
    "google": {
        "speechConfig": gemini_request(speechConfig={"languageCode": "fr-FR"}),
        "image": candidate(groundingMetadata={"groundingChunks": [{"image": {"sourceUri": "u"}}]}),
        "sourceUri": candidate(groundingMetadata={"groundingChunks": [{"image": {"sourceUri": "u"}}]}),
        "maps": candidate(groundingMetadata={"groundingChunks": [{"maps": {"uri": "u", "title": "t"}}]}),
        "partIndex": candidate(groundingMetadata={"groundingSupports": [{"segment": {"partIndex": 0}}]}),
        "boolValue": candidate(
            content={
                "parts": [{"functionCall": {"name": "f", "partialArgs": [{"jsonPath": "$.a", "boolValue": True}]}}]
            }
        ),
        "promptFeedback": ("response", {"promptFeedback": {}}),
        "blockReason": ("response", {"promptFeedback": {"blockReason": "SAFETY"}}),
        "blockReasonMessage": ("response", {"promptFeedback": {"blockReasonMessage": "a"}}),
    },
    "cohere": {
        "content_index": cohere_answer(content=[TEXT], citations=[COHERE_CITATION]),
        "json_schema": asked(response_format={"type": "json_object", "json_schema": {"type": "object"}}),
        "token_budget": asked(thinking={"type": "enabled", "token_budget": 1}),
    },
    "mistral": {
        "file_id": mistral_chunk(type="file", file_id="00000000-0000-4000-8000-000000000000"),
        "reference_ids": mistral_chunk(type="reference", reference_ids=[0]),
        "closed": mistral_chunk(type="thinking", thinking=[TEXT], closed=True),
        "signature": mistral_chunk(type="thinking", thinking=[TEXT], signature="s"),
        "frequency_penalty": asked(frequency_penalty=0.5),
        "presence_penalty": asked(presence_penalty=0.5),
        "metadata": asked(metadata={"a": "b"}),
        "prompt_mode": asked(prompt_mode="reasoning"),
        "random_seed": asked(random_seed=1),
        "reasoning_effort": asked(reasoning_effort="high"),
        "stop": asked(stop=["a"]),
        "top_k": asked(top_k=3),
        "prompt_token_details": mistral_answer(prompt_token_details={"cached_tokens": 1}),
    },
}

# Words of servers that copy a protocol and publish no schema of it: their documents alone say them.
REPORTED: dict[str, set[str]] = {
    "openai": {
        "response.done",  # OpenRouter
    },
    "openai-chat-completion": {
        "insufficient_system_resource",  # DeepSeek
        "sensitive",  # Z.ai
        "network_error",  # Z.ai
        "model_length",  # Mistral
        "error",  # OpenRouter
        "max_tokens",  # of models behind OpenRouter
        "MAX_TOKENS",  # the same
        "eos_token",  # Hugging Face
        "stop_sequence",  # Hugging Face
        "SAFETY",  # of Gemini behind gateways
    },
}
REPORTED_FIELDS: dict[str, set[str]] = {
    "openai-chat-completion": {
        "reasoning_text",  # Copilot
        "reasoning_opaque",  # Copilot
        "extra_content",  # Google
        "images",  # OpenRouter
    },
}
