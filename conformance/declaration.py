"""What an adapter says that it can do, and what it must therefore refuse.

An adapter declares as data: an attribute ``capabilities`` of its factory, a file (``--declare``), or the
``metadata.capabilities`` of its model. Without a declaration everything is expected that the provider can do.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from conformance.plan import Call, Refusal, Target
from conformance.subject import Subject
from conformance.targets import CallsOf
from llm_sdk.capabilities import Capabilities, check
from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.registry import get_codec
from llm_sdk.types import LanguageModelInput, SourcePart, ToolResultPart

__all__ = ["Declaration", "DeclarationError", "declared_by", "read_declaration"]

FLAGS: dict[str, dict[str, frozenset[Any] | bool]] = {
    "image_input": {"user": frozenset({"image"}), "tool_result": frozenset({"image"})},
    "image_output": {"output": frozenset({"image"}), "modalities": frozenset({"image"})},
    "audio_input": {"user": frozenset({"audio"}), "tool_result": frozenset({"audio"})},
    "audio_output": {"output": frozenset({"audio"}), "modalities": frozenset({"audio"})},
    "function_calling": {"tools": frozenset({"function"})},
    "structured_output": {"response_formats": frozenset({"json", "json_schema"})},
    "citation": {"citations": False},
    "reasoning": {
        "output": frozenset({"reasoning"}),
        "reasoning": frozenset({"enabled", "disabled", "effort", "budget_tokens"}),
    },
    "text_input": {},
    "text_output": {},
}
"""What a flag of ``LanguageModelCapabilities`` that is false takes away."""
NAMES = {field.name for field in fields(Capabilities)}


class DeclarationError(ValueError):
    """What an adapter declares cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one adapter declares for one provider; ``narrows`` says whether that is less than the provider can do."""

    provider: str
    capabilities: Capabilities
    narrows: bool = False

    def refused_call(self, target: Target) -> Call | None:
        """The first call of a target that asks for what is not declared."""
        return next((call for call in _calls_of(target) if not self._carries(call)), None)

    def reason(self, call: Call) -> str:
        """What a call asks for that is not declared: where it stands, and in which case."""
        try:
            check(call.input, self.capabilities, self.provider)
        except UnsupportedError as error:
            return f"{call.case}: {error.path}"
        return call.case

    def lacks_answer(self, target: Target) -> bool:
        """Whether the answer has what is not declared, though the input asks for nothing of the kind."""
        case = target.of_case
        return self.narrows and case is not None and not case.applies_to(self.provider, self.capabilities)

    def exceeds(self, target: Target) -> bool:
        """Whether it is declared although the suite knows no way to say it in this protocol."""
        return self.narrows and isinstance(target, Refusal) and self._carries(target)

    def _carries(self, said: Call | Refusal) -> bool:
        if self.narrows and self._lacks_sources(said.input):
            return False
        try:
            check(said.input, self.capabilities, self.provider)
        except UnsupportedError:
            return False
        except InvalidInputError:
            return True
        return True

    def _lacks_sources(self, input: LanguageModelInput) -> bool:
        """Whether the input has a document at a place whose declared kinds name none. The provider may take the text of
        one wherever it takes text; whoever lists what there is need not."""
        known = get_codec(self.provider).capabilities
        for message in input.messages:
            inner = [one for part in message.content if isinstance(part, ToolResultPart) for one in part.content]
            places = {"user": message.content} if message.role == "user" else {"tool_result": inner}
            for place, parts in places.items():
                said = getattr(self.capabilities, place)
                listed = said != getattr(known, place) and "source" not in said
                if listed and any(isinstance(part, SourcePart) for part in parts):
                    return True
        return False


def _calls_of(target: Target) -> tuple[Call, ...]:
    match target:
        case Call():
            return (target,)
        case CallsOf(calls):
            return calls
        case _:
            return ()


def read_declaration(file: Path) -> Mapping[str, Any]:
    """The content of a file in YAML or JSON. Raises DeclarationError."""
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DeclarationError(f"{file}: cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(found, dict):
        raise DeclarationError(f"{file}: a declaration is a mapping of capabilities")
    return found


def declared_by(subject: Subject, factory: Any, file: Mapping[str, Any] | None) -> Declaration:
    """What the adapter declares: in a file, by its factory, or by its model's metadata. Raises DeclarationError."""
    provider, known = subject.codec.provider, subject.codec.capabilities
    made = getattr(factory, "func", factory)
    said = file if file is not None else getattr(made, "capabilities", None)
    if said is None:
        metadata = getattr(subject.model("conformance-model"), "metadata", None)
        given: Any = getattr(metadata, "capabilities", None)
        said = given.model_dump() if hasattr(given, "model_dump") else given
    if said is None:
        return Declaration(provider, known)
    declared = said if isinstance(said, Capabilities) else _applied(known, said)
    if not all("text" in kinds for kinds in (declared.user, declared.output)):
        raise DeclarationError("user and output have text: without it there would be nothing to judge")
    return Declaration(provider, declared, narrows=declared != known)


def _applied(known: Capabilities, said: Any) -> Capabilities:
    if not isinstance(said, Mapping):
        raise DeclarationError(f"capabilities are a mapping or Capabilities, not {type(said).__name__}")
    for name, value in said.items():
        if name in FLAGS and isinstance(value, bool | None):
            known = known if value is not False else _without(known, FLAGS[name])
        elif name in NAMES:
            known = replace(known, **{name: _value(name, value)})
        else:
            raise DeclarationError(
                f"no capability {name!r} with {json.dumps(value, default=str)}; there are flags "
                f"({', '.join(FLAGS)}) and lists ({', '.join(sorted(NAMES))})"
            )
    return known


def _without(known: Capabilities, taken: Mapping[str, frozenset[Any] | bool]) -> Capabilities:
    changes: dict[str, Any] = {
        name: gone if isinstance(gone, bool) else getattr(known, name) - gone for name, gone in taken.items()
    }
    return replace(known, **changes)


def _value(name: str, value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
        raise DeclarationError(f"{name} is a list of names, not {json.dumps(value, default=str)}")
    return frozenset(value)
