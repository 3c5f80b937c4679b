"""What an app's prompts cost: those that grow without end, those that no cache can serve, those that are sent twice."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from llm_sdk.types import SystemMessage
from mock_server.conversation import input_tokens, text_of, tool_name
from mock_server.journal import REDACTED, Exchange
from mock_server.verdict.evidence import Continuation, Evidence, without_times
from mock_server.verdict.findings import Rule, Sighting, gathered

__all__ = ["RULES"]

MANY_REQUESTS = 25
MANY_TOKENS = 32_000
SHORTEST_REPEATED = 3
"""Messages. Two may be the same question with the same answer."""
SAME_MOMENT = 0.1
"""Seconds. Nobody gives up waiting and asks again so soon."""


def _grew(evidence: Evidence) -> Iterator[Sighting]:
    yield from _grew_long(evidence)
    yield from gathered(_repeated(evidence))


def _grew_long(evidence: Evidence) -> Iterator[Sighting]:
    chains: dict[int, list[Exchange]] = {}
    for step in evidence.continuations:
        chain = [*chains.pop(step.before.number, [step.before]), step.after]
        chains[step.after.number] = chain
    for chain in chains.values():
        if len(chain) < MANY_REQUESTS:
            continue
        tokens = [input_tokens(exchange.input) for exchange in chain if exchange.input is not None]
        if tokens[-1] >= MANY_TOKENS and all(one < two for one, two in pairwise(tokens)):
            message = f"a conversation grew with each of {len(chain)} requests, up to about {tokens[-1]:,} tokens"
            yield Sighting(message, (chain[0].number, chain[-1].number), "warning")


def _repeated(evidence: Evidence) -> Iterator[tuple[object, Sighting]]:
    """The whole of the request before stands in a request twice, or the instructions do."""
    said: dict[tuple[str, ...], int] = {}
    for exchange in evidence.exchanges:
        if exchange.input is None:
            continue
        here = evidence.said(exchange)
        for length in range(len(here) - 1, SHORTEST_REPEATED - 1, -1):
            if (earlier := said.get(here[:length])) is not None:
                if _contains(here[length:], here[:length]):
                    message = "the history of an earlier request stands twice in a later one"
                    yield ("history", evidence.root(exchange)), Sighting(message, (earlier, exchange.number))
                break
        said.setdefault(here, exchange.number)
        instructions = [text_of(one.content) for one in exchange.input.messages if isinstance(one, SystemMessage)]
        if exchange.input.system_prompt and instructions.count(exchange.input.system_prompt) > 1:
            message = "the same instructions stand in a request again and again"
            yield ("system", exchange.input.system_prompt), Sighting(message, (exchange.number,), "warning")


def _contains(whole: Sequence[str], part: Sequence[str]) -> bool:
    return any(whole[at : at + len(part)] == part for at in range(len(whole) - len(part) + 1))


def _broke_prefix(evidence: Evidence) -> Iterator[Sighting]:
    yield from _changing_instructions(evidence)
    yield from gathered(
        ((evidence.root(step.after), message), Sighting(message, (step.before.number, step.after.number), "warning"))
        for step in evidence.continuations
        for message in _changes(step)
    )


def _changing_instructions(evidence: Evidence) -> Iterator[Sighting]:
    """The same instructions with another time or id in them: no two requests begin alike."""
    same: defaultdict[tuple[str, str | None, str], list[Exchange]] = defaultdict(list)
    for exchange in evidence.exchanges:
        if exchange.input is not None and (prompt := exchange.input.system_prompt):
            same[exchange.provider, exchange.model_id, without_times(prompt)].append(exchange)
    for exchanges in same.values():
        prompts = {
            exchange.input.system_prompt: exchange.number for exchange in exchanges if exchange.input is not None
        }
        if len(prompts) > 1:
            message = "the instructions hold a time or an id that changes from request to request"
            yield Sighting(message, tuple(sorted(prompts.values())), "warning")


def _changes(step: Continuation) -> Iterator[str]:
    before, after = step.before.input, step.after.input
    assert before is not None and after is not None  # noqa: S101 PT018 - they could be read
    if not step.same_start:
        yield "an earlier message holds a time or an id that changes from request to request"
    tools = [[tool.model_dump_json() for tool in input.tools or ()] for input in (before, after)]
    if tools[0] != tools[1] and sorted(tools[0]) == sorted(tools[1]):
        names = ", ".join(tool_name(tool) for tool in after.tools or ())
        yield f"the tools changed their order within a conversation, to {names}"


def _sent_twice(evidence: Evidence) -> Iterator[Sighting]:
    open_calls: dict[tuple[object, ...], Exchange] = {}
    for exchange in evidence.exchanges:
        if exchange.input is None:
            continue
        call = (exchange.provider, exchange.caller, exchange.path, exchange.stream, exchange.fingerprint)
        first = open_calls.get(call)
        open_calls[call] = exchange
        if first is not None and _overlap(first, exchange):
            message = "the same request was sent twice at the same time"
            yield Sighting(message, (first.number, exchange.number), "warning")


def _overlap(first: Exchange, second: Exchange) -> bool:
    told, real = second.time - first.time, second.arrived - first.arrived
    return first.status < 400 and told < min(first.seconds, SAME_MOMENT) and real < SAME_MOMENT


def _key_in_url(evidence: Evidence) -> Iterator[Sighting]:
    numbers = tuple(exchange.number for exchange in evidence.exchanges if f"={REDACTED}" in exchange.path)
    if numbers:
        yield Sighting("a key was sent in a URL, where logs and proxies keep it", numbers)


RULES = (
    Rule(
        "growing-prompt",
        "A conversation is shortened before it grows without end.",
        "Summarize or drop old turns, and append the new messages alone.",
        _grew,
    ),
    Rule(
        "broken-prefix",
        "Requests that go on with a conversation begin with the same bytes, so that the provider's cache serves them.",
        "Put what changes behind what stays: no times or ids in the instructions, and the tools always in one order.",
        _broke_prefix,
    ),
    Rule(
        "sent-twice",
        "No request is sent a second time while the first is answered.",
        "Share the answer, or ask for several at once with n, if that is what is wanted.",
        _sent_twice,
    ),
    Rule(
        "key-in-url",
        "Keys travel in headers.",
        "Send the key in the provider's header, and change one that has been in a URL.",
        _key_in_url,
    ),
)
