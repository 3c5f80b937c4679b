"""Numbers to the digit, on a clock that the test moves; and what each protocol is told of a cache."""

import json
from typing import Any

import pytest

from completion.scripted import CALLED, HELLO, STOP, Clock, ScriptedModel, call, start, text, thought, used
from llm_sdk.completion import CompletionStats, acompletion
from llm_sdk.completion.kv_cache import HINTS, cache_hint
from llm_sdk.registry import get_codec, provider_names

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("steps", "ticks", "expected"),
    [
        # started, then one time for each step
        ([*text("a", "b", "c"), used(10, 6), STOP], [1.0, 1.25, 2.0, 3.25, 9.0, 9.0], (None, 250.0, 3.0)),
        ([thought("x"), *text("a"), used(10, 6, cached=4), STOP], [0.0, 0.5, 2.5, 9.0, 9.0], (4, 500.0, 3.0)),
        ([*text(""), *text("a"), STOP], [0.0, 0.5, 1.0, 9.0], (None, 1000.0, None)),
        ([call(1, "", "c", "f"), call(1, "{}"), used(1, 2), CALLED], [0.0, 1.0, 2.0, 9.0, 9.0], (None, 1000.0, 2.0)),
        ([*text("a"), used(1, 2), STOP], [0.0, 1.0, 9.0, 9.0], (None, 1000.0, None)),
        ([*text("a", "b"), STOP], [0.0, 1.0, 2.0, 9.0], (None, 1000.0, None)),
        ([*text("a", "b"), used(1, 2), STOP], [0.0, 1.0, 1.0, 9.0, 9.0], (None, 1000.0, None)),
        ([used(10, 0, cached=0), STOP], [0.0, 1.0, 2.0], (0, None, None)),
    ],
    ids=["text", "thinking first", "an empty piece", "a call", "one token", "no usage", "no time passed", "no token"],
)
async def test_stats_are_exact(steps: list[Any], ticks: list[float], expected: tuple[Any, ...]) -> None:
    run = start(*steps, clock=Clock(*ticks), tools=[{"name": "f"}])
    names = ("cache_tokens", "time_to_first_token", "tokens_per_second")
    assert await run.stats == CompletionStats(**dict(zip(names, expected, strict=True)))
    told = [event async for event in run.events][-2:]
    assert [event.type for event in told] == ["completionStats", "completionDone"]
    assert told[0].stats == await run.stats


async def test_a_whole_answer_comes_as_one_token() -> None:
    run = start(*text("a", "b"), used(1, 2, cached=1), STOP, clock=Clock(0.0, 2.0), stream=False)
    assert await run.stats == CompletionStats(cache_tokens=1, time_to_first_token=2000.0)


async def test_nothing_known_is_none() -> None:
    assert await start(STOP).stats is None


async def test_usage_and_cost_stand_in_the_response() -> None:
    final = await start(*text("a"), used(10, 4), used(0, 2), STOP).final
    assert final.response.usage is not None
    assert (final.response.usage.input_tokens, final.response.usage.output_tokens) == (10, 6)


# The provider, a key, and the field of the request body that it becomes; no field where it is ignored.
KEYS: list[tuple[str, str, dict[str, Any]]] = [
    ("openai", "chat-1", {"prompt_cache_key": "chat-1"}),
    ("openai-chat-completion", "chat-1", {"prompt_cache_key": "chat-1"}),
    ("mistral", "chat-1", {"prompt_cache_key": "chat-1"}),
    ("anthropic", "chat-1", {"cache_control": {"type": "ephemeral"}}),
    ("google", "cachedContents/42", {"cachedContent": "cachedContents/42"}),
    ("google", "chat-1", {}),
    ("cohere", "chat-1", {}),
    ("scripted", "chat-1", {}),
]


@pytest.mark.parametrize(("provider", "key", "field"), KEYS)
async def test_a_cache_key_goes_where_the_protocol_has_a_place_for_it(
    provider: str, key: str, field: dict[str, Any]
) -> None:
    model = ScriptedModel(STOP, provider=provider)
    run = acompletion(model=model, history=HELLO, kv_cache_key=key, extra={"user": "me"})
    final = await run.final
    assert model.inputs[0].extra == {**field, "user": "me"}
    if provider in provider_names():
        request = get_codec(provider).encode_request("m", model.inputs[0], stream=True)
        assert field.items() <= json.loads(request.body).items()
    said = [event.message async for event in run.events if event.type == "completionWarning"]
    assert final.warnings == said
    assert [warning.startswith("kv_cache_key: ") and warning.endswith(f"{key!r} is ignored") for warning in said] == (
        [] if field else [True]
    )


def test_a_hint_names_no_provider_that_is_not_there() -> None:
    assert set(HINTS) <= set(provider_names())
    assert cache_hint("cohere", "k") == (
        {},
        "kv_cache_key: the protocol cohere has no cache to name, and 'k' is ignored",
    )


async def test_the_callers_own_extra_wins() -> None:
    model = ScriptedModel(STOP, provider="openai")
    await acompletion(model=model, history=HELLO, kv_cache_key="a", extra={"prompt_cache_key": "b"}).final
    assert model.inputs[0].extra == {"prompt_cache_key": "b"}


async def test_every_option_reaches_the_model() -> None:
    options: dict[str, Any] = {
        "system_prompt": "Be brief.",
        "tool_choice": {"type": "auto"},
        "response_format": {"type": "json", "name": "answer"},
        "max_tokens": 16,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 4,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "seed": 7,
        "stop": ["end"],
        "parallel_tool_calls": False,
        "modalities": ["text"],
        "audio": {"format": "wav"},
        "reasoning": {"enabled": True},
        "metadata": {"a": "b"},
        "extra": {"user": "me"},
    }
    model = ScriptedModel(STOP)
    await acompletion(model=model, history=HELLO, **options).final
    sent = model.inputs[0].model_dump(mode="json")
    sent.pop("messages")
    assert sent == options
