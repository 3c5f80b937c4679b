"""Ways in which an adapter could seem better than it is: each fails a check, or the run says so."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cheats import judge

from conformance.lanes import InProcess, refuse
from conformance.settings import CASSETTES
from conformance.subject import Subject
from llm_sdk.registry import get_codec
from llm_sdk.types import LanguageModelInput, ModelResponse, TextPart, UserMessage

SKIPS = "class Adapter(Around):\n    def before(self, input):\n        import pytest; pytest.skip('not today')"
RAISES_XFAIL = "class Adapter(Around):\n    def before(self, input):\n        import pytest; pytest.xfail('known')"
READS_CASSETTES = f"""
import pathlib
class Adapter(Around):
    def before(self, input):
        pathlib.Path({str(CASSETTES / "openai" / "system-prompt.yaml")!r}).read_text()
"""
ASKS_TWICE = """
class Adapter(Around):
    async def generate(self, input):
        await self.inner.generate(input)
        return await self.inner.generate(input)
"""
CALLS_HOME = """
def create(*, provider, base_url, api_key, model_id, http_client):
    made = get_model(provider, model_id, api_key=api_key, base_url="https://proxy.example/v1", http_client=http_client)
    return Adapter(made)
class Adapter(Around): pass
"""
MAKES_IT_UP = """
from llm_sdk.types import ModelResponse, TextPart
class Adapter(Around):
    async def generate(self, input):
        return ModelResponse(content=[TextPart(text="🤖")], finish_reason="stop")
"""


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        (SKIPS, "the check was skipped from"),
        (RAISES_XFAIL, "the check was skipped from"),
        (READS_CASSETTES, "reads the suite's own answers"),
        (ASKS_TWICE, "2 requests"),
        (CALLS_HOME, "https://proxy.example/v1"),
        (MAKES_IT_UP, "nothing was sent"),
    ],
    ids=["skips", "expects-to-fail", "reads-cassettes", "asks-twice", "calls-another-host", "sends-nothing"],
)
def test_an_adapter_that_cheats_fails(tmp_path: Path, adapter: str, said: str) -> None:
    status, report, _ = judge(tmp_path, adapter, "-k", "test_content or test_endpoint")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert any(said in check.get("message", "") for check in report["checks"] if check["verdict"] == "failed"), report


WAYS = f"""
import os, subprocess, sys
from pathlib import Path
from llm_sdk.types import ModelResponse, TextPart

FILE = Path({str(CASSETTES / "openai" / "system-prompt.yaml")!r})

def relative_path(self, input): open(os.path.relpath(FILE)).read()
def bytes_path(self, input): open(os.fsencode(FILE), "rb").read()
def file_descriptor(self, input): os.open(FILE, os.O_RDONLY)
def symlink(self, input):
    os.symlink(FILE.parent, "link")
    open("link/system-prompt.yaml").read()
def other_process(self, input):
    subprocess.run([sys.executable, "-c", "open(" + repr(str(FILE)) + ")"], capture_output=True)
def other_program(self, input): subprocess.run(["cat", str(FILE)], capture_output=True)

def from_memory(self, input): return ModelResponse(content=[TextPart(text="made up")], finish_reason="stop")

WAYS = [relative_path, bytes_path, file_descriptor, symlink, other_process, other_program, from_memory]

class Adapter(Around):
    async def generate(self, input):
        try:
            made = WAYS.pop()(self, input)
        except OSError:
            made = None
        return made or await self.inner.generate(input)
"""
FOR_WAYS = ("system-prompt", "text", "unicode", "whitespace", "line-separators", "several-texts", "json-in-text")


def test_no_way_to_the_answers_but_asking_is_open(tmp_path: Path) -> None:
    """One way for each case; what the adapter makes of being refused does not count."""
    words = [word for case in FOR_WAYS for word in ("--case", case)]
    status, report, _ = judge(tmp_path, WAYS, "-k", "test_content and generate", *words)
    messages = [check.get("message", "") for check in report["checks"]]
    assert status == pytest.ExitCode.TESTS_FAILED
    assert len(messages) == len(FOR_WAYS)
    assert sum("reads the suite's own answers" in message for message in messages) == len(FOR_WAYS) - 1, messages
    assert len(report["integrity"]["unplayed"]) == 1


KNOWS_ONE = """
from llm_sdk.types import ModelResponse, TextPart
class Adapter(Around):
    known = {}
    async def generate(self, input):
        key = input.model_dump_json()
        if key not in self.known:
            self.known[key] = await self.inner.generate(input)
        return self.known[key]
"""


@pytest.mark.parametrize("processes", [[], ["-n", "1"]], ids=["alone", "in a worker"])
def test_an_answer_for_which_nothing_was_sent_fails_the_check(tmp_path: Path, processes: list[str]) -> None:
    words = ["-k", "test_input_is_left_alone or test_content", *processes]
    status, report, _ = judge(tmp_path, KNOWS_ONE, "conformance.test_requests", *words)
    bad = [check for check in report["checks"] if check["verdict"] == "failed"]
    assert status == pytest.ExitCode.TESTS_FAILED
    assert [check["message"] for check in bad] == [
        "the adapter gave 1 answers for which it had sent nothing: they are no answers"
    ]


READS_EARLY = f"""
import pathlib
try:
    KNOWN = pathlib.Path({str(CASSETTES / "openai" / "text.yaml")!r}).read_text()
except OSError:
    KNOWN = ""
class Adapter(Around): pass
"""


def test_the_answers_are_out_of_sight_while_the_adapter_is_imported(tmp_path: Path) -> None:
    status, report, _ = judge(tmp_path, READS_EARLY, "-k", "test_content and generate")
    assert status == pytest.ExitCode.INTERNAL_ERROR
    assert "the adapter reads the suite's own answers" in report["integrity"]["faults"][0]


class Equal(ModelResponse):
    """Equal to whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    def model_dump(self, **_: Any) -> dict[str, Any]:
        return {"content": []}


class Sly:
    """A model that gives such an answer, and asks nobody."""

    async def generate(self, _: LanguageModelInput) -> ModelResponse:
        return Equal(content=[TextPart(text="made up")])


def test_an_answer_is_taken_for_what_it_holds() -> None:
    def factory(**_: Any) -> Any:
        return Sly()

    with asyncio.Runner() as runner:
        subject = Subject(get_codec("openai"), factory, InProcess(), runner.get_loop())
        input = LanguageModelInput(messages=[UserMessage.model_validate({"content": "?"})])
        outcome = subject.ask_input("m", input, refuse, stream=False)
    assert type(outcome.response) is ModelResponse
    assert outcome.response == ModelResponse(content=[TextPart(text="made up")])
    assert subject.answers_unasked == 1
