"""What a request means, whatever the style in which a client writes it.

A request is read as the provider reads it and compared with the input that the caller gave. What a good client may say
in several ways is brought to the form of that input first, and only where both mean the same to the provider.
"""

import json
import re
from collections.abc import Iterator, Mapping, Set
from functools import cache
from itertools import groupby
from types import MappingProxyType
from typing import Any

from conformance.outcome import drop_made_up
from conformance.tool_call_ids import rename_tool_call_ids
from conformance.tool_results import unwrap_results
from llm_sdk.codec import Codec
from llm_sdk.registry import get_codec
from llm_sdk.types import JsonObject, LanguageModelInput, Part, TextPart, UserMessage

__all__ = ["LED_IN", "as_the_provider_reads", "joins_turns"]

DEFAULTS: JsonObject = {
    "tool_choice": {"type": "auto"},
    "response_format": {"type": "text"},
    "parallel_tool_calls": True,
    "modalities": ["text"],
    "tools": [],
    "stop": [],
    "metadata": {},
}
"""What every provider does when it is told nothing, so that a client that spells it out has said no more, and one that
leaves it out no less."""
EMPTY = {"type": "text", "text": ""}
CLOSED = "additionalProperties"
"""What says in a schema, with false, that there are no other properties."""
LED_IN = "led_in"
"""Marks an expected message before whose parts a client may put texts of its own, such as where an image belongs."""


def as_the_provider_reads(
    read: JsonObject,
    expected: JsonObject,
    required: Set[str] = frozenset(),
    *,
    defaults: Mapping[str, float] = MappingProxyType({}),
    joins_turns: bool = False,
    open_parameters: bool = False,
    takes_objects: bool = False,
) -> JsonObject:
    """A request as it was read, to be compared with ``expected``: without made-up ids, with the tool call ids that are
    used there, and of ``extra`` only what is expected there, because every client may add fields of its own. Options
    that the protocol wants in every request (``required``) are the client's own choice where the caller sets none.

    Defaults may be spelled out or left out, instructions at the start may stand in a message, texts that follow one
    another may be one with white space between them, and messages of one role may be one where the provider
    ``joins_turns``. Where it ``takes_objects`` for results of tools, any that holds the text of one will do. The
    provider's own ``defaults`` may be spelled out; an option that the caller sets to one is not left out. With
    ``open_parameters`` those of a tool need not say that there are no others.
    """
    known = {**DEFAULTS, **defaults}
    unsaid = {name for name, value in read.items() if name not in expected and name in known and value == known[name]}
    kept = {
        name: value for name, value in read.items() if name in expected or (name not in required and name not in unsaid)
    }
    kept |= {name: value for name, value in DEFAULTS.items() if name not in read and expected.get(name) == value}
    extra = kept.pop("extra", None)
    if expected.get("extra") and isinstance(extra, dict):
        kept["extra"] = _only(extra, expected["extra"])
    if open_parameters and "tools" in kept:
        kept["tools"] = _as_closed(kept["tools"], expected.get("tools"))
    kept = _in_the_same_messages(_with_instructions_apart(kept, expected), expected, joins_turns)
    read = rename_tool_call_ids(drop_made_up(kept, expected), expected)
    read = unwrap_results(read, expected) if takes_objects else read
    reading: JsonObject = _with_signatures_spelled_alike(read, expected)
    return reading


@cache
def joins_turns(provider: str) -> bool:
    """Whether the provider takes messages of one role that follow one another for one, as its documents say."""
    parts: list[Part] = [TextPart(text="a"), TextPart(text="b")]
    apart = LanguageModelInput(messages=[UserMessage(content=[part]) for part in parts])
    together = LanguageModelInput(messages=[UserMessage(content=parts)])
    codec = get_codec(provider)
    return bool(_normal_form(codec, apart) == _normal_form(codec, together))


def _normal_form(codec: Codec, input: LanguageModelInput) -> Any:
    return codec.normalize_request(json.loads(codec.encode_request("m", input, stream=False).body))


def _as_closed(read: Any, expected: Any) -> Any:
    """JSON with schemas in it that are closed to other properties where those of ``expected`` are."""
    if isinstance(read, list) and isinstance(expected, list):
        return [_as_closed(*pair) for pair in zip(read, expected, strict=False)] + read[len(expected) :]
    if not isinstance(read, dict) or not isinstance(expected, dict):
        return read
    found = {key: _as_closed(value, expected.get(key)) for key, value in read.items()}
    if isinstance(read.get("properties"), dict) and isinstance(expected.get("properties"), dict):
        names, wanted = read["properties"], expected["properties"]
        found["properties"] = {name: _as_closed(value, wanted.get(name)) for name, value in names.items()}
    closed = expected.get(CLOSED) is False and CLOSED not in read
    return {**found, CLOSED: False} if closed else found


def _only(value: Any, wanted: Any) -> Any:
    if isinstance(value, dict) and isinstance(wanted, dict):
        return {key: _only(item, wanted[key]) for key, item in value.items() if key in wanted}
    return value


