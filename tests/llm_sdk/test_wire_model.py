"""Where a provider's JSON is not what its protocol promises."""

from typing import Annotated, Literal

import pytest
from pydantic import Tag, ValidationError

from llm_sdk import InvariantError
from llm_sdk.wire_model import UNKNOWN, Wire, by_type, malformed


class Text(Wire):
    type: Literal["text"]
    text: str


class Unknown(Wire):
    type: str


Block = Annotated[Annotated[Text, Tag("text")] | Annotated[Unknown, Tag(UNKNOWN)], by_type("text")]


class Answer(Wire):
    content: str | list[Block]
    count: int = 0


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "the top level"),
        (b"[]", "the top level"),
        (b"[" * 100_000, "the top level"),
        (b"{}", "content"),
        (b'{"content":"a","count":"many"}', "count"),
        (b'{"content":[{"type":"text"}]}', "content.0.text"),
        (b'{"content":[{"type":"new"},{"type":"text","text":null}]}', "content.1.text"),
        (b'{"content":[{"text":"a"}]}', "content.0.type"),
    ],
)
def test_the_place_is_that_in_the_json_whatever_unions_lie_on_the_way(data: bytes, where: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Answer.model_validate_json(data)
    with pytest.raises(InvariantError, match=rf"^echo: the answer is malformed at {where}: "):
        malformed(caught.value, "the answer", "echo", data)
