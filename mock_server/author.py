"""What to answer when nothing is scripted: always the same for the same input, and what the request asks for.

Text quotes the last message. A tool is called when one must be, or when the user speaks of it, with arguments that
satisfy its schema; once the results are there, a sentence tells them. JSON satisfies the schema that is asked for, be
it as a format or in the words of the prompt.
"""

import base64
import json
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

from llm_sdk.codec import ModelCall
from llm_sdk.errors import InvalidInputError
from llm_sdk.services import NO_SERVICES, ClientTool, Quotable, Services, Shown
from llm_sdk.types import (
    AudioFormat,
    AudioPart,
    Citation,
    FinishReason,
    ImagePart,
    JsonObject,
    JsonResponseFormat,
    LanguageModelInput,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    Part,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    WebSearchTool,
)
from mock_server.asides import without_asides
from mock_server.conversation import (
    CHARACTERS_PER_TOKEN,
    WEB_SEARCH,
    count_tokens,
    input_tokens,
    last_user,
    question,
    text_of,
    tool_results,
)
from mock_server.ids import CallIds
from mock_server.pictures import picture_of
from mock_server.sounds import SAMPLE_RATE, sound_of
from mock_server.stop_sequences import STOPPED, end_at_stop, shortened
from mock_server.told_schema import told_schema
from mock_server.wanted_tools import KnownTool, tools_to_call

__all__ = ["Written", "estimate_usage", "finish_reason_of", "write_answer"]

ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
QUOTED_CHARACTERS = 2000
CITED_CHARACTERS = 200
PICTURE_SIZE = 16
UNTITLED = "The document"


class Written(NamedTuple):
    """An answer, and the stop sequence at which it ends, None where it ends otherwise."""

    response: ModelResponse
    stopped_at: str | None


def write_answer(call: ModelCall, ids: CallIds, services: Services = NO_SERVICES) -> Written:
    """An answer to ``call``. ``services`` are those of the provider, which knows what in a call has no unified form.

    Raises InvalidInputError for a schema that no value satisfies.
    """
    input = call.input
    content: list[Part] = []
    if input.reasoning is not None and input.reasoning.enabled and input.reasoning.effort != "none":
        content.append(_reasoning(input, ids, signed=services.signs_reasoning(call)))
    tools = tools_to_call(call, services)
    if tools:
        for tool in tools:
            content += _call(tool, input, ids)
    elif allowed := services.allowed_texts(call):
        content.append(TextPart(text=allowed[0]))
    elif isinstance(input.response_format, JsonResponseFormat):
        content.append(TextPart(text=_structured(input.response_format, input)))
    else:
        if "image" in (input.modalities or ()):
            content.append(_picture(input))
        if "audio" in (input.modalities or ()):
            content.append(_spoken(input, services.audio_format))
        else:
            content += _said(call, services)
    return _without_hidden(_within_limits(content, input, services), services.shown_reasoning(call))


def finish_reason_of(content: Sequence[Part]) -> FinishReason:
    """Why an answer with this content ends: ``tool_calls`` where somebody has to run one."""
    waits = any(isinstance(part, ToolCallPart) and not part.provider_executed for part in content)
    return "tool_calls" if waits else "stop"


def estimate_usage(input: LanguageModelInput, content: Sequence[Part]) -> ModelUsage:
    """Tokens of a call, estimated from the length of what was said; reasoning is inside the output."""
    thought = sum(count_tokens(part.text) for part in content if isinstance(part, ReasoningPart))
    said = count_tokens(text_of(part for part in content if not isinstance(part, ReasoningPart | ToolResultPart)))
    return ModelUsage(
        input_tokens=input_tokens(input),
        output_tokens=said + thought,
        output_tokens_details=ModelTokensDetails(reasoning_tokens=thought) if thought else None,
    )


def _call(tool: KnownTool, input: LanguageModelInput, ids: CallIds) -> list[Part]:
    if isinstance(tool, WebSearchTool):
        return _search(input, ids)
    args = _satisfy(tool.parameters, "text", f"the parameters of the tool {tool.name}")
    if not isinstance(args, dict):
        raise InvalidInputError(f"the parameters of the tool {tool.name} do not describe an object")
    if isinstance(tool, ClientTool):
        return [tool.write(ids.tool_call_id(tool.name), args, ids)]
    return [ToolCallPart(tool_call_id=ids.tool_call_id(tool.name), tool_name=tool.name, args=args)]


def _search(input: LanguageModelInput, ids: CallIds) -> list[Part]:
    """A hosted search: its call, what it found, and a text that cites it."""
    query = question(input)[:QUOTED_CHARACTERS]
    id = ids.tool_call_id(WEB_SEARCH, hosted=True)
    url, title = "https://example.com/search/1", "Example result"
    cited = f"Example result for: {query}"
    source = SourcePart(source=url, title=title, content=[TextPart(text=cited)])
    citation = Citation(source=url, title=title, cited_text=cited, start_index=0, end_index=len(cited))
    return [
        ToolCallPart(
            tool_call_id=id, tool_name=WEB_SEARCH, args={"type": "search", "query": query}, provider_executed=True
        ),
        ToolResultPart(tool_call_id=id, tool_name=WEB_SEARCH, content=[source], provider_executed=True),
        TextPart(text=cited + ".", citations=[citation]),
    ]


def _structured(format: JsonResponseFormat, input: LanguageModelInput) -> str:
    if format.json_schema is not None:
        value = _satisfy(format.json_schema, "text", f"the schema of the response format {format.name}")
        return json.dumps(value, ensure_ascii=False)
    return _as_told(input) or json.dumps({"answer": _sentence(input)}, ensure_ascii=False)


