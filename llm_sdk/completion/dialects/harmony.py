"""The dialect ``harmony``, of gpt-oss: messages in channels, between special tokens.

``analysis`` is thinking, ``final`` the answer, ``commentary`` a preamble, and what is addressed ``to=functions.NAME``
a call: ``<|channel|>commentary to=functions.f <|constrain|>json<|message|>{...}<|call|>``. Tokens and headers are no
text.
Source: https://github.com/openai/harmony, docs/format.md.
"""

import re

from llm_sdk.completion.dialects.items import Found, Item, Malformed, Text, Thought
from llm_sdk.completion.dialects.json_calls import parse_json
from llm_sdk.completion.dialects.markers import Markers
from llm_sdk.completion.dialects.scanner import FRAME_LIMIT

__all__ = ["HarmonyParser"]

START, CHANNEL, MESSAGE, CONSTRAIN = "<|start|>", "<|channel|>", "<|message|>", "<|constrain|>"
END, CALL, RETURN = "<|end|>", "<|call|>", "<|return|>"
ENDS = (END, CALL, RETURN)
RECIPIENT = re.compile(r"to=functions\.([\w.-]+)")
THINKING = "analysis"


class HarmonyParser:
    """See :class:`~llm_sdk.completion.dialects.items.DialectParser`. A text without any token is the answer."""

    def __init__(self) -> None:
        self._tokens = Markers(START, CHANNEL, MESSAGE, CONSTRAIN, *ENDS)
        self._held = ""
        self._header: list[str] | None = None
        self._thinking = False
        self._name: str | None = None
        self._opening = ""
        self._body: list[str] = []
        self._size = 0

    def feed(self, text: str) -> list[Item]:
        """See :meth:`DialectParser.feed`."""
        items: list[Item] = []
        rest = self._held + text
        while True:
            before, token, rest = self._tokens.split(rest)
            self._take(before, items)
            if not token:
                self._held = rest
                return items
            self._token(token, items)

    def close(self) -> list[Item]:
        """See :meth:`DialectParser.close`."""
        items: list[Item] = []
        held, self._held = self._held, ""
        self._take(held, items)
        if self._name is not None:
            self._end_call("", items)
        self._header = None
        return items

    def _take(self, text: str, items: list[Item]) -> None:
        if not text:
            return
        if self._header is not None:
            self._header.append(text)
        elif self._name is None:
            items.append(Thought(text) if self._thinking else Text(text))
        else:
            self._take_body(text, items)

    def _take_body(self, text: str, items: list[Item]) -> None:
        room = FRAME_LIMIT - self._size
        self._body.append(text[:room])
        self._size += len(text)
        if self._size > FRAME_LIMIT:
            raw = self._opening + "".join(self._body)
            self._name, self._body, self._size = None, [], 0
            message = f"Tool call frame exceeded {FRAME_LIMIT} characters without a close marker"
            items += [Malformed(message), Text(raw + text[room:])]

    def _token(self, token: str, items: list[Item]) -> None:
        if self._name is not None:
            self._end_call(token if token in ENDS else "", items)
        if token in ENDS:
            self._thinking, self._header = False, None
        elif token == MESSAGE:
            self._begin_body()
        elif self._header is None:
            self._header = [token]
        else:
            self._header.append(token)

    def _begin_body(self) -> None:
        header = "".join(self._header or ())
        recipient = RECIPIENT.search(header)
        self._name = recipient.group(1) if recipient is not None else None
        channel = header.rpartition(CHANNEL)[2].split(maxsplit=1)
        self._thinking = self._name is None and channel[:1] == [THINKING]
        self._opening, self._header = header + MESSAGE, None
        self._body, self._size = [], 0

    def _end_call(self, token: str, items: list[Item]) -> None:
        """A call ends with its token, or with the text where it is whole by then."""
        name, body = self._name or "", "".join(self._body)
        raw = self._opening + body + token
        self._name, self._body, self._size = None, [], 0
        failure = ""
        try:
            arguments = parse_json(body) if body.strip() else {}
        except ValueError as error:
            failure = f"Failed to parse Harmony tool call JSON for {name}: {error}"
            if not token:
                failure = "Incomplete tool call frame at stream end"
        else:
            if isinstance(arguments, dict):
                items.append(Found(name, arguments, raw))
                return
            failure = f"Harmony tool call payload for {name} is not a JSON object"
        items += [Malformed(failure, raw), Text(raw)]
