"""Where the chat endpoint stands, and how a client shows its key."""

from llm_sdk.codec import Endpoint, IdForm, Ids, Route
from llm_sdk.providers.cohere import id_forms
from llm_sdk.rate_limit_headers import RateLimitHeaders

ENDPOINT = Endpoint(
    base_url="https://api.cohere.com",
    root="",
    mount="/cohere",
    key_variables=("CO_API_KEY",),
    base_url_variable="CO_API_URL",
    other_base_url_variables=("CO_BASE_URL",),
    other_key_variables=("COHERE_API_KEY",),
    versions=("/v1", "/v2"),  # the first in the base URL of old clients, which have no v1 chat here
    key_header="Authorization",
    key_format="Bearer {key}",
    request_id_header="x-debug-trace-id",
    tool_call_id=IdForm("{tool_name}_", id_forms.CALL_ID_LENGTH, id_forms.CALL_ID_ALPHABET),
    notice_header="x-api-warning",
    # With trial keys alone, and not in an answer of 429.
    rate_limit_headers=RateLimitHeaders(
        "x-trial-endpoint-call-limit", "x-trial-endpoint-call-remaining", on_refusal=False
    ),
)

PATH = "/v2/chat"
ROUTES = {("POST", ENDPOINT.root + PATH)}


def match(method: str, path: str) -> Route | None:
    """Model and streaming both stand in the body."""
    return Route() if (method, path.partition("?")[0].rstrip("/")) in ROUTES else None


def response_headers(ids: Ids, *, stream: bool) -> dict[str, str]:
    """The headers of a 200 answer that clients look at (recorded)."""
    return {
        "content-type": "text/event-stream" if stream else "application/json",
        "access-control-expose-headers": "X-Debug-Trace-ID",
        "cache-control": "no-cache, no-store, no-transform, must-revalidate, private, max-age=0",
        "expires": "Thu, 01 Jan 1970 00:00:00 GMT",
        "pragma": "no-cache",
        "vary": "Origin",
        "x-accel-expires": "0",
        "x-debug-trace-id": ids.token(32),
    }
