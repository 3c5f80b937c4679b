"""What the API offers beside chat completions, and what it does from one call to the next."""

from llm_sdk import openai_services
from llm_sdk.codec import ModelCall, WireRequest
from llm_sdk.providers.openai_chat_completion.client_tools import allowed_tools, called_tool, client_tool
from llm_sdk.providers.openai_chat_completion.response import wanted_choices
from llm_sdk.providers.openai_chat_completion.validation import find_faults
from llm_sdk.services import Services
from llm_sdk.types import LanguageModelInput


def cacheable(request: WireRequest, call: ModelCall) -> LanguageModelInput:  # noqa: ARG001 - the contract's
    """Every prompt is cached, unasked (documented)."""
    return call.input


SERVICES = Services(
    endpoints=openai_services.ENDPOINTS,
    cacheable=cacheable,
    input_zeros=frozenset({"cached_text_tokens", "audio_tokens"}),
    output_zeros=frozenset({"reasoning_tokens", "audio_tokens"}),
    wanted_answers=wanted_choices,
    validate=find_faults,
    client_tool=client_tool,
    called_tool=called_tool,
    allowed_tools=allowed_tools,
)