def _as_told(input: LanguageModelInput) -> str | None:
    """JSON that satisfies the schema in the words of the prompt; None where there is none that can be satisfied."""
    schema = told_schema(input)
    try:
        return None if schema is None else json.dumps(_satisfy(schema, "text", "the prompt"), ensure_ascii=False)
    except InvalidInputError:
        return None


def _satisfy(schema: JsonObject, name: str, what: str) -> Any:
    return json.loads(_satisfying_text(json.dumps(schema), name, what))


@lru_cache(maxsize=512)
def _satisfying_text(schema: str, name: str, what: str) -> str:
    # Here, because a validator takes long to import and most answers need none.
    from mock_server.json_values import UnsatisfiableSchemaError, json_value

    try:
        return json.dumps(json_value(json.loads(schema), name))
    except UnsatisfiableSchemaError as error:
        raise InvalidInputError(f"nothing satisfies {what}: {error}") from None


def _reasoning(input: LanguageModelInput, ids: CallIds, *, signed: bool) -> ReasoningPart:
    said = question(input)[:QUOTED_CHARACTERS]
    return ReasoningPart(text=f"The user says: {said}", signature=ids.token(48, ALPHANUMERIC) if signed else None)


def _picture(input: LanguageModelInput) -> ImagePart:
    """A square whose colour stands for what was asked."""
    data = picture_of(last_user(input)[1], PICTURE_SIZE, PICTURE_SIZE)
    return ImagePart(
        mime_type="image/png", data=base64.b64encode(data).decode("ascii"), width=PICTURE_SIZE, height=PICTURE_SIZE
    )


def _spoken(input: LanguageModelInput, usual: AudioFormat) -> AudioPart:
    """A tone whose pitch stands for what was asked, and what it says in words. Samples without a header say their
    rate; there is one channel, as there is where nothing is said."""
    wanted = input.audio.format if input.audio is not None else None
    data, format = sound_of(last_user(input)[1], wanted or usual)
    encoded = base64.b64encode(data).decode("ascii")
    rate = SAMPLE_RATE if format == "linear16" else None
    return AudioPart(data=encoded, format=format, sample_rate=rate, transcript=_sentence(input))


def _said(call: ModelCall, services: Services) -> list[Part]:
    """A sentence; where documents came with the question, a quotation of the first of them, and where the prompt
    tells a schema, JSON."""
    input = call.input
    if (told := _as_told(input)) is not None:
        return [TextPart(text=told)]
    document = _first_source(input) if services.quotable is None else services.quotable(call)
    return [TextPart(text=_sentence(input))] if document is None else _quotation(document)


def _first_source(input: LanguageModelInput) -> Quotable | None:
    """The first source that came with the question, as long as no result of a tool has to be told."""
    at, _ = last_user(input)
    given = input.messages[at].content if at >= 0 else []
    source = next((part for part in given if isinstance(part, SourcePart) and text_of(part.content)), None)
    if source is None or tool_results(input):
        return None
    return Quotable(source.title, text_of(source.content), partial(_cite, source))


def _cite(source: SourcePart, quoted: str) -> Citation:
    return Citation(source=source.source, title=source.title, cited_text=quoted)


def _quotation(document: Quotable) -> list[Part]:
    head, quoted = f"{document.title or UNTITLED} says: ", document.text[:CITED_CHARACTERS]
    citation = document.cite(quoted)
    if document.apart:
        return [TextPart(text=head), TextPart(text=quoted, citations=[citation])]
    place = {"start_index": len(head), "end_index": len(head) + len(quoted)}
    return [TextPart(text=head + quoted, citations=[citation.model_copy(update=place)])]


def _without_hidden(written: Written, shown: Shown) -> Written:
    """The answer without what the provider does not tell of its reasoning, which is billed nevertheless."""
    if shown == "text":
        return written
    told = [
        part.model_copy(update={"text": ""}) if isinstance(part, ReasoningPart) else part
        for part in written.response.content
        if shown == "signature" or not isinstance(part, ReasoningPart)
    ]
    return written._replace(response=written.response.model_copy(update={"content": told}))


def _sentence(input: LanguageModelInput) -> str:
    results = tool_results(input)
    if results:
        told = [
            f"{result.tool_name or 'The tool'} {'failed' if result.is_error else 'answered'}: "
            + without_asides(text_of(result.content))
            for result in results
        ]
        return "\n".join(told)[:QUOTED_CHARACTERS]
    if said := question(input):
        return f"You said: {said[:QUOTED_CHARACTERS]}"
    at, _ = last_user(input)
    sent = input.messages[at].content if at >= 0 else []
    kinds = ", ".join(part.type for part in sent if not isinstance(part, TextPart))
    return f"You sent: {kinds}" if kinds else "You said nothing."


def _within_limits(content: list[Part], input: LanguageModelInput, services: Services) -> Written:
    """The answer as the model may give it: up to a stop sequence, and not longer than ``max_tokens``."""
    content, stopped_at = end_at_stop(content, input.stop or ())
    waits = any(isinstance(part, OpaquePart) and services.called_tool(part) for part in content)
    reason: FinishReason = "tool_calls" if waits else finish_reason_of(content)
    left = input.max_tokens
    kept: list[Part] = []
    for part in content:
        if left is not None:
            room = left * CHARACTERS_PER_TOKEN
            length = len(text_of([part]))
            left -= -(-length // CHARACTERS_PER_TOKEN)
            if length > room and isinstance(part, TextPart | ReasoningPart):
                kept.append(shortened(part, room))
            if length > room:  # a call that is cut is no call
                reason, stopped_at = "length", None
                break
        kept.append(part)
    detail = STOPPED if stopped_at is not None else None
    usage = estimate_usage(input, kept)
    return Written(ModelResponse(content=kept, usage=usage, finish_reason=reason, finish_detail=detail), stopped_at)
