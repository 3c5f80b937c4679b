"""A good adapter by somebody else: it says the same as the reference adapter in other, equally valid words.

What it writes differently stands in the providers' references: short and long forms, defaults that are spelled out,
fields of the client's own, warnings and messages of errors in words of its own.
"""

import itertools
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from llm_sdk.codec import Codec, WireRequest
from llm_sdk.deltas import PartialModelResponse, TextPartDelta
from llm_sdk.errors import LanguageModelError, UnsupportedError
from llm_sdk.model import HttpLanguageModel, LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import JsonObject, LanguageModelInput, ModelResponse, ModelTokensDetails

ERRORS = itertools.count(1)
OWN_MARK = "other/"
MARKS = {"thinking", "redacted_thinking", "reasoning", "reasoning_content", "reasoning_details", "tool_plan"}
LEAD_IN = "Attached to the result of"


def create(*, provider: str, base_url: str, api_key: str, model_id: str, http_client: Any) -> LanguageModel:
    codec: Any = OtherStyle(get_codec(provider), STYLES[provider])
    return OtherModel(
        HttpLanguageModel(
            codec,
            model_id,
            api_key=api_key,
            base_url=base_url,
            http_client=http_client,
            headers={"User-Agent": "other-style/1.0", "X-Client": "other"},
        )
    )


class OtherModel:
    """A model that tells answers and errors in its own way: more deltas, zeros in the usage, other words, marks of its
    own on reasoning that came without an id."""

    metadata = None

    def __init__(self, inner: HttpLanguageModel) -> None:
        self.inner, self.provider, self.model_id = inner, inner.provider, inner.model_id

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        with errors_in_other_words():
            return in_other_marks(in_other_figures(await self.inner.generate(without_other_marks(input))))

    async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        with errors_in_other_words():
            async with self.inner.stream(without_other_marks(input)) as stream:
                async for partial in stream:
                    for piece in in_pieces(in_other_marks(in_other_figures(partial))):
                        yield piece

    def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
        with errors_in_other_words():
            return in_other_marks(in_other_figures(self.inner.generate_sync(without_other_marks(input))))

    def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        with errors_in_other_words(), self.inner.stream_sync(without_other_marks(input)) as stream:
            for partial in stream:
                yield from in_pieces(in_other_marks(in_other_figures(partial)))


@contextmanager
def errors_in_other_words() -> Iterator[None]:
    try:
        yield
    except UnsupportedError as error:
        # Of where something stands it says the message or the option, not the part.
        raise UnsupportedError(error.message, path=re.split(r"[.]", error.path or "")[0]) from None
    except LanguageModelError as error:
        error.message = f"The provider said: {error.message} (error {next(ERRORS)} of this process)"
        raise


Answer = TypeVar("Answer", ModelResponse, PartialModelResponse)


def in_other_figures(answer: Answer) -> Answer:
    """Details of the usage that are not given are zero, and the provider's own word for the end is not passed on."""
    usage = answer.usage
    if usage is not None:
        details = {"reasoning_tokens": 0, **(usage.output_tokens_details or ModelTokensDetails()).model_dump()}
        usage = usage.model_copy(update={"output_tokens_details": ModelTokensDetails.model_validate(details)})
    return answer.model_copy(update={"usage": usage})


def in_other_marks(answer: Answer) -> Answer:
    """Ids that only say in which field reasoning came are another word for it."""
    if isinstance(answer, ModelResponse):
        return answer.model_copy(update={"content": [_marked(part) for part in answer.content]})
    if answer.delta is None:
        return answer
    return answer.model_copy(update={"delta": answer.delta.model_copy(update={"part": _marked(answer.delta.part)})})


def _marked(part: Any) -> Any:
    is_mark = part.type == "reasoning" and part.id in MARKS
    return part.model_copy(update={"id": OWN_MARK + part.id}) if is_mark else part


def without_other_marks(input: LanguageModelInput) -> LanguageModelInput:
    """The history in the marks that the model below knows; marks that are not its own mean nothing to this one."""
    messages = [
        message.model_copy(update={"content": [_unmarked(part) for part in message.content]})
        for message in input.messages
    ]
    return input.model_copy(update={"messages": messages})


def _unmarked(part: Any) -> Any:
    if part.type != "reasoning" or part.id is None:
        return part
    own = part.id.removeprefix(OWN_MARK)
    return part.model_copy(update={"id": own if own != part.id else None if own in MARKS else own})


