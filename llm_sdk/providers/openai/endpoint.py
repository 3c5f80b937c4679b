"""Where the Responses API stands, and how a client shows its key."""

import string

from llm_sdk.codec import Endpoint, IdForm, Ids, Route
from llm_sdk.providers.openai import id_forms
from llm_sdk.rate_limit_headers import RateLimitHeaders

ENDPOINT = Endpoint(
    base_url="https://api.openai.com/v1",
    root="/v1",
    mount="/openai",
    key_variables=("OPENAI_API_KEY",),
    base_url_variable="OPENAI_BASE_URL",
    other_base_url_variables=("OPENAI_API_BASE",),
    versions=("/v1",),  # Azure's paths have none below /openai (official client)
    diverting_variables=("OPENAI_API_TYPE",),  # "azure"
    key_header="Authorization",
    key_format="Bearer {key}",
    request_id_header="x-request-id",
    tool_call_id=IdForm(id_forms.CALL_ID, id_forms.CALL_ID_LENGTH),
    hosted_call_id=IdForm(id_forms.SEARCH_ID, id_forms.ID_LENGTH, string.hexdigits[:16]),
    rate_limit_headers=RateLimitHeaders(
        "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"
    ),
)

PATH = "/responses"
ROUTES = {("POST", ENDPOINT.root + PATH)}


def match(method: str, path: str) -> Route | None:
    """Model and streaming both stand in the body."""
    return Route() if (method, path.partition("?")[0].rstrip("/")) in ROUTES else None


def response_headers(ids: Ids, *, stream: bool) -> dict[str, str]:
    """The headers of a 200 answer that clients look at (recorded)."""
    return {
        "content-type": "text/event-stream; charset=utf-8" if stream else "application/json",
        "openai-processing-ms": "42",
        "openai-version": "2020-10-01",
        "x-request-id": "req_" + ids.token(32),
    }
