"""Options that several protocols write alike."""

from typing import Any

import pytest

from llm_sdk.shared_options import LOCATION, encode_schema_format, encode_user_location, own_tools, unknown_tool
from llm_sdk.types import (
    JsonResponseFormat,
    OpaqueTool,
    ResponseFormatOption,
    TextResponseFormat,
    Tool,
    UserLocation,
    WebSearchTool,
)

FUNCTION = Tool(name="f", parameters={"type": "object", "properties": {}})
STRICT = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def test_hosted_tools_of_others_are_left_out() -> None:
    own, foreign = (OpaqueTool(provider=provider, data={"type": "shell"}) for provider in ("openai", "google"))
    warnings: list[str] = []
    assert [*own_tools([FUNCTION, foreign, own, WebSearchTool()], "openai", warnings)] == [
        FUNCTION,
        own,
        WebSearchTool(),
    ]
    assert warnings == ["tool: a hosted tool of google was left out"]


def test_an_unknown_tool_is_kept_and_told() -> None:
    warnings: list[str] = []
    kept = unknown_tool("shell", {"type": "shell", "x": 1}, "openai", warnings)
    assert kept == OpaqueTool(provider="openai", data={"type": "shell", "x": 1})
    assert warnings == ["shell: this tool has no unified form and is kept as an opaque tool"]


def test_a_place() -> None:
    assert LOCATION == ("city", "region", "country", "timezone")
    assert encode_user_location(UserLocation(city="Paris")) == {"type": "approximate", "city": "Paris"}


@pytest.mark.parametrize(
    ("format", "written"),
    [
        (TextResponseFormat(), {"type": "text"}),
        (JsonResponseFormat(name="n"), {"type": "json_object"}),
        (
            JsonResponseFormat(name="n", description="d", schema={"type": "object"}),
            {"type": "json_schema", "json_schema": {"name": "n", "description": "d", "schema": {"type": "object"}}},
        ),
        (
            JsonResponseFormat(name="n", schema=STRICT),
            {"type": "json_schema", "json_schema": {"name": "n", "schema": STRICT, "strict": True}},
        ),
    ],
)
def test_a_format(format: ResponseFormatOption, written: dict[str, Any]) -> None:
    assert encode_schema_format(format) == written
