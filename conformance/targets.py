"""What a check runs over: one recorded call, or several that belong together, or an input that must be refused."""

from dataclasses import dataclass
from typing import Protocol

from conformance.case import COMPLETION, Case, Stage
from conformance.catalogue import Requirement, requirement_by_id
from conformance.chunking import chunks, event_cuts
from conformance.evidence import shown_by_answer, shown_by_error, shown_by_input
from conformance.meaning import as_the_provider_reads, joins_turns
from conformance.merge_patch import merge_patch
from conformance.outcome import Outcome
from conformance.sources import without_sources
from conformance.tool_results import takes_objects
from llm_sdk.codec import Codec
from llm_sdk.comparison import describe
from llm_sdk.errors import InvariantError, RefusalError, StatusCodeError, TransportError
from llm_sdk.registry import get_codec
from llm_sdk.types import JsonObject, LanguageModelInput
from mock_server.recordings import Exchange

__all__ = ["FIRST_ERROR", "Call", "CallsOf", "CaseOf", "Pair", "Refusal", "RunsOf", "StagedCalls", "Target"]

FIRST_ERROR = 400
"""The lowest status that says that something went wrong."""


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """One recorded call. ``golden`` is what the reference codec reads of the recorded answer; ``stage`` is the case's
    own word on it, and ``None`` for a recording from elsewhere. ``path`` is the request's as the provider sees it.
    ``is_marked`` says that its history has marks by which the reference knows again what it has read, as ids of
    reasoning that came without one: another adapter has marks of its own, or none.
    """

    provider: str
    case: str
    position: int
    stream: bool
    model_id: str
    input: LanguageModelInput
    exchange: Exchange
    path: str
    golden: Outcome
    of_case: Case | None = None
    stage: Stage | None = None
    is_marked: bool = False

    def __repr__(self) -> str:
        return f"<Call {self.id}>"  # short: pytest shows the parameters of every check

    @property
    def id(self) -> str:
        """Such as ``openai-tool-result-2-stream``."""
        return f"{self.provider}-{self.case}-{self.position}-{'stream' if self.stream else 'generate'}"

    def shows(self) -> list[Requirement]:
        """The requirements that a recording from elsewhere is an instance of."""
        found = dict.fromkeys(shown_by_input(self.input))
        if self.golden.answer is not None:
            found |= dict.fromkeys(shown_by_answer(self.golden.answer))
        if isinstance(self.golden.error, StatusCodeError):
            in_answer = self.exchange.status < FIRST_ERROR
            found |= dict.fromkeys(shown_by_error(self.golden.error, in_answer=in_answer))
        if isinstance(self.golden.error, RefusalError):
            found["CORE-07"] = None
        return [requirement_by_id(id) for id in found]

    @property
    def codec(self) -> Codec:
        """The protocol."""
        return get_codec(self.provider)

    @property
    def is_scripted(self) -> bool:
        """Whether the case itself says what has to come of it: not so for a live recording, or one from elsewhere."""
        return self.stage is not None and self.exchange.metadata.get("recorded") != "live"

    @property
    def is_answered(self) -> bool:
        """Whether the call comes to an answer."""
        return self.golden.response is not None

    @property
    def is_refused(self) -> bool:
        """Whether the model refused to answer."""
        return isinstance(self.golden.error, RefusalError)

    @property
    def is_simple(self) -> bool:
        """Whether the answer is one text, and nothing came before."""
        answer = self.golden.response
        return self.position == 1 and answer is not None and [part.type for part in answer.content] == ["text"]

    @property
    def breaks_the_protocol(self) -> bool:
        """Whether the recorded answer is not what the provider's protocol says."""
        return not self.is_answered and isinstance(self.golden.error, InvariantError | TransportError)

    @property
    def is_event_stream(self) -> bool:
        """Whether the answer came as a stream of events."""
        return self.exchange.streaming and self.exchange.status < FIRST_ERROR

    @property
    def events(self) -> list[bytes]:
        """The recorded body in pieces of one event each."""
        return chunks(self.exchange.response_body, event_cuts(self.exchange.response_body))

    @property
    def warns(self) -> list[str]:
        """The words that the warnings of the answer must have, for what the request leaves out."""
        return self.stage.warns.get(self.provider, []) if self.stage is not None else []

    def reading(self) -> JsonObject:
        """What the provider has to read of the request, as JSON, without the ids that only a history brings along."""
        read = self.input.model_dump(mode="json")
        if self.stage is not None and (patch := self.stage.reads_as.get(self.provider)):
            read = merge_patch(read, patch)
        return _without_signatures_of_texts(read)

    def misreading(self, read: JsonObject) -> str:
        """What a request that the provider reads as ``read`` says otherwise than this call; empty where it means the
        same, and where it says more than the provider has to read: all of the input."""
        expected = self.reading()
        misread = self._misread(read, expected)
        if not misread or self.says_all(read):
            return ""
        flat = without_sources(expected)
        return "" if flat is not None and not self._misread(read, flat) else misread

    def says_all(self, read: JsonObject) -> bool:
        """Whether the provider reads all of the input, and nothing of it was left out."""
        return not self._misread(read, _without_signatures_of_texts(self.input.model_dump(mode="json")))

    def _misread(self, read: JsonObject, expected: JsonObject) -> str:
        known = self.codec.capabilities
        ways = {"joins_turns": joins_turns(self.provider), "takes_objects": takes_objects(self.provider)}
        ways["open_parameters"] = known.open_parameters
        found = as_the_provider_reads(read, expected, known.required, defaults=dict(known.defaults), **ways)
        return describe(expected, found)


