"""Everything that a caller can say to a model, one thing at a time: every part in every place, every option.

Each question is an input that says this one thing, and where it stands in it. Texts are unique within a question, so
that each of them can be found again.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from llm_sdk.types import (
    AssistantMessage,
    AudioFormat,
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    JsonObject,
    LanguageModelInput,
    Message,
    OpaquePart,
    Part,
    ReasoningEffort,
    ReasoningPart,
    SourcePart,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)

__all__ = ["PLACES", "Place", "Question", "options", "parts", "search"]

Place: TypeAlias = Literal["user", "assistant", "system", "tool result"]
PLACES: tuple[Place, ...] = get_args(Place)


@dataclass(frozen=True, slots=True)
class Question:
    """An ``input`` that says one thing. ``kind`` is the type of a part or the name of an option, ``variant`` which one
    of that kind; ``place`` is for parts. ``path`` is where it stands in the input, and ``without`` the same input
    without it.
    """

    kind: str
    variant: str
    input: LanguageModelInput
    path: str
    without: LanguageModelInput
    place: Place | None = None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


PAGE = "https://example.com/page"
IMAGE, DOCUMENT, TEXT = _base64(b"\x89PNG\r\n\x1a\n"), _base64(b"%PDF-1.7"), _base64("été".encode())
# The first bytes of a recording tell its format.
RECORDINGS: dict[AudioFormat, bytes] = {
    "wav": b"RIFF\0\0\0\0WAVEfmt ",
    "mp3": b"ID3\x04",
    "flac": b"fLaC",
    "opus": b"OggS\0\x02OpusHead",
}
MIME_TYPES = {
    "application/pdf": DOCUMENT,
    "text/plain": TEXT,
    "text/csv": TEXT,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _base64(b"PK\x03\x04"),
    "video/mp4": _base64(b"\0\0\0\x18ftypmp42"),
}
CITED = [Citation(source=PAGE, title="A page", cited_text="rains", start_index=3, end_index=8)]
SEARCHED: dict[str, Any] = {"tool_name": "web_search", "provider_executed": True}
SEARCH_ARGS: JsonObject = {"type": "search", "query": "rain", "queries": ["rain"]}
LOOKED: dict[str, Any] = {"tool_call_id": "looked-up", "tool_name": "look_up"}


def _variants(provider: str) -> Iterator[tuple[str, Part]]:
    """Every kind of part in its variants; those of one kind stand together."""
    pages: list[Part] = [SourcePart(source=PAGE, title="A page", content=[])]
    yield "alone", TextPart(text="It rains.")
    yield "empty", TextPart(text="")
    yield "with citations", TextPart(text="It rains.", citations=CITED)
    yield "with a signature", TextPart(text="It rains.", signature="text-signature")
    for mime_type in ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"):
        yield mime_type, ImagePart(mime_type=mime_type, data=IMAGE)
    yield "by URL", ImagePart(url=PAGE)
    yield "by URL, with its type", ImagePart(url=PAGE, mime_type="image/png")
    yield "with size and id", ImagePart(mime_type="image/png", data=IMAGE, width=64, height=48, id="image-id")
    for format in get_args(AudioFormat):
        yield format, AudioPart(data=_base64(RECORDINGS.get(format, b"sound")), format=format)
    described: dict[str, Any] = {"sample_rate": 24000, "channels": 1, "transcript": "It thunders.", "id": "audio-id"}
    yield "with rate, transcript and id", AudioPart(data=_base64(RECORDINGS["wav"]), format="wav", **described)
    for mime_type, data in MIME_TYPES.items():
        yield mime_type, FilePart(mime_type=mime_type, data=data)
    yield "with a name", FilePart(mime_type="application/pdf", data=DOCUMENT, filename="paper.pdf")
    yield "by URL", FilePart(url=PAGE)
    yield "by URL, with its type", FilePart(url=PAGE, mime_type="application/pdf")
    yield "of text", SourcePart(source=PAGE, title="A page", content=[TextPart(text="Rain is wet.")])
    yield "of an image", SourcePart(source=PAGE, title="A page", content=[ImagePart(mime_type="image/png", data=IMAGE)])
    yield "of a function", ToolCallPart(**LOOKED, args={"at": "the sky"})
    yield "with an id", ToolCallPart(**LOOKED, args={"at": "the sky"}, id="call-id")
    yield "with id and signature", ToolCallPart(**LOOKED, args={"at": "the sky"}, id="call-id", signature="call-token")
    yield "of a search elsewhere", ToolCallPart(**SEARCHED, tool_call_id="elsewhere", args=SEARCH_ARGS)
    yield "of a function", ToolResultPart(**LOOKED, content=[TextPart(text="blue")])
    yield "of a search elsewhere", ToolResultPart(**SEARCHED, tool_call_id="elsewhere", content=pages)
    yield "alone", ReasoningPart(text="Hm.")
    yield "with a signature", ReasoningPart(text="Hm.", signature="thought-token")
    yield "with id and signature", ReasoningPart(text="Hm.", signature="thought-token", id="thought-id")
    yield "of this provider", OpaquePart(provider=provider, data={"type": "strange", "content": "its own"})
    yield "of another provider", OpaquePart(provider="another", data={"type": "strange", "content": "foreign"})


def parts(provider: str) -> Iterator[Question]:
    """Every variant of every kind of part in every place. Opaque parts are of ``provider``, and of another one."""
    for variant, part in _variants(provider):
        for place in PLACES:
            yield _placed(place, variant, [part])


def search(tool_call_id: str) -> Question:
    """A hosted search with its result in an assistant message; the id tells a provider whether it is its own."""
    known = {**SEARCHED, "tool_call_id": tool_call_id}
    pages: list[Part] = [SourcePart(source=PAGE, title="A page", content=[])]
    said: list[Part] = [ToolCallPart(**known, args=SEARCH_ARGS), ToolResultPart(**known, content=pages)]
    return _placed("assistant", "of its own search, with the result", said)


def _placed(place: Place, variant: str, said: list[Part]) -> Question:
    messages, path = _conversation(place, said)
    without, _ = _conversation(place, [])
    asked, plain = LanguageModelInput(messages=messages), LanguageModelInput(messages=without)
    return Question(said[0].type, variant, asked, path, plain, place)


def _conversation(place: Place, said: list[Part]) -> tuple[list[Message], str]:
    """A conversation that makes sense, and where in it the first of ``said`` stands."""
    begin, go_on = (UserMessage(content=[TextPart(text=text)]) for text in ("Begin.", "Go on."))
    match place:
        case "user":
            return [UserMessage(content=[*said, TextPart(text="Look at this.")])], "messages[0].content[0]"
        case "system":
            return [begin, SystemMessage(content=said), go_on], "messages[1].content[0]"
        case "tool result":
            call = ToolCallPart(tool_call_id="call00001", tool_name="look", args={})
            result = ToolResultPart(tool_call_id="call00001", tool_name="look", content=said)
            messages: list[Message] = [begin, AssistantMessage(content=[call]), ToolMessage(content=[result])]
            return messages, "messages[2].content[0].content[0]"
    calls = [part for part in said if isinstance(part, ToolCallPart) and not part.provider_executed]
    answers: list[Part] = [ToolResultPart(**LOOKED, content=[TextPart(text="blue")]) for _ in calls]
    after: list[Message] = [ToolMessage(content=answers)] if answers else [go_on]
    return [begin, AssistantMessage(content=said), *after], "messages[1].content[0]"


SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
FUNCTION: JsonObject = {"name": "get_weather", "description": "The weather in a city", "parameters": SCHEMA}
LOOSE: JsonObject = {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}}
SEARCH: JsonObject = {"type": "web_search"}
PLACE: JsonObject = {"city": "Paris", "region": "Île-de-France", "country": "FR", "timezone": "Europe/Paris"}
SCALARS: JsonObject = {
    "system_prompt": "Be brief.",
    "max_tokens": 2048,
    "temperature": 0.25,
    "top_p": 0.75,
    "top_k": 40,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.125,
    "seed": 7,
    "stop": ["END", "STOP"],
    "metadata": {"user_id": "someone"},
    "extra": {"an_option_of_tomorrow": {"on": True}},
}


def options(provider: str) -> Iterator[Question]:
    """Every option in its variants."""
    for name, value in SCALARS.items():
        yield _asked(name, "", {name: value}, name)
    for parallel in (True, False):
        fields: JsonObject = {"tools": [FUNCTION], "parallel_tool_calls": parallel}
        yield _asked("parallel_tool_calls", str(parallel).lower(), fields, "parallel_tool_calls", {"tools": [FUNCTION]})
    for variant, tool in _tools(provider).items():
        path = f"tools[0].{variant.removeprefix('web search: ')}" if ": " in variant else "tools[0]"
        without = {"tools": [SEARCH]} if ": " in variant else {}
        yield _asked("tools", variant, {"tools": [tool]}, path, without)
    for choice in ("auto", "none", "required", "tool"):
        named = {"tool_name": "get_weather"} if choice == "tool" else {}
        fields = {"tools": [FUNCTION], "tool_choice": {"type": choice, **named}}
        yield _asked("tool_choice", choice, fields, "tool_choice", {"tools": [FUNCTION]})
    for variant, format in _formats().items():
        yield _asked("response_format", variant, {"response_format": format}, "response_format")
    for variant, reasoning in _reasoning().items():
        yield _asked("reasoning", variant, {"reasoning": reasoning}, "reasoning")
    for modalities in (["text"], ["image"], ["audio"], ["text", "image"], ["text", "audio"]):
        yield _asked("modalities", ", ".join(modalities), {"modalities": modalities}, "modalities")
    for format_name in get_args(AudioFormat):
        audio = {"format": format_name, "voice": "alloy"}
        yield _asked("audio", f"format {format_name}", {"audio": audio}, "audio.format")
    yield _asked("audio", "voice", {"audio": {"voice": "alloy"}}, "audio.voice")
    yield _asked("audio", "language", {"audio": {"language": "fr-FR"}}, "audio.language")


def _asked(
    kind: str, variant: str, fields: Mapping[str, Any], path: str, without: Mapping[str, Any] | None = None
) -> Question:
    said: JsonObject = {"messages": [{"role": "user", "content": "Begin."}]}
    asked, plain = (LanguageModelInput.model_validate({**said, **one}) for one in (fields, without or {}))
    return Question(kind, variant, asked, path, plain)


def _tools(provider: str) -> dict[str, JsonObject]:
    return {
        "function": FUNCTION,
        "function with optional parameters": {**FUNCTION, "parameters": LOOSE},
        "web search": SEARCH,
        "web search: allowed_domains": {**SEARCH, "allowed_domains": ["example.com"]},
        "web search: max_uses": {**SEARCH, "max_uses": 3},
        "web search: user_location": {**SEARCH, "user_location": PLACE},
        "of this provider": {"type": "opaque", "provider": provider, "data": {"type": "strange_tool"}},
        "of another provider": {"type": "opaque", "provider": "another", "data": {"type": "foreign_tool"}},
    }


def _formats() -> dict[str, JsonObject]:
    described = {"type": "json", "name": "weather", "description": "A report"}
    return {
        "text": {"type": "text"},
        "JSON": {"type": "json", "name": "weather"},
        "JSON with a schema": {"type": "json", "name": "weather", "schema": SCHEMA},
        "JSON with a schema and a description": {**described, "schema": SCHEMA},
    }


def _reasoning() -> dict[str, JsonObject]:
    efforts = {f"effort {effort}": {"effort": effort} for effort in get_args(ReasoningEffort)}
    return {
        "on": {"enabled": True},
        "off": {"enabled": False},
        **efforts,
        "budget of 2000": {"budget_tokens": 2000},
        "budget of 2048": {"budget_tokens": 2048},
        "effort low and a budget of 2000": {"effort": "low", "budget_tokens": 2000},
    }
