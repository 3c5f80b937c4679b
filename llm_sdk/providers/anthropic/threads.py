"""Message threads: the server holds a conversation, and each request says only what is new.

Source: Anthropic's guide to message threads (beta ``message-threads-2026-08-12``) and the error codes of its official
clients. A thread is kept under the id of its latest answer with the whole conversation up to it, for an answer is
continued once. Neither the five minutes after which a thread is gone nor what is not supported in one is modelled.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from pydantic_core import from_json

from llm_sdk.codec import ModelCall, WireRequest, dump_json
from llm_sdk.errors import InvalidInputError, LanguageModelError, NotFoundError, StatusCodeError
from llm_sdk.providers.anthropic.content import PROVIDER
from llm_sdk.services import Exchanged, Kept
from llm_sdk.types import JsonObject

FIELD = b'"thread"'
TAKEN_FROM_THREAD = ("system", "tools")
FIXED = ("model", "thinking", "tool_choice", "cache_control")
"""What has to be said again, as it was said when the thread was created."""
CONTINUED = Exchanged(b"", b"")
DATA = b"data: "


def recall(request: WireRequest, kept: Kept) -> WireRequest:
    """The request with what its thread holds. Raises what the API says of a thread that cannot go on with it."""
    if FIELD not in request.body:
        return request
    body = _read(request.body)
    previous = _continued_id(body)
    if previous is None:
        return request
    if previous not in kept:
        reason = f"No thread is found for the previous message id '{previous}'."
        raise NotFoundError(reason, status_code=404, code="thread_not_found", provider=PROVIDER)
    thread = kept[previous]
    if thread == CONTINUED:
        reason = f"The message '{previous}' has already been continued."
        raise StatusCodeError(reason, status_code=400, code="thread_already_continued", provider=PROVIDER)
    held = _read(thread.request)
    _check_fields(body, held)
    said = [*held["messages"], {"role": "assistant", "content": _content(thread.reply)}, *_messages(body)]
    whole = {**{name: held[name] for name in TAKEN_FROM_THREAD if name in held}, **body, "messages": said}
    return WireRequest(request.method, request.path, dump_json(whole), request.headers)


def keep(call: ModelCall, request: WireRequest, reply: Sequence[bytes], kept: Kept) -> None:  # noqa: ARG001 - the contract's
    """Keep the thread of a request under the id of its answer, and nothing of a request without one. One that goes on
    with what is not known, where nothing is refused, begins a thread."""
    if FIELD not in request.body or not isinstance(_read(request.body).get("thread"), dict):
        return
    whole, previous = request, None
    with suppress(LanguageModelError):
        whole, previous = recall(request, kept), _continued_id(_read(request.body))
    answer = _message(reply)
    kept[answer["id"]] = Exchanged(whole.body, dump_json(answer))
    if previous is not None:
        kept[previous] = CONTINUED


def _continued_id(body: JsonObject) -> str | None:
    thread = body.get("thread")
    if not isinstance(thread, dict) or thread.get("type") != "continue":
        return None
    previous = thread.get("previous_message_id")
    if not isinstance(previous, str):
        raise InvalidInputError("Field required", path="thread.continue.previous_message_id", provider=PROVIDER)
    return previous


def _check_fields(body: JsonObject, held: JsonObject) -> None:
    repeated = next((name for name in TAKEN_FROM_THREAD if body.get(name) is not None), None)
    if repeated is not None:
        reason = "A request that continues a thread takes it from the thread."
        raise InvalidInputError(reason, path=repeated, provider=PROVIDER)
    changed = [name for name in FIXED if body.get(name) != held.get(name)]
    if changed:
        reason = f"These fields differ from those of the thread: {', '.join(changed)}."
        raise StatusCodeError(reason, status_code=400, code="thread_fingerprint_mismatch", provider=PROVIDER)


def _messages(body: JsonObject) -> list[Any]:
    messages = body.get("messages")
    return messages if isinstance(messages, list) else []


def _content(reply: bytes) -> list[JsonObject]:
    content: list[JsonObject] = _read(reply)["content"]
    return content


def _message(reply: Sequence[bytes]) -> JsonObject:
    """The message, whole or out of the events of its stream."""
    if len(reply) == 1:
        return _read(reply[0])
    events = [_read(event.partition(DATA)[2]) for event in reply]
    message: JsonObject = next(event["message"] for event in events if event["type"] == "message_start")
    return {**message, "content": list(_blocks(events))}


def _blocks(events: Sequence[JsonObject]) -> Iterator[JsonObject]:
    block: JsonObject = {}
    arguments = ""
    for event in events:
        match event["type"]:
            case "content_block_start":
                block, arguments = dict(event["content_block"]), ""
            case "content_block_delta":
                arguments += event["delta"].get("partial_json") or ""
                _extend(block, event["delta"])
            case "content_block_stop":
                if arguments:
                    block["input"] = from_json(arguments)
                yield block


def _extend(block: JsonObject, delta: JsonObject) -> None:
    """Add what a delta brings to its block: texts go on, a signature comes whole."""
    for name in ("text", "thinking", "signature"):
        if isinstance(delta.get(name), str):
            block[name] = block.get(name, "") + delta[name]
    if delta.get("citation") is not None:
        block["citations"] = [*(block.get("citations") or ()), delta["citation"]]


def _read(data: bytes) -> JsonObject:
    """A JSON object; what is none is refused elsewhere."""
    try:
        body = from_json(data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
