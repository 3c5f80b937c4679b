"""Mutants that take a text, a number or a value for something else on the way through."""

import base64
import html
import unicodedata
from collections.abc import Callable
from typing import Any

from conformance.mutants.reading import (
    Partials,
    ReadPartials,
    ReadResponse,
    WithDecoder,
    as_codec,
    content_changed,
    part_of,
    streamed,
    whole,
)
from conformance.mutants.registry import DecoderAround, Parts, mutant, reference
from conformance.mutants.sending import messages_changed, parts_changed, rewriting, sending
from llm_sdk.deltas import PartialModelResponse, TextPartDelta
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    AssistantMessage,
    ImagePart,
    JsonObject,
    LanguageModelInput,
    Message,
    Part,
    TextPart,
    Tool,
    ToolCallPart,
    UserMessage,
)

DEEP = 8
LINE = 76


def _texts(change: Callable[[str], str]) -> ReadResponse:
    """The change of every text of an answer."""

    def changed(content: list[Any]) -> list[Any]:
        return [
            part.model_copy(update={"text": change(part.text)}) if isinstance(part, TextPart) else part
            for part in content
        ]

    return content_changed(changed)


def _said(change: Callable[[str], str]) -> Callable[[Part], list[Any]]:
    """The change of every text that is sent."""
    return lambda part: [part.model_copy(update={"text": change(part.text)})] if isinstance(part, TextPart) else [part]


@mutant("CORE-02", cases=("unicode",), checks="content")
def composes_characters(parts: Parts) -> LanguageModel:
    """Normalizes the text of an answer to composed characters."""
    return whole(parts, _texts(lambda text: unicodedata.normalize("NFC", text)))


@mutant("CORE-10", cases=("unicode",), checks="meaning")
def composes_what_is_said(parts: Parts) -> LanguageModel:
    """Normalizes what the user says to composed characters."""
    return sending(parts, parts_changed(UserMessage, _said(lambda text: unicodedata.normalize("NFC", text))))


@mutant("CORE-02", cases=("line-separators",), checks="content")
def has_one_line_end(parts: Parts) -> LanguageModel:
    """Writes every line end of an answer as a line feed."""
    return whole(parts, _texts(lambda text: text.replace("\r\n", "\n").replace("\r", "\n")))


@mutant("CORE-02", cases=("line-separators",), checks="content")
def drops_control_characters(parts: Parts) -> LanguageModel:
    """Takes control characters out of the text of an answer."""
    return whole(parts, _texts(lambda text: "".join(one for one in text if one >= " " or one in "\t\r\n")))


@mutant("CORE-01", cases=("text-like-markup",), checks="content")
def reads_entities(parts: Parts) -> LanguageModel:
    """Takes the text of an answer for HTML, and reads its entities."""
    return whole(parts, _texts(html.unescape))


@mutant("CORE-10", cases=("text-like-markup",), checks="meaning")
def escapes_markup(parts: Parts) -> LanguageModel:
    """Writes what the user says as HTML."""
    return sending(parts, parts_changed(UserMessage, _said(html.escape)))


@mutant("CORE-01", cases=("text-like-markup",), checks="content")
def fills_in_templates(parts: Parts) -> LanguageModel:
    """Takes braces in the text of an answer for places to be filled in."""
    return whole(parts, _texts(lambda text: text.replace("{{x}}", "")))


@mutant("CORE-10", cases=("whitespace",), checks="meaning")
def strips_what_is_said(parts: Parts) -> LanguageModel:
    """Strips what the user says."""
    return sending(parts, parts_changed(UserMessage, _said(str.strip)))


@mutant("CORE-01", cases=("whitespace", "json-in-text"), checks="content")
def drops_deltas_without_words(parts: Parts) -> LanguageModel:
    """Passes over a delta that is white space alone."""

    def making() -> ReadPartials:
        def read(partial: PartialModelResponse) -> Partials:
            part = part_of(partial)
            return [] if isinstance(part, TextPartDelta) and part.text and not part.text.strip() else [partial]

        return read

    return streamed(parts, making)


