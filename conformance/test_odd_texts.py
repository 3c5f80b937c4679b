"""Texts that are longer than most, and texts that are none: half of a character."""

from collections.abc import Sequence

from conformance.marks import over, requirement
from conformance.plan import Call
from conformance.replay import Playback, playback_of
from conformance.subject import Subject
from conformance.test_requests import read, sent_by
from conformance.variation import spoken
from conformance.verdict import Verdict
from llm_sdk.types import LanguageModelInput, ModelResponse, ModelUsage, Part, TextPart, Tool, UserMessage

SENTENCES = 100
VALUE = 512
"""Characters: the most that OpenAI takes in a value of the metadata."""
USAGE = ModelUsage(input_tokens=10, output_tokens=20)
"""Some protocols want one in every answer."""
HIGH, LOW = "HIGH", "LOW0"
"""What stands for the halves of a character while an answer is written."""
HALVES = {HIGH: rb"\ud83d", LOW: rb"\ude00"}


@requirement("CORE-43")
@over("first calls with tools")
def test_long_descriptions(call: Call, subject: Subject, verdict: Verdict) -> None:
    """Of what an input says beside its messages: instructions, tools and their parameters, metadata."""
    system, tool, field = (" ".join(f"{word} {number}." for number in range(SENTENCES)) for word in ("Be", "Do", "Say"))
    schema = {"type": "object", "properties": {"city": {"type": "string", "description": field}}, "required": ["city"]}
    asked = LanguageModelInput(
        system_prompt=system,
        messages=[UserMessage(content=[TextPart(text="Hello")])],
        tools=[Tool(name="get_weather", description=tool, parameters={**schema, "additionalProperties": False})],
    )
    sent = _read(call, asked, subject, verdict)
    said = [sent.system_prompt or "", *(part.text for message in sent.messages for part in _texts(message.content))]
    verdict.true(system in said, f"instructions of {len(system)} characters", f"{len(said[0])} characters")
    tools = [found for found in sent.tools or () if isinstance(found, Tool)]
    described = [found.description for found in tools]
    verdict.equal([tool], described, f"the description of the tool, of {len(tool)} characters")
    fields = [found.parameters.get("properties", {}).get("city", {}).get("description") for found in tools]
    verdict.equal([field], fields, f"the description of a parameter, of {len(field)} characters")


@requirement("CORE-43")
@over("first calls with metadata")
def test_long_metadata(call: Call, subject: Subject, verdict: Verdict) -> None:
    wanted = {"purpose": "p" * VALUE}
    asked = LanguageModelInput(messages=[UserMessage(content=[TextPart(text="Hello")])], metadata=wanted)
    sent = _read(call, asked, subject, verdict)
    verdict.equal(wanted, sent.metadata, f"metadata with a value of {VALUE} characters")


def _read(call: Call, asked: LanguageModelInput, subject: Subject, verdict: Verdict) -> LanguageModelInput:
    played = playback_of(call.exchange)
    outcome = subject.ask_input(call.model_id, asked, lambda _: played, stream=call.stream)
    return read(sent_by(outcome, verdict), subject, verdict).input


def _texts(content: Sequence[Part]) -> list[TextPart]:
    return [part for part in content if isinstance(part, TextPart)]


@requirement("CORE-50")
@over("first calls")
def test_half_a_character(call: Call, subject: Subject, verdict: Verdict) -> None:
    """In what is asked and in what is answered: alone, and its two halves in two deltas."""
    asked = LanguageModelInput(messages=[UserMessage(content=[TextPart(text="Half of \ud83d")])])
    played = playback_of(call.exchange)
    outcome = subject.ask_input(call.model_id, asked, lambda _: played, stream=call.stream)
    verdict.true(not outcome.crash, "a request, or an error of the SDK, for half of a character", outcome.describe)
    for text in (f"Half of {HIGH} it", f"{HIGH}{LOW}"):
        said = ModelResponse(content=[TextPart(text=text)], finish_reason="stop", usage=USAGE)
        answered = subject.as_asked(spoken(call, said, _halves))
        pieces = tuple(map(_with_halves, answered.events))
        outcome = subject.ask(call, Playback(200, answered.exchange.response_headers, pieces))
        verdict.true(not outcome.crash, "an answer, or an error of the SDK, for half of a character", outcome.describe)


def _halves(text: str) -> list[str]:
    first, _, rest = text.partition(HIGH)
    return [piece for piece in (f"{first}{HIGH}", rest) if piece]


def _with_halves(body: bytes) -> bytes:
    for word, half in HALVES.items():
        body = body.replace(word.encode(), half)
    return body
