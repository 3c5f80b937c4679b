"""Every role, every part, every option, with every provider: each is carried, or refused with its path before anything
is sent, or left out with a word. Nothing vanishes.

What each of them becomes stands in the pages of ``docs/providers``, which are made from the same survey.
"""

from collections.abc import Callable
from functools import cache, partial
from itertools import product
from typing import get_args

import pytest

from llm_sdk.capabilities import check
from llm_sdk.codec import Codec
from llm_sdk.errors import UnsupportedError
from llm_sdk.providers.anthropic import AnthropicCodec
from llm_sdk.providers.google import GoogleCodec
from llm_sdk.registry import PROVIDERS, get_codec
from llm_sdk.testing import questions
from llm_sdk.testing.questions import Question
from llm_sdk.testing.survey import Finding, survey
from llm_sdk.types import LanguageModelInput, Part

CODECS: dict[str, Codec] = {
    **{provider: get_codec(provider) for provider in PROVIDERS},
    "anthropic 2026-10-21": AnthropicCodec("2026-10-21"),
    "google v1": GoogleCodec("v1"),
}


@cache
def findings(name: str) -> list[Finding]:
    return list(survey(CODECS[name]))


def title(finding: Finding) -> str:
    return " ".join(filter(None, (finding.question.place, finding.question.kind, finding.question.variant)))


@pytest.fixture(params=CODECS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def refusal(check_or_encode: Callable[[], object]) -> str:
    """What is said of an input that is refused; nothing of any other."""
    try:
        check_or_encode()
    except UnsupportedError as error:
        return str(error)
    return ""


def test_refused_is_what_the_capabilities_do_not_have(name: str) -> None:
    """In the same words, and nothing else is."""
    codec = CODECS[name]
    wrong = {
        title(finding): (finding.error, expected)
        for finding in findings(name)
        for expected in [refusal(partial(check, finding.question.input, codec.capabilities, codec.provider))]
        if str(finding.error or "") != expected
    }
    assert wrong == {}


def test_a_refusal_points_at_what_was_asked(name: str) -> None:
    paths = {
        title(finding): (finding.question.path, finding.error.path)
        for finding in findings(name)
        if finding.error is not None and not finding.error.path.startswith(finding.question.path)
    }
    assert {asked for asked in paths if not asked.startswith("tools web search: ")} == set()


# What only describes the content beside it, and may stay behind without a word. The model's own media are another
# matter: by its id the model knows one again.
DESCRIPTIONS = {
    "image": {"mime_type", "width", "height"},
    "audio": {"sample_rate", "channels", "transcript"},
    "file": {"mime_type"},
}


def test_no_part_vanishes(name: str) -> None:
    """Of whatever a part says, nothing is missing in what the provider reads, or a warning names the part. Ids of calls
    may be others there; :mod:`test_conversations_that_move` shows that they still tie results to calls."""
    silent = {
        title(finding): lost
        for finding in findings(name)
        if finding.question.place is not None
        and (lost := set(finding.lost) - may_stay_behind(finding.question) or is_left_out(finding))
        and not any(finding.question.path in warning for warning in finding.warnings)
    }
    assert silent == {}


def is_left_out(finding: Finding) -> bool:
    """An empty text says nothing."""
    return finding.outcome == "left out" and finding.question.variant != "empty"


def may_stay_behind(question: Question) -> set[str]:
    described = DESCRIPTIONS.get(question.kind, set())
    given = {"id"} if described and question.place != "assistant" else set()
    return described | given | {"type", "provider", "tool_call_id"}


# What a protocol says by saying nothing: its default.
DEFAULTS = {
    "openai": {"modalities text"},
    "anthropic": {"modalities text", "response_format text"},
    "anthropic 2026-10-21": {"modalities text", "response_format text"},
    "cohere": {"modalities text", "tool_choice auto"},
    "mistral": {"modalities text"},
}


def test_no_option_vanishes(name: str) -> None:
    """An option that is taken changes the request, or a warning says that it does not."""
    silent = {
        title(finding)
        for finding in findings(name)
        if finding.question.place is None and not finding.error and not finding.wire and not finding.warnings
    }
    assert silent == DEFAULTS.get(name, set())


def test_what_is_left_out_is_never_sent(name: str) -> None:
    foreign = [one for one in findings(name) if "of another provider" in one.question.variant and not one.error]
    assert len(foreign) == len(questions.PLACES) + 1
    assert [title(finding) for finding in foreign if "foreign" in str(finding.wire)] == []
    assert [title(finding) for finding in foreign if not finding.warnings] == []


def test_everything_is_asked() -> None:
    """Every part in every place, and every field of an input but its messages."""
    asked = [*questions.parts("somebody"), *questions.options("somebody")]
    union, _ = get_args(Part)
    kinds = {part.model_fields["type"].default for part in get_args(union)}
    assert {(one.kind, one.place) for one in asked if one.place} == set(product(kinds, questions.PLACES))
    assert {one.kind for one in asked if not one.place} == set(LanguageModelInput.model_fields) - {"messages"}
