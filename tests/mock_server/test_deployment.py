"""The GitHub action and the Dockerfile: the steps of the one are run here, what the other names is looked at."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from llm_sdk.registry import get_codec, provider_names
from mock_server.cli import serve

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / ".github" / "actions" / "mock-server" / "action.yml").read_text())
EXPRESSION = re.compile(r"\$\{\{ *inputs\.([\w-]+) *\}\}")


def run_step(step: dict[str, Any], inputs: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub's runner does: bash with its two options, inputs in its environment."""
    values = {name: declared["default"] for name, declared in ACTION["inputs"].items()} | inputs
    given = {name: EXPRESSION.sub(lambda m: values[m[1]], text) for name, text in step.get("env", {}).items()}
    environment = os.environ | given
    environment |= {"RUNNER_TEMP": str(folder)}
    environment |= {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_ENV")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(  # noqa: S603 - our own file
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def read_pairs(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def test_the_steps_of_the_action(tmp_path: Path) -> None:
    assert [step["shell"] for step in ACTION["runs"]["steps"]] == ["bash", "bash"]
    (start,) = (step for step in ACTION["runs"]["steps"] if step.get("id") == "start")
    (tmp_path / "s.yaml").write_text("scenarios: [{name: a, reply: scripted}]")
    try:
        done = run_step(start, {"scenarios": "s.yaml", "arguments": "--seed 3 --strict"}, tmp_path)
        assert done.returncode == 0, done.stderr
        url = read_pairs(tmp_path / "GITHUB_OUTPUT")["url"]
        assert ACTION["outputs"]["url"]["value"] == "${{ steps.start.outputs.url }}"
        assert httpx.get(f"{url}/_mock/scenarios").json()["scenarios"][0]["name"] == "a"
        variables = read_pairs(tmp_path / "GITHUB_ENV")
        for provider in provider_names():
            endpoint = get_codec(provider).endpoint
            assert variables[endpoint.base_url_variable] == url + endpoint.mount + endpoint.root
            assert {variables[name] for name in endpoint.key_variables} == {"mock-key"}
    finally:
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((tmp_path / "mock-server.pid").read_text()), signal.SIGTERM)


def test_an_action_that_cannot_start_fails_and_says_why(tmp_path: Path) -> None:
    (start,) = (step for step in ACTION["runs"]["steps"] if step.get("id") == "start")
    began = time.monotonic()
    done = run_step(start, {"scenarios": "nowhere.yaml"}, tmp_path)
    assert done.returncode == 1
    assert "there is no such file" in done.stderr
    assert time.monotonic() - began < 30


def test_what_the_dockerfile_names_is_there() -> None:
    """No image is built here, which takes a daemon and a network."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY") and "--from" not in line]
    names = {name for names in copied for name in names}
    assert names == let_in
    assert all((ROOT / name).exists() for name in names)
    (entry,) = (json.loads(line.removeprefix("ENTRYPOINT ")) for line in lines if line.startswith("ENTRYPOINT"))
    assert entry[1] == "serve"
    serve.make_context("mock-server serve", [*entry[2:], "--api-key", "test"])
    with pytest.raises(Exception, match="No such option"):
        serve.make_context("mock-server serve", ["--anyone"])


def test_the_command_lines_of_the_dockerfile() -> None:
    """They are run by this Python, on a loopback address and a free port."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    (entry,), (check,) = (
        re.findall(rf"^{name}.*?(\[.*\])$", text, re.MULTILINE) for name in ("ENTRYPOINT", "HEALTHCHECK")
    )
    entry, check = json.loads(entry), json.loads(check)
    (stop,) = re.findall(r"^STOPSIGNAL (\w+)$", text, re.MULTILINE)
    assert (entry[0], check[0]) == ("/opt/mock-server/bin/mock-server", "/opt/mock-server/bin/python")

    def is_healthy(port: str) -> bool:
        program = [sys.executable, check[1], check[2].replace("8080", port)]
        blocked = {**os.environ, "http_proxy": "http://127.0.0.1:1"}
        done = subprocess.run(program, env=blocked, capture_output=True, timeout=60, check=False)  # noqa: S603 - our own
        return done.returncode == 0

    elsewhere = {"0.0.0.0": "127.0.0.1", "8080": "0"}  # noqa: S104 - where it does not listen here
    arguments = [elsewhere.get(value, value) for value in entry[1:]]
    server = subprocess.Popen([sys.executable, "-m", "mock_server", *arguments], stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    try:
        assert server.stdout is not None
        port = re.search(r"127\.0\.0\.1:(\d+)/", server.stdout.readline())
        assert port is not None
        assert is_healthy(port[1])
        server.send_signal(signal.Signals[stop])
        assert server.wait(timeout=20) == 0
        assert not is_healthy(port[1])
    finally:
        server.kill()
        server.communicate(timeout=20)
