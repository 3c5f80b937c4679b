"""Where Chat Completions stands, and how a client shows its key."""

import re

from llm_sdk.codec import Endpoint, IdForm, Ids, Route
from llm_sdk.providers.openai_chat_completion import id_forms
from llm_sdk.rate_limit_headers import RateLimitHeaders

ENDPOINT = Endpoint(
    base_url="https://api.openai.com/v1",
    root="/v1",
    mount="/openai",
    key_variables=("OPENAI_API_KEY",),
    base_url_variable="OPENAI_BASE_URL",
    other_base_url_variables=("OPENAI_API_BASE",),
    versions=("/v1",),  # Azure's paths have none below /openai (official client)
    key_header="Authorization",
    key_format="Bearer {key}",
    request_id_header="x-request-id",
    tool_call_id=IdForm(id_forms.CALL_ID, id_forms.CALL_ID_LENGTH),
    telemetry_name="openai",
    rate_limit_headers=RateLimitHeaders(
        "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"
    ),
)

PATH = "/chat/completions"
# Azure names the model in the path, below its resource's /openai.
DEPLOYMENT = re.compile(r"(?:/openai)?/deployments/([^/]+)" + PATH)


def match(method: str, path: str) -> Route | None:
    """The model stands in the body, at Azure in the path too; streaming in the body."""
    path = path.partition("?")[0].rstrip("/")
    known = path == ENDPOINT.root + PATH or DEPLOYMENT.fullmatch(path) is not None
    return Route() if method == "POST" and known else None


def deployment(path: str) -> str | None:
    """The name of an Azure deployment in a path; None in any other path."""
    found = DEPLOYMENT.fullmatch(path.partition("?")[0].rstrip("/"))
    return found[1] if found else None


def response_headers(ids: Ids, *, stream: bool) -> dict[str, str]:
    """The headers of a 200 answer that clients look at (recorded)."""
    return {
        "content-type": "text/event-stream; charset=utf-8" if stream else "application/json",
        "openai-processing-ms": "42",
        "openai-version": "2020-10-01",
        "x-request-id": "req_" + ids.token(32),
    }
