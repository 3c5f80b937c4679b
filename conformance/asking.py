"""How one call of a model comes to an outcome, whatever it gives or raises."""

from typing import Any, TypeVar

from pydantic import BaseModel

from conformance.outcome import AdapterGoneError, Outcome, failed, outcome_of
from conformance.patience import HungError, is_of_the_run
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.model import LanguageModel
from llm_sdk.types import LanguageModelInput, ModelResponse

__all__ = ["ask", "ask_in_place", "checked", "of_the_adapter"]

Given = TypeVar("Given", ModelResponse, PartialModelResponse)
HOMES = frozenset({"llm_sdk.types", "llm_sdk.deltas"})
"""The modules of the classes that answers are made of."""


async def ask(model: LanguageModel, input: LanguageModelInput, *, stream: bool) -> Outcome:
    """Make a call, streamed or not. What came before an error counts."""
    return await _stream(model, input) if stream else await _generate(model, input)


def ask_in_place(model: LanguageModel, input: LanguageModelInput, *, stream: bool) -> Outcome:
    """The same with the twin that waits in place."""
    return _stream_sync(model, input) if stream else _generate_sync(model, input)


async def _generate(model: LanguageModel, input: LanguageModelInput) -> Outcome:
    try:
        return _answered(await model.generate(input))
    except BaseException as error:  # noqa: BLE001 - whatever an adapter raises is its outcome
        return failed(of_the_adapter(error))


async def _stream(model: LanguageModel, input: LanguageModelInput) -> Outcome:
    partials: list[PartialModelResponse] = []
    caught: BaseException | None = None
    try:
        async for partial in model.stream(input):
            partials.append(checked(partial, PartialModelResponse, "stream"))  # noqa: PERF401 - those before an error count
    except BaseException as error:  # noqa: BLE001
        caught = of_the_adapter(error)
    return outcome_of(partials, caught)


def _generate_sync(model: LanguageModel, input: LanguageModelInput) -> Outcome:
    try:
        return _answered(model.generate_sync(input))
    except BaseException as error:  # noqa: BLE001
        return failed(of_the_adapter(error))


def _stream_sync(model: LanguageModel, input: LanguageModelInput) -> Outcome:
    partials: list[PartialModelResponse] = []
    caught: BaseException | None = None
    try:
        for partial in model.stream_sync(input):
            partials.append(checked(partial, PartialModelResponse, "stream_sync"))  # noqa: PERF401 - those before an error count
    except BaseException as error:  # noqa: BLE001
        caught = of_the_adapter(error)
    return outcome_of(partials, caught)


def of_the_adapter(error: BaseException) -> BaseException:
    """What it means that the adapter raised this. Raises what is no doing of its own."""
    if is_of_the_run(error):
        raise error
    return AdapterGoneError(str(error)) if isinstance(error, HungError) else error


def _answered(answer: Any) -> Outcome:
    return Outcome(checked(answer, ModelResponse, "generate"))


def checked(value: Any, kind: type[Given], method: str) -> Given:
    """What an adapter gave with ``method``. Raises AdapterGoneError where that is of another class."""
    if not isinstance(value, kind):
        raise AdapterGoneError(f"{method} gave {type(value).__name__}, not {kind.__name__}: {value!r:.200}")
    return value if _is_plain(value, kind) else kind.model_validate(BaseModel.model_dump(value))


def _is_plain(value: ModelResponse | PartialModelResponse, kind: type) -> bool:
    """Whether it and its parts are of the SDK's own classes: one derived from them could be equal to anything."""
    parts = value.content if isinstance(value, ModelResponse) else [value.delta.part] if value.delta else []
    return type(value) is kind and all(type(part).__module__ in HOMES for part in parts)
