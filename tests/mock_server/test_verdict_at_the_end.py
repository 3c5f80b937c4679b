"""``mock-server serve --verdict FILE --fail-on LEVEL``: what is written when the server stops."""

import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from click.testing import CliRunner

from mock_server.cli import main


def test_the_verdict_is_written_and_decides_on_the_exit_status(tmp_path: Path) -> None:
    file = tmp_path / "verdict.xml"
    command = [
        sys.executable,
        "-m",
        "mock_server",
        "serve",
        "--port",
        "0",
        "--verdict",
        str(file),
        "--fail-on",
        "error",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    try:
        assert process.stdout is not None
        _, url = process.stdout.readline().split()
        assert httpx.get(f"{url}/models?key=s3cret").status_code == 200
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate(timeout=20)
    assert process.returncode == 1
    assert "error key-in-url: a key was sent in a URL, where logs and proxies keep it (#1)" in told
    (suite,) = ElementTree.parse(file).getroot()  # noqa: S314 - our own
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["key-in-url"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--verdict", "verdict.yaml"], "a verdict is written to a file that ends in .json, .xml, .txt"),
        (["--verdict", "nowhere/v.json"], "there is no folder"),
        (["--verdict", "v.json", "--isolate-keys"], "a verdict needs all requests in one place"),
        (["--fail-on", "error", "--workers", "2"], "a verdict needs all requests in one place"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_served(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["serve", "--port", "0", *arguments])
    assert result.exit_code == 2
    assert said in result.output
