"""Cases: one scenario each, written once in unified parts, with what must hold. They stand in ``cases/<area>/*.yaml``.

A case is a conversation of one or more ``stages``. The history of a later stage is what was said before, with the
model's own answers as the client read them, ids and signatures included. Of a scripted answer only what it says is
compared: ids and signatures that it leaves out are made up by whoever answers.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from conformance.catalogue import AREAS, Requirement, requirement_by_id
from llm_sdk import errors
from llm_sdk.capabilities import Capabilities
from llm_sdk.registry import PROVIDERS
from llm_sdk.types import JsonObject, LanguageModelInput, Message, ModelResponse, OpaquePart

__all__ = [
    "COMPLETION",
    "Case",
    "CaseError",
    "Expectation",
    "Fault",
    "RawReply",
    "Stage",
    "case_files",
    "load_case",
    "load_cases",
]

FOLDER = Path(__file__).parent / "cases"
COMPLETION = "completion"
"""What takes the place of a case for the checks of ``completion()``: the name by which ``--case`` finds them."""
ANY = "any"
CAPABILITIES = frozenset(Capabilities.__dataclass_fields__)


class CaseError(ValueError):
    """A case file is malformed; the message names the file and the place."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(_Model):
    """An error that the provider answers with, in its own form; ``retry_after`` is in seconds."""

    status: int
    message: str = ""
    retry_after: float | None = None


class RawReply(_Model):
    """An answer given byte for byte: for what no scripted answer brings about."""

    status: int = 200
    content_type: str = "application/json"
    body: str = ""


class RawReplies(_Model):
    """The raw answers of one stage, to a call for a whole answer and to one for a stream."""

    generate: RawReply
    stream: RawReply

    @model_validator(mode="before")
    @classmethod
    def _same_for_both(cls, value: Any) -> Any:
        if isinstance(value, dict) and not {"generate", "stream"} & set(value):
            return {"generate": value, "stream": value}
        return value


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Expectation(_Model):
    """What must come of a stage, where that is not the scripted answer.

    ``error`` is one class of :mod:`llm_sdk.errors`, or several of which any will do; ``contains`` stands in its text.
    ``any_status`` says that nothing tells the status, so that any class derived from ``error`` will do as well.
    ``retry_after: null`` means that there is none. ``refused`` is the path of what must be refused with nothing sent.
    """

    error: Annotated[list[str], BeforeValidator(_one_or_more)] = Field(default_factory=list)
    status_code: int | None = None
    any_status: bool = False
    message: str | None = None
    retry_after: float | None = None
    contains: list[str] = Field(default_factory=list)
    refused: str | None = None

    @model_validator(mode="after")
    def _expects_one_thing(self) -> "Expectation":
        if bool(self.error) == (self.refused is not None):
            raise ValueError("expect either an error or a refusal before anything is sent")
        for name in self.error:
            if name not in errors.__all__:
                raise ValueError(f"{name!r} is no class of llm_sdk.errors")
        return self


class Stage(_Model):
    """One call. ``input`` has the new messages only; ``reply``, ``fault`` and ``wire`` are ways to say the answer.

    ``reads_as`` changes what the provider reads, where its protocol says less than the input, and ``comes_as`` what
    comes of ``reply``, where its protocol cannot say all of that: merge patches (RFC 7386, with positions as keys of
    arrays) by provider. ``warns`` are the words by provider that the warnings of the answer must have, for what is left
    out on the way there; `` | `` stands between words of which any will do. A message that ``reads_as`` puts in with
    ``led_in: true`` may begin with texts of the client's own.
    """

    input: LanguageModelInput
    reply: ModelResponse | None = None
    fault: Fault | None = None
    wire: dict[str, RawReplies] | None = None
    reads_as: dict[str, JsonObject] = Field(default_factory=dict)
    comes_as: dict[str, JsonObject] = Field(default_factory=dict)
    warns: dict[str, list[str]] = Field(default_factory=dict)
    expect: Expectation | None = None

    @model_validator(mode="after")
    def _answers_once(self) -> "Stage":
        refused = self.expect is not None and self.expect.refused is not None
        answers = [answer for answer in (self.reply, self.fault, self.wire) if answer is not None]
        if len(answers) != (0 if refused else 1) and not (self.reply and self.wire and not self.fault):
            raise ValueError("a stage has one of reply, fault and wire; wire may stand beside reply, as its bytes")
        if self.fault is not None and self.expect is None:
            raise ValueError("a fault needs expect")
        if self.wire is not None and self.reply is None and self.expect is None:
            raise ValueError("wire needs a reply or expect, to say what it comes to")
        return self

    def raw_reply(self, provider: str, *, stream: bool) -> RawReply | None:
        """The bytes that this provider answers with, where they are given."""
        replies = (self.wire or {}).get(provider) or (self.wire or {}).get(ANY)
        return None if replies is None else replies.stream if stream else replies.generate

    @property
    def is_refusal(self) -> bool:
        """Whether the scripted answer is the model's refusal, which reaches the caller as a RefusalError."""
        return self.reply is not None and self.reply.finish_detail == "refusal"


