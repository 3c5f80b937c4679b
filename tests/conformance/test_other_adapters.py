"""What adapters by others do that is no defect."""

from pathlib import Path

import pytest
from cheats import judge
from test_plugin import run

WARNS = """
import socket
import warnings
from llm_sdk.registry import get_model

warnings.warn("an old name is imported", DeprecationWarning)

class LeftOpen:
    def __init__(self):
        self.me, self.socket = self, socket.socket()  # a circle, which lasts until somebody clears up

def create(*, base_url, api_key, model_id, http_client):
    model = get_model("openai", model_id, api_key=api_key, base_url=base_url, http_client=http_client)
    ask = model.generate
    async def generate(input):
        warnings.warn("the library below is old", FutureWarning)
        LeftOpen()
        return await ask(input)
    model.generate = generate
    return model
"""

SENDS_A_BEARER_TOKEN = """
from llm_sdk.registry import get_model

def create(*, provider, base_url, api_key, model_id, http_client):
    http_client.headers["Authorization"] = f"Bearer {api_key}"
    http_client.event_hooks["request"] = [leave_out]
    return get_model(provider, model_id, api_key=api_key, base_url=base_url, http_client=http_client)

async def leave_out(request):
    del request.headers["x-api-key"]
"""

ACCEPTS_JSON = """
from llm_sdk.registry import get_model

def create(*, base_url, api_key, model_id, http_client):
    http_client.event_hooks["request"] = [accept_json]
    return get_model("openai", model_id, api_key=api_key, base_url=base_url, http_client=http_client)

async def accept_json(request):
    request.headers["accept"] = "application/json"
"""

SENDS_NOTHING = """
from llm_sdk.errors import ConnectionFailedError
from llm_sdk.registry import get_model

def create(*, base_url, api_key, model_id, http_client):
    http_client.event_hooks["request"] = [refuse]
    return get_model("openai", model_id, api_key=api_key, base_url=base_url, http_client=http_client)

async def refuse(request):
    raise ConnectionFailedError("no way out")
"""

HAS_A_DEFAULT_OF_ITS_OWN = """
from llm_sdk.registry import get_model

def create(*, base_url, api_key, model_id, http_client):
    model = get_model("openai", model_id, api_key=api_key, base_url=base_url, http_client=http_client)
    ask = model.generate
    model.generate = lambda input: ask(input.model_copy(update={"temperature": 0.7}))
    return model
"""


@pytest.mark.timeout(120)
def test_an_adapter_may_warn(tmp_path: Path) -> None:
    """Whoever runs the suite may turn warnings into errors for their own code, as many projects do."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    (tmp_path / "warner.py").write_text(WARNS, encoding="utf-8")
    done = run(tmp_path, "--adapter", "warner:create", "--case", "text", "-k", "test_content and not content_type")
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert "2 passed" in done.stdout, done.stdout
    assert "the library below is old" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.timeout(120)
def test_the_key_may_be_in_every_header_that_the_provider_reads(tmp_path: Path) -> None:
    """The official client of Anthropic sends it as a bearer token."""
    (tmp_path / "bearer.py").write_text(SENDS_A_BEARER_TOKEN, encoding="utf-8")
    words = ["--provider", "anthropic", "--case", "text", "-k", "key_is_in_its_header and anthropic"]
    done = run(tmp_path, "--adapter", "bearer:create", *words)
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.timeout(120)
def test_a_request_for_a_stream_may_accept_json_alone(tmp_path: Path) -> None:
    """The official client of OpenAI says so in every request, and servers give it its streams."""
    (tmp_path / "accepting.py").write_text(ACCEPTS_JSON, encoding="utf-8")
    done = run(tmp_path, "--adapter", "accepting:create", "--case", "text", "-k", "test_accept")
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.timeout(120)
def test_nothing_sent_is_a_failure_of_the_adapter_and_not_of_the_suite(tmp_path: Path) -> None:
    (tmp_path / "mute.py").write_text(SENDS_NOTHING, encoding="utf-8")
    done = run(tmp_path, "--adapter", "mute:create", "--case", "text", "-k", "test_overload_is_asked_again")
    assert "harness-error" not in done.stdout, done.stdout
    assert "got      0 requests in all, or another one" in done.stdout, done.stdout


@pytest.mark.timeout(120)
def test_what_a_request_says_wrongly_is_no_failure_of_other_calls(tmp_path: Path) -> None:
    """It fails the checks of requests, each call for itself."""
    (tmp_path / "warm.py").write_text(HAS_A_DEFAULT_OF_ITS_OWN, encoding="utf-8")
    checks = "test_concurrent_calls or test_calls_one_after or (test_meaning and generate)"
    words = ["--case", "text", "--case", "unicode", "-k", checks]
    done = run(tmp_path, "--adapter", "warm:create", *words)
    assert "2 failed, 4 passed" in done.stdout, done.stdout


REFUSES_IN_ITS_OWN_ORDER = """
class Adapter(Around):
    async def generate(self, input):
        raise UnsupportedError("no sound", path="audio")
    async def stream(self, input):
        raise UnsupportedError("no sound", path="messages[0]")
        yield
"""


@pytest.mark.timeout(120)
def test_of_two_things_that_cannot_be_had_either_may_be_told(tmp_path: Path) -> None:
    """Who asks for spoken answers asks for a modality and for a voice; where nothing is wrong is no place for it."""
    _, report, _ = judge(tmp_path, REFUSES_IN_ITS_OWN_ORDER, "--case", "spoken-answer", "-k", "test_unsupported")
    verdicts = {check["check"]: check["verdict"] for check in report["checks"]}
    assert verdicts == {
        "test_unsupported[openai-spoken-answer-generate]": "passed",
        "test_unsupported[openai-spoken-answer-stream]": "failed",
    }
    (failed,) = (check["failure"] for check in report["checks"] if "failure" in check)
    assert failed["expected"] == "the path of what is not supported: audio.format or modalities[1]"
