"""The surfaces of a run: all show the same answer, to everybody, whenever they look."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from completion.scripted import (
    CALLED,
    HELLO,
    STOP,
    WEATHER,
    ScriptedModel,
    call,
    caught,
    collect,
    start,
    text,
    thought,
    used,
)
from llm_sdk.completion import CompletionCancelledError, acompletion, completion
from llm_sdk.completion.run import _running
from llm_sdk.errors import (
    InvalidInputError,
    InvariantError,
    LanguageModelError,
    RefusalError,
    ServerError,
    StreamTruncatedError,
)

pytestmark = pytest.mark.anyio

ANSWER = [
    *text("Let me ", "see."),
    call(1, '{"city":', "call_1", "get_weather"),
    call(1, '"Paris"}'),
    used(),
    CALLED,
]
EVENTS = [
    {"seq": 0, "type": "contentDelta", "text": "Let me "},
    {"seq": 1, "type": "contentDelta", "text": "see."},
    {
        "seq": 2,
        "type": "toolCall",
        "call": {"id": "call_1", "name": "get_weather", "arguments": {"city": "Paris"}, "raw": '{"city":"Paris"}'},
    },
    {
        "seq": 3,
        "type": "completionStats",
        "stats": {"timeToFirstToken": 0.0},
    },
    {"seq": 4, "type": "completionDone", "stopReason": "tool_calls", "raw": {"fullText": "Let me see."}},
]


def answer(**options: Any) -> Any:
    return start(*ANSWER, tools=[WEATHER], clock=lambda: 0.0, **options)


async def test_every_surface_shows_the_same_answer() -> None:
    run = answer()
    assert [event.model_dump(by_alias=True) async for event in run.events] == EVENTS
    assert [token async for token in run.token_stream] == ["Let me ", "see."]
    assert [event.model_dump(by_alias=True) async for event in run.tool_call_stream] == [
        {"type": "toolCall", "call": EVENTS[2]["call"]}
    ]
    final = await run.final
    assert (await run.text, await run.tool_calls, await run.stats) == (
        final.content_text,
        final.tool_calls,
        final.stats,
    )
    assert final.content_text == "Let me see."
    assert final.message.model_dump(mode="json")["content"] == [
        {"type": "text", "text": "Let me see."},
        {"type": "tool-call", "tool_call_id": "call_1", "tool_name": "get_weather", "args": {"city": "Paris"}},
    ]


async def test_a_run_is_there_at_once_and_its_call_is_not_awaited() -> None:
    held = asyncio.Event()
    run = start(held, *text("a"), STOP)
    assert run.request_id
    assert not run.is_settled
    held.set()
    assert await run is run
    assert await run.text == "a"


async def test_a_stream_is_read_by_any_number_of_readers_late_and_twice() -> None:
    held = asyncio.Event()
    run = start(*text("a"), held, *text("b"), STOP)
    early = [asyncio.create_task(collect(run.token_stream)) for _ in range(3)]
    await asyncio.sleep(0.001)
    held.set()
    assert [await reader for reader in early] == [(["a", "b"], None)] * 3
    stream = run.token_stream
    assert await collect(stream) == await collect(stream) == (["a", "b"], None)


async def test_leaving_a_stream_does_not_end_the_run() -> None:
    run = start(*text("a", "b", "c"), STOP)
    async for _ in run.token_stream:
        break
    assert await run.text == "abc"


async def test_tokens_come_as_they_are_made() -> None:
    gates = [asyncio.Event() for _ in range(3)]
    steps = [step for gate, piece in zip(gates, text("a", "b", "c"), strict=True) for step in (gate, piece)]
    run = start(*steps, STOP)
    tokens = aiter(run.token_stream)
    for gate, expected in zip(gates, "abc", strict=True):
        gate.set()
        assert await anext(tokens) == expected
    assert await run.text == "abc"


async def test_awaitables_can_be_awaited_many_times() -> None:
    run = answer()
    waiting = run.text
    assert [await waiting, await waiting, await run.text] == ["Let me see."] * 3


async def test_giving_up_on_an_awaitable_leaves_the_run_as_it_is() -> None:
    held = asyncio.Event()
    run = start(held, *text("a"), STOP)
    waiting = run.text
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waiting, 0.001)
    reader = asyncio.create_task(collect(run.token_stream))
    await asyncio.sleep(0)
    reader.cancel()
    held.set()
    assert await waiting == "a"
    assert await collect(run.token_stream) == (["a"], None)


async def test_a_run_that_nobody_reads_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    run = start(*text("a"), ServerError("down", status_code=500))
    await run.wait()
    del run
    gc.collect()
    await asyncio.sleep(0)
    assert caplog.records == []


FAILURES: dict[str, Exception] = {
    "the provider": ServerError("down", status_code=500),
    "no end mark": StreamTruncatedError("the stream ended too early"),
    "a refusal": RefusalError("no"),
    "a broken adapter": ValueError("a defect"),
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("before", [0, 1, 2])
async def test_one_error_for_all(name: str, before: int) -> None:
    """Before the first token, in mid-stream, and after the last one: what came is given first."""
    error = FAILURES[name]
    run = start(*text("a", "b")[:before], error)
    items, raised = await collect(run.token_stream)
    assert (items, raised) == (["a", "b"][:before], error)
    assert await collect(run.tool_call_stream) == ([], error)
    events, raised = await collect(run.events)
    assert raised is error
    assert events[-1].model_dump()["stop_reason"] == "error"
    assert events[-1].error.message == str(error)
    for _ in range(2):
        assert [await caught(surface) for surface in (run.text, run.tool_calls, run.stats, run.final)] == [error] * 4


async def test_an_error_that_is_raised_often_keeps_its_traceback_short() -> None:
    run = start(ServerError("down", status_code=500))
    lengths = set()
    for _ in range(5):
        error = await caught(run.text)
        assert error is not None
        frames, at = 0, error.__traceback__
        while at is not None:
            frames, at = frames + 1, at.tb_next
        lengths.add(frames)
    assert len(lengths) == 1


async def test_an_error_that_cannot_be_shown_hangs_nothing() -> None:
    class UnprintableError(Exception):
        def __str__(self) -> str:
            return "\ud800"

    error = UnprintableError()
    run = start(error)
    assert await caught(run.text) is error
    events, raised = await collect(run.events)
    assert (events[-1].error.message, raised) == (r"\ud800", error)


async def test_an_answer_that_contradicts_itself_is_an_error() -> None:
    run = start(*text("a"), call(0, "{}", "x", "f"), STOP)
    assert isinstance(await caught(run.text), InvariantError)


async def test_nothing_was_said() -> None:
    run = start(STOP)
    assert await collect(run.token_stream) == ([], None)
    assert (await run.text, await run.tool_calls) == ("", [])
    assert [event.type async for event in run.events] == ["completionDone"]


async def test_an_answer_cut_at_the_limit_says_so() -> None:
    run = start(*text("a"), call(1, '{"city":"Pa', "x", "get_weather"), PART_END, tools=[WEATHER])
    final = await run.final
    assert (final.stop_reason, final.tool_calls, final.tool_errors) == ("length", [], [])
    assert final.warnings == [
        "tool-call: the answer was cut short, and a call with it: the arguments of tool 'get_weather' are not JSON"
        ' (EOF while parsing a string at line 1 column 11): {"city":"Pa'
    ]


PART_END = STOP.model_copy(update={"finish_reason": "length"})


async def test_thinking_is_told_apart_from_the_text() -> None:
    run = start(thought("Hm."), *text("a"), STOP)
    final = await run.final
    assert (final.content_text, final.thinking_text) == ("a", "Hm.")
    assert [event.type async for event in run.events][:2] == ["thinkingDelta", "contentDelta"]
    assert await collect(run.token_stream) == (["a"], None)


async def test_raw_deltas_on_request() -> None:
    run = start(*text("a"), STOP, emit_raw_deltas=True)
    assert [event.type async for event in run.events][:2] == ["rawDelta", "contentDelta"]


@pytest.mark.parametrize("steps", [ANSWER, [*text("a"), STOP], [STOP], [thought("x"), *text("a"), used(), STOP]])
async def test_whole_and_streamed_agree(steps: list[Any]) -> None:
    finals = []
    for stream in (True, False):
        run = start(*steps, tools=[WEATHER], stream=stream, clock=lambda: 0.0)
        finals.append(await run.final)
        told = [event.model_dump(exclude={"seq", "text"}) async for event in run.events if event.type == "toolCall"]
        assert [found["call"]["id"] for found in told] == [found.id for found in finals[-1].tool_calls]
    assert finals[0] == finals[1]


async def test_the_streams_of_a_whole_answer_stay_empty_and_end_with_the_run() -> None:
    held = asyncio.Event()
    run = answer(stream=False)
    assert await collect(run.token_stream) == await collect(run.tool_call_stream) == ([], None)
    assert run.is_settled
    waiting = start(held, *text("a"), STOP, stream=False)
    reader = asyncio.create_task(collect(waiting.token_stream))
    await asyncio.sleep(0.001)
    assert not reader.done()
    held.set()
    assert await reader == ([], None)


async def test_the_streams_of_a_whole_answer_raise_what_it_failed_with() -> None:
    error = ServerError("down", status_code=500)
    run = start(*text("a"), error, stream=False)
    assert await collect(run.token_stream) == await collect(run.tool_call_stream) == ([], error)


@pytest.mark.parametrize("tokens", range(5))
async def test_cancelling_gives_what_had_come(tokens: int) -> None:
    held = asyncio.Event()
    pieces = ["a", "b", "c", "d"][:tokens]
    model = ScriptedModel(*text(*pieces), held)
    run = acompletion(model=model, history=HELLO)
    reader = aiter(run.token_stream)
    for piece in pieces:
        assert await anext(reader) == piece
    await run.cancel()
    assert await collect(run.token_stream) == (pieces, None)
    events, raised = await collect(run.events)
    assert (raised, events[-1].stop_reason) == (None, "cancelled")
    error = await caught(run.text)
    assert isinstance(error, CompletionCancelledError)
    assert error.partial.content_text == "".join(pieces)
    assert error.request_id == run.request_id
    assert await caught(run.final) is error
    assert model.open_streams == 0


async def test_cancelling_before_the_start_and_after_the_end() -> None:
    run = start(*text("a"), STOP, request_id="run-1")
    run.cancel()
    run.cancel()
    error = await caught(run.text)
    assert isinstance(error, CompletionCancelledError)
    assert (error.partial.content_text, str(error)) == ("", "scripted: the run was cancelled (request run-1)")
    ended = start(*text("a"), STOP)
    await ended.final
    await ended.cancel()
    assert await ended.text == "a"


async def test_the_end_of_a_block_cancels() -> None:
    model = ScriptedModel(*text("a"), asyncio.Event())
    async with acompletion(model=model, history=HELLO) as run:
        async for token in run.token_stream:
            assert token == "a"
            break
    assert isinstance(await caught(run.text), CompletionCancelledError)
    assert model.open_streams == 0
    async with start(*text("a"), STOP) as run:
        assert await run.text == "a"
    assert await run.text == "a"


async def test_an_error_outruns_a_cancellation() -> None:
    error = ServerError("down", status_code=500)

    class Stubborn(ScriptedModel):
        async def stream(self, input: Any) -> Any:  # noqa: ARG002 - the protocol has it
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise error from None
            yield

    run = acompletion(model=Stubborn(), history=HELLO)
    await asyncio.sleep(0)
    await run.cancel()
    assert await caught(run.text) is error


def test_a_loop_that_ends_leaves_nobody_waiting() -> None:
    runs: list[Any] = []

    async def leave() -> None:
        runs.append(start(*text("a"), asyncio.Event()))
        await asyncio.sleep(0)

    asyncio.run(leave())
    assert runs[0].is_settled
    assert not _running


def test_another_loop_is_told_so() -> None:
    runs: list[Any] = []

    async def begin() -> None:
        runs.append(start(asyncio.Event()))

    async def wait() -> None:
        await runs[0].text

    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(begin())
        with pytest.raises(InvalidInputError, match="belongs to another event loop"):
            second.run(wait())


def test_without_a_loop_there_is_the_twin() -> None:
    with pytest.raises(InvalidInputError, match=r"acompletion\(\) needs a running event loop"):
        acompletion(model=ScriptedModel(), history=HELLO)


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown option": ({"temprature": 1}, "temprature: completion() has no such option; did you mean 'temperature'?"),
    "a bad value": ({"temperature": "hot"}, "temperature: Input should be a valid number, unable to parse"),
    "two models": ({"model_id": "openai/x"}, "model_id: give one of model and model_id"),
    "empty key": ({"kv_cache_key": ""}, "kv_cache_key: a key is a text that is not empty, not ''"),
    "dialect": ({"tool_dialect": "klingon"}, "tool_dialect: no dialect 'klingon'; there are hermes, json,"),
    "history": ({"history": "Hello"}, "history: a list of messages is needed"),
    "two prompts": (
        {"history": [{"role": "system", "content": "a"}], "system_prompt": "b"},
        "system_prompt: the history begins with a system message too",
    ),
    "tools": ({"tools": [WEATHER, WEATHER]}, "tools[1].name: two tools are named 'get_weather'"),
}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("call", [acompletion, completion])
async def test_a_mistake_is_raised_at_once(name: str, call: Any) -> None:
    options, message = MISTAKES[name]
    with pytest.raises(InvalidInputError) as raised:
        call(**{"model": ScriptedModel(), "history": HELLO, **options})
    assert str(raised.value).startswith(message)


def test_a_model_id_names_provider_and_model() -> None:
    for model_id in ("gpt-5", "openai/", "/x"):
        with pytest.raises(InvalidInputError, match="provider"):
            completion(model_id=model_id, history=HELLO)


async def test_nothing_of_a_run_is_kept() -> None:
    """500 runs at once, cancelled at every possible point or not at all: all end, and nothing stays."""
    steps = [*text(*"abcdefgh"), call(1, "{}", "x", "f"), STOP]
    models = [ScriptedModel(*steps) for _ in range(500)]
    before = {task for task in asyncio.all_tasks() if not task.done()}
    runs = [acompletion(model=model, history=HELLO, tools=[{"name": "f"}]) for model in models]
    cancelling = [asyncio.create_task(cancel_after(run, number % 25)) for number, run in enumerate(runs)]
    async with asyncio.timeout(20):
        results = await asyncio.gather(*(check_settled(run) for run in runs))
        await asyncio.gather(*cancelling)
    assert {"done", "cancelled"} == set(results)
    assert len({len(text) for text in texts_of(runs)}) == 9
    assert [model.open_streams for model in models] == [0] * 500
    assert not _running
    del cancelling
    await asyncio.sleep(0)
    assert {task for task in asyncio.all_tasks() if not task.done()} == before
    gone = [weakref.ref(run) for run in runs]
    del runs
    gc.collect()
    assert [ref() for ref in gone if ref() is not None] == []


async def cancel_after(run: Any, turns: int) -> None:
    """``turns`` turns of the loop later: a run of ten steps has about twenty."""
    for _ in range(turns):
        await asyncio.sleep(0)
    await run.cancel()


async def check_settled(run: Any) -> str:
    """Every surface of a run tells the same end."""
    (tokens, failed), (events, _) = await asyncio.gather(collect(run.token_stream), collect(run.events))
    error = await caught(run.text)
    assert failed is None
    assert [event.seq for event in events] == list(range(len(events)))
    if error is None:
        assert (await run.text, len(await run.tool_calls)) == ("".join(tokens), 1)
        assert events[-1].stop_reason == "stop"
        return "done"
    assert isinstance(error, CompletionCancelledError)
    assert error.partial.content_text == "".join(tokens)
    assert events[-1].stop_reason == "cancelled"
    return "cancelled"


def texts_of(runs: list[Any]) -> list[str]:
    return ["".join(run.token_stream.items) for run in runs]


def test_the_errors_of_a_run_are_of_the_tree() -> None:
    assert issubclass(CompletionCancelledError, LanguageModelError)
