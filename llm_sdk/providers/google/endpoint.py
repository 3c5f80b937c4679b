"""Where Gemini stands, and how a client shows its key."""

import re
from urllib.parse import quote, unquote

from llm_sdk.codec import Endpoint, Framing, IdForm, Ids, Route
from llm_sdk.providers.google import id_forms

ENDPOINT = Endpoint(
    base_url="https://generativelanguage.googleapis.com",
    root="",
    mount="/google",
    key_variables=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    base_url_variable="GOOGLE_GEMINI_BASE_URL",
    other_base_url_variables=("GEMINI_API_BASE",),
    versions=("/v1beta",),
    diverting_variables=("GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"),
    key_header="x-goog-api-key",
    key_format="{key}",
    key_parameter="key",
    request_id_header="",  # there is none: the body has a responseId
    line_end=b"\r\n",
    tool_call_id=IdForm("", id_forms.CALL_ID_LENGTH, id_forms.CALL_ID_ALPHABET),
    telemetry_name="gcp.gemini",
)

API_VERSION = "v1beta"
API_VERSIONS = frozenset({"v1", "v1alpha", "v1beta"})
GENERATE, STREAM = "generateContent", "streamGenerateContent"
SSE_QUERY = "alt=sse"

# The Gemini API's own path, and Vertex AI's for the same protocol: by project and place, or by publisher alone.
PATH = re.compile(
    r"/(?:v1|v1alpha|v1beta|v1beta1)"
    r"(?:/projects/[^/]+/locations/[^/]+)?"
    r"(?:/publishers/[^/]+)?"
    r"/(?P<collection>models|tunedModels|endpoints)/(?P<model>[^/:]+):(?P<method>generateContent|streamGenerateContent)/?"
)


def request_path(model_id: str, api_version: str, *, stream: bool) -> str:
    """The path of a call. ``model_id`` may name its collection, such as ``tunedModels/mine``; ``models`` needs none."""
    collection, _, model = model_id.rpartition("/")
    where = f"/{api_version}/{quote(collection or 'models')}/{quote(model, safe='')}"
    return f"{where}:{STREAM}?{SSE_QUERY}" if stream else f"{where}:{GENERATE}"


def match(method: str, path: str) -> Route | None:
    """Model and streaming both stand in the path. A stream that is not asked for as events is a JSON array."""
    path, _, query = path.partition("?")
    found = PATH.fullmatch(path) if method == "POST" else None
    if found is None:
        return None
    model = unquote(found["model"])
    model_id = model if found["collection"] == "models" else f"{found['collection']}/{model}"
    stream = found["method"] == STREAM
    framing: Framing = "sse" if not stream or SSE_QUERY in query.split("&") else "json-array"
    return Route(model_id, stream, framing)


def response_headers(ids: Ids, *, stream: bool) -> dict[str, str]:  # noqa: ARG001 - no header has an id here
    """The headers of a 200 answer that clients look at (recorded)."""
    headers = {
        "content-type": "text/event-stream" if stream else "application/json; charset=UTF-8",
        "vary": "Origin, X-Origin, Referer",
        "server-timing": "gfet4t7; dur=42",
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
    }
    return {**headers, "content-disposition": "attachment"} if stream else headers