def in_pieces(partial: PartialModelResponse) -> Iterator[PartialModelResponse]:
    """Texts in two deltas, one after the other, and none of no characters."""
    part = partial.delta.part if partial.delta is not None else None
    if part == TextPartDelta(text=""):
        yield partial.model_copy(update={"delta": None})
        return
    if partial.delta is None or not isinstance(part, TextPartDelta) or len(part.text) < 2:
        yield partial
        return
    first = TextPartDelta(text=part.text[:1])
    yield PartialModelResponse(delta=partial.delta.model_copy(update={"part": first}))
    rest = part.model_copy(update={"text": part.text[1:]})
    yield partial.model_copy(update={"delta": partial.delta.model_copy(update={"part": rest})})


class OtherStyle:
    """A codec whose requests are written in another style."""

    def __init__(self, codec: Codec, style: Callable[[JsonObject, LanguageModelInput], None]) -> None:
        self._codec = codec
        self._style = style

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        request = self._codec.encode_request(model_id, input, stream=stream)
        body = json.loads(request.body)
        if not input.extra:  # what the caller sets in the provider's own words stays as it is
            self._style(body, input)
        written = json.dumps(body, indent=1, sort_keys=True, ensure_ascii=True)
        warnings = tuple(map(in_other_words, request.warnings))
        return replace(request, body=written.encode(), warnings=warnings)


def in_other_words(warning: str) -> str:
    """The same warning without the path, in other words."""
    kinds = ("image", "citation", "source", "signature", "reasoning", "filename", "description")
    named = next((kind for kind in kinds if kind in warning.lower()), warning)
    return f"Could not send every {named} of this conversation."


def responses(body: JsonObject, input: LanguageModelInput) -> None:
    """Instructions as a first message, one text as a string, several as one with line breaks between them."""
    body.update(store=False, truncation="disabled", safety_identifier="user-7", metadata=body.get("metadata") or {})
    body.update({"temperature": 1, "top_p": None, "max_output_tokens": None} | body)
    body.setdefault("text", {"format": {"type": "text"}})
    for item in body["input"]:
        if item.get("role") in ("user", "system", "developer"):
            item["content"] = joined(item["content"], "input_text")
            item["type"] = "message"
    if (instructions := body.pop("instructions", None)) is not None:
        body["input"].insert(0, {"role": "system", "content": [{"type": "input_text", "text": instructions}]})
    if body.get("tools"):
        body.setdefault("tool_choice", "auto")
        body.setdefault("parallel_tool_calls", True)
        for tool in body["tools"]:
            if tool["type"] == "function":
                tool["strict"] = False
    if (format := body["text"].get("format", {}))["type"] == "json_schema":
        format["strict"] = False


def chat_completions(body: JsonObject, input: LanguageModelInput) -> None:
    """Texts as lists where the reference has strings and the other way round; defaults are spelled out."""
    body.update(n=1, user="user-7", store=False, logprobs=False)
    body.update({"temperature": 1.0, "top_p": 1, "presence_penalty": 0.0, "frequency_penalty": 0} | body)
    if body.get("stream"):
        body["stream_options"] = {"include_usage": True, "include_obfuscation": False}
    body.setdefault("response_format", {"type": "text"})
    if "max_completion_tokens" in body:
        body["max_tokens"] = body.pop("max_completion_tokens")
    if isinstance(stop := body.get("stop"), list) and len(stop) == 1:
        [body["stop"]] = stop
    for message in body["messages"]:
        message["role"] = {"system": "developer", "developer": "system"}.get(message["role"], message["role"])
        in_other_form(message)
    if body.get("tools"):
        body.setdefault("tool_choice", "auto")
        body.setdefault("parallel_tool_calls", True)
    if body["response_format"]["type"] == "json_schema":
        format = body["response_format"]["json_schema"]
        format["strict"] = False


def in_other_form(message: JsonObject) -> None:
    content = message.get("content")
    if isinstance(content, str) and message["role"] != "function" and (content or message["role"] != "assistant"):
        message["content"] = [{"type": "text", "text": content}]
    elif isinstance(content, list):
        kept = [part for part in content if not part.get("text", "").startswith(LEAD_IN)]
        message["content"] = joined(kept, "text")
    for call in message.get("tool_calls", ()):
        if call["type"] == "function":
            call["function"]["arguments"] = json.dumps(json.loads(call["function"]["arguments"]), indent=1)


def messages(body: JsonObject, input: LanguageModelInput) -> None:
    """Strings where the reference has blocks and the other way round; turns are joined, and the prompt is cached."""
    if input.max_tokens is None and input.reasoning is None:  # a limit is wanted in every request
        body["max_tokens"] = 32_000
    body["stop_sequences"] = body.get("stop_sequences") or []
    if isinstance(body.get("system"), str) and body["system"]:
        mark = {"cache_control": {"type": "ephemeral"}}
        body["system"] = [{"type": "text", "text": body["system"], **mark}]
    for message in body["messages"]:
        content = message["content"]
        if isinstance(content, str):
            message["content"] = as_blocks(content)
        elif message["role"] == "user":
            message["content"] = joined(content, "text")
    body["messages"] = in_turns(body["messages"])
    for tool in body.get("tools", ()):
        if "input_schema" in tool:
            tool["type"] = "custom"
    if body.get("tools"):
        body.setdefault("tool_choice", {"type": "auto"})


