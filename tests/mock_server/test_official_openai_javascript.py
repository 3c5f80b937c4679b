"""The official ``openai`` client for JavaScript against the server: a peer in another language.

Needs node and npm; the client is installed once, into pytest's cache folder.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from llm_sdk.types import ReasoningPart
from mock_server import MockServer, tool_call

HERE = Path(__file__).parent / "javascript"
NODE, NPM = shutil.which("node"), shutil.which("npm")


@pytest.fixture(scope="module")
def script(pytestconfig: pytest.Config) -> Path:
    """The script, beside an installed client."""
    if NODE is None or NPM is None:
        pytest.skip("node and npm are not installed")
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["openai"]
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir(f"openai-javascript-{wanted}")
    for name in ("package.json", "openai_client.js"):
        shutil.copy(HERE / name, folder / name)
    if not (folder / "node_modules" / "openai" / "package.json").exists():
        command = [NPM, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - npm, with a fixed list of packages
        except subprocess.TimeoutExpired:
            pytest.skip("npm could not install the client in 120 seconds")
        if done.returncode != 0:
            pytest.skip(f"npm could not install the client: {done.stderr.strip()[-300:]}")
    return folder / "openai_client.js"


def run(script: Path, mock: MockServer) -> Any:
    environment = {**os.environ, "BASE_URL": mock.base_url("openai")}
    done = subprocess.run(  # noqa: S603 - our own script
        [str(NODE), script.name],
        cwd=script.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def kinds(response: Any) -> list[str]:
    return [item["type"] for item in response["output"]]


@pytest.mark.timeout(240)
def test_what_the_client_reads_is_what_the_scenario_said(script: Path) -> None:
    with MockServer() as mock:
        paris = tool_call("get_weather", {"city": "Paris"}, tool_call_id="call_1")
        rome = tool_call("get_weather", {"city": "Rome"}, tool_call_id="call_2")
        mock.on(last_user="Paris and Rome").reply(paris, rome)
        mock.on(last_user="who").reply('{"name": "Ada", "age": 36}')
        mock.on(last_user="think").reply(
            ReasoningPart(text="Hm.", id="rs_1"), "42", id="resp_9", usage={"input_tokens": 3, "output_tokens": 4}
        )
        mock.on(last_user="refuse").reply(refusal="I will not.")
        for status in (400, 429, 500):
            mock.on(last_user=f"fail with {status}").fault(status=status, retry_after=0.001, code="a_code")
        found = run(script, mock)
        attempts = [len(mock.assert_requested(last_user=f"fail with {status}")) for status in (400, 429, 500)]

    errors = found.pop("errors")
    for name, read in found.items():
        assert read["events"] == [*range(len(read["events"]))], name
        assert kinds(read["whole"]) == kinds(read["streamed"]), name
        assert read["whole"]["id"] == read["streamed"]["id"], name
        assert read["whole"]["output_text"] == read["streamed"]["output_text"], name
    assert found["text"]["streamed"]["output_text"] == "You said: hello"
    calls = [(item["call_id"], item["arguments"]) for item in found["parallel"]["streamed"]["output"]]
    assert calls == [("call_1", '{"city":"Paris"}'), ("call_2", '{"city":"Rome"}')]
    assert found["structured"]["parsed"] == {"name": "Ada", "age": 36}
    assert found["reasoning"]["streamed"]["id"] == "resp_9"
    assert found["reasoning"]["streamed"]["output"][0]["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert found["reasoning"]["streamed"]["usage"]["total_tokens"] == 7
    assert found["refusal"]["streamed"]["output"][0]["content"][0]["refusal"] == "I will not."
    assert kinds(found["image"]["streamed"]) == ["image_generation_call", "message"]
    assert kinds(found["search"]["streamed"]) == ["web_search_call", "message"]
    assert [errors[status]["kind"] for status in ("400", "429", "500")] == [
        "BadRequestError",
        "RateLimitError",
        "InternalServerError",
    ]
    assert all(error["code"] == "a_code" and error["requestID"].startswith("req_") for error in errors.values())
    assert attempts == [1, 3, 3]
