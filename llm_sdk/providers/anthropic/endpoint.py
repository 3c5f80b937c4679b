"""Where the Messages API stands, and how a client shows its key."""

import re
from urllib.parse import unquote

from llm_sdk.codec import Endpoint, IdForm, Ids, Route
from llm_sdk.providers.anthropic import id_forms
from llm_sdk.rate_limit_headers import RateLimitHeaders

ENDPOINT = Endpoint(
    base_url="https://api.anthropic.com",
    root="",
    mount="/anthropic",
    key_variables=("ANTHROPIC_API_KEY",),
    base_url_variable="ANTHROPIC_BASE_URL",
    other_base_url_variables=("ANTHROPIC_API_URL", "ANTHROPIC_API_BASE"),
    versions=("/v1",),
    diverting_variables=("ANTHROPIC_AUTH_TOKEN",),
    key_header="x-api-key",
    key_format="{key}",
    request_id_header="request-id",
    other_key_headers=(("authorization", "Bearer {key}"),),
    tool_call_id=IdForm(id_forms.TOOL_USE_ID + "01", id_forms.ID_LENGTH, id_forms.ID_ALPHABET),
    hosted_call_id=IdForm(id_forms.SERVER_TOOL_USE_ID + "01", id_forms.ID_LENGTH, id_forms.ID_ALPHABET),
    rate_limit_headers=RateLimitHeaders(
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
        "time",
    ),
)

VERSION_HEADER = "anthropic-version"
PATH = "/v1/messages"

VERTEX_ACTIONS = {False: "rawPredict", True: "streamRawPredict"}
# Below the base URL https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}.
VERTEX_PATH = re.compile(r"(?:/.*)?/publishers/anthropic/models/([^/:]+):(rawPredict|streamRawPredict)")


def match(method: str, path: str) -> Route | None:
    """Model and streaming both stand in the body; on Vertex AI they stand in the path."""
    path = path.partition("?")[0].rstrip("/")
    if method != "POST":
        return None
    if path == PATH:
        return Route()
    if found := VERTEX_PATH.fullmatch(path):
        return Route(unquote(found[1]), found[2] == VERTEX_ACTIONS[True])
    return None


def vertex_path(model_id: str, *, stream: bool) -> str:
    """The path of a model on Vertex AI."""
    return f"/publishers/anthropic/models/{model_id}:{VERTEX_ACTIONS[stream]}"


def response_headers(ids: Ids, *, stream: bool) -> dict[str, str]:
    """The headers of a 200 answer that clients look at (recorded)."""
    return {
        "content-type": "text/event-stream; charset=utf-8" if stream else "application/json",
        "request-id": id_forms.REQUEST_ID + ids.token(id_forms.ID_LENGTH - 1, id_forms.ID_ALPHABET),
        "anthropic-organization-id": "00000000-0000-0000-0000-000000000000",
    }