def in_turns(said: list[JsonObject]) -> list[JsonObject]:
    """Messages of one role in a row as one, as the provider reads them anyway."""
    turns: list[JsonObject] = []
    for message in said:
        if turns and turns[-1]["role"] == message["role"] != "system":
            turns[-1]["content"] = [*as_blocks(turns[-1]["content"]), *as_blocks(message["content"])]
        else:
            turns.append(dict(message))
    return turns


def as_blocks(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) and content else content


def joined(content: Any, kind: str) -> Any:
    """Neighbouring texts joined by a line break; one text alone as a string."""
    if not isinstance(content, list):
        return content
    found: list[Any] = []
    for part in content:
        if found and set(part) == set(found[-1]) == {"type", "text"} and part["type"] == kind:
            found[-1] = {**part, "text": f"{found[-1]['text']}\n{part['text']}"}
        else:
            found.append(part)
    alone = len(found) == 1 and set(found[0]) == {"type", "text"} and found[0]["type"] == kind
    return found[0]["text"] if alone else found


def contents(body: JsonObject, input: LanguageModelInput) -> None:
    """Names with underscores, results of tools under another name, each function in an entry of its own."""
    for content in body["contents"]:
        if content["role"] == "user":
            del content["role"]
        for part in content["parts"]:
            if (result := part.get("functionResponse")) is not None:
                result["response"] = under_another_name(result["response"])
            if (blob := part.pop("inlineData", None)) is not None:
                part["inline_data"] = {"mime_type": blob.pop("mimeType"), **blob}
    if (system := body.pop("systemInstruction", None)) is not None:
        body["system_instruction"] = {"role": "user", **system}
    if body.get("tools"):
        body["tools"] = [apart for tool in body["tools"] for apart in one_by_one(tool)]
        body.setdefault("toolConfig", {"functionCallingConfig": {"mode": "AUTO"}})
    config = body.pop("generationConfig", {})
    config.setdefault("responseMimeType", "text/plain")
    named = {re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name): value for name, value in config.items()}
    body["generation_config"] = {**named, "candidate_count": 1}


def under_another_name(response: JsonObject) -> JsonObject:
    match response:
        case {"error": _}:
            return response
        case {"output": list(texts)}:
            return {"content": [{"type": "text", "text": text} for text in texts]}
        case {"output": said}:
            return {"name": "tool", "content": said}
    return {"return_value": response}


def one_by_one(tool: JsonObject) -> Iterator[JsonObject]:
    if "functionDeclarations" not in tool:
        yield tool
        return
    for function in tool["functionDeclarations"]:
        yield {"function_declarations": [function]}


def cohere_chat(body: JsonObject, input: LanguageModelInput) -> None:
    """Lists of blocks for strings and the other way round; what is off is spelled out."""
    body.update(logprobs=False, safety_mode="CONTEXTUAL")
    body.update({"temperature": 0.3, "p": 0.75, "k": 0, "presence_penalty": 0.0, "frequency_penalty": 0.0} | body)
    body.setdefault("stream", False)
    body.setdefault("response_format", {"type": "text"})
    for message in body["messages"]:
        in_other_form(message)


def mistral_chat(body: JsonObject, input: LanguageModelInput) -> None:
    """Strings and lists the other way round, arguments as objects, images as bare addresses."""
    body.update(n=1, safe_prompt=False)
    body.update({"top_p": 1.0, "stop": None, "presence_penalty": None, "random_seed": None} | body)
    body.setdefault("stream", False)
    body.setdefault("response_format", {"type": "text"})
    if isinstance(stop := body.get("stop"), list) and len(stop) == 1:
        [body["stop"]] = stop
    if body.get("tools"):
        body["tool_choice"] = {"any": "required"}.get(str(body.get("tool_choice")), body.get("tool_choice", "auto"))
        body.setdefault("parallel_tool_calls", True)
    for message in body["messages"]:
        in_other_form(message)
        for call in message.get("tool_calls") or ():
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
        for chunk in message["content"] if isinstance(message.get("content"), list) else ():
            if isinstance(image := chunk.get("image_url"), dict) and set(image) == {"url"}:
                chunk["image_url"] = image["url"]


STYLES: dict[str, Callable[[JsonObject, LanguageModelInput], None]] = {
    "openai": responses,
    "openai-chat-completion": chat_completions,
    "anthropic": messages,
    "google": contents,
    "cohere": cohere_chat,
    "mistral": mistral_chat,
}
