"""``ModelResponse`` <-> the answer of ``generateContent``, whole. How its parts are read stands in ``reader.py``."""

import string

from pydantic import ValidationError

from llm_sdk.accumulator import accumulate
from llm_sdk.codec import Ids, ModelCall, WireResponse, dump_json
from llm_sdk.errors import UnsupportedError
from llm_sdk.providers.google import id_forms, wire
from llm_sdk.providers.google.content import PROVIDER, encode_call, encode_text, make_call_id, signed
from llm_sdk.providers.google.endpoint import response_headers
from llm_sdk.providers.google.finish import REFUSAL, encode_finish
from llm_sdk.providers.google.grounding import CitedText, encode_grounding
from llm_sdk.providers.google.logprobs import encode_logprobs
from llm_sdk.providers.google.media import encode_media
from llm_sdk.providers.google.reader import AnswerReader
from llm_sdk.providers.google.usage import encode_usage
from llm_sdk.types import (
    AudioPart,
    FilePart,
    ImagePart,
    JsonObject,
    ModelResponse,
    OpaquePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from llm_sdk.uncarried import cannot_answer
from llm_sdk.wire_model import malformed

URL_SAFE = string.ascii_letters + string.digits + "-_"
BLOCKED = "SAFETY"
MOST_CANDIDATES = 8
CALLED = "Model generated function call(s)."
"""The ``finishMessage`` of an answer that ends with calls of functions (recorded)."""


def decode_response(reply: WireResponse) -> ModelResponse:
    """Raises RefusalError for an answer that was blocked before anything came, StatusCodeError for an error in the
    place of an answer, or InvariantError that says where it is malformed.
    """
    try:
        whole = wire.Response.model_validate_json(reply.body)
    except ValidationError as error:
        malformed(error, "the answer", PROVIDER, reply.body)
    reader = AnswerReader()
    partials = reader.read(whole)
    return accumulate([*partials, *reader.close()])


def encode_response(response: ModelResponse, *, call: ModelCall, ids: Ids) -> WireResponse:
    """Raises UnsupportedError, with the path, for a part that an answer of this protocol cannot carry.

    A request for several candidates gets the same one that often.
    """
    head = describe(response, call=call, ids=ids)
    body: JsonObject = {}
    if response.content or response.finish_reason is not None:
        body["candidates"] = every_candidate(encode_candidate(response, head["responseId"]), call)
    if response.usage is not None:
        body["usageMetadata"] = encode_usage(response.usage)
    written = dump_json({**body, **head}, indent=2, separators=(",", ": ")) + b"\n"
    return WireResponse(200, written, response_headers(ids, stream=False))


def wanted_candidates(call: ModelCall) -> int:
    """How many answers a request asks for, in ``candidateCount``."""
    config = (call.input.extra or {}).get("generationConfig")
    count = config.get("candidateCount") if isinstance(config, dict) else None
    return count if isinstance(count, int) and 1 <= count <= MOST_CANDIDATES else 1


def every_candidate(candidate: JsonObject, call: ModelCall) -> list[JsonObject]:
    """One candidate for each that is asked for."""
    candidate = {**candidate, **encode_logprobs(candidate, call)}
    return [{**candidate, "index": index} for index in range(wanted_candidates(call))]


def describe(response: ModelResponse, *, call: ModelCall, ids: Ids) -> JsonObject:
    """What stands in every chunk: the version of the model and the id of the answer."""
    return {
        "modelVersion": response.model_id or call.model_id,
        "responseId": response.id or ids.token(id_forms.RESPONSE_ID_LENGTH, URL_SAFE),
    }


def encode_candidate(response: ModelResponse, response_id: str) -> JsonObject:
    """The one candidate of an answer. A refusal is one that was blocked, with what was said as its message."""
    if response.finish_detail == REFUSAL:
        said = "".join(part.text for part in response.content if isinstance(part, TextPart))
        return blocked(said)
    parts = PartWriter(response_id)
    written: list[JsonObject] = []
    texts: list[CitedText] = []
    offset = 0
    search: ToolCallPart | None = None
    found: ToolResultPart | None = None
    for at, part in enumerate(response.content):
        match part:
            case ToolCallPart(provider_executed=True, tool_name="web_search"):
                search = part
            case ToolResultPart(provider_executed=True, tool_name="web_search"):
                found = part
            case _:
                written.append(parts.encode(part, f"content[{at}]"))
        if isinstance(part, TextPart):
            texts.append(CitedText(part.text, offset, part.citations or []))
            offset += len(part.text.encode("utf-8", "surrogatepass"))
    content: JsonObject = {"parts": written, "role": "model"} if written else {"role": "model"}
    candidate: JsonObject = {"content": content, **finish_fields(response), "index": 0}
    grounding = encode_grounding(texts, search, found)
    return candidate if grounding is None else {**candidate, "groundingMetadata": grounding}


def blocked(said: str) -> JsonObject:
    """A candidate of which a filter has kept everything back."""
    return {"content": {"role": "model"}, "finishReason": BLOCKED, "finishMessage": said, "index": 0}


def finish_fields(response: ModelResponse) -> JsonObject:
    """``finishReason``, and the message that stands beside it where functions are called."""
    reason = response.finish_reason
    if reason is None:
        return {}
    fields: JsonObject = {"finishReason": encode_finish(reason, response.finish_detail)}
    return {**fields, "finishMessage": CALLED} if reason == "tool_calls" else fields


class PartWriter:
    """Writes the parts of one answer, in order."""

    def __init__(self, response_id: str) -> None:
        self._response_id = response_id
        self._without_id = 0

    def encode(self, part: Part, path: str) -> JsonObject:
        """The part on the wire. Raises UnsupportedError with the path for one that an answer cannot carry."""
        match part:
            case TextPart():
                return encode_text(part.text, part.signature)
            case ReasoningPart():
                return encode_text(part.text, part.signature, thought=True)
            case ToolCallPart() if not part.provider_executed:
                id = self.call_id(part.tool_call_id, part.tool_name)
                return signed(encode_call(part, id=id), part.signature)
            case ImagePart() | FilePart() if part.data is None:
                raise UnsupportedError(
                    f"the {part.type} of an answer goes by data here, not by URL", path=f"{path}.url"
                )
            case ImagePart() | AudioPart() | FilePart():
                return signed(encode_media(part), part.id)
            case OpaquePart() if part.provider == PROVIDER:
                return part.data
        raise cannot_answer(part.type, path, PROVIDER)

    def call_id(self, tool_call_id: str, tool_name: str) -> str | None:
        """The id to write for a call: none where that is the id which a reader of the answer makes up."""
        if tool_call_id != make_call_id(self._response_id, self._without_id, tool_name):
            return tool_call_id
        self._without_id += 1
        return None
