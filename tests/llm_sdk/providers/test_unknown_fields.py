"""Fields that a provider's requests do not have: a strict server refuses them, and no other."""

import json
from typing import Any

import pytest

from conformance.published import DEFAULT_FOLDER, NAMES
from llm_sdk.codec import Codec, ModelCall
from llm_sdk.errors import InvalidInputError
from llm_sdk.registry import PROVIDERS, get_codec
from llm_sdk.types import LanguageModelInput, UserMessage


@pytest.fixture(params=PROVIDERS)
def codec(request: pytest.FixtureRequest) -> Codec:
    return get_codec(request.param)


def call(**extra: Any) -> ModelCall:
    return ModelCall("m", LanguageModelInput(messages=[UserMessage(content="Hi")], extra=extra), stream=False)


def properties(schema: dict[str, Any], whole: dict[str, Any]) -> set[str]:
    """The names of an object's fields, wherever its schema puts them."""
    if "$ref" in schema:
        return properties(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    members = [member for union in ("allOf", "anyOf", "oneOf") for member in schema.get(union, ())]
    return set(schema.get("properties", ())).union(*(properties(member, whole) for member in members))


def test_every_published_field_is_known(codec: Codec) -> None:
    file = DEFAULT_FOLDER / f"{NAMES.get(codec.provider, codec.provider)}.request.schema.json"
    if not file.is_file():
        pytest.skip("the published schemas are not at hand: there is no ../shared/specs beside this checkout")
    whole = json.loads(file.read_bytes())
    names = properties(whole, whole)
    assert len(names) > 10
    codec.check_fields(call(**dict.fromkeys(names, "x")))


def test_an_unknown_field_is_named(codec: Codec) -> None:
    codec.check_fields(call())
    with pytest.raises(InvalidInputError, match="frobnicate"):
        codec.check_fields(call(frobnicate="x"))


def test_gemini_knows_the_fields_of_its_options() -> None:
    gemini = get_codec("google")
    gemini.check_fields(call(generationConfig={"candidateCount": 2, "topK": 1.5}))
    in_options = "Invalid JSON payload received. Unknown name \"frobnicate\" at 'generation_config': Cannot find field."
    at_the_top = 'Invalid JSON payload received. Unknown name "frobnicate": Cannot find field.'
    assert_violation({"generationConfig": {"frobnicate": 2}}, in_options, {"field": "generation_config"})
    assert_violation({"frobnicate": 2}, at_the_top, {})


def assert_violation(extra: dict[str, Any], said: str, place: dict[str, str]) -> None:
    gemini = get_codec("google")
    with pytest.raises(InvalidInputError) as caught:
        gemini.check_fields(call(**extra))
    violation = {**place, "description": said}
    assert json.loads(gemini.encode_error(caught.value).body)["error"] == {
        "code": 400,
        "message": said,
        "status": "INVALID_ARGUMENT",
        "details": [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}],
    }
