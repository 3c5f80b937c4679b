"""What a request asks of Gemini that has no unified form: one value of an enum, speech, log probabilities."""

import base64
import math
from typing import Any

import pytest
from made_up import MadeUp

PATH = "/v1beta/models/gemini-2.5-flash:"
GENERATE = MadeUp("google", f"{PATH}generateContent", stream_path=f"{PATH}streamGenerateContent?alt=sse")
CONTENTS = [{"role": "user", "parts": [{"text": "one  two"}]}]
RANKED = {"responseLogprobs": True, "logprobs": 2}


def candidate(**config: Any) -> Any:
    [only] = GENERATE.whole(contents=CONTENTS, generationConfig=config)["candidates"]
    return only


def chunks(**config: Any) -> list[Any]:
    return [chunk["candidates"][0] for chunk in GENERATE.events(contents=CONTENTS, generationConfig=config)]


@pytest.mark.parametrize("field", ["responseSchema", "responseJsonSchema"])
def test_one_value_of_an_enum_is_answered_as_plain_text(field: str) -> None:
    schema = {"type": "STRING", "enum": ["Keyboard", "Drum"]}
    answered = candidate(responseMimeType="text/x.enum", **{field: schema})
    assert answered["content"]["parts"] == [{"text": "Keyboard"}]


def test_without_an_enum_any_text_will_do() -> None:
    answered = candidate(responseMimeType="text/x.enum", responseSchema={"type": "STRING"})
    assert answered["content"]["parts"] == [{"text": "You said: one  two"}]


def test_an_enum_of_json_is_json() -> None:
    answered = candidate(responseMimeType="application/json", responseSchema={"type": "STRING", "enum": ["a"]})
    assert answered["content"]["parts"] == [{"text": '"a"'}]


def test_speech_is_samples_without_a_header() -> None:
    [part] = candidate(responseModalities=["AUDIO"])["content"]["parts"]
    assert part["inlineData"]["mimeType"] == "audio/L16;codec=pcm;rate=24000"
    assert len(base64.b64decode(part["inlineData"]["data"])) == 2 * 24000 // 10


def test_log_probabilities_of_every_token_and_the_likeliest_in_its_place() -> None:
    answered = candidate(**RANKED)
    result = answered["logprobsResult"]
    assert [token["token"] for token in result["chosenCandidates"]] == ["You", " said:", " one", "  two"]
    assert [len(top["candidates"]) for top in result["topCandidates"]] == [2, 2, 2, 2]
    for chosen, top in zip(result["chosenCandidates"], result["topCandidates"], strict=True):
        first, second = top["candidates"]
        assert first == chosen
        assert second["token"] != first["token"]
        assert second["logProbability"] < first["logProbability"] < 0
    each = [token["logProbability"] for token in result["chosenCandidates"]]
    assert math.isclose(answered["avgLogprobs"], sum(each) / len(each))


def test_log_probabilities_of_a_stream_are_those_of_each_chunk() -> None:
    for chunk in chunks(**RANKED):
        text = "".join(part["text"] for part in chunk["content"].get("parts", ()))
        told = chunk.get("logprobsResult", {"chosenCandidates": []})["chosenCandidates"]
        assert "".join(token["token"] for token in told) == text


def test_only_the_tokens_where_no_number_is_given_and_nothing_where_it_is_not_asked() -> None:
    assert candidate(responseLogprobs=True)["logprobsResult"].keys() == {"chosenCandidates"}
    assert candidate(logprobs=2).keys() == {"content", "finishReason", "index"}


def test_every_candidate_has_its_own() -> None:
    answered = GENERATE.whole(contents=CONTENTS, generationConfig={"candidateCount": 2, **RANKED})
    assert ["logprobsResult" in each for each in answered["candidates"]] == [True, True]


def test_thoughts_are_told_where_that_is_asked_for_and_billed_in_any_case() -> None:
    for told in (True, False):
        thinking = {"thinkingBudget": 100, "includeThoughts": told}
        answer = GENERATE.whole(contents=CONTENTS, generationConfig={"thinkingConfig": thinking})
        parts = answer["candidates"][0]["content"]["parts"]
        assert [part.get("thought", False) for part in parts] == ([True, False] if told else [False])
        assert answer["usageMetadata"]["thoughtsTokenCount"] == 6


@pytest.mark.parametrize(("mode", "called"), [("ANY", "b"), ("AUTO", None)])
def test_of_several_functions_an_allowed_one_is_called(mode: str, called: str | None) -> None:
    tools = [{"functionDeclarations": [{"name": name} for name in "abc"]}]
    config = {"functionCallingConfig": {"mode": mode, "allowedFunctionNames": ["b", "c"]}}
    answer = GENERATE.whole(contents=CONTENTS, tools=tools, toolConfig=config)
    [part] = answer["candidates"][0]["content"]["parts"]
    assert part.get("functionCall", {}).get("name") == called
