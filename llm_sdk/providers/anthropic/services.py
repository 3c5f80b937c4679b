"""What the API offers beside ``POST /v1/messages``, and what it does from one call to the next.

Source: Anthropic's OpenAPI document (April 2026) and its guide to prompt caching.
"""

import re
from typing import Any

from pydantic_core import from_json

from llm_sdk.codec import ModelCall, WireRequest, WireResponse, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.anthropic.client_tools import client_tool
from llm_sdk.providers.anthropic.content import PROVIDER
from llm_sdk.providers.anthropic.errors import error_events
from llm_sdk.providers.anthropic.quotation import quotable
from llm_sdk.providers.anthropic.request import decode_request
from llm_sdk.providers.anthropic.threads import keep, recall
from llm_sdk.providers.anthropic.validation import find_faults
from llm_sdk.services import Service, ServiceCall, Services, Shown, json_answer
from llm_sdk.types import JsonObject, LanguageModelInput

MODELS = {
    "claude-opus-4-5": "Claude Opus 4.5",
    "claude-sonnet-4-5": "Claude Sonnet 4.5",
    "claude-haiku-4-5": "Claude Haiku 4.5",
}
CREATED_AT = "2025-10-01T00:00:00Z"
DEFAULT_PAGE = 20
MARK = "cache_control"
NO_LIMIT = 2**31
"""Stands for ``max_tokens`` where a request is counted only, or is to be answered without it."""


def complete(request: WireRequest) -> WireRequest:
    """The request with a limit, which the API demands (recorded)."""
    try:
        body = from_json(request.body)
    except ValueError:
        return request
    if not isinstance(body, dict) or "max_tokens" in body:
        return request
    return WireRequest(request.method, request.path, dump_json({**body, "max_tokens": NO_LIMIT}), request.headers)


def list_models(call: ServiceCall) -> WireResponse:
    """``GET /v1/models``, a page of it."""
    query, names = call.query, list(MODELS)
    start = names.index(query["after_id"]) + 1 if query.get("after_id") in names else 0
    end = names.index(query["before_id"]) if query.get("before_id") in names else len(names)
    given = query.get("limit", "")
    limit = max(int(given), 1) if given.isdecimal() else DEFAULT_PAGE
    page = names[start:end][:limit]
    ends = {"first_id": page[0], "last_id": page[-1]} if page else {"first_id": None, "last_id": None}
    return json_answer({"data": [_describe(name) for name in page], "has_more": start + len(page) < end, **ends})


def get_model(call: ServiceCall) -> WireResponse:
    """``GET /v1/models/{model}``: whatever a call may name."""
    return json_answer(_describe(call.fields["model"]))


def _describe(name: str) -> JsonObject:
    return {"type": "model", "id": name, "display_name": MODELS.get(name, name), "created_at": CREATED_AT}


def count_tokens(call: ServiceCall) -> WireResponse:
    """``POST /v1/messages/count_tokens``: a request without its limit."""
    body = _read(call.request)
    counted = WireRequest("POST", call.request.path, dump_json({**body, "max_tokens": NO_LIMIT}), call.request.headers)
    return json_answer({"input_tokens": call.facts.count_tokens(decode_request(counted).input)})


def _read(request: WireRequest) -> JsonObject:
    try:
        body = from_json(request.body)
    except ValueError as error:
        raise InvalidInputError(f"The request body is not valid JSON: {error}", provider=PROVIDER) from None
    if not isinstance(body, dict):
        raise InvalidInputError("Input should be an object", provider=PROVIDER)
    return body


def cacheable(request: WireRequest, call: ModelCall) -> LanguageModelInput | None:
    """The input up to its last ``cache_control``; all of it where the mark stands beside the messages."""
    if MARK.encode() not in request.body:
        return None
    body = _read(request)
    if body.get(MARK) is not None:
        return call.input
    messages = body.get("messages", [])
    marked = [at for at, message in enumerate(messages) if _is_marked(message.get("content"))]
    if marked and marked[-1] == len(messages) - 1:
        return call.input
    if marked:
        shorter = dump_json({**body, "messages": messages[: marked[-1] + 1]})
        return decode_request(WireRequest(request.method, request.path, shorter, request.headers)).input
    if _is_marked(body.get("system")):
        return call.input.model_copy(update={"messages": []})
    if _is_marked(body.get("tools")):
        return call.input.model_copy(update={"messages": [], "system_prompt": None})
    return None


def _is_marked(blocks: Any) -> bool:
    """Whether a block has a mark, or one inside it."""
    if not isinstance(blocks, list):
        return False
    marks = ((block.get(MARK), block.get("content")) for block in blocks if isinstance(block, dict))
    return any(mark is not None or _is_marked(inner) for mark, inner in marks)


def shown_reasoning(call: ModelCall) -> Shown:
    """Thinking whose ``display`` is ``omitted`` comes with its signature alone (documented)."""
    thinking = (call.input.extra or {}).get("thinking")
    return "signature" if isinstance(thinking, dict) and thinking.get("display") == "omitted" else "text"


SERVICES = Services(
    endpoints=(
        Service("GET", re.compile("/v1/models"), list_models),
        Service("GET", re.compile("/v1/models/(?P<model>[^/:]+)"), get_model),
        Service("POST", re.compile("/v1/messages/count_tokens"), count_tokens),
    ),
    recall=recall,
    keep=keep,
    cacheable=cacheable,
    input_zeros=frozenset({"cached_text_tokens", "cache_write_tokens"}),
    validate=find_faults,
    complete=complete,
    error_events=error_events,
    client_tool=client_tool,
    shown_reasoning=shown_reasoning,
    quotable=quotable,
)
