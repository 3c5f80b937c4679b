"""Cassettes in the place of replies: byte for byte in the protocol that was recorded, by meaning in every other."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from llm_sdk.accumulator import accumulate
from llm_sdk.codec import Codec, WireRequest, WireResponse
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.sse import ServerSentEventDecoder
from llm_sdk.types import LanguageModelInput, ModelResponse, TextPart, ToolCallPart
from mock_server.cassette import load_cassette
from mock_server.engine import Engine
from mock_server.reply import ReplyPlan
from mock_server.scenario_files import ScenarioError, load_scenarios, parse_scenarios

CASSETTES = Path(__file__).parents[2] / "cassettes"
RECORDED_BY, NAME = "anthropic", "arguments-at-the-end.yaml"
WHOLE, STREAMED = load_cassette(CASSETTES / RECORDED_BY / NAME).interactions[:2]


@pytest.fixture
def stand_in(tmp_path: Path) -> Engine:
    """One that answers everything with a cassette, which stands in a folder below its scenarios."""
    (tmp_path / "recorded").mkdir()
    shutil.copy(CASSETTES / RECORDED_BY / NAME, tmp_path / "recorded")
    (tmp_path / "scenarios.yaml").write_text(f"scenarios: [{{name: taped, cassette: recorded/{NAME}}}]")
    return Engine(load_scenarios(tmp_path))


def ask(stand_in: Engine, codec: Codec, *, stream: bool, **input: Any) -> ReplyPlan:
    said = LanguageModelInput.model_validate(
        {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 50, **input}
    )
    sent = codec.encode_request("model-1", said, stream=stream)
    return stand_in.answer(codec, WireRequest(sent.method, codec.endpoint.root + sent.path, sent.body, sent.headers))


def test_the_recorded_protocol_gets_the_recorded_bytes(stand_in: Engine) -> None:
    codec = get_codec(RECORDED_BY)
    whole, streamed = (ask(stand_in, codec, stream=stream) for stream in (False, True))

    assert (whole.body, whole.headers["content-length"]) == (WHOLE.response.body, str(len(WHOLE.response.body)))
    assert [chunk.data for chunk in streamed.chunks] == STREAMED.response.chunks()
    assert (streamed.stream, streamed.complete, "content-length" in streamed.headers) == (True, True, False)
    assert [exchange.scenario for exchange in stand_in.journal] == ["taped", "taped"]


@pytest.mark.parametrize("provider", [name for name in provider_names() if name != RECORDED_BY])
@pytest.mark.parametrize("stream", [False, True])
def test_every_other_protocol_gets_what_they_say(stand_in: Engine, provider: str, stream: bool) -> None:
    codec = get_codec(provider)
    plan = ask(stand_in, codec, stream=stream)
    assert plan.status == 200, plan.body
    (call,) = read(codec, plan).content
    assert isinstance(call, ToolCallPart)
    assert (call.tool_name, call.args) == ("get_weather", {"city": "Boston"})


def read(codec: Codec, plan: ReplyPlan) -> ModelResponse:
    if not plan.stream:
        return codec.decode_response(WireResponse(plan.status, plan.body, plan.headers))
    events, reader = ServerSentEventDecoder(), codec.stream_decoder()
    partials = [partial for event in (*events.feed(plan.body), *events.close()) for partial in reader.feed(event)]
    return accumulate([*partials, *reader.close()])


def test_a_recorded_error_is_an_error_everywhere(tmp_path: Path) -> None:
    shutil.copy(CASSETTES / RECORDED_BY / "bad-gateway.yaml", tmp_path)
    stand_in = Engine(parse_file(tmp_path, "scenarios: [{cassette: bad-gateway.yaml}]"))
    recorded = load_cassette(tmp_path / "bad-gateway.yaml").interactions[0].response
    for provider in provider_names():
        plan = ask(stand_in, get_codec(provider), stream=False)
        assert plan.status == recorded.status
        assert (plan.body == recorded.body) is (provider == RECORDED_BY)


def test_a_cassette_takes_faults_and_turns(tmp_path: Path) -> None:
    shutil.copy(CASSETTES / RECORDED_BY / NAME, tmp_path)
    turns = f"scenarios: [{{turns: [{{cassette: {NAME}, fault: {{latency: 2}}}}, {{reply: Done.}}]}}]"
    stand_in = Engine(parse_file(tmp_path, turns))
    codec = get_codec(RECORDED_BY)
    begun: list[Any] = [{"role": "user", "content": "hello"}]
    first = ask(stand_in, codec, stream=False)
    later = ask(stand_in, codec, stream=False, messages=[*begun, {"role": "assistant", "content": "yes"}, *begun])
    assert (first.body, first.latency) == (WHOLE.response.body, 2)
    assert read(codec, later).content == [TextPart(text="Done.")]


def parse_file(folder: Path, text: str) -> Any:
    (folder / "scenarios.yml").write_text(text)
    return load_scenarios(folder / "scenarios.yml")


def test_no_file_outside_of_the_folder_is_read(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    shutil.copy(CASSETTES / RECORDED_BY / NAME, tmp_path / "outside.yaml")
    (inside / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (inside / "broken.yaml").write_text("interactions: 3")
    (inside / "empty.yaml").write_text("interactions: []\nversion: 1")

    def refusal(name: str) -> str:
        with pytest.raises(ScenarioError) as caught:
            parse_file(inside, f"scenarios:\n- cassette: {name}")
        return str(caught.value).replace(str(inside), "DIR")

    where = "DIR/scenarios.yml:2: scenarios[0].cassette: "
    for name in ("../outside.yaml", str(tmp_path / "outside.yaml"), "link.yaml"):
        assert refusal(name) == f"{where}{name} is outside the folder of the scenarios, DIR; put the cassette below it"
    assert refusal("absent.yaml").startswith(f"{where}DIR/absent.yaml: cannot be read")
    assert refusal("broken.yaml").startswith(f"{where}DIR/broken.yaml: is not a cassette")
    assert refusal("empty.yaml") == f"{where}empty.yaml: nothing is recorded in it"


def test_a_request_cannot_name_a_file() -> None:
    with pytest.raises(ScenarioError, match="a cassette can be named in a file of scenarios alone"):
        parse_scenarios("scenarios: [{cassette: /etc/hostname}]")