@mutant("CORE-01", cases=("json-in-text",), checks="content")
def ends_where_the_text_says_so(parts: Parts) -> LanguageModel:
    """Takes an event whose data has the end mark in it for the end."""

    class Decoder(DecoderAround):
        is_over = False

        def feed(self, event: ServerSentEvent) -> list[PartialModelResponse]:
            self.is_over = self.is_over or b"DONE" in event.data
            return [] if self.is_over and event.data != b"[DONE]" and b"DONE" in event.data else super().feed(event)

    return reference(parts, as_codec(WithDecoder(get_codec(parts.provider), Decoder)))


def _args(change: Callable[[Any], Any]) -> Callable[[Part], list[Any]]:
    return lambda part: (
        [part.model_copy(update={"args": change(part.args)})] if isinstance(part, ToolCallPart) else [part]
    )


def _args_of_answers(change: Callable[[Any], Any]) -> ReadResponse:
    return content_changed(lambda content: [new for part in content for new in _args(change)(part)])


def _without(value: Any, gone: Callable[[Any], bool]) -> Any:
    """A value without the members of its objects that are to be left out."""
    if isinstance(value, dict):
        return {name: _without(inner, gone) for name, inner in value.items() if not gone(inner)}
    return [_without(inner, gone) for inner in value] if isinstance(value, list) else value


def _without_nulls(value: Any) -> Any:
    return _without(value, lambda inner: inner is None)


@mutant("TOOLS-04", cases=("nested-arguments",), checks="content")
def drops_nulls_of_arguments(parts: Parts) -> LanguageModel:
    """Leaves out of the arguments of a call what is null."""
    return whole(parts, _args_of_answers(_without_nulls))


@mutant("TOOLS-16", cases=("nested-arguments",), checks="conversation or meaning")
def sends_no_nulls(parts: Parts) -> LanguageModel:
    """Leaves out of the arguments of earlier calls what is null."""
    return sending(parts, parts_changed(AssistantMessage, _args(_without_nulls)))


@mutant("TOOLS-04", cases=("nested-arguments",), checks="content")
def drops_what_is_empty(parts: Parts) -> LanguageModel:
    """Leaves empty texts and lists out of the lists of arguments."""

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(inner) for inner in value if inner not in ("", [])]
        return {name: filled(inner) for name, inner in value.items()} if isinstance(value, dict) else value

    return whole(parts, _args_of_answers(filled))


@mutant("TOOLS-04", cases=("nested-arguments",), checks="content")
def counts_booleans(parts: Parts) -> LanguageModel:
    """Gives the booleans of arguments as 0 and 1."""

    def counted(args: JsonObject) -> JsonObject:
        return {name: int(value) if isinstance(value, bool) else value for name, value in args.items()}

    return whole(parts, _args_of_answers(counted))


@mutant("TOOLS-04", cases=("text",), checks="many_calls")
def reads_to_some_depth(parts: Parts) -> LanguageModel:
    """Gives what is nested deeply in arguments as the word for an object."""

    def shallow(value: Any, left: int = DEEP) -> Any:
        if isinstance(value, dict):
            return {name: shallow(inner, left - 1) for name, inner in value.items()} if left else "[object Object]"
        return [shallow(inner, left - 1) for inner in value] if isinstance(value, list) and left else value

    return whole(parts, _args_of_answers(shallow))


@mutant("TOOLS-06", cases=("text",), checks="many_calls")
def orders_numbers_as_texts(parts: Parts) -> LanguageModel:
    """Puts the parts of an answer into the order of their numbers as texts, in which 10 comes before 2."""

    def ordered(content: list[Any]) -> list[Any]:
        return [content[at] for at in sorted(range(len(content)), key=str)]

    return whole(parts, content_changed(ordered))


