"""Runs of the suite in a folder of its own, with an adapter that is honest or not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["judge", "words_of"]

HONEST = """
from llm_sdk import get_model
from llm_sdk.errors import UnsupportedError

class Around:
    metadata = None
    def __init__(self, inner):
        self.inner, self.provider, self.model_id = inner, inner.provider, inner.model_id
    def before(self, input):
        pass
    async def generate(self, input):
        self.before(input)
        return await self.inner.generate(input)
    async def stream(self, input):
        self.before(input)
        async with self.inner.stream(input) as stream:
            async for partial in stream:
                yield partial
    def generate_sync(self, input):
        self.before(input)
        return self.inner.generate_sync(input)
    def stream_sync(self, input):
        self.before(input)
        with self.inner.stream_sync(input) as stream:
            yield from stream

def create(*, provider, base_url, api_key, model_id, http_client):
    made = get_model(provider, model_id, api_key=api_key, base_url=base_url, http_client=http_client)
    return Adapter(made)
"""


def judge(folder: Path, adapter: str, *words: str, conftest: str = "") -> tuple[int, dict[str, Any], str]:
    """A run in a folder of its own over one case: exit status, report and output."""
    (folder / "mine.py").write_text(HONEST + adapter)
    (folder / "plug.py").write_text(conftest)
    command = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", *(["-p", "plug"] if conftest else [])]
    command += ["--pyargs", "conformance.test_answers", "conformance.test_requests", "-p", "no:cacheprovider", "-q"]
    command += ["--provider", "openai", "--adapter", "mine:create", "--report-json", "report.json", *words]
    command += [] if "--case" in words else ["--case", "system-prompt"]
    found = subprocess.run(  # noqa: S603 - our own interpreter
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))},
    )
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found.returncode, report, found.stdout


def words_of(report: dict[str, Any]) -> set[str]:
    return {check["verdict"] for check in report["checks"]}
