"""The Conversations API: items that are kept under a name, and stand before the input of every response that names it.

Input and output of such a response are added to it, whether the response is kept or not. Source: OpenAI's OpenAPI
document 2.3.0 and the types of its Python client; the words of the errors are those of the Responses API.
"""

import hashlib
import re
import sys
from collections.abc import Iterable
from typing import Any

from pydantic import ConfigDict, Field, ValidationError
from pydantic_core import from_json

from llm_sdk import openai_errors
from llm_sdk.codec import WireResponse, dump_json
from llm_sdk.errors import InvalidInputError, NotFoundError
from llm_sdk.providers.openai import wire
from llm_sdk.providers.openai.content import PROVIDER
from llm_sdk.providers.openai.id_forms import ID_LENGTH
from llm_sdk.providers.openai.item_lists import items_of, list_of, listed, page_of
from llm_sdk.services import Exchanged, Kept, Service, ServiceCall, json_answer, read_body
from llm_sdk.types import JsonObject
from llm_sdk.wire_model import Wire

FIELD = "conversation"
CONVERSATION_ID = "conv_"
ID_DIGITS = 48
"""Hexadecimal digits after the prefix (documented)."""
MOST_ITEMS = 20
"""Items of one request (documented)."""
KEPT_AS = "conversations/"
"""What conversations are kept under begins like this, and no id of a response does."""


class CreateConversationRequest(Wire):
    """The body of ``POST /v1/conversations``, and of ``POST /v1/conversations/{id}``, which takes metadata alone."""

    model_config = ConfigDict(strict=True)

    items: list[wire.Item] | None = None
    metadata: dict[str, str] | None = Field(default=None, max_length=16)


class CreateItemsRequest(Wire):
    """The body of ``POST /v1/conversations/{id}/items``."""

    model_config = ConfigDict(strict=True)

    items: list[wire.Item]


def named_in(body: JsonObject) -> str | None:
    """The id of the conversation that a request for a response belongs to."""
    named = body.get(FIELD)
    id = named.get("id") if isinstance(named, dict) else named
    return id if isinstance(id, str) else None


def items_in(id: str, kept: Kept) -> list[JsonObject]:
    """The items of a conversation, the oldest first. Raises NotFoundError."""
    items: list[JsonObject] = _read(id, kept)[1]["items"]
    return items


def append(id: str, items: Iterable[JsonObject], kept: Kept) -> list[JsonObject]:
    """Put items behind those of a conversation, and return them as they are listed. Raises NotFoundError."""
    conversation, state = _read(id, kept)
    added = []
    for number, item in enumerate(items, state["added"]):
        token = hashlib.sha512(f"{id}:{number}".encode()).hexdigest()[:ID_LENGTH]
        added.append({"status": "completed", **listed(item, token)})
    state = {"items": [*state["items"], *added], "added": state["added"] + len(added)}
    kept[KEPT_AS + id] = Exchanged(dump_json(state), dump_json(conversation))
    return added


def create(call: ServiceCall) -> WireResponse:
    """``POST /v1/conversations``."""
    body = read_body(CreateConversationRequest, call.request.body or b"{}", refuse)
    items = _raw_items(call) if body.items else []
    id = CONVERSATION_ID + call.ids.token(ID_DIGITS)
    conversation = {
        "id": id,
        "object": FIELD,
        "created_at": int(call.ids.now()),
        "metadata": body.metadata or {},
    }
    call.kept[KEPT_AS + id] = Exchanged(dump_json({"items": [], "added": 0}), dump_json(conversation))
    append(id, items, call.kept)
    return json_answer(conversation)


def retrieve(call: ServiceCall) -> WireResponse:
    """``GET /v1/conversations/{id}``."""
    return json_answer(_read(call.fields["id"], call.kept)[0])


