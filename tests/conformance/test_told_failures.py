"""How a check says that it failed, whatever it failed of."""

from pathlib import Path
from typing import Any

import pytest

from conformance.blame import say_plainly
from conformance.catalogue import requirement_by_id
from conformance.verdict import Repeat, Verdict
from llm_sdk.errors import InvalidInputError, InvariantError

ROOM = Path(__file__).resolve().parents[2] / "conformance"
HEAD = "CORE-05 (MUST): finish_reason says why the answer ended: stop, length, tool_calls or content_filter."
TAIL = "  repeat:   llm-conformance run --case text -k test_finish_reason"
CASE: Any = None


def a_verdict() -> Verdict:
    return Verdict([requirement_by_id("CORE-05")], Repeat(["llm-conformance", "run"], "text", "test_finish_reason"))


def told(caught: pytest.ExceptionInfo[BaseException]) -> list[str]:
    return str(caught.value).splitlines()


def test_one_value_is_told_as_it_is() -> None:
    with pytest.raises(pytest.fail.Exception) as caught:
        a_verdict().equal("error", "other", "finish_reason error")
    assert told(caught) == [HEAD, "  expected: finish_reason error", '  got:      "other"', TAIL]


def test_a_difference_within_is_told_with_its_place() -> None:
    with pytest.raises(pytest.fail.Exception) as caught:
        a_verdict().equal({"a": 1}, {"a": 2}, "the same")
    assert told(caught)[2] == "  got:      a: 1 became 2"


def test_what_a_check_fails_of_hides_what_led_to_it() -> None:
    """Nobody has to read two exceptions to learn of one defect."""

    def check() -> None:
        try:
            raise InvalidInputError("no such role")
        except InvalidInputError as error:
            a_verdict().fail("a request that the provider can read", str(error))

    with pytest.raises(pytest.fail.Exception) as caught:
        check()
    assert caught.value.__suppress_context__


def raised(error: Exception, file: str) -> Exception:
    """The exception as one that this file raised."""
    try:
        exec(compile("raise error", file, "exec"), {"error": error})  # noqa: S102 - a frame in that file
    except type(error) as caught:
        return caught
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "got"),
    [
        (raised(InvariantError("an event is malformed"), "mine.py"), "InvariantError: an event is malformed"),
        (raised(KeyError("id"), "mine.py"), "KeyError: 'id', raised in mine.py, line 1, in <module>"),
    ],
    ids=["of-the-sdk", "of-python"],
)
def test_what_an_adapter_raises_amid_a_check_is_told_as_any_failure(error: Exception, got: str) -> None:
    verdict = a_verdict()
    with pytest.raises(pytest.fail.Exception) as caught:
        say_plainly(error, verdict, CASE)
    assert told(caught)[:3] == [HEAD, "  expected: a call that raises nothing here", f"  got:      {got}"]
    assert told(caught)[-1] == TAIL
    assert verdict.failure is not None


@pytest.mark.parametrize(
    "error",
    [pytest.fail.Exception("told"), pytest.skip.Exception("not here"), raised(KeyError("x"), str(ROOM / "plan.py"))],
    ids=["told", "skipped", "our own"],
)
def test_what_was_told_or_is_our_own_stays_as_it_is(error: Exception) -> None:
    verdict = a_verdict()
    say_plainly(error, verdict, CASE)
    assert verdict.failure is None
