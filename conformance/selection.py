"""What each check runs over, by the name that its ``over`` mark gives."""

from collections.abc import Callable, Sequence
from typing import Any

from conformance.case import COMPLETION, load_cases
from conformance.outcome import told_by
from conformance.plan import Call, CaseOf, Plan, Target
from conformance.settings import Settings
from conformance.stream_judge import read_stream
from conformance.targets import RunsOf
from llm_sdk.codec import Codec
from llm_sdk.registry import get_codec
from llm_sdk.types import LanguageModelInput, Part, TextPart, Tool, UserMessage

__all__ = ["ARGUMENTS", "recordings", "select", "target_of"]

Selection = Callable[[Plan], Sequence[Target]]


def _calls(wanted: Callable[[Call], bool]) -> tuple[str, Selection]:
    return "call", lambda plan: [call for call in plan.calls if wanted(call)]


def _tells(call: Call) -> bool:
    """Whether the stream tells any text, reasoning or arguments before its last event: not so where a provider says
    all of a short answer in one."""
    return any(told_by(partial) for partial in read_stream(call.codec, call.events[:-1]).partials)


def _content_of(call: Call) -> list[Part]:
    return call.golden.response.content if call.golden.response is not None else []


def _has_schemas(call: Call) -> bool:
    """Whether the parameters of a tool have an order."""
    tools = [tool for tool in call.input.tools or () if isinstance(tool, Tool)]
    return call.of_case is not None and any(len(tool.parameters.get("properties", {})) > 1 for tool in tools)


def _takes_metadata(codec: Codec) -> bool:
    """Whether the protocol has a place for metadata of any name."""
    if "metadata" not in codec.capabilities.options:
        return False
    asked = LanguageModelInput(messages=[UserMessage(content=[TextPart(text="Hello")])], metadata={"purpose": "test"})
    return not codec.encode_request("m", asked, stream=False).warnings


def _first_calls(wanted: Callable[[Call], bool]) -> tuple[str, Selection]:
    """The first of each provider, whole and streamed: for what does not depend on the answer."""

    def select_first(plan: Plan) -> list[Call]:
        first: dict[tuple[str, bool], Call] = {}
        for call in plan.calls:
            if wanted(call):
                first.setdefault((call.provider, call.stream), call)
        return list(first.values())

    return "call", select_first


def _is_sound_stream(call: Call) -> bool:
    """A stream of events that keeps to the protocol; it may tell of an error."""
    return call.is_event_stream and not call.breaks_the_protocol


SELECTIONS: dict[str, tuple[str, Selection]] = {
    "calls": _calls(lambda _: True),
    "own calls": _calls(lambda call: call.of_case is not None),
    "own calls without extra": _calls(lambda call: call.of_case is not None and not call.input.extra),
    "calls with schemas": _calls(_has_schemas),
    "answers": _calls(lambda call: call.is_answered),
    "own answers": _calls(lambda call: call.is_answered and call.of_case is not None),
    "whole answers": _calls(lambda call: call.is_answered and not call.stream),
    "opaque answers": _calls(lambda call: any(part.type == "opaque" for part in _content_of(call))),
    "answers with warnings": _calls(lambda call: call.is_answered and bool(call.warns)),
    "model refusals": _calls(lambda call: call.is_refused),
    "errors": _calls(lambda call: not call.is_answered and not call.is_refused),
    "streams": _calls(_is_sound_stream),
    "streams outside ASCII": _calls(lambda call: _is_sound_stream(call) and not call.exchange.response_body.isascii()),
    "answered streams": _calls(lambda call: call.is_event_stream and call.is_answered),
    "telling streams": _calls(lambda call: call.is_event_stream and call.is_answered and _tells(call)),
    "first calls": _first_calls(lambda call: call.is_simple),
    "first calls with tools": _first_calls(lambda call: call.is_simple and "function" in call.codec.capabilities.tools),
    "first calls with metadata": _first_calls(lambda call: call.is_simple and _takes_metadata(call.codec)),
    "first streams": _first_calls(lambda call: call.is_simple and call.stream),
    "conversations": ("conversation", lambda plan: plan.conversations()),
    "answer pairs": ("pair", lambda plan: plan.pairs(answered=True)),
    "error pairs": ("pair", lambda plan: plan.pairs(answered=False)),
    "refusals": ("refusal", lambda plan: plan.refusals),
}
RECORDINGS, RUNS, RUNS_WITH_TOOLS = "recordings", "runs", "runs with tools"
ARGUMENTS = frozenset({"recording", "runs", *(argument for argument, _ in SELECTIONS.values())})
"""The arguments by which a check takes what it runs over."""


def select(name: str, plan: Plan | None, settings: Settings) -> tuple[str, Sequence[Target]]:
    """The argument and its values for the selection of this name; there is no plan when cassettes are made."""
    if name == RECORDINGS:
        return "recording", recordings(settings)
    if name == RUNS:
        return "runs", runs(settings)
    if name == RUNS_WITH_TOOLS:
        return "runs", [one for one in runs(settings) if "function" in get_codec(one.provider).capabilities.tools]
    argument, selection = SELECTIONS[name]
    if plan is None:
        return argument, ()
    if name not in plan.selected:
        plan.selected[name] = selection(plan)
    return argument, plan.selected[name]


def runs(settings: Settings) -> list[RunsOf]:
    """The providers over which ``completion()`` is judged: all of them, unless other cases or recordings are asked
    for."""
    wanted = settings.own and (not settings.cases or COMPLETION in settings.cases)
    return [RunsOf(provider) for provider in settings.providers] if wanted else []


def recordings(settings: Settings) -> list[CaseOf]:
    """The cases to record."""
    from conformance.recording_session import is_live_case  # where it is used: the mock server comes along

    return [
        CaseOf(provider, case)
        for provider in settings.providers
        for case in load_cases()
        if (not settings.cases or case.name in settings.cases)
        and case.applies_to(provider, get_codec(provider).capabilities)
        and (is_live_case(case) if settings.live else not case.sends_nothing)
    ]


def target_of(item: Any) -> Target | None:
    """What a collected check runs over; ``None`` where its selection is empty."""
    params: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    for name, value in params.items():
        if name in ARGUMENTS and hasattr(value, "of_case"):
            target: Target = value
            return target
    return None
