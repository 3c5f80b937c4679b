"""Where Mistral's chat completions stand, and how a client shows its key."""

import re

from llm_sdk.codec import Endpoint, IdForm, Ids, Route
from llm_sdk.providers.mistral import id_forms
from llm_sdk.rate_limit_headers import RateLimitHeaders

ENDPOINT = Endpoint(
    base_url="https://api.mistral.ai",
    root="",
    mount="/mistral",
    key_variables=("MISTRAL_API_KEY",),
    base_url_variable="MISTRAL_BASE_URL",
    other_base_url_variables=("MISTRAL_API_BASE",),
    versions=("/v1",),
    key_header="Authorization",
    key_format="Bearer {key}",
    request_id_header="mistral-correlation-id",
    at_root=False,
    tool_call_id=IdForm("", id_forms.TOOL_CALL_ID_LENGTH, id_forms.ALPHANUMERIC),
    telemetry_name="mistral_ai",
    rate_limit_headers=RateLimitHeaders("x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute"),
)

PATH = "/v1/chat/completions"
# Calls that are read, and not made (see ``other_calls``).
FIM_PATH, AGENT_PATH = "/v1/fim/completions", "/v1/agents/completions"
# Google's cloud names the model, and whether to stream, in the path (official client).
CLOUD_PATH = re.compile(
    r"/v1/projects/[^/]+/locations/[^/]+/publishers/mistralai/models/([^/:]+):(rawPredict|streamRawPredict)"
)


def match(method: str, path: str) -> Route | None:
    """Model and streaming stand in the body, in Google's cloud in the path."""
    path = path.partition("?")[0].rstrip("/")
    if method != "POST":
        return None
    if path in (PATH, FIM_PATH, AGENT_PATH):
        return Route()
    found = CLOUD_PATH.fullmatch(path)
    return Route(model_id=found[1], stream=found[2] == "streamRawPredict") if found else None


def response_headers(ids: Ids, *, stream: bool) -> dict[str, str]:
    """The headers of a 200 answer that clients look at (recorded)."""
    id = correlation_id(ids)
    return {
        "content-type": "text/event-stream; charset=utf-8" if stream else "application/json",
        "access-control-allow-origin": "*",
        "mistral-correlation-id": id,
        "x-kong-request-id": id,
    }


def correlation_id(ids: Ids) -> str:
    """A UUID of version 7: milliseconds since 1970, then chance."""
    time = f"{int(ids.now() * 1000):012x}"
    return f"{time[:8]}-{time[8:]}-7{ids.token(3)}-{ids.token(1, '89ab')}{ids.token(3)}-{ids.token(12)}"
