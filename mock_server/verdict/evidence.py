"""What is known of an app: its exchanges, and which request goes on with which answer.

Conversations are told apart by what is said in them, never by the connection: a request goes on with an earlier one
whose messages it begins with, if what follows them is the answer that was given.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from llm_sdk.codec import Codec, ModelCall, SeededIds
from llm_sdk.errors import LanguageModelError
from llm_sdk.types import (
    AssistantMessage,
    Message,
    ModelResponse,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from mock_server.journal import Exchange

__all__ = ["Continuation", "Evidence", "calls_of", "said_text", "signatures_of", "without_times"]

TIME_OR_ID = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?"
    r"|\b\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\b"
    r"|\b[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
    r"|\b\d{10,}(\.\d+)?\b"
)
UNLIKE, ALIKE, SAME = 0, 1, 2
MOST_COMPARED = 20
"""Requests that say the same, of which the latest are looked at."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """A request that goes on with an earlier answer.

    ``seen`` is that answer as the client could read it, and ``returned`` what the later request has in its place;
    ``behind`` are the messages that follow. Without ``same_start`` the messages before it differ, in times or random
    ids alone.
    """

    before: Exchange
    after: Exchange
    seen: ModelResponse
    returned: tuple[Part, ...]
    behind: tuple[Message, ...]
    same_start: bool


_Answered: TypeAlias = defaultdict[str, list[Exchange]]
"""Answered requests by the hash of all their messages."""


class Evidence:
    """The exchanges of an app, oldest first. ``codecs`` are those of their providers."""

    def __init__(self, exchanges: Iterable[Exchange], codecs: Iterable[Codec]) -> None:
        self.exchanges = tuple(exchanges)
        self._codecs: Mapping[str, Codec] = {codec.provider: codec for codec in codecs}
        self._seen: dict[int, ModelResponse | None] = {}
        self._roots: dict[int, int] = {}
        self._said: dict[int, tuple[str, ...]] = {}

    def said(self, exchange: Exchange) -> tuple[str, ...]:
        """The messages of a request, each as JSON."""
        if exchange.number not in self._said:
            messages = exchange.input.messages if exchange.input is not None else ()
            self._said[exchange.number] = tuple(message.model_dump_json() for message in messages)
        return self._said[exchange.number]

    def seen(self, exchange: Exchange) -> ModelResponse | None:
        """The answer without what the protocol could not say; None where there was none."""
        if exchange.number not in self._seen:
            self._seen[exchange.number] = self._read_back(exchange)
        return self._seen[exchange.number]

    def root(self, exchange: Exchange) -> int:
        """The number of the request with which this one's conversation began."""
        _ = self.continuations
        return self._roots.get(exchange.number, exchange.number)

    @cached_property
    def continuations(self) -> tuple[Continuation, ...]:
        """Every request that goes on with an earlier answer, in their order."""
        exact: _Answered = defaultdict(list)
        loose: _Answered = defaultdict(list)
        found = []
        for exchange in self.exchanges:
            if exchange.input is None:
                continue
            said = self.said(exchange)
            starts = _starts(exchange.provider, said)
            loose_starts = _starts(exchange.provider, map(without_times, said))
            best = self._best(exchange, starts, exact, same_start=True)
            best = best or self._best(exchange, loose_starts, loose, same_start=False)
            if best is not None:
                found.append(best)
                self._roots[exchange.number] = self._roots.get(best.before.number, best.before.number)
            if exchange.response is not None and starts:
                exact[starts[-1]].append(exchange)
                loose[loose_starts[-1]].append(exchange)
        return tuple(found)

    def _best(
        self, exchange: Exchange, starts: Sequence[str], index: _Answered, *, same_start: bool
    ) -> Continuation | None:
        """The answer that most of this request goes on with."""
        assert exchange.input is not None  # noqa: S101 - looked at by the caller
        messages = exchange.input.messages
        for length in range(len(messages) - 1, 0, -1):
            if not isinstance(messages[length], AssistantMessage):
                continue
            before = index.get(starts[length - 1], [])[-MOST_COMPARED:]
            end = _end_of_answer(messages, length)
            returned = tuple(part for message in messages[length:end] for part in message.content)
            options = [(self._likeness(one, exchange, returned), one) for one in before]
            fitting = [(likeness, one.number, one) for likeness, one in options if likeness[0] > UNLIKE]
            if fitting:
                one = max(fitting)[2]
                seen = self.seen(one)
                assert seen is not None  # noqa: S101 - it is like what was returned
                return Continuation(one, exchange, seen, returned, tuple(messages[end:]), same_start)
        return None

    def _likeness(self, before: Exchange, after: Exchange, returned: Sequence[Part]) -> tuple[int, int]:
        """How much ``returned`` is like an answer, and how much else the two requests have in common."""
        seen = self.seen(before)
        if seen is None or before.input is None or after.input is None:
            return UNLIKE, 0
        common = (
            (before.caller == after.caller)
            + (before.input.system_prompt == after.input.system_prompt)
            + (before.input.tools == after.input.tools)
            + before.complete
        )
        return _likeness_of(seen.content, returned), common

    def _read_back(self, exchange: Exchange) -> ModelResponse | None:
        codec = self._codecs.get(exchange.provider)
        if exchange.response is None or exchange.input is None or codec is None:
            return None
        call = ModelCall(exchange.model_id or "", exchange.input, stream=False)
        try:
            reply = codec.encode_response(exchange.response, call=call, ids=SeededIds())
            return codec.decode_response(reply)
        except LanguageModelError as error:
            # A refusal is raised; whatever else the client stumbles over, it has read nothing.
            refused: ModelResponse | None = getattr(error, "response", None)
            return refused


def _starts(provider: str, said: Iterable[str]) -> list[str]:
    """A hash of the first message, of the first two, and so on."""
    digest, found = hashlib.sha256(provider.encode()), []
    for text in said:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
        found.append(digest.hexdigest())
    return found


def _end_of_answer(messages: Sequence[Message], start: int) -> int:
    """Neighbouring messages of the model are one answer."""
    end = start
    while end < len(messages) and isinstance(messages[end], AssistantMessage):
        end += 1
    return end


def _likeness_of(seen: Sequence[Part], returned: Sequence[Part]) -> int:
    calls, given = calls_of(seen), calls_of(returned)
    ids = {call.tool_call_id for call in given}
    if any(call.tool_call_id in ids for call in calls) or signatures_of(seen) & signatures_of(returned):
        return SAME
    text, other = said_text(seen), said_text(returned)
    if text and text == other:
        return SAME
    if any((call.tool_name, call.args) == (one.tool_name, one.args) for call in calls for one in given):
        return ALIKE
    return ALIKE if text and other and (text.startswith(other) or other.startswith(text)) else UNLIKE


def said_text(parts: Iterable[Part]) -> str:
    """What an answer says, without spaces around it."""
    return "".join(part.text for part in parts if isinstance(part, TextPart)).strip()


def calls_of(parts: Iterable[Part]) -> list[ToolCallPart]:
    """The calls that the app has to run."""
    return [part for part in parts if isinstance(part, ToolCallPart) and not part.provider_executed]


def signatures_of(parts: Iterable[Part]) -> set[str]:
    """The tokens by which a provider goes on with its own reasoning."""
    return {part.signature for part in parts if isinstance(part, ReasoningPart | ToolCallPart) and part.signature}


def without_times(text: str) -> str:
    """The text without dates, times and random ids, which change from one request to the next."""
    return TIME_OR_ID.sub("~", text)
