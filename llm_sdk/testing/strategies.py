"""Hypothesis strategies for unified values: texts, JSON, parts, usage and whole responses.

``None`` as capabilities stands for a protocol that carries everything. Strategies without a state are built once:
building them takes far longer than drawing from them.
"""

import base64
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from string import ascii_lowercase
from typing import Any, get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from llm_sdk.capabilities import OPTIONS, Capabilities
from llm_sdk.types import (
    AudioFormat,
    AudioPart,
    Citation,
    FilePart,
    FinishReason,
    ImagePart,
    JsonObject,
    Modality,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    OpaquePart,
    Part,
    ReasoningEffort,
    ReasoningPart,
    SourcePart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

__all__ = [
    "EVERYTHING",
    "base64_texts",
    "citations",
    "function_calls",
    "json_objects",
    "json_values",
    "names",
    "parts",
    "responses",
    "searches",
    "texts",
    "usages",
]

CONTENT = frozenset({"text", "image", "audio", "file"})
EVERY_OUTPUT = CONTENT | {"tool-call", "tool-result", "reasoning", "opaque"}
AUDIO_FORMATS: frozenset[str] = frozenset(get_args(AudioFormat))
EVERYTHING = Capabilities(
    user=CONTENT | {"source"},
    assistant=EVERY_OUTPUT | {"source"},
    tool_result=CONTENT | {"source"},
    output=EVERY_OUTPUT,
    options=frozenset(OPTIONS),
    system=frozenset({"text"}),
    provider_tools=frozenset({"web_search"}),
    tools=frozenset({"function", "web_search"}),
    modalities=frozenset(get_args(Modality)),
    reasoning=frozenset({"enabled", "disabled", "effort", "budget_tokens"}),
    reasoning_efforts=frozenset(get_args(ReasoningEffort)),
    web_search=frozenset({"allowed_domains", "max_uses", "user_location"}),
    audio=frozenset({"format", "voice", "language"}),
    audio_input_formats=AUDIO_FORMATS,
    citations=True,
)
"""A protocol without limits."""

# Controls, both kinds of quotes that JSON escapes, the line ends of Unicode, the neighbours of the surrogates, a
# byte-order mark, non-characters, a combining accent, a joiner, and characters of two, three and four bytes.
TENDER = 'a1 \0\t\n\r\x1b"\\/{}[]<&\x7f\x85\u2028\u2029\ud7ff\ue000\ufeff\ufffd\uffff\u0301\u200dé中😀\U0010ffff'
TENDER_INTEGERS = (0, -1, 2**31, 2**53, 2**53 + 1, -(2**63), 2**64, 10**40)
TENDER_FLOATS = (0.0, -0.0, 1e-7, 0.1, 1e16, 1.7976931348623157e308, 5e-324)
IMAGE_MIME_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
FILE_MIME_TYPES = ("application/pdf", "text/plain")


@cache
def texts(min_size: int = 0, max_size: int = 24) -> SearchStrategy[str]:
    """Unicode texts, rich in characters that break careless code; sizes in code points. No lone surrogates."""
    # Two texts, for a text of both alphabets would be one of their union, where the few are lost among the many.
    any_text = st.text(st.characters(codec="utf-8"), min_size=min_size, max_size=max_size)
    return any_text | st.text(TENDER, min_size=min_size, max_size=max_size)


@cache
def names() -> SearchStrategy[str]:
    """Names that every provider allows for a tool or a schema."""
    return st.text(ascii_lowercase, min_size=1, max_size=8) | st.sampled_from(["get_weather", "tool_2", "a" * 64])


@cache
def json_values() -> SearchStrategy[Any]:
    """JSON values: integers past 2^53, tender floats, ``null``, nested and empty containers."""
    numbers = (
        st.integers()
        | st.sampled_from(TENDER_INTEGERS)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.sampled_from(TENDER_FLOATS)
    )
    return st.recursive(st.none() | st.booleans() | numbers | texts(), _containers, max_leaves=8) | _towers()


def _containers(inner: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(texts(max_size=6), inner, max_size=3)


@st.composite
def _towers(draw: DrawFn) -> Any:
    """A value deep inside arrays and objects that stand in each other."""
    value: Any = draw(st.none() | st.integers() | texts())
    for _ in range(draw(st.integers(1, 60))):
        value = [value] if draw(st.booleans()) else {draw(texts(max_size=2)): value}
    return value


@cache
def json_objects(max_size: int = 4) -> SearchStrategy[JsonObject]:
    """JSON objects, such as the arguments of a tool; ``max_size`` bounds the keys at the top."""
    return st.dictionaries(texts(max_size=8), json_values(), max_size=max_size)


@cache
def base64_texts(max_bytes: int = 12) -> SearchStrategy[str]:
    """Base64 of some bytes, of none too."""
    return st.binary(max_size=max_bytes).map(lambda data: base64.b64encode(data).decode("ascii"))


def _maybe(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | strategy


@cache
def citations() -> SearchStrategy[Citation]:
    """Citations, with and without the place in the text."""
    return st.builds(
        Citation,
        source=texts(),
        title=_maybe(texts()),
        cited_text=_maybe(texts()),
        start_index=_maybe(st.integers(0, 40)),
        end_index=_maybe(st.integers(0, 40)),
        signature=_maybe(texts()),
    )


@cache
def usages() -> SearchStrategy[ModelUsage]:
    """Usage with details present, absent, and present without any number."""
    counts = st.integers(0, 10**7)
    details = st.builds(ModelTokensDetails, **{name: _maybe(counts) for name in ModelTokensDetails.model_fields})
    return st.builds(
        ModelUsage,
        input_tokens=counts,
        output_tokens=counts,
        input_tokens_details=_maybe(details),
        output_tokens_details=_maybe(details),
    )


def parts(
    kinds: Iterable[str] | None = None,
    capabilities: Capabilities | None = None,
    audio_formats: Iterable[str] = AUDIO_FORMATS,
) -> SearchStrategy[Part]:
    """Parts of these ``kinds`` (their ``type``; all that a stream can carry by default), within ``capabilities``."""
    carried = capabilities or EVERYTHING
    chosen = sorted(carried.output if kinds is None else kinds)
    return st.one_of([_part(kind, carried, frozenset(audio_formats)) for kind in chosen])


@cache
def _part(kind: str, capabilities: Capabilities, audio_formats: frozenset[str]) -> SearchStrategy[Any]:
    match kind:
        case "text":
            cited = _maybe(st.lists(citations(), max_size=2)) if capabilities.citations else st.none()
            return st.builds(TextPart, text=texts(), citations=cited, signature=_maybe(texts()))
        case "reasoning":
            return st.builds(ReasoningPart, text=texts(), signature=_maybe(texts()), id=_maybe(texts()))
        case "image":
            return _images(capabilities)
        case "file":
            return _files(capabilities)
        case "audio":
            return _audio(audio_formats)
        case "tool-call":
            return _tool_calls()
        case "tool-result":
            return _tool_results(parts(CONTENT | {"source"}, capabilities))
        case "source":
            return _sources(parts(["text"], capabilities))
        case "opaque":
            return st.builds(OpaquePart, provider=names(), data=json_objects())
        case _:
            raise ValueError(f"{kind!r} is no kind of part")


@cache
def _urls(scheme: str = "https") -> SearchStrategy[str]:
    return names().map(lambda name: f"{scheme}://example.com/{name}")


@cache
def _images(capabilities: Capabilities) -> SearchStrategy[ImagePart]:
    mime_types = st.sampled_from(sorted(capabilities.image_mime_types or IMAGE_MIME_TYPES))
    pixels = _maybe(st.integers(1, 4096))
    by_data = st.builds(
        ImagePart, mime_type=mime_types, data=base64_texts(), width=pixels, height=pixels, id=_maybe(texts())
    )
    by_url = st.builds(ImagePart, mime_type=_maybe(mime_types), url=_urls(), id=_maybe(texts()))
    return by_data | by_url if capabilities.image_urls else by_data


@cache
def _files(capabilities: Capabilities) -> SearchStrategy[FilePart]:
    mime_types, filenames = st.sampled_from(FILE_MIME_TYPES), _maybe(names())
    by_data = st.builds(FilePart, mime_type=mime_types, data=base64_texts(), filename=filenames, id=_maybe(texts()))
    by_url = st.builds(FilePart, mime_type=_maybe(mime_types), url=_urls(), filename=filenames)
    return by_data | by_url if capabilities.file_urls else by_data


def _audio(formats: frozenset[str]) -> SearchStrategy[AudioPart]:
    return st.builds(
        AudioPart,
        data=base64_texts(),
        format=st.sampled_from(sorted(formats)),
        sample_rate=_maybe(st.sampled_from([8000, 16000, 24000, 48000])),
        channels=_maybe(st.integers(1, 2)),
        transcript=_maybe(texts()),
        id=_maybe(texts()),
    )


@cache
def _tool_calls() -> SearchStrategy[ToolCallPart]:
    return st.builds(
        ToolCallPart,
        tool_call_id=texts(),
        tool_name=texts(),
        args=json_objects(),
        id=_maybe(texts()),
        signature=_maybe(texts()),
        provider_executed=_maybe(st.booleans()),
    )


def _tool_results(content: SearchStrategy[Part]) -> SearchStrategy[ToolResultPart]:
    return st.builds(
        ToolResultPart,
        tool_call_id=texts(),
        tool_name=texts(),
        content=st.lists(content, max_size=2),
        is_error=_maybe(st.booleans()),
        provider_executed=_maybe(st.booleans()),
    )


def _sources(content: SearchStrategy[Part]) -> SearchStrategy[SourcePart]:
    return st.builds(SourcePart, source=texts(), title=texts(), content=st.lists(content, max_size=2))


@st.composite
def responses(draw: DrawFn, capabilities: Capabilities | None = None, max_parts: int = 4) -> ModelResponse:
    """Responses of every kind of part that a stream can carry, several of a kind among them.

    With ``capabilities`` only what a codec is bound to bring back: parts that its protocol knows, tools of the caller,
    and a finish reason that agrees with them; no cost, no warnings and no opaque parts, which are not its to write.
    """
    if capabilities is None:
        return draw(_any_responses(max_parts))
    answers = st.lists(_answers(capabilities), max_size=max_parts, unique_by=_call_id)
    content = [part for answer in draw(answers) for part in answer]
    calls = any(isinstance(part, ToolCallPart) and not part.provider_executed for part in content)
    return ModelResponse(
        content=content,
        usage=draw(_maybe(usages())),
        finish_reason="tool_calls" if calls else draw(st.sampled_from(["stop", "length"])),
        id=draw(_maybe(names())),
        model_id=draw(_maybe(names())),
    )


@cache
def _any_responses(max_parts: int) -> SearchStrategy[ModelResponse]:
    return st.builds(
        ModelResponse,
        content=st.lists(parts(), max_size=max_parts),
        usage=_maybe(usages()),
        cost=_maybe(st.floats(0, 1000)),
        finish_reason=_maybe(st.sampled_from(get_args(FinishReason))),
        finish_detail=_maybe(texts()),
        id=_maybe(texts()),
        model_id=_maybe(texts()),
        warnings=_maybe(st.lists(texts(), max_size=2)),
    )


@cache
def _answers(capabilities: Capabilities) -> SearchStrategy[list[Part]]:
    """One part of an answer, or a hosted call with its result right behind it."""
    kinds = capabilities.output - {"tool-call", "tool-result", "opaque"}
    by_data = replace(capabilities, image_urls=False, file_urls=False)
    answers: list[SearchStrategy[list[Part]]] = [parts(kinds, by_data).map(_alone)]
    if "tool-call" in capabilities.output:
        answers.append(function_calls().map(_alone))
    if "tool-result" in capabilities.output and "web_search" in capabilities.provider_tools:
        answers.append(searches())
    return st.one_of(answers)


def _alone(part: Part) -> list[Part]:
    return [part]


def _call_id(answer: list[Part]) -> object:
    return answer[0].tool_call_id if isinstance(answer[0], ToolCallPart) else object()


@cache
def function_calls() -> SearchStrategy[ToolCallPart]:
    """Calls of the caller's own tools, as any provider makes them."""
    return st.builds(
        ToolCallPart,
        tool_call_id=names(),
        tool_name=names(),
        args=json_objects(),
        id=_maybe(names()),
        signature=_maybe(texts(1)),
    )


@cache
@st.composite
def searches(draw: DrawFn) -> list[Part]:
    """A hosted web search and what it found, as they stand side by side in an answer."""
    id = "ws_" + draw(names())
    queries = draw(st.lists(texts(1), min_size=1, max_size=2))
    found = st.builds(SourcePart, source=_urls(), title=texts(), content=st.just([]))
    call = ToolCallPart(
        tool_call_id=id,
        tool_name="web_search",
        args={"type": "search", "queries": queries},
        id=id,
        provider_executed=True,
    )
    result = ToolResultPart(
        tool_call_id=id,
        tool_name="web_search",
        content=draw(st.lists(found, max_size=2)),
        provider_executed=True,
    )
    return [call, result]
