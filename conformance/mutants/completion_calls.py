"""``completion()`` itself, broken in one thing each: which calls are calls, and what is found in a text."""

from dataclasses import replace
from typing import Any

import pytest

from conformance.mutants.completion import breaks
from llm_sdk.completion import dialects, parameters, reader, tools
from llm_sdk.completion.dialects import Malformed, Text, Thought, hermes, json_calls, markers, qwen, scanner
from llm_sdk.completion.dialects.harmony import HarmonyParser
from llm_sdk.completion.events import ToolCallError
from llm_sdk.errors import InvariantError


@breaks("COMPL-14", "test_ids")
def takes_identical_calls_for_one(patch: pytest.MonkeyPatch) -> None:
    """Tells of identical calls the first."""
    honest = reader.CompletionReader._finished_calls

    def finished(self: Any, before: int | None) -> Any:
        seen: set[str] = vars(self).setdefault("seen", set())
        for event in honest(self, before):
            said = str(event.call.arguments) if event.type == "toolCall" else ""
            if not said or said not in seen:
                seen.add(said)
                yield event

    patch.setattr(reader.CompletionReader, "_finished_calls", finished)


def _judging(patch: pytest.MonkeyPatch, change: Any) -> None:
    """Change what becomes of calls: ``change`` gets the box of tools, the honest judgement, and the call."""
    honest = tools.Toolbox.judge

    def judge(self: Any, id: str, name: str, arguments: Any, raw: Any, invoke: Any) -> Any:
        return change(self, honest(self, id, name, arguments, raw, invoke), name)

    patch.setattr(tools.Toolbox, "judge", judge)


@breaks("COMPL-15", "unknown_tools")
def takes_the_only_tool_for_any(patch: pytest.MonkeyPatch) -> None:
    """Calls the error of a tool that was not offered one of its arguments."""

    def other(_: Any, found: Any, name: str) -> Any:
        if isinstance(found, ToolCallError) and found.code == "UNKNOWN_TOOL":
            return found.model_copy(update={"code": "VALIDATION_ERROR", "message": f"no tool {name}"})
        return found

    _judging(patch, other)


@breaks("COMPL-16", "missing_arguments")
def names_no_missing_argument(patch: pytest.MonkeyPatch) -> None:
    """Says that arguments are wrong where one is missing."""
    honest = parameters.RefusedArgumentsError.message

    def message(self: Any, tool_name: str) -> str:
        return f'Invalid arguments for tool "{tool_name}"' if self.missing else honest(self, tool_name)

    patch.setattr(parameters.RefusedArgumentsError, "message", message)


@breaks("COMPL-17", "wrong_arguments")
def notices_missing_arguments_only(patch: pytest.MonkeyPatch) -> None:
    """Takes any value of an argument."""
    for kind in (parameters._Schema, parameters._Typed):
        honest = kind.parse

        def parse(self: Any, arguments: Any, honest: Any = honest) -> Any:
            try:
                return honest(self, arguments)
            except parameters.RefusedArgumentsError as error:
                if error.missing:
                    raise
                return arguments

        patch.setattr(kind, "parse", parse)


@breaks("COMPL-18", "satisfy_the_tool")
def leaves_arguments_unparsed(patch: pytest.MonkeyPatch) -> None:
    """Gives the arguments as JSON where the tool has a type of its own for them."""

    def unparsed(_: Any, found: Any, __: str) -> Any:
        if not isinstance(found, ToolCallError):
            found._parsed = found.arguments
        return found

    _judging(patch, unparsed)


@breaks("COMPL-19", "good_and_bad_calls")
def fails_with_a_bad_call(patch: pytest.MonkeyPatch) -> None:
    """Rejects the run where a call cannot be made."""

    def refuse(_: Any, error: Any) -> Any:
        raise InvariantError(error.message)

    patch.setattr(reader.CompletionReader, "_refuse", refuse)


@breaks("COMPL-20", "test_hermes")
def wants_perfect_frames(patch: pytest.MonkeyPatch) -> None:
    """Passes over a frame whose JSON cannot be read."""

    def read(inner: str, raw: str) -> Any:
        return [found for found in hermes.read_frame(inner, raw) if not isinstance(found, Malformed)]

    frame = replace(hermes.GRAMMAR.frames[0], read=read)
    _with_grammar(patch, "hermes", scanner.Grammar((frame,), json_calls.WHOLE))


def _with_grammar(patch: pytest.MonkeyPatch, name: str, grammar: scanner.Grammar) -> None:
    patch.setitem(dialects.GRAMMARS, name, grammar)


@breaks("COMPL-21", "test_json")
def knows_no_envelope(patch: pytest.MonkeyPatch) -> None:
    """Takes an envelope of several calls for text."""
    whole = json_calls.WHOLE

    def read(text: str) -> Any:
        return None if "tool_calls" in text else whole.read(text)

    _with_grammar(patch, "json", scanner.Grammar(whole=replace(whole, read=read)))


@breaks("COMPL-22", "test_pythonic")
def reads_one_call_of_a_list(patch: pytest.MonkeyPatch) -> None:
    """Reads the first call of a list."""
    grammar = dialects.GRAMMARS["pythonic"]
    assert grammar.whole is not None  # noqa: S101 - the dialect has one
    whole = grammar.whole

    def read(text: str) -> Any:
        return (whole.read(text) or [])[:1] or None

    _with_grammar(patch, "pythonic", scanner.Grammar(grammar.frames, replace(whole, read=read)))


@breaks("COMPL-23", "test_harmony")
def tells_the_analysis(patch: pytest.MonkeyPatch) -> None:
    """Gives what the channel for analysis says as text."""
    honest = HarmonyParser.feed

    def feed(self: Any, text: str) -> Any:
        return [Text(item.text) if isinstance(item, Thought) else item for item in honest(self, text)]

    patch.setattr(HarmonyParser, "feed", feed)


@breaks("COMPL-24", "test_qwen")
def takes_every_value_for_a_text(patch: pytest.MonkeyPatch) -> None:
    """Reads the values of parameters as texts, whatever the tool declares."""
    patch.setattr(qwen, "_read_value", lambda text, _: text)


@breaks("COMPL-25", "cuts_change_nothing")
def wants_markers_whole(patch: pytest.MonkeyPatch) -> None:
    """Overlooks a marker that comes in two pieces."""
    patch.setattr(markers, "held_back", lambda *_: 0)


@breaks("COMPL-26", "cuts_change_nothing")
def drops_markup_without_sense(patch: pytest.MonkeyPatch) -> None:
    """Leaves markup that makes no sense out of the text."""

    def tell(_: Any, calls: Any, __: str, items: Any) -> None:
        items.extend(calls)

    patch.setattr(scanner.ScanningParser, "_tell_calls", tell)


@breaks("COMPL-27", "markup_that_is_text")
def looks_for_calls_without_tools(patch: pytest.MonkeyPatch) -> None:
    """Reads calls in the text although no tool was offered."""
    honest = dialects.new_parser

    def parser(dialect: Any, schema_of: Any, **named: Any) -> Any:
        return honest(dialect, schema_of, **{**named, "has_tools": True})

    patch.setattr("llm_sdk.completion.options.new_parser", parser)


@breaks("COMPL-28", "frame_without_end")
def waits_for_any_frame(patch: pytest.MonkeyPatch) -> None:
    """Waits for the closing marker of a frame however long it grows."""
    patch.setattr(scanner, "FRAME_LIMIT", 1 << 40)
