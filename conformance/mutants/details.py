"""Mutants that lose a detail: a warning, an id, a code, a transcript, a mark."""

from typing import Any

from conformance.mutants.reading import content_changed, misread, whole
from conformance.mutants.registry import ModelAround, Parts, mutant
from llm_sdk.errors import InvariantError, RefusalError, StatusCodeError
from llm_sdk.model import LanguageModel
from llm_sdk.types import JsonObject, LanguageModelInput, ModelResponse

UNKNOWN = "x_conformance_unknown"


@mutant("CORE-19", cases=("item-of-tomorrow", "block-of-tomorrow", "chunk-of-tomorrow"), checks="test_warning")
def keeps_what_it_does_not_know_in_silence(parts: Parts) -> LanguageModel:
    """Does not say of a block that it has no unified form."""
    return whole(parts, lambda response: response.model_copy(update={"warnings": None}))


@mutant(
    "CORE-23",
    cases=("options", "unknown-field", "source-document"),
    checks="what_is_left_out",
    not_for={
        "cohere": "what these cases leave out it has fields for",
        "mistral": "what these cases leave out it has fields for",
    },
)
def keeps_its_warnings_to_itself(parts: Parts) -> LanguageModel:
    """Leaves out what the protocol has no field for, and does not say so."""

    class Silent(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            return (await super().generate(input)).model_copy(update={"warnings": None})

    return Silent(parts)


@mutant(
    "CORE-23",
    cases=("citations-of-another-model",),
    checks="what_is_left_out",
    not_for={"cohere": "it has a field for them"},
)
def drops_citations_in_silence(parts: Parts) -> LanguageModel:
    """Leaves the citations of another provider's answer out, and does not say so."""

    def without(response: ModelResponse) -> ModelResponse:
        told = [warning for warning in response.warnings or () if "citation" not in warning]
        return response.model_copy(update={"warnings": told or None})

    class Silent(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            return without(await super().generate(input))

    return Silent(parts)


@mutant("CORE-08", cases=("identity",), checks="test_identity")
def forgets_the_id_of_an_answer(parts: Parts) -> LanguageModel:
    """Gives an answer without its id."""
    return whole(parts, lambda response: response.model_copy(update={"id": None}))


@mutant("STREAM-10", cases=("text",), checks="unknown-fields")
def refuses_unknown_fields(parts: Parts) -> LanguageModel:
    """Takes a field that it does not know for an error."""

    def strictly(body: JsonObject) -> JsonObject:
        if isinstance(body, dict) and UNKNOWN in body:
            raise InvariantError(f"unknown field {UNKNOWN}", provider=parts.provider)
        return body

    return misread(parts, strictly)


@mutant(
    "ERROR-06", cases=("bad-request", "billing"), checks="error_code", not_for={"cohere": "its errors have no code"}
)
def loses_the_code_of_an_error(parts: Parts) -> LanguageModel:
    """Raises errors without the provider's code."""

    class Codeless(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except StatusCodeError as error:
                raise type(error)(
                    error.message, status_code=error.status_code, body=error.body, request_id=error.request_id
                ) from None

    return Codeless(parts)


@mutant("STRUCT-04", cases=("structured-refusal",), checks="test_refusal")
def takes_a_refusal_for_the_structured_answer(parts: Parts) -> LanguageModel:
    """Gives a refusal as if it were the answer."""

    class Obliging(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            try:
                return await super().generate(input)
            except RefusalError as error:
                if error.response is None:
                    raise
                return error.response

    return Obliging(parts)


def _without(kind: str, **fields: Any) -> Any:
    def change(content: list[Any]) -> list[Any]:
        return [part.model_copy(update=fields) if part.type == kind else part for part in content]

    return content_changed(change)


@mutant("AUDIO-04", cases=("spoken-words",), checks="test_content")
def loses_the_words_of_what_is_spoken(parts: Parts) -> LanguageModel:
    """Gives audio without its transcript."""
    return whole(parts, _without("audio", transcript=None))


@mutant("SEARCH-06", cases=("failed-search", "search-limit"), checks="test_content")
def takes_every_search_for_a_success(parts: Parts) -> LanguageModel:
    """Does not mark a search that failed."""
    return whole(parts, _without("tool-result", is_error=None))


@mutant("CITE-03", cases=("several-citations",), checks="test_content")
def keeps_one_citation(parts: Parts) -> LanguageModel:
    """Keeps the last citation of a text alone."""

    def last(content: list[Any]) -> list[Any]:
        cited = [part.type == "text" and bool(part.citations) for part in content]
        return [
            part.model_copy(update={"citations": part.citations[-1:]}) if found else part
            for part, found in zip(content, cited, strict=True)
        ]

    return whole(parts, content_changed(last))
