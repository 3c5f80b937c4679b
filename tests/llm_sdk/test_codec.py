"""What every codec writes with: compact JSON, and ids that can be made again."""

import json
import string
from typing import Any

import pytest
from hypothesis import given

from llm_sdk.codec import SeededIds, dump_json
from llm_sdk.testing import json_values


@given(json_values())
def test_written_json_reads_back_equal(value: Any) -> None:
    assert json.loads(dump_json(value).decode()) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, None], "b": {}}, b'{"a":[1,null],"b":{}}'),
        ("é\u2028😀", '"é\u2028😀"'.encode()),
        (2**64 + 1, b"18446744073709551617"),
        ("é\ud83d", b'"\\u00e9\\ud83d"'),
    ],
)
def test_json_is_compact_utf_8(value: Any, text: bytes) -> None:
    assert dump_json(value) == text


def test_the_same_seed_makes_the_same_ids() -> None:
    def made(seed: int | str) -> list[str]:
        ids = SeededIds(seed)
        return [ids.token(4), ids.token(24, string.ascii_letters)]

    assert made(1) == made(1) != made(2)
    assert [len(token) for token in made("a")] == [4, 24]
    assert set(made(0)[0]) <= set(string.hexdigits)


def test_time_stands_still() -> None:
    ids = SeededIds(time=1.5)
    assert (ids.now(), ids.now()) == (1.5, 1.5)
