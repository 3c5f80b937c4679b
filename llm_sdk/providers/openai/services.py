"""What the API offers beside ``POST /v1/responses``, and what it does from one call to the next.

A response is kept unless ``store`` is false. ``previous_response_id`` puts all that was said up to it before the input
of a call; its instructions are not carried over (documented). A conversation does the same under a name of its own.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pydantic_core import from_json

from llm_sdk import openai_services
from llm_sdk.codec import ModelCall, WireRequest, WireResponse, dump_json
from llm_sdk.errors import InvalidInputError, NotFoundError, StatusCodeError
from llm_sdk.openai_errors import not_json
from llm_sdk.providers.openai import conversations
from llm_sdk.providers.openai.client_tools import allowed_tools, called_tool, client_tool
from llm_sdk.providers.openai.compaction import compact, compacted
from llm_sdk.providers.openai.content import PROVIDER
from llm_sdk.providers.openai.errors import error_events
from llm_sdk.providers.openai.item_lists import items_of, listed, page_of
from llm_sdk.providers.openai.request import decode_request, wants_encrypted_reasoning
from llm_sdk.providers.openai.validation import find_faults
from llm_sdk.services import Exchanged, Kept, Service, ServiceCall, Services, Shown, json_answer
from llm_sdk.types import JsonObject, LanguageModelInput

PREVIOUS = "previous_response_id"
REFERENCE = "item_reference"
PROMPT = "prompt"
"""A prompt that is kept at the provider, and may be all that is said. What it says is not known here."""
EXCLUSIVE = (
    "Mutually exclusive parameters. Ensure you are only providing one of: 'previous_response_id' or 'conversation'."
)
FIRST_ID = re.compile(rb'"id":\s*"([^"\\]+)"')
SEQUENCE_NUMBER = re.compile(rb'"sequence_number":\s*(\d+)')
DATA = b"\ndata: "
EVENTS = {"content-type": "text/event-stream; charset=utf-8"}


def recall(request: WireRequest, kept: Kept) -> WireRequest:
    """The request with what was said before it, and with the items that it refers to. Raises InvalidInputError for a
    response that is not kept (recorded), NotFoundError for an item (reported)."""
    if all(field.encode() not in request.body for field in (PREVIOUS, conversations.FIELD, REFERENCE, PROMPT)):
        return request
    body = _read(request.body)
    given = [_item(item, kept) for item in items_of(body.get("input", []))]
    previous, named = body.get(PREVIOUS), conversations.named_in(body)
    if named is not None:
        if previous is not None:
            raise InvalidInputError(EXCLUSIVE, code="mutually_exclusive_parameters", provider=PROVIDER)
        given = [*conversations.items_in(named, kept), *given]
    elif isinstance(previous, str):
        if previous not in kept:
            reason = f"Previous response with id '{previous}' not found."
            raise InvalidInputError(reason, path=PREVIOUS, code="previous_response_not_found", provider=PROVIDER)
        given = [*_conversation(previous, kept), *given]
    elif "input" not in body and not isinstance(body.get(PROMPT), dict):
        return request
    return WireRequest(request.method, request.path, dump_json({**body, "input": given}), request.headers)


def _item(item: JsonObject, kept: Kept) -> JsonObject:
    """The item, or that of an earlier response that it refers to."""
    id = item.get("id") if isinstance(item, dict) and item.get("type") == REFERENCE else None
    if not isinstance(id, str):
        return item
    mention = dump_json(id)
    for exchanged in (kept[name] for name in reversed([*kept])):
        if mention in exchanged.reply:
            output: list[JsonObject] = _response(exchanged).get("output", [])
            if (found := next((one for one in output if one.get("id") == id), None)) is not None:
                return found
    reason = (
        f"Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with `store` "
        "set to true, or remove this item from your input."
    )
    raise NotFoundError(reason, status_code=404, code="", param="input", provider=PROVIDER)


def keep(call: ModelCall, request: WireRequest, reply: Sequence[bytes], kept: Kept) -> None:
    """Keep a response under its id, unless it has ``store: false``, and what was said under that of its conversation.
    Of a stream that is its last event, and all of them where it ran in the background."""
    extra = call.input.extra or {}
    said = b"".join(reply) if call.stream and extra.get("background") else reply[-1]
    exchanged = Exchanged(request.body, said)
    if (named := conversations.named_in(extra)) is not None:
        given, output = _read(request.body).get("input"), _response(exchanged).get("output")
        with suppress(NotFoundError):  # where nothing is refused, it may be answered nevertheless
            conversations.append(named, [*items_of(given), *items_of(output)], kept)
    if not extra.get("store"):
        return
    if (found := FIRST_ID.search(said)) is not None:
        kept[found[1].decode()] = exchanged


def _conversation(id: str, kept: Kept) -> Iterator[JsonObject]:
    """All items up to a response, its own output last. One that was deleted since ends the way back."""
    chain: list[Exchanged] = []
    seen: set[str] = set()
    while isinstance(id, str) and id in kept and id not in seen:
        seen.add(id)
        chain.append(kept[id])
        id = _read(chain[-1].request).get(PREVIOUS) or ""
    for exchanged in reversed(chain):
        yield from items_of(_read(exchanged.request).get("input", []))
        yield from _response(exchanged).get("output", [])


def _response(exchanged: Exchanged) -> JsonObject:
    """The response object, whole or out of the last event of its stream."""
    body = _read(exchanged.reply.rpartition(DATA)[2])
    inner = body.get("response")
    return inner if isinstance(inner, dict) else body


def _read(data: bytes) -> JsonObject:
    try:
        body = from_json(data)
    except ValueError:
        raise not_json(PROVIDER) from None
    return body if isinstance(body, dict) else {}


def _found(call: ServiceCall) -> Exchanged:
    id = call.fields["id"]
    if id not in call.kept:
        raise NotFoundError(f"Response with id '{id}' not found.", status_code=404, code="", provider=PROVIDER)
    return call.kept[id]


def shown_reasoning(call: ModelCall) -> Shown:
    """A summary comes only where it is asked for (recorded)."""
    options = (call.input.extra or {}).get("reasoning")
    asked = options if isinstance(options, dict) else {}
    return "text" if asked.get("summary", "auto") or asked.get("generate_summary") else "signature"


def retrieve(call: ServiceCall) -> WireResponse:
    """``GET /v1/responses/{id}``, whole, or its stream once more from behind the event ``starting_after``."""
    found = _found(call)
    if call.query.get("stream") != "true":
        return json_answer(_response(found))
    if not found.reply.startswith(b"event:"):
        reason = "Only responses created with background=true and stream=true can be streamed."
        raise StatusCodeError(reason, status_code=400, provider=PROVIDER)
    after = call.query.get("starting_after", "")
    return WireResponse(200, b"".join(_events_after(found.reply, int(after) if after.isdecimal() else -1)), EVENTS)


def _events_after(stream: bytes, number: int) -> Iterator[bytes]:
    for event in stream.split(b"\n\n"):
        found = SEQUENCE_NUMBER.search(event)
        if found is not None and int(found[1]) > number:
            yield event + b"\n\n"


def delete(call: ServiceCall) -> WireResponse:
    """``DELETE /v1/responses/{id}``."""
    _found(call)
    del call.kept[call.fields["id"]]
    return json_answer({"id": call.fields["id"], "object": "response", "deleted": True})


def cancel(call: ServiceCall) -> WireResponse:
    """``POST /v1/responses/{id}/cancel``: one in the background is complete at once, and comes back as it is."""
    response = _response(_found(call))
    if not response.get("background"):
        reason = "Only responses created with background=true can be cancelled."
        raise StatusCodeError(reason, status_code=400, provider=PROVIDER)
    return json_answer(response)


def list_input_items(call: ServiceCall) -> WireResponse:
    """``GET /v1/responses/{id}/input_items``: the latest first, unless ``order`` says otherwise (documented)."""
    id = call.fields["id"]
    given = items_of(_read(_found(call).request).get("input"))
    items = [listed(item, f"{id.partition('_')[2]}{at}") for at, item in enumerate(given)]
    return json_answer(page_of(items, call.query))


def count_input(call: ServiceCall) -> WireResponse:
    """``POST /v1/responses/input_tokens``."""
    _, input = _recalled(call, {"model": "", "input": []})
    return json_answer({"object": "response.input_tokens", "input_tokens": call.facts.count_tokens(input)})


def compact_conversation(call: ServiceCall) -> WireResponse:
    """``POST /v1/responses/compact``. Raises InvalidInputError for what is no request for a response."""
    return compact(call, *_recalled(call, {"input": []}))


def _recalled(call: ServiceCall, defaults: JsonObject) -> tuple[JsonObject, LanguageModelInput]:
    """The body with what was said before it, and what it says."""
    request = recall(call.request, call.kept)
    body = {**defaults, **_read(request.body)}
    read = decode_request(WireRequest(request.method, request.path, dump_json(body), request.headers))
    return body, read.input


def refuse_socket(call: ServiceCall) -> WireResponse:  # noqa: ARG001 - the contract's
    """``GET /v1/responses``, which begins a WebSocket in the API. Where it is answered with 426, and with nothing else,
    the provider's own agent asks again without one, and at once (openai/codex 10824)."""
    reason = "WebSockets are not offered here. POST the same body, with stream=true for its events."
    raise StatusCodeError(reason, status_code=426, code="websocket_not_offered", provider=PROVIDER)


def cacheable(request: WireRequest, call: ModelCall) -> LanguageModelInput:  # noqa: ARG001 - the contract's
    """Every prompt is cached, unasked (documented)."""
    return call.input


RESPONSE = "/v1/responses/(?P<id>[^/]+)"
SERVICES = Services(
    endpoints=(
        Service("GET", re.compile("/v1/responses"), refuse_socket),
        Service("POST", re.compile("/v1/responses/input_tokens"), count_input),
        Service("POST", re.compile("/v1/responses/compact"), compact_conversation),
        Service("GET", re.compile(RESPONSE), retrieve),
        Service("DELETE", re.compile(RESPONSE), delete),
        Service("POST", re.compile(RESPONSE + "/cancel"), cancel),
        Service("GET", re.compile(RESPONSE + "/input_items"), list_input_items),
        *conversations.ENDPOINTS,
        *openai_services.ENDPOINTS,
    ),
    recall=recall,
    keep=keep,
    cacheable=cacheable,
    signs_reasoning=wants_encrypted_reasoning,
    validate=find_faults,
    error_events=error_events,
    client_tool=client_tool,
    called_tool=called_tool,
    allowed_tools=allowed_tools,
    shown_reasoning=shown_reasoning,
    settled=compacted,
)