def _tools_changed(change: Callable[[JsonObject], JsonObject]) -> Callable[[LanguageModelInput], LanguageModelInput]:
    def changed(input: LanguageModelInput) -> LanguageModelInput:
        tools = [
            tool.model_copy(update={"parameters": change(tool.parameters)}) if isinstance(tool, Tool) else tool
            for tool in input.tools or ()
        ]
        return input.model_copy(update={"tools": tools or input.tools})

    return changed


@mutant("TOOLS-10", cases=("words-of-a-schema",), checks="meaning")
def drops_nulls_of_schemas(parts: Parts) -> LanguageModel:
    """Sends a schema without its defaults of null."""
    return sending(parts, _tools_changed(_without_nulls))


@mutant("TOOLS-10", cases=("words-of-a-schema",), checks="meaning")
def drops_definitions(parts: Parts) -> LanguageModel:
    """Sends of a schema what it knows: type, properties and what is required."""

    def known(schema: JsonObject) -> JsonObject:
        return {name: schema[name] for name in ("type", "properties", "required") if name in schema}

    return sending(parts, _tools_changed(known))


@mutant("TOOLS-10", cases=("words-of-a-schema",), checks="meaning")
def drops_zeros_of_schemas(parts: Parts) -> LanguageModel:
    """Sends a schema without the words whose value is zero."""
    return sending(
        parts, _tools_changed(lambda schema: _without(schema, lambda value: value == 0 and value is not False))
    )


@mutant("TOOLS-34", cases=("nested-arguments", "words-of-a-schema"), checks="order_of_properties")
def sorts_properties(parts: Parts) -> LanguageModel:
    """Sends the properties of a schema in alphabetical order."""

    def ordered(schema: JsonObject) -> JsonObject:
        return {**schema, "properties": dict(sorted(schema.get("properties", {}).items()))}

    return sending(parts, _tools_changed(ordered))


@mutant("CORE-11", cases=("options",), checks="meaning")
def writes_numbers_with_a_comma(parts: Parts) -> LanguageModel:
    """Writes the fractions of options as the locale of some machine has them."""

    def written(value: Any) -> Any:
        if isinstance(value, float):
            return f"{value}".replace(".", ",")
        return {name: written(inner) for name, inner in value.items()} if isinstance(value, dict) else value

    return rewriting(parts, written)


@mutant("CORE-11", cases=("options",), checks="meaning")
def rounds_options(parts: Parts) -> LanguageModel:
    """Sends the temperature with one digit behind the point."""

    def rounded(input: LanguageModelInput) -> LanguageModelInput:
        heat = input.temperature
        return input.model_copy(update={"temperature": heat if heat is None else round(heat, 1)})

    return sending(parts, rounded)


def _images(write: Callable[[bytes], str]) -> Callable[[LanguageModelInput], LanguageModelInput]:
    def written(message: Message) -> Message:
        content = [
            part.model_copy(update={"data": write(base64.b64decode(part.data))})
            if isinstance(part, ImagePart) and part.data
            else part
            for part in message.content
        ]
        return message.model_copy(update={"content": content})

    return messages_changed(written)


@mutant("MEDIA-01", cases=("image-input",), checks="meaning")
def wraps_the_lines_of_images(parts: Parts) -> LanguageModel:
    """Writes the data of an image in lines, as base64 is written in mails."""
    return sending(parts, _images(lambda data: base64.encodebytes(data).decode()))


@mutant(
    "MEDIA-01",
    cases=("image-input",),
    checks="meaning",
    not_for={"google": "the JSON of Protocol Buffers takes these letters, too"},
)
def writes_images_for_addresses(parts: Parts) -> LanguageModel:
    """Writes the data of an image in the letters of base64 that an address may have."""
    return sending(parts, _images(lambda data: base64.urlsafe_b64encode(data).decode()))
