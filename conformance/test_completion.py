"""``completion()``: what a run shows, to whom, and how it ends. The mock server is the provider."""

import asyncio
import gc
import logging
from typing import Any

import pytest

from conformance.marks import lane_shows, over, requirement
from conformance.replay import Hold
from conformance.runs import HELLO, Bench, caught, read_all
from conformance.verdict import Verdict
from llm_sdk.completion import AsyncCompletionRun, CompletionCancelledError
from llm_sdk.errors import InvalidInputError, ServerError
from mock_server import tool_call

SAID = "Let me see what it says."
WEATHER = {
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PARIS = tool_call("get_weather", {"city": "Paris"})
MANY = 60
LAST = 2
"""How many of its last events an answer of some protocols can do without: its usage, and an end mark behind it."""


async def surfaces(run: AsyncCompletionRun) -> list[Exception | None]:
    """What each way to read a run raises."""
    streams = [(await read_all(stream))[1] for stream in (run.token_stream, run.tool_call_stream, run.events)]
    return streams + [await caught(one) for one in (run.text, run.tool_calls, run.stats, run.final)]


def events_of(bench: Bench) -> int:
    """How many events the streamed answer has."""
    bench.run(bench.ended())
    return len(bench.performances[-1].playback.chunks)


@requirement("COMPL-01")
@over("runs")
@lane_shows("holding")
def test_tokens_come_while_the_answer_is_made(bench: Bench, verdict: Verdict) -> None:
    bench.reply(SAID)
    bench.hold = Hold(before=events_of(bench) - 1)

    async def check() -> list[str]:
        run = bench.start()
        verdict.true(not run.is_settled, "a run that is there before its answer", "a run that has ended")
        tokens = []
        async for token in run.token_stream:
            tokens.append(token)
            if not run.is_settled and bench.hold is not None:
                bench.hold.release()
        return tokens

    tokens = bench.run(check())
    verdict.true(bench.hold is not None and not bench.hold.expired, "tokens before the last event came", "none")
    verdict.equal(SAID, "".join(tokens), "the text")


@requirement("COMPL-02", "COMPL-03")
@over("runs with tools")
def test_whole_and_streamed_agree(bench: Bench, verdict: Verdict) -> None:
    bench.reply(SAID, PARIS, tool_call("get_weather", {"city": "Rome"}))

    async def ask(**options: Any) -> tuple[Any, list[Any], list[Any]]:
        run = bench.start(tools=[WEATHER], **options)
        (tokens, _), (calls, _) = await asyncio.gather(read_all(run.token_stream), read_all(run.tool_call_stream))
        verdict.true(run.is_settled, "streams that end when the run has ended", "streams that ended before")
        final = await run.final
        made = [call.model_dump() for call in await run.tool_calls]
        told = {"text": await run.text, "calls": [{**call, "id": None} for call in made]}
        usage = final.response.usage
        given = [event.call.model_dump() for event in calls]
        verdict.equal([] if "stream" in options else made, given, "the calls of the stream")
        return {**told, "stop": final.stop_reason, "usage": usage and usage.model_dump()}, tokens, calls

    streamed, tokens, _ = bench.run(ask())
    whole, no_tokens, no_calls = bench.run(ask(stream=False))
    verdict.equal(streamed["text"], "".join(tokens), "the tokens joined")
    verdict.equal([], no_tokens + no_calls, "nothing in the streams of a whole answer")
    verdict.equal(streamed, whole, "the streamed answer")
    asked = [call.stream for call in bench.exchanges]
    verdict.equal([True, False], asked, "a stream unless it is not wanted")


@requirement("COMPL-04", "COMPL-09")
@over("runs with tools")
def test_a_stream_that_is_cut_anywhere(bench: Bench, verdict: Verdict) -> None:
    bench.reply(SAID, PARIS)
    for kept in range(events_of(bench) - 1):
        bench.kept = kept

        async def check() -> tuple[list[Any], list[Exception | None], Any]:
            run = bench.start(tools=[WEATHER])
            tokens, _ = await read_all(run.token_stream)
            return tokens, await surfaces(run), await caught(run.text)

        tokens, raised, error = bench.run(check())
        if error is None:
            _is_the_end(bench, verdict, kept)
            continue
        verdict.true(
            all(one is error for one in raised),
            f"one exception object on every surface, for {kept} events came",
            f"{raised}",
        )
        verdict.true(SAID.startswith("".join(tokens)), "the tokens that came", f"{tokens}")


def _is_the_end(bench: Bench, verdict: Verdict, kept: int) -> None:
    """A success is one only where the end has come."""
    verdict.true(bench.total - kept <= LAST, f"an error, for {kept} of {bench.total} events came", "a success")


@requirement("COMPL-05")
@over("runs")
def test_a_whole_answer_that_fails(bench: Bench, verdict: Verdict) -> None:
    bench.fail(400)

    async def check() -> list[Exception | None]:
        return await surfaces(bench.start(stream=False))

    raised = bench.run(check())
    verdict.true(raised[0] is not None, "an error", "none")
    verdict.true(all(one is raised[0] for one in raised), "one exception object on every surface", f"{raised}")


@requirement("COMPL-06")
@over("runs")
def test_an_error_of_the_provider(bench: Bench, verdict: Verdict) -> None:
    bench.fail(500)

    async def check(*, stream: bool) -> list[Exception | None]:
        return await surfaces(bench.start(stream=stream))

    for raised in (bench.run(check(stream=True)), bench.run(check(stream=False))):
        verdict.true(all(isinstance(one, ServerError) for one in raised), "ServerError everywhere", f"{raised}")


@requirement("COMPL-07")
@over("runs")
@lane_shows("holding")
def test_cancelling(bench: Bench, verdict: Verdict) -> None:
    bench.reply(SAID)
    total = events_of(bench)

    async def check() -> tuple[AsyncCompletionRun, list[str], list[Any], Any]:
        run = bench.start()
        await bench.until_held()
        await run.cancel()
        (tokens, failed), (events, broken) = await read_all(run.token_stream), await read_all(run.events)
        verdict.true(failed is None and broken is None, "streams that end", f"{failed or broken!r}")
        return run, tokens, events, await caught(run.final)

    for before in sorted({0, 1, total // 2, total - 1}):
        hold = bench.hold = Hold(before=before)
        run, tokens, events, error = bench.run(check())
        hold.release()
        verdict.equal("cancelled", events[-1].stop_reason, "why it ended")
        verdict.true(isinstance(error, CompletionCancelledError), "CompletionCancelledError", f"{error!r}")
        verdict.equal("".join(tokens), error.partial.content_text, "the tokens that had come")
        verdict.equal(run.request_id, error.request_id, "the id of the run")
        verdict.true(bench.performances[-1].is_closed_soon(), "a closed connection", "an open one")


@requirement("COMPL-08")
@over("runs")
def test_an_answer_without_a_token(bench: Bench, verdict: Verdict) -> None:
    bench.reply("")

    async def check() -> Any:
        run = bench.start()
        return (await read_all(run.token_stream))[0], await run.text, await run.tool_calls

    verdict.equal([[], "", []], list(bench.run(check())), "nothing")


@requirement("COMPL-10")
@over("runs")
def test_a_run_that_nobody_reads(bench: Bench, verdict: Verdict, caplog: pytest.LogCaptureFixture) -> None:
    bench.fail(400)

    async def check() -> None:
        reported: list[Any] = []
        loop = asyncio.get_running_loop()
        handler = loop.get_exception_handler()
        loop.set_exception_handler(lambda _, context: reported.append(context["message"]))
        await bench.start().wait()
        gc.collect()
        await asyncio.sleep(0)
        loop.set_exception_handler(handler)
        verdict.equal([], reported, "no report")

    with caplog.at_level(logging.WARNING, "asyncio"):
        bench.run(check())
    verdict.equal([], caplog.messages, "no report")


@requirement("COMPL-11")
@over("runs with tools")
def test_streams_are_logs(bench: Bench, verdict: Verdict) -> None:
    bench.reply(SAID, PARIS)

    async def check() -> list[Any]:
        run = bench.start(tools=[WEATHER])
        async for _ in run.token_stream:
            break
        early = await asyncio.gather(*(read_all(run.token_stream) for _ in range(3)))
        await run.final
        late = [await read_all(run.token_stream) for _ in range(2)]
        calls = [len((await read_all(run.tool_call_stream))[0]) for _ in range(2)]
        return [["".join(tokens) for tokens, _ in early + late], calls]

    verdict.equal([[SAID] * 5, [1, 1]], bench.run(check()), "all of it for every reader")


@requirement("COMPL-12")
@over("runs")
@lane_shows("holding")
def test_awaitables(bench: Bench, verdict: Verdict) -> None:
    bench.reply(SAID)
    bench.hold = Hold(before=1)

    async def check() -> list[str]:
        run = bench.start()
        text = run.text
        for _ in range(3):
            error = await caught(asyncio.wait_for(text, 0.001))
            verdict.true(isinstance(error, TimeoutError), "a time-out", f"{error!r}")
        if bench.hold is not None:
            bench.hold.release()
        return [await text, await text, await run.text]

    verdict.equal([SAID] * 3, bench.run(check()), "the text")


@requirement("COMPL-13")
@over("runs with tools")
def test_events_are_in_order(bench: Bench, verdict: Verdict) -> None:
    bench.reply(SAID, PARIS)

    async def check() -> list[Any]:
        return (await read_all(bench.start(tools=[WEATHER]).events))[0]

    events = bench.run(check())
    verdict.equal(list(range(len(events))), [event.seq for event in events], "seq")
    kinds = [event.type for event in events]
    verdict.equal(["toolCall", "completionStats", "completionDone"], kinds[-3:], "the end")
    verdict.equal("tool_calls", events[-1].stop_reason, "why it ended")
    verdict.equal(SAID, events[-1].raw.full_text, "the text as it came")


@requirement("COMPL-29")
@over("runs")
def test_stats_are_exact(bench: Bench, verdict: Verdict) -> None:
    usage = {"input_tokens": 12, "output_tokens": 6, "input_tokens_details": {"cached_text_tokens": 4}}
    bench.reply("one two three", usage=usage)
    seconds = iter(range(1000))

    async def check() -> Any:
        run = bench.start(clock=lambda: float(next(seconds)))
        events, _ = await read_all(run.events)
        return events, await run.stats

    events, stats = bench.run(check())
    tokens = sum(event.type == "contentDelta" for event in events)
    verdict.true(tokens > 1, "the text in several deltas", f"{tokens}")
    found = {"tokens": tokens, "rate": stats.tokens_per_second, "cached": stats.cache_tokens}
    verdict.true(stats.time_to_first_token % 1000.0 == 0.0, "whole seconds, in ms", f"{stats}")
    expected = {"tokens": tokens, "rate": 6 / (tokens - 1), "cached": stats.cache_tokens}
    verdict.equal(expected, found, f"6 tokens in {tokens - 1} seconds")
    verdict.true(stats.cache_tokens in (4, None), "the cached tokens, where the protocol tells them", f"{stats}")


@requirement("COMPL-30")
@over("runs")
def test_cache_keys(bench: Bench, verdict: Verdict) -> None:
    bench.reply(SAID)

    async def check(key: str | None) -> list[str]:
        final = await bench.start(kv_cache_key=key).final
        return list(final.warnings)

    bench.run(check(None))
    warnings = bench.run(check("cachedContents/chat-1"))
    plain, keyed = bench.bodies[-2:]
    verdict.true((plain != keyed) != bool(warnings), "the key in the request, or a warning", f"{keyed!r} {warnings}")


@requirement("COMPL-31")
@over("runs with tools")
def test_the_history_reaches_the_provider(bench: Bench, verdict: Verdict) -> None:
    bench.reply("Sunny.")
    calls = [
        {"id": f"call{at}abcd", "name": "get_weather", "arguments": {"city": city}} for at, city in enumerate("ab")
    ]
    history = [
        {"role": "system", "content": "Be brief."},
        *HELLO,
        {"role": "assistant", "content": SAID, "tool_calls": calls},
        {"role": "tool", "content": "wet"},
        {"role": "tool", "content": "dry"},
    ]
    bench.run(bench.ended(history=history, tools=[WEATHER]))
    read = bench.inputs[-1]
    results = [part for message in read.messages for part in message.content if part.type == "tool-result"]
    verdict.equal("Be brief.", read.system_prompt, "the instructions")
    verdict.equal(["wet", "dry"], [result.content[0].text for result in results], "the results in their order")
    made = [part.tool_call_id for message in read.messages for part in message.content if part.type == "tool-call"]
    verdict.equal(made, [result.tool_call_id for result in results], "each result with its call")


@requirement("COMPL-32")
@over("runs")
def test_mistakes_are_told_at_the_call(bench: Bench, verdict: Verdict) -> None:
    mistakes: dict[str, dict[str, Any]] = {
        "temprature": {"temprature": 1},
        "kv_cache_key": {"kv_cache_key": ""},
        "history[0].role": {"history": [{"role": "bot", "content": ""}]},
        "tools[1].name": {"tools": [WEATHER, WEATHER]},
    }

    async def check(options: dict[str, Any]) -> Exception | None:
        try:
            bench.start(**options)
        except InvalidInputError as error:
            return error
        return None

    for path, options in mistakes.items():
        error = bench.run(check(options))
        verdict.equal(path, getattr(error, "path", None), "InvalidInputError with its path")
    verdict.equal(0, len(bench.performances), "nothing sent")


@requirement("COMPL-33")
@over("runs with tools")
def test_the_plain_twin(bench: Bench, verdict: Verdict) -> None:
    bench.reply(SAID, PARIS)

    async def check() -> Any:
        run = bench.start(tools=[WEATHER], clock=lambda: 0.0)
        return [event.model_dump() for event in (await read_all(run.events))[0]], await run.text

    plain = bench.start_plain(tools=[WEATHER], clock=lambda: 0.0)
    told = [event.model_dump() for event in plain.events]
    ids = {"id": "", "seq": 0}
    events, text = bench.run(check())
    verdict.equal(_without(events, ids), _without(told, ids), "the same events")
    verdict.equal(text, plain.text, "the same text")
    bench.fail(500)
    failed = bench.start_plain()
    try:
        list(failed.token_stream)
    except ServerError:
        return
    verdict.fail("ServerError", "none")


def _without(events: list[Any], ids: dict[str, Any]) -> list[Any]:
    """The events without the ids that the provider makes up for each answer."""
    return [{**event, "call": {**event["call"], **ids}} if "call" in event else event for event in events]


@requirement("COMPL-34")
@over("runs with tools")
def test_many_runs_at_once(bench: Bench, verdict: Verdict) -> None:
    bench.reply(SAID, PARIS)

    async def one(turns: int) -> str:
        run = bench.start(tools=[WEATHER])
        for _ in range(turns):
            await asyncio.sleep(0)
        if turns % 4 != 1:  # the first before it has begun
            await run.cancel()
        await read_all(run.events)
        error = await caught(run.text)
        return "done" if error is None else type(error).__name__

    async def check() -> list[str]:
        return list(await asyncio.gather(*(one(turns) for turns in range(MANY))))

    ends = bench.run(check())
    verdict.equal([], sorted({*ends} - {"done", "CompletionCancelledError"}), "runs that end well or were cancelled")
    verdict.true("done" in ends, "runs that end well", f"{ends}")
    still_open = [performance for performance in bench.performances if not performance.is_closed_soon()]
    verdict.equal(0, len(still_open), "every connection closed")
