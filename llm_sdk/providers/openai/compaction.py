"""What ``POST /v1/responses/compact`` leaves of a conversation.

Messages of the user stay as they are, and one item stands for all else (documented). What that item holds is encrypted,
so that nobody but the API can read it.
"""

from llm_sdk.codec import WireResponse
from llm_sdk.providers.openai import id_forms
from llm_sdk.providers.openai.item_events import ALPHANUMERIC
from llm_sdk.providers.openai.item_lists import items_of, listed
from llm_sdk.providers.openai.response import new_id
from llm_sdk.providers.openai.usage import encode_usage
from llm_sdk.services import ServiceCall, json_answer
from llm_sdk.types import JsonObject, LanguageModelInput, ModelUsage

ENCRYPTED_CHARACTERS, ENCRYPTED_TOKENS = 256, 64
"""How long the item that stands for the rest is, and how many tokens writing it took: as many as any short summary."""


def compact(call: ServiceCall, body: JsonObject, read: LanguageModelInput) -> WireResponse:
    """The shorter conversation: ``body`` is the request with all that was said before it, and ``read`` what it says."""
    usage = ModelUsage(input_tokens=call.facts.count_tokens(read), output_tokens=ENCRYPTED_TOKENS)
    rest = {
        "id": new_id(id_forms.COMPACTION_ID, call.ids),
        "type": "compaction",
        "encrypted_content": "gAAAAA" + call.ids.token(ENCRYPTED_CHARACTERS, ALPHANUMERIC),
    }
    answer = {
        "id": new_id(id_forms.RESPONSE_ID, call.ids),
        "object": "response.compaction",
        "created_at": int(call.ids.now()),
        "output": [*_said_by_user(call, body), rest],
        "usage": encode_usage(usage),
    }
    return json_answer(answer)


def _said_by_user(call: ServiceCall, body: JsonObject) -> list[JsonObject]:
    said = [item for item in items_of(body["input"]) if item.get("role") == "user"]
    return [{**listed(item, call.ids.token(id_forms.ID_LENGTH)), "status": "completed"} for item in said]
