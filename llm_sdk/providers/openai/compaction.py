"""How a conversation is made shorter: one item stands for what was said.

``POST /v1/responses/compact`` gives that item behind the messages of the user, which stay as they are (documented). A
call that ends in a ``compaction_trigger`` gives it alone, for a client that keeps the messages itself (openai/codex).
What the item holds is encrypted, so that nobody but the API can read it.
"""

from collections.abc import Sequence

from llm_sdk.codec import Ids, ModelCall, WireResponse
from llm_sdk.providers.openai import id_forms
from llm_sdk.providers.openai.content import PROVIDER
from llm_sdk.providers.openai.item_events import ALPHANUMERIC
from llm_sdk.providers.openai.item_lists import items_of, listed
from llm_sdk.providers.openai.response import new_id
from llm_sdk.providers.openai.usage import encode_usage
from llm_sdk.services import ServiceCall, json_answer
from llm_sdk.types import JsonObject, LanguageModelInput, ModelUsage, OpaquePart, Part

TRIGGER = "compaction_trigger"
ENCRYPTED_CHARACTERS, ENCRYPTED_TOKENS = 256, 64
"""How long the item that stands for the rest is, and how many tokens writing it took: as many as any short summary."""


def compact(call: ServiceCall, body: JsonObject, read: LanguageModelInput) -> WireResponse:
    """The shorter conversation: ``body`` is the request with all that was said before it, and ``read`` what it says."""
    usage = ModelUsage(input_tokens=call.facts.count_tokens(read), output_tokens=ENCRYPTED_TOKENS)
    answer = {
        "id": new_id(id_forms.RESPONSE_ID, call.ids),
        "object": "response.compaction",
        "created_at": int(call.ids.now()),
        "output": [*_said_by_user(call, body), _summary(call.ids)],
        "usage": encode_usage(usage),
    }
    return json_answer(answer)


def compacted(call: ModelCall, ids: Ids) -> Sequence[Part]:
    """The answer to a call that ends in the trigger; nothing where it does not."""
    messages = call.input.messages
    last = messages[-1].content[-1] if messages and messages[-1].content else None
    triggered = isinstance(last, OpaquePart) and last.provider == PROVIDER and last.data.get("type") == TRIGGER
    return [OpaquePart(provider=PROVIDER, data=_summary(ids))] if triggered else ()


def _summary(ids: Ids) -> JsonObject:
    return {
        "id": new_id(id_forms.COMPACTION_ID, ids),
        "type": "compaction",
        "encrypted_content": "gAAAAA" + ids.token(ENCRYPTED_CHARACTERS, ALPHANUMERIC),
    }


def _said_by_user(call: ServiceCall, body: JsonObject) -> list[JsonObject]:
    said = [item for item in items_of(body["input"]) if item.get("role") == "user"]
    return [{**listed(item, call.ids.token(id_forms.ID_LENGTH)), "status": "completed"} for item in said]