class Target(Protocol):
    """What a check runs over: ``case`` is its name, or the id of a recording from elsewhere."""

    @property
    def provider(self) -> str: ...
    @property
    def case(self) -> str: ...
    @property
    def of_case(self) -> Case | None: ...
    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class CaseOf:
    """A case with one provider: one to be recorded."""

    provider: str
    of_case: Case

    @property
    def case(self) -> str:
        """The name of the case."""
        return self.of_case.name

    @property
    def id(self) -> str:
        """Such as ``openai-sound-input``."""
        return f"{self.provider}-{self.case}"


@dataclass(frozen=True, slots=True)
class Refusal(CaseOf):
    """An input that one protocol cannot carry: it must be refused for what stands at ``path``, with nothing sent."""

    input: LanguageModelInput
    path: str


@dataclass(frozen=True, slots=True)
class CallsOf:
    """Several calls of one case with one provider."""

    calls: tuple[Call, ...]

    @property
    def provider(self) -> str:
        """Of all of them."""
        return self.calls[0].provider

    @property
    def case(self) -> str:
        """The name of the case."""
        return self.calls[0].case

    @property
    def of_case(self) -> Case | None:
        """The case."""
        return self.calls[0].of_case


class StagedCalls(CallsOf):
    """The calls of one case of several stages, all whole or all streamed."""

    __slots__ = ()

    @property
    def id(self) -> str:
        """Such as ``openai-tool-result-stream``."""
        return f"{self.provider}-{self.case}-{'stream' if self.calls[0].stream else 'generate'}"


class Pair(CallsOf):
    """The whole and the streamed call of one scripted answer."""

    __slots__ = ()

    @property
    def whole(self) -> Call:
        """The call for a whole answer."""
        return self.calls[0]

    @property
    def streamed(self) -> Call:
        """The call for a stream."""
        return self.calls[1]

    @property
    def id(self) -> str:
        """Such as ``openai-tool-result-2``."""
        return self.whole.id.removesuffix("-generate")


@dataclass(frozen=True, slots=True)
class RunsOf:
    """The runs of ``completion()`` with one provider."""

    provider: str

    @property
    def case(self) -> str:
        """What takes the place of a case."""
        return COMPLETION

    @property
    def of_case(self) -> Case | None:
        """None: what is said stands in the checks."""
        return None

    @property
    def id(self) -> str:
        """Such as ``openai-completion``."""
        return f"{self.provider}-{COMPLETION}"


def _without_signatures_of_texts(read: JsonObject) -> JsonObject:
    for message in read["messages"]:
        for part in message["content"]:
            if part["type"] == "text":
                part.pop("signature", None)
    return read
