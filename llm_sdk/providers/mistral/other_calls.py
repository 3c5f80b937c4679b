"""Calls of a model beside the chat: filling in the middle of a text, and agents. They are answered in the chat's form.

Source: Mistral's OpenAPI document 1.0.0 (August 2026).
"""

from typing import Any

from llm_sdk.providers.mistral.endpoint import AGENT_PATH, FIM_PATH, PATH
from llm_sdk.providers.mistral.errors import RejectedRequestError
from llm_sdk.types import JsonObject


def as_chat(body: Any, path: str) -> Any:
    """The body of a call of the chat that says the same: what is to be filled in is asked by the texts before and
    behind it, and an agent stands in the place of its model. Raises RejectedRequestError for what these calls demand.
    """
    path = path.partition("?")[0].rstrip("/")
    if path not in (FIM_PATH, AGENT_PATH) or not isinstance(body, dict):
        return body
    if path == AGENT_PATH:
        rest = {name: value for name, value in body.items() if name != "agent_id"}
        return {**rest, "model": _text(body, "agent_id")}
    chunks: list[JsonObject] = [{"type": "text", "text": _text(body, "prompt")}]
    if body.get("suffix") is not None:
        chunks.append({"type": "text", "text": _text(body, "suffix")})
    rest = {name: value for name, value in body.items() if name not in ("prompt", "suffix")}
    return {**rest, "messages": [{"role": "user", "content": chunks}]}


def path_of(body: JsonObject) -> str:
    """The path of a call with this body."""
    if "messages" not in body and "prompt" in body:
        return FIM_PATH
    return AGENT_PATH if "agent_id" in body else PATH


def _text(body: JsonObject, name: str) -> str:
    value = body.get(name)
    if name not in body:
        raise RejectedRequestError("Field required", kind="missing", location=[name])
    if not isinstance(value, str):
        raise RejectedRequestError("Input should be a valid string", kind="string_type", location=[name])
    return value
