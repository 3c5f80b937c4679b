"""The options of a run, and the call that they make."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypedDict
from uuid import uuid4

from pydantic import ValidationError

from llm_sdk.completion.dialects import DialectName, new_parser
from llm_sdk.completion.history import HistoryEntry, HistoryReader
from llm_sdk.completion.kv_cache import cache_hint, check_cache_key
from llm_sdk.completion.reader import CallIds, CompletionReader
from llm_sdk.completion.tools import Invoke, ToolLike, read_tools
from llm_sdk.errors import InvalidInputError
from llm_sdk.extra import merge_extra
from llm_sdk.json_model import JsonObject
from llm_sdk.registry import get_model, provider_names
from llm_sdk.types import (
    AudioOptions,
    LanguageModelInput,
    Modality,
    ReasoningOptions,
    ResponseFormatOption,
    ToolChoiceOption,
)

if TYPE_CHECKING:
    from llm_sdk.model import LanguageModel

__all__ = ["CompletionOptions", "Prepared", "prepare"]


class CompletionOptions(TypedDict, total=False):
    """Everything that a run may be told beside its history and tools.

    The first ones are those of :class:`~llm_sdk.types.LanguageModelInput`; one that the provider does not have is an
    UnsupportedError of the run. The others: ``tool_dialect`` reads the calls that a local model writes into its text;
    ``capture_thinking`` tells ``<think>`` blocks apart from the text; ``emit_raw_deltas`` adds every piece of text as
    it came; ``request_id`` is made up where it is left out; ``clock`` gives seconds.
    """

    system_prompt: str | None
    tool_choice: ToolChoiceOption | Mapping[str, Any] | None
    response_format: ResponseFormatOption | Mapping[str, Any] | None
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    seed: int | None
    stop: list[str] | None
    parallel_tool_calls: bool | None
    modalities: list[Modality] | None
    audio: AudioOptions | Mapping[str, Any] | None
    reasoning: ReasoningOptions | Mapping[str, Any] | None
    metadata: dict[str, str] | None
    extra: JsonObject | None
    tool_dialect: DialectName | None
    capture_thinking: bool
    emit_raw_deltas: bool
    request_id: str | None
    clock: Callable[[], float]


ROOM_OPTIONS = ("tool_dialect", "capture_thinking", "emit_raw_deltas", "request_id", "clock")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that is ready to be made. ``owned`` says that the model is to be closed after it."""

    model: "LanguageModel"
    owned: bool
    input: LanguageModelInput
    reader: CompletionReader
    stream: bool
    request_id: str
    clock: Callable[[], float]


def prepare(
    *,
    model: "LanguageModel | None",
    model_id: str | None,
    history: Iterable[HistoryEntry],
    stream: bool,
    tools: Iterable[ToolLike] | None,
    kv_cache_key: str | None,
    invoke: Invoke,
    options: Mapping[str, Any],
) -> Prepared:
    """Check all that can be checked before anything is sent. Raises InvalidInputError that names the argument."""
    check_cache_key(kv_cache_key)
    _check_names(options)
    clock: Callable[[], float] = options.get("clock") or time.perf_counter
    toolbox = read_tools(tools)
    dialect, capture = options.get("tool_dialect"), bool(options.get("capture_thinking"))

    def parser(*, capture_thinking: bool) -> Any:
        return new_parser(dialect, toolbox.schema_of, has_tools=bool(toolbox), capture_thinking=capture_thinking)

    def read_text(text: str) -> Any:
        past = parser(capture_thinking=True)
        return [*past.feed(text), *past.close()]

    ids = CallIds()
    answer_parser = parser(capture_thinking=capture)
    said = HistoryReader(read_text if dialect is not None and answer_parser is not None else None, ids.new)
    said.read(history)
    found, owned = _find_model(model, model_id)
    hint, warning = ({}, None) if kv_cache_key is None else cache_hint(found.provider, kv_cache_key)
    reader = CompletionReader(
        toolbox,
        answer_parser,
        ids,
        invoke,
        started=clock(),
        warnings=[warning] if warning else [],
        emit_raw_deltas=bool(options.get("emit_raw_deltas")),
    )
    given = {name: value for name, value in options.items() if name not in ROOM_OPTIONS}
    given["extra"] = merge_extra(hint, given.get("extra") or {}) or None
    given["system_prompt"] = _one_prompt(given.get("system_prompt"), said.system_prompt)
    fields = {**given, "messages": said.messages, "tools": toolbox.options or None}
    request_id = options.get("request_id") or uuid4().hex
    return Prepared(found, owned, _read_input(fields), reader, bool(stream), request_id, clock)


def _check_names(options: Mapping[str, Any]) -> None:
    for name in options:
        if name not in CompletionOptions.__annotations__:
            near = get_close_matches(name, CompletionOptions.__annotations__, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(CompletionOptions.__annotations__)}"
            raise InvalidInputError(f"completion() has no such option; {hint}", path=name)


def _one_prompt(option: str | None, said: str | None) -> str | None:
    if option is not None and said is not None:
        raise InvalidInputError("the history begins with a system message too: give one of them", path="system_prompt")
    return said if option is None else option


def _read_input(fields: JsonObject) -> LanguageModelInput:
    try:
        return LanguageModelInput.model_validate(fields)
    except ValidationError as error:
        wrong = error.errors()[0]
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in wrong["loc"]).removeprefix(".")
    raise InvalidInputError(wrong["msg"], path=place)


def _find_model(model: "LanguageModel | None", model_id: str | None) -> tuple["LanguageModel", bool]:
    if (model is None) == (model_id is None):
        raise InvalidInputError('give one of model and model_id: model_id="provider/model"', path="model_id")
    if model is not None:
        return model, False
    provider, slash, name = str(model_id).partition("/")
    if not slash or not name:
        known = ", ".join(provider_names())
        raise InvalidInputError(f"{model_id!r} is not provider/model; the providers are {known}", path="model_id")
    return get_model(provider, name), True
