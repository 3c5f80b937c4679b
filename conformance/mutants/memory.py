"""Mutants that give what they have seen before, and not what comes."""

from conformance.mutants.registry import ModelAround, Parts, mutant
from llm_sdk.model import LanguageModel
from llm_sdk.types import LanguageModelInput, ModelResponse

BEGINNING = 48
"""How many characters of a message it knows it by."""


@mutant("CORE-40", cases=("text", "tool-call"), checks="varied")
def answers_from_memory(parts: Parts) -> LanguageModel:
    """Gives the answer that it had to the same question before, though it asks again."""
    known: dict[str, ModelResponse] = {}

    class Remembering(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            came = await super().generate(input)
            return known.setdefault(input.model_dump_json(), came)

    return Remembering(parts)


@mutant("CORE-40", cases=("text", "tool-call"), checks="varied")
def asks_from_memory(parts: Parts) -> LanguageModel:
    """Sends what it sent before where a conversation begins in the same way."""
    known: dict[str, LanguageModelInput] = {}

    class Abridging(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            said = input.messages[0].model_dump_json()[:BEGINNING]
            return await super().generate(known.setdefault(said, input))

    return Abridging(parts)
