"""Mutants that put the pieces of a streamed tool call together in the wrong way."""

import json
from typing import Any

from conformance.mutants.reading import Partials, ReadPartials, content_changed, part_of, streamed, whole, with_part
from conformance.mutants.registry import Parts, mutant
from llm_sdk.deltas import ContentDelta, PartialModelResponse, ToolCallPartDelta
from llm_sdk.errors import InvariantError
from llm_sdk.model import LanguageModel
from llm_sdk.types import ModelResponse, ToolCallPart

WITHOUT_ARGUMENTS = ("no-arguments", "empty-arguments", "null-arguments")


@mutant(
    "TOOLS-02",
    cases=WITHOUT_ARGUMENTS,
    checks="content",
    seen=("tidyverse/ellmer#228", "langchain-ai/langchainjs#11383", "hoangvvo/llm-sdk@a753a91"),
)
def parses_the_arguments_that_did_not_come(parts: Parts) -> LanguageModel:
    """Stumbles over a streamed call without arguments, for an empty text is no JSON."""

    def parsing() -> ReadPartials:
        said: dict[int, str] = {}

        def read(partial: PartialModelResponse) -> Partials:
            part = part_of(partial)
            if partial.delta is not None and isinstance(part, ToolCallPartDelta):
                said[partial.delta.index] = said.get(partial.delta.index, "") + (part.args or "")
            if partial.finish_reason and any(text in ("", "{}") for text in said.values()):
                raise InvariantError("the arguments are not JSON")
            return [partial]

        return read

    return streamed(parts, parsing)


@mutant(
    "TOOLS-02",
    cases=("empty-arguments",),
    checks="content",
    not_for=dict.fromkeys(("anthropic", "google"), "arguments are an object"),
    seen=("hoangvvo/llm-sdk@a753a91",),
)
def parses_empty_arguments(parts: Parts) -> LanguageModel:
    """Stumbles over a whole answer with a call whose arguments are an empty text."""

    def parsed(response: ModelResponse) -> ModelResponse:
        if any(isinstance(part, ToolCallPart) and not part.args for part in response.content):
            raise InvariantError("the arguments are not JSON")
        return response

    return whole(parts, parsed)


@mutant("TOOLS-19", cases=("fragments-without-names",), checks="content or adds_up", seen=("hoangvvo/llm-sdk@a753a91",))
def parses_every_fragment(parts: Parts) -> LanguageModel:
    """Takes each fragment of arguments for the whole of them."""

    def read(partial: PartialModelResponse) -> Partials:
        part = part_of(partial)
        if not isinstance(part, ToolCallPartDelta) or part.args is None:
            return [partial]
        try:
            json.loads(part.args)
        except ValueError:
            raise InvariantError(f"the arguments are not JSON: {part.args}") from None
        return [partial]

    return streamed(parts, lambda: read)


@mutant("TOOLS-02", cases=WITHOUT_ARGUMENTS, checks="content", seen=("QwenLM/qwen-code#6249",))
def drops_calls_without_arguments(parts: Parts) -> LanguageModel:
    """Takes a call without arguments for none."""

    def says_something(part: Any) -> bool:
        return not isinstance(part, ToolCallPart) or bool(part.args)

    return whole(parts, content_changed(lambda content: [part for part in content if says_something(part)]))


@mutant(
    "TOOLS-06",
    cases=("interleaved-calls",),
    checks="content",
    not_for=dict.fromkeys(("anthropic", "google"), "calls do not come in turns"),
    seen=("maximhq/bifrost#1829", "QwenLM/Qwen-Agent#943"),
)
def gives_arguments_to_the_last_call(parts: Parts) -> LanguageModel:
    """Adds a fragment of arguments to the call that began last, whichever it belongs to."""

    def adding() -> ReadPartials:
        last = 0

        def read(partial: PartialModelResponse) -> Partials:
            nonlocal last
            part = part_of(partial)
            if partial.delta is None or not isinstance(part, ToolCallPartDelta):
                return [partial]
            if part.tool_name:
                last = partial.delta.index
            return [partial.model_copy(update={"delta": ContentDelta(index=last, part=part)})]

        return read

    return streamed(parts, adding)


@mutant("TOOLS-04", cases=("nested-arguments",), checks="content")
def flattens_arguments(parts: Parts) -> LanguageModel:
    """Gives every value of the arguments as a text."""

    def flat(part: Any) -> Any:
        if not isinstance(part, ToolCallPart):
            return part
        return part.model_copy(update={"args": {name: str(value) for name, value in part.args.items()}})

    return whole(parts, content_changed(lambda content: [flat(part) for part in content]))


@mutant("TOOLS-08", cases=("text-and-calls",), checks="content")
def drops_the_text_beside_a_call(parts: Parts) -> LanguageModel:
    """Reads of an answer with tool calls the calls alone."""

    def calls_only(content: list[Any]) -> list[Any]:
        return [part for part in content if isinstance(part, ToolCallPart)] or content

    return whole(parts, content_changed(calls_only))


@mutant("STREAM-01", cases=("parallel-calls",), checks="adds_up")
def names_streamed_calls_itself(parts: Parts) -> LanguageModel:
    """Makes up the ids of the calls of a stream."""

    def renamed(partial: PartialModelResponse) -> Partials:
        part = part_of(partial)
        if partial.delta is None or not isinstance(part, ToolCallPartDelta) or part.tool_call_id is None:
            return [partial]
        return with_part(partial, part.model_copy(update={"tool_call_id": f"call_{partial.delta.index}"}))

    return streamed(parts, lambda: renamed)
