"""Scenario files that change while the server runs, and scenarios that nobody needed."""

import json
import os
from pathlib import Path

import httpx
import pytest
from plain_protocol import PLAIN

from llm_sdk.codec import WireRequest
from llm_sdk.types import LanguageModelInput, ModelResponse
from mock_server import MockServer
from mock_server.engine import Engine
from mock_server.reply import ReplyPlan
from mock_server.routes import Routes
from mock_server.scenario_files import ScenarioError, read_scenarios
from mock_server.scenario_source import ScenarioSource


def write(file: Path, text: str) -> None:
    """Change a file, and the time at which it was written, whatever the resolution of the file system's clock."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    os.utime(file, ns=(before + 1_000_000_000, before + 1_000_000_000))


def say(engine: Engine, text: str = "hello") -> str:
    said = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": text}]})
    body = PLAIN.encode_request("m", said, stream=False).body
    plan = engine.answer(PLAIN, WireRequest("POST", "/v1/chat", body))
    part = ModelResponse.model_validate_json(plan.body).content[0]
    return getattr(part, "text", "")


@pytest.fixture
def engine() -> Engine:
    return Engine(codecs=[PLAIN])


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_server.scenario_source.PAUSE_PER_LOOK", 0)


def test_a_change_holds_from_the_next_request_on(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "scenarios: [{reply: before}]")
    engine.follow(ScenarioSource([tmp_path], providers=["plain"]))
    engine.script.add(read_scenarios([{"name": "added", "fallback": True, "reply": "added"}], providers=["plain"]))
    assert say(engine) == "before"

    write(tmp_path / "a.yaml", "scenarios: [{when: {last_user: '^x'}, reply: after}]")
    assert (say(engine, "x"), say(engine)) == ("after", "added")
    write(tmp_path / "b.yaml", "scenarios: [{reply: another file}]")
    assert say(engine) == "another file"
    (tmp_path / "b.yaml").unlink()
    assert say(engine) == "added"
    engine.reset()
    assert (say(engine, "x"), say(engine)) == ("after", "You said: hello"), "back to the files as they are"


def test_a_change_that_cannot_be_read_changes_nothing_and_is_told(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "a.yaml"
    write(file, "scenarios: [{name: good, reply: before}]")
    engine.follow(ScenarioSource([file], providers=["plain"]))
    write(file, "scenarios:\n- name: bad\n  repli: after")

    assert [say(engine), say(engine)] == ["before", "before"]
    problem = f"{file}:3: scenarios[0].repli: unknown key 'repli'; is 'reply' meant?"
    assert caplog.text.count(problem) == 1, "told once, not with every request"
    plan = Routes(engine).answer("GET", "/_mock/scenarios", {}, b"")
    assert isinstance(plan, ReplyPlan)
    told = json.loads(plan.body)
    assert [scenario["name"] for scenario in told["scenarios"]] == ["good"]
    assert problem in told["problems"]

    write(file, "scenarios: [{reply: repaired}]")
    assert (say(engine), engine.source and engine.source.problems) == ("repaired", ())


def test_files_that_are_wrong_from_the_start_are_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="there is no such file"):
        engine.follow(ScenarioSource([tmp_path / "absent.yaml"]))
    assert engine.source is None


def test_cassettes_in_a_folder_are_no_scenarios(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "scenarios: [{reply: hi}]")
    write(tmp_path / "tape.yaml", "interactions: []\nversion: 1\n")
    engine.follow(ScenarioSource([tmp_path]))
    assert say(engine) == "hi"


def test_scenarios_that_never_answered_fail_the_test_that_asks_for_it() -> None:
    scenarios = [
        {"name": "asked", "when": {"last_user": "a"}, "reply": "x"},
        {"when": {"last_user": "b"}, "reply": "y"},
    ]

    def run() -> None:
        with MockServer(scenarios, codecs=[PLAIN], in_process=True, use_all=True) as mock:
            assert mock.unused_scenarios == ["asked", "scenario 2"]
            say(mock.engine, "a")

    with pytest.raises(AssertionError, match=r"^scenarios that have never answered: scenario 2$"):
        run()
    with pytest.raises(ZeroDivisionError), MockServer(scenarios, codecs=[PLAIN], in_process=True, use_all=True):
        raise ZeroDivisionError  # what the test itself failed of is not hidden


def test_faults_are_set_listed_and_cleared_by_control_calls() -> None:
    with MockServer(codecs=[PLAIN], in_process=True) as mock:
        client = httpx.Client(transport=mock.transport, base_url=mock.url)
        assert client.post("/_mock/faults", json={"fault": {"status": 503}, "times": 2}).json() == {"added": 1}
        mock.add_fault(when={"model": "other"}, status=500)
        rules = [
            {"fault": {"status": 503}, "times": 2, "left": 2},
            {"when": {"model": "other"}, "fault": {"status": 500}},
        ]
        assert client.get("/_mock/faults").json() == {"faults": rules}
        assert client.delete("/_mock/faults").json() == {"status": "ok"}
        assert client.get("/_mock/faults").json() == {"faults": []}
        refused = client.post("/_mock/faults", content="fault: {statsu: 1}")
        assert refused.status_code == 400
        assert "fault.statsu: unknown key 'statsu'; is 'status' meant?" in refused.json()["error"]["message"]