Needs: TypeAlias = dict[str, bool | list[str | int]]


class Case(_Model):
    """One scenario. ``needs`` and ``lacks`` say to which protocols it applies, in the words of
    :class:`~llm_sdk.capabilities.Capabilities`: those that have all of the one, and none of the other. A case with a
    requirement that is the quirk of some providers is for those alone. ``not_for`` are providers that a case makes no
    sense for, each with the reason: what no capability says. ``compatible_servers`` are providers that never answer so
    themselves, as servers that copy their protocol do."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    area: Literal[AREAS]  # type: ignore[valid-type]
    requirements: list[str] = Field(min_length=1)
    needs: Needs = Field(default_factory=dict)
    lacks: Needs = Field(default_factory=dict)
    not_for: dict[str, str] = Field(default_factory=dict)
    compatible_servers: list[str] = Field(default_factory=list)
    stages: list[Stage] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_sound(self) -> "Case":
        for id in self.requirements:
            requirement_by_id(id)
        if unknown := sorted({*self.needs, *self.lacks} - CAPABILITIES):
            raise ValueError(f"needs and lacks name capabilities; {unknown[0]!r} is none")
        if unknown := sorted({*self.not_for, *self.compatible_servers} - set(PROVIDERS)):
            raise ValueError(f"not_for and compatible_servers name providers; {unknown[0]!r} is none")
        if any(stage.expect is not None or stage.is_refusal for stage in self.stages[:-1]):
            raise ValueError("only the last stage may fail: nothing can follow an error")
        return self

    @property
    def sends_nothing(self) -> bool:
        """Whether the input must be refused before anything is sent: such a case has no cassette."""
        expect = self.stages[-1].expect
        return expect is not None and expect.refused is not None

    def requirements_named(self) -> list[Requirement]:
        """The case's requirements."""
        return [requirement_by_id(id) for id in self.requirements]

    def applies_to(self, provider: str, capabilities: Capabilities) -> bool:
        """Whether this protocol can carry the case; for an unsupported input, whether it cannot."""
        quirks = (found.providers for found in self.requirements_named() if found.providers)
        if provider in self.not_for or any(provider not in providers for providers in quirks):
            return False
        if provider in self.compatible_servers and not capabilities.compatible_servers:
            return False
        if not all(_has(capabilities, name, wanted) for name, wanted in self.needs.items()):
            return False
        if any(_has(capabilities, name, wanted) for name, wanted in self.lacks.items()):
            return False
        return all(
            not (stage.wire and not stage.reply and stage.raw_reply(provider, stream=True) is None)
            and _opaque_parts_of(stage) <= {provider}
            for stage in self.stages
        )


def _has(capabilities: Capabilities, name: str, wanted: bool | list[str | int]) -> bool:
    value = getattr(capabilities, name)
    if isinstance(wanted, bool):
        return value is wanted
    return value is None or value >= set(wanted)


def _opaque_parts_of(stage: Stage) -> set[str]:
    messages: list[Message] = stage.input.messages
    parts = [part for message in messages for part in message.content] + (stage.reply.content if stage.reply else [])
    return {part.provider for part in parts if isinstance(part, OpaquePart)}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader that leaves times as the text they are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def load_case(path: Path) -> Case:
    """Read one case. Raises CaseError."""
    try:
        case = Case.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader))  # noqa: S506
    except ValidationError as error:
        first = error.errors()[0]
        raise CaseError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CaseError(f"{path}: cannot be read ({' '.join(str(error).split())})") from None
    if (case.area, case.name) != (path.parent.name, path.stem):
        raise CaseError(f"{path}: its name and area must be those of its file and folder")
    return case


@cache
def case_files(folder: Path = FOLDER) -> dict[str, Path]:
    """The files of all cases by name, area by area. Raises CaseError for a name that two have."""
    paths = [path for area in AREAS for path in sorted((folder / area).glob("*.yaml"))]
    found = {path.stem: path for path in paths}
    if len(found) < len(paths):
        twice = min(path.stem for path in paths if path not in found.values())
        raise CaseError(f"{folder}: two cases are named {twice}")
    return found


@cache
def load_cases(folder: Path = FOLDER, only: tuple[str, ...] = ()) -> tuple[Case, ...]:
    """Every case, area by area, or ``only`` those of these names. Raises CaseError for one that is malformed, and for
    a name that two have."""
    return tuple(_loaded(path) for name, path in case_files(folder).items() if not only or name in only)


_loaded = cache(load_case)
