"""What is counted about scenarios: sequences, draws, and which of them have answered."""

from typing import Any

from llm_sdk.codec import ModelCall
from llm_sdk.types import LanguageModelInput
from mock_server.asked import Asked
from mock_server.scenario_files import read_scenarios
from mock_server.script import Script


def asked(text: str, *, model: str = "model-1", provider: str = "plain") -> Asked:
    whole = {"messages": [{"role": "user", "content": text}]}
    return Asked(provider, ModelCall(model, LanguageModelInput.model_validate(whole), stream=False))


def script(*scenarios: Any, seed: int = 0) -> Script:
    return Script(read_scenarios(scenarios, providers=["plain", "other"]), seed=seed)


def names(played: Script, *texts: str, **target: str) -> list[str | None]:
    """Which scenarios answer these requests."""
    choices = (played.choose(asked(text, **target), text) for text in texts)
    return [choice.name if choice is not None else None for choice in choices]


def test_a_sequence_answers_one_request_after_another_and_its_last_one_stays() -> None:
    played = script({"sequence": [{"reply": "1"}, {"fault": {"status": 500}}, {"reply": "3"}]})
    said = []
    for text in "abcd":
        choice = played.choose(asked(text), text)
        assert choice is not None
        turn = choice.turn
        said.append(turn.reply.content[0].text if turn.reply else turn.fault and turn.fault.status)  # type: ignore[union-attr]
    assert said == ["1", 500, "3", "3"]


def test_a_fallback_answers_where_no_other_scenario_does() -> None:
    played = script(
        {"name": "any", "fallback": True, "reply": "x"}, {"name": "a", "when": {"last_user": "a"}, "reply": "y"}
    )
    assert names(played, "a", "b") == ["a", "any"]


def test_a_probability_is_drawn_from_the_seed_for_each_request_by_itself() -> None:
    half = {"name": "half", "when": {"probability": 0.5}, "reply": "x"}
    texts = [f"text {n}" for n in range(400)]
    first = names(script(half), *texts)
    assert names(script(half), *texts) == first
    assert list(reversed(names(script(half), *reversed(texts)))) == first, "whatever else is asked in between"
    assert names(script(half, seed=1), *texts) != first
    assert 150 < first.count("half") < 250
    assert len(set(names(script(half), *["same"] * 20))) == 2, "the same request is drawn for again"


def test_certain_and_impossible() -> None:
    never, always = {"when": {"probability": 0}, "reply": "x"}, {"when": {"probability": 1}, "reply": "y"}
    assert names(script(never, always), "a", "b") == ["scenario 2", "scenario 2"]


def test_provider_and_model_decide_which_scenarios_are_asked_at_all() -> None:
    played = script(
        {"name": "claude", "when": {"model": "claude-*"}, "reply": "x"},
        {"name": "other", "when": {"provider": "other"}, "reply": "x"},
        {"name": "all", "reply": "x"},
    )
    assert names(played, "a", model="claude-1") == ["claude"]
    assert names(played, "a", model="gpt-1") == ["all"]
    assert names(played, "a", model="gpt-1", provider="other") == ["other"]
    played.add(read_scenarios([{"name": "late", "when": {"model": "gpt-1"}, "reply": "x"}], providers=["plain"]))
    assert names(played, "a", model="gpt-1") == ["all"], "those added later stand behind"


def test_what_has_never_answered_is_known() -> None:
    played = script({"name": "a", "when": {"last_user": "a"}, "reply": "x"}, {"when": {"last_user": "b"}, "reply": "y"})
    assert played.unused == ["a", "scenario 2"]
    names(played, "a", "a")
    assert played.unused == ["scenario 2"]
    assert [told["answered"] for told in played.to_json()] == [2, 0]


def test_scenarios_are_exchanged_and_those_of_others_stay() -> None:
    old = read_scenarios([{"name": "old", "reply": "x"}], providers=["plain"])
    played = Script(old)
    played.add(read_scenarios([{"name": "added", "fallback": True, "reply": "y"}], providers=["plain"]))
    assert names(played, "a") == ["old"]
    played.exchange(
        old, read_scenarios([{"name": "new", "when": {"last_user": "a"}, "reply": "z"}], providers=["plain"])
    )
    assert names(played, "a", "b") == ["new", "added"]
    assert played.names == ["new", "added"]