def update(call: ServiceCall) -> WireResponse:
    """``POST /v1/conversations/{id}``: other metadata."""
    id = call.fields["id"]
    conversation, state = _read(id, call.kept)
    body = read_body(CreateConversationRequest, call.request.body, refuse)
    conversation = {**conversation, "metadata": body.metadata or {}}
    call.kept[KEPT_AS + id] = Exchanged(dump_json(state), dump_json(conversation))
    return json_answer(conversation)


def delete(call: ServiceCall) -> WireResponse:
    """``DELETE /v1/conversations/{id}``."""
    id = call.fields["id"]
    _read(id, call.kept)
    del call.kept[KEPT_AS + id]
    return json_answer({"id": id, "object": "conversation.deleted", "deleted": True})


def add_items(call: ServiceCall) -> WireResponse:
    """``POST /v1/conversations/{id}/items``."""
    read_body(CreateItemsRequest, call.request.body, refuse)
    return json_answer(list_of(append(call.fields["id"], _raw_items(call), call.kept)))


def list_items(call: ServiceCall) -> WireResponse:
    """``GET /v1/conversations/{id}/items``."""
    return json_answer(page_of(items_in(call.fields["id"], call.kept), call.query))


def retrieve_item(call: ServiceCall) -> WireResponse:
    """``GET /v1/conversations/{id}/items/{item}``."""
    return json_answer(_find_item(call))


def delete_item(call: ServiceCall) -> WireResponse:
    """``DELETE /v1/conversations/{id}/items/{item}``, which answers with the conversation."""
    id, gone = call.fields["id"], _find_item(call)
    conversation, state = _read(id, call.kept)
    state = {**state, "items": [item for item in state["items"] if item["id"] != gone["id"]]}
    call.kept[KEPT_AS + id] = Exchanged(dump_json(state), dump_json(conversation))
    return json_answer(conversation)


def _read(id: str, kept: Kept) -> tuple[JsonObject, JsonObject]:
    """The conversation object, and its items with how many were ever added. Raises NotFoundError."""
    try:
        found = kept[KEPT_AS + id]
    except KeyError:
        raise _not_found("Conversation", id) from None
    return from_json(found.reply), from_json(found.request)


def _find_item(call: ServiceCall) -> JsonObject:
    id, wanted = call.fields["id"], call.fields["item"]
    for item in items_in(id, call.kept):
        if item["id"] == wanted:
            return item
    raise _not_found("Item", wanted)


def _raw_items(call: ServiceCall) -> list[JsonObject]:
    """The items of a body that was read, as they came. Raises InvalidInputError for too many."""
    items: list[Any] = from_json(call.request.body)["items"]
    if len(items) > MOST_ITEMS:
        reason = (
            f"Invalid 'items': array too long. Expected an array with maximum length {MOST_ITEMS}, but got an array "
            f"with length {len(items)} instead."
        )
        raise InvalidInputError(reason, path="items", code="array_above_max_length", provider=PROVIDER)
    return items_of(items)


def _not_found(what: str, id: str) -> NotFoundError:
    return NotFoundError(f"{what} with id '{id}' not found.", status_code=404, code="", provider=PROVIDER)


def refuse(error: ValidationError) -> InvalidInputError:
    """What the API says of a body that does not fit a model of this module."""
    if error.errors()[0]["type"] == "json_invalid":
        return openai_errors.not_json(PROVIDER)
    return openai_errors.refuse(error, sys.modules[__name__], PROVIDER)


ROOT = "/v1/conversations"
ONE = ROOT + "/(?P<id>[^/]+)"
ITEM = ONE + "/items/(?P<item>[^/]+)"
ENDPOINTS = (
    Service("POST", re.compile(ROOT), create),
    Service("GET", re.compile(ONE), retrieve),
    Service("POST", re.compile(ONE), update),
    Service("DELETE", re.compile(ONE), delete),
    Service("POST", re.compile(ONE + "/items"), add_items),
    Service("GET", re.compile(ONE + "/items"), list_items),
    Service("GET", re.compile(ITEM), retrieve_item),
    Service("DELETE", re.compile(ITEM), delete_item),
)
