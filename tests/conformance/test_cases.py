"""The cases are sound, apply where they say, and are what their cassettes were recorded from."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from conformance.case import Case, CaseError, load_case, load_cases
from conformance.catalogue import AREAS, requirement_by_id
from conformance.expectations import EMPTY, content_as_expected, expected_content
from conformance.plan import Call, Plan, PlanError
from conformance.settings import CASSETTES
from llm_sdk.capabilities import check
from llm_sdk.comparison import describe
from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.registry import get_codec, provider_names

CASES = load_cases()
RECORDED = [name for name in provider_names() if (CASSETTES / name).is_dir()]


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 100
    assert {case.area for case in CASES} >= set(AREAS) - {"resilience", "completion"}


@pytest.mark.parametrize("provider", provider_names())
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_applies_where_its_input_can_be_carried(case: Case, provider: str) -> None:
    codec = get_codec(provider)
    if not case.applies_to(provider, codec.capabilities):
        return
    expect = case.stages[-1].expect
    if expect is not None and expect.refused is not None:
        with pytest.raises((UnsupportedError, InvalidInputError)) as caught:
            check(case.stages[-1].input, codec.capabilities, provider)
        assert caught.value.path == expect.refused
    else:
        for stage in case.stages:
            check(stage.input, codec.capabilities, provider)


def test_a_case_is_not_for_a_provider_that_it_names() -> None:
    stages = [{"input": {"messages": []}, "reply": {"content": []}}]
    fields = {"name": "one", "area": "core", "requirements": ["CORE-01"], "stages": stages}
    case = Case.model_validate({**fields, "not_for": {"cohere": "it has no such thing"}})
    applies = {name for name in provider_names() if case.applies_to(name, get_codec(name).capabilities)}
    assert applies == set(provider_names()) - {"cohere"}
    with pytest.raises(ValidationError, match="not_for and compatible_servers name providers; 'nobody' is none"):
        Case.model_validate({**fields, "not_for": {"nobody": "?"}})


def test_what_only_compatible_servers_answer_is_for_those_who_read_it() -> None:
    """An adapter of one provider alone declares so: what that never answers is not asked of it."""
    chat, whole = "openai-chat-completion", get_codec("openai-chat-completion").capabilities
    alone = replace(whole, compatible_servers=False)
    beyond = {case.name for case in load_cases() if case.applies_to(chat, whole) and not case.applies_to(chat, alone)}
    assert {"usage-of-groq", "content-as-a-list", "error-as-a-text"} <= beyond
    assert not {"text", "usage-details", "several-choices", "finish-of-tomorrow"} & beyond
    mistral = replace(get_codec("mistral").capabilities, compatible_servers=False)
    assert all(case.applies_to("mistral", mistral) for case in load_cases() if case.name == "object-arguments")


@pytest.mark.parametrize("provider", RECORDED)
def test_the_reference_codec_reads_in_the_cassettes_what_the_cases_say(provider: str) -> None:
    plan = Plan([provider], CASSETTES, own=True)
    assert {call.id: complaint for call in plan.calls if (complaint := complaint_about(call))} == {}


def complaint_about(call: Call) -> str:
    stage = call.stage
    assert stage is not None
    if stage.expect is not None:
        kinds = [kind.__name__ for kind in type(call.golden.error).__mro__]
        found = kinds if stage.expect.any_status else kinds[:1]
        return "" if {*found} & {*stage.expect.error, "MalformedArgumentsError"} else kinds[0]
    if call.golden.answer is None:
        return call.golden.describe()
    expected = expected_content(call)
    came = content_as_expected(call.golden.answer, expected)
    if call.golden.answer.finish_detail == "refusal" and came["content"][len(expected["content"]) :] == [EMPTY]:
        came = {"content": came["content"][:-1]}  # the place of the explanation, where a refusal has none
    return describe(expected, came)


TEXT = """
name: hello
area: core
requirements: [CORE-01]
stages:
  - input: {messages: [{role: user, content: Hello}]}
    reply: {content: [{type: text, text: Hello.}]}
"""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("name: hello", "name: [", "cannot be read"),
        ("name: hello", "name: other", "must be those of its file"),
        ("name: hello", "name: hello\nnam: hello", "nam: Extra inputs"),
        ("[CORE-01]", "[CORE-99]", "CORE-99"),
        ("[CORE-01]", "[]", "requirements"),
        ("area: core", "area: core\nneeds: {wings: [two]}", "'wings' is none"),
        ("    reply: {content: [{type: text, text: Hello.}]}", "", "a stage has one of reply, fault and wire"),
        ("    reply: ", "    expect: {error: StatusCodeError, refused: seed}\n    reply: ", "expect either"),
        ("    reply: ", "    expect: {error: NoError}\n    reply: ", "'NoError' is no class"),
        ("    reply: ", "    fault: {status: 500}\n    reply: ", "a stage has one of reply, fault and wire"),
    ],
)
def test_a_malformed_case_is_refused_in_one_sentence(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    file = tmp_path / "core" / "hello.yaml"
    file.parent.mkdir()
    file.write_text(TEXT)
    assert load_case(file).name == "hello"
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(CaseError, match=complaint) as caught:
        load_case(file)
    assert "\n" not in str(caught.value)


def test_a_case_of_a_quirk_is_for_the_providers_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    quirk = replace(requirement_by_id("CORE-01"), providers=("google", "mistral"))
    monkeypatch.setattr("conformance.case.requirement_by_id", lambda _: quirk)
    case = Case.model_validate(yaml.safe_load(TEXT))
    names = [name for name in provider_names() if case.applies_to(name, get_codec(name).capabilities)]
    assert names == ["google", "mistral"]


def test_two_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    for area in ("core", "tools"):
        (tmp_path / area).mkdir()
        (tmp_path / area / "hello.yaml").write_text(TEXT.replace("area: core", f"area: {area}"))
    with pytest.raises(CaseError, match="two cases are named hello"):
        load_cases(tmp_path)


@pytest.mark.parametrize("provider", RECORDED)
@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda _: None, "there is no such cassette; record it with: pytest conformance"),
        (lambda _: "a: [b", "not YAML"),
        (lambda _: "a: b", "not a recording"),
        (lambda text: text[: len(text) // 2] + "\n\t]", "not YAML"),
        (lambda _: "interactions: []\nversion: 1\n", "has 0 exchanges for a case of 1 stages"),
        (lambda text: text.replace("Hello", "Howdy"), "was recorded for another input than the case has now"),
        (
            lambda text: text.replace("code: 200", "code: 500"),
            "an error of status 500 was recorded in place of the answer",
        ),
    ],
    ids=["missing", "not-yaml", "not-a-cassette", "cut", "empty", "out-of-date", "failed"],
)
def test_a_cassette_that_cannot_be_used_says_why(tmp_path: Path, provider: str, damage, complaint: str) -> None:
    text = (CASSETTES / provider / "text.yaml").read_text()
    (tmp_path / provider).mkdir()
    if (damaged := damage(text)) is not None:
        (tmp_path / provider / "text.yaml").write_text(damaged)
    with pytest.raises(PlanError, match=complaint) as caught:
        Plan([provider], tmp_path, own=True, only=["text"])
    assert "\n" not in str(caught.value)