def _with_instructions_apart(read: JsonObject, expected: JsonObject) -> JsonObject:
    """Instructions at the start, where ``expected`` has them: as the system prompt, or as the first message."""
    messages = read.get("messages") or []
    if "system_prompt" in expected and "system_prompt" not in read:
        if messages and messages[0].get("role") == "system" and (text := _text_of(messages[0])) is not None:
            return {**read, "system_prompt": text, "messages": messages[1:]}
    elif "system_prompt" in read and "system_prompt" not in expected:
        rest = {name: value for name, value in read.items() if name != "system_prompt"}
        first = {"role": "system", "content": [{"type": "text", "text": read["system_prompt"]}]}
        return {**rest, "messages": [first, *messages]}
    return read


def _text_of(message: JsonObject) -> str | None:
    """The one text that a message consists of."""
    texts = [part["text"] for part in message["content"] if part["type"] == "text"]
    return texts[0] if len(texts) == len(message["content"]) == 1 else None


def _in_the_same_messages(read: JsonObject, expected: JsonObject, joins_turns: bool) -> JsonObject:
    said, wanted = read.get("messages"), expected.get("messages")
    if not isinstance(said, list) or not isinstance(wanted, list):
        return read
    ours, theirs = _turns(said, joins_turns), _turns(wanted, joins_turns)
    if [turn[0].get("role") for turn in ours] != [turn[0].get("role") for turn in theirs]:
        return read
    pairs = zip(ours, theirs, strict=True)
    return {**read, "messages": [message for turn, other in pairs for message in _as_said(turn, other)]}


def _turns(messages: list[JsonObject], joined: bool) -> list[list[JsonObject]]:
    """The messages; those of one role that follow one another together, where they are one turn."""
    if not joined:
        return [[message] for message in messages]
    return [list(turn) for _, turn in groupby(messages, key=lambda message: message.get("role"))]


def _as_said(turn: list[JsonObject], expected: list[JsonObject]) -> Iterator[JsonObject]:
    """The messages of one turn with their parts where ``expected`` has them, if they are the same in number."""
    parts = [part for message in turn for part in message["content"]]
    wanted = [part for message in expected for part in message["content"]]
    if any(LED_IN in message for message in expected):
        parts = [part for part in parts if part["type"] != "text"]
    parts = _with_texts_apart(parts, wanted)
    if len(parts) != len(wanted):
        yield from turn
        return
    for message in expected:
        count = len(message["content"])
        yield {**message, "content": parts[:count]}
        parts = parts[count:]


def _with_texts_apart(parts: list[Any], expected: list[Any]) -> list[Any]:
    """The parts, with a text that is several of ``expected`` with white space between them as those several."""
    found: list[Any] = []
    for part in parts:
        rest = expected[len(found) :]
        count = _count_joined(part["text"], _leading_texts(rest)) if _is_text(part) else 0
        if count > 1:
            found += rest[:count]
        elif rest and part["type"] == rest[0]["type"] in ("tool-result", "source"):
            inner = [] if part["content"] == [EMPTY] and not rest[0]["content"] else part["content"]
            told = {"content": _with_texts_apart(inner, rest[0]["content"])}
            found.append({**_as_a_success(part, rest[0]), **told})
        else:
            found.append(part)
    return found


def _as_a_success(part: JsonObject, expected: JsonObject) -> JsonObject:
    """A part, which may spell out that a result is no error, or leave it out."""
    if part.get("is_error") or expected.get("is_error"):
        return part
    rest = {name: value for name, value in part.items() if name != "is_error"}
    return {**rest, "is_error": expected["is_error"]} if "is_error" in expected else rest


def _leading_texts(parts: list[Any]) -> list[str]:
    texts: list[str] = []
    for part in parts:
        if not _is_text(part):
            break
        texts.append(part["text"])
    return texts


def _is_text(part: JsonObject) -> bool:
    """Whether a part is text and nothing else, such as citations."""
    return set(part) == {"type", "text"}


def _count_joined(text: str, texts: list[str]) -> int:
    """How many of ``texts``, from the first on, are this one text with white space between them."""
    counts = range(len(texts), 1, -1)
    return next((n for n in counts if re.fullmatch(r"\s+".join(map(re.escape, texts[:n])), text)), 0)


def _with_signatures_spelled_alike(read: Any, expected: Any) -> Any:
    """A signature that is JSON may have its keys in another order, or other white space."""
    if isinstance(read, list) and isinstance(expected, list):
        alike = [_with_signatures_spelled_alike(*pair) for pair in zip(read, expected, strict=False)]
        return alike + read[len(expected) :]
    if not isinstance(read, dict) or not isinstance(expected, dict):
        return read
    found = {key: _with_signatures_spelled_alike(value, expected.get(key)) for key, value in read.items()}
    if _is_same_json(read.get("signature"), expected.get("signature")):
        found["signature"] = expected["signature"]
    return found


def _is_same_json(read: Any, expected: Any) -> bool:
    if not isinstance(read, str) or not isinstance(expected, str):
        return False
    try:
        return bool(json.loads(read) == json.loads(expected))
    except ValueError:
        return False
