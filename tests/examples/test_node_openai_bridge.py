"""The bridge in ``examples/bridges/node-openai``: the official client of Node, judged on a few cases.

Needs node and npm; the client is installed once, as its lock file says.
"""

import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "bridges" / "node-openai"
FILES = sorted([*FOLDER.glob("*.mjs"), *FOLDER.glob("package*.json")])
NODE, NPM = shutil.which("node"), shutil.which("npm")
INSTALL_SECONDS, RUN_SECONDS = 300, 200
PROVIDER = "openai-chat-completion"
CASES = ("text", "unicode", "tool-call", "parallel-calls", "tool-result", "json-object", "image-input", "refusal")
FAILURES = ("unauthorized", "rate-limit")
CHECKS = (
    *("test_content", "test_finish_reason", "test_usage", "test_identity", "test_meaning", "test_endpoint"),
    *("test_error", "test_refusal", "test_cut_characters", "test_leaving_early", "test_no_connection"),
)


@pytest.fixture(scope="module")
def command(pytestconfig: pytest.Config) -> str:
    """The bridge with its client, in a folder of the cache."""
    if NODE is None or NPM is None:
        pytest.skip("node and npm are not installed")
    assert pytestconfig.cache is not None
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in FILES)).hexdigest()[:12]
    folder = pytestconfig.cache.mkdir(f"node-openai-bridge-{digest}")
    with FileLock(folder / "installing"):
        if not (folder / "node_modules").exists():
            for path in FILES:
                shutil.copy(path, folder / path.name)
            _install(folder)
    return f"cmd: {shlex.join([NODE, str(folder / 'bridge.mjs')])}"


def _install(folder: Path) -> None:
    install = [str(NPM), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)  # noqa: S603 - npm, with one package
    if done.returncode:
        pytest.skip(f"npm could not install the client: {done.stderr.strip()[-300:]}")


def conformance(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "conformance", *words]
    return subprocess.run(run, cwd=folder, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)  # noqa: S603 - our own program


@pytest.mark.timeout(INSTALL_SECONDS + RUN_SECONDS)
def test_its_glue_is_right(command: str, tmp_path: Path) -> None:
    done = conformance("smoke", "--provider", PROVIDER, "--adapter", command, folder=tmp_path)
    assert done.stdout.splitlines()[-1] == f"smoke: {PROVIDER}, {command}, socket: the glue is right"


@pytest.mark.timeout(INSTALL_SECONDS + RUN_SECONDS)
def test_it_passes_the_usual_cases(command: str, tmp_path: Path) -> None:
    cases = [word for case in (*CASES, *FAILURES) for word in ("--case", case)]
    words = ["--provider", PROVIDER, "--adapter", command, *cases, "-k", " or ".join(CHECKS)]
    done = conformance("run", *words, "--report-json", "report.json", "-p", "no:cacheprovider", folder=tmp_path)
    assert done.returncode == 0, done.stdout
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["transport"] == "socket"
    judged = {check["case"] for check in report["checks"] if check["verdict"] == "passed"}
    assert judged == {*CASES, *FAILURES}


@pytest.mark.timeout(INSTALL_SECONDS + RUN_SECONDS)
def test_what_it_does_not_declare_and_cannot_do_is_told(command: str, tmp_path: Path) -> None:
    """The client does not hand on reasoning, which this protocol's servers give in a field of their own."""
    words = ["--provider", PROVIDER, "--adapter", command, "--case", "reasoning-content", "-k", "test_content"]
    done = conformance("run", *words, "-p", "no:cacheprovider", folder=tmp_path)
    assert done.returncode == 0
    told = "skipped: 4 checks: an answer as in reasoning-content: not declared, and it is not read whole"
    assert told in done.stdout.splitlines()


@pytest.mark.timeout(INSTALL_SECONDS + RUN_SECONDS)
def test_what_it_declares_and_cannot_do_is_a_failure_by_name(command: str, tmp_path: Path) -> None:
    declared = tmp_path / "declared.json"
    declared.write_text('{"reasoning": true}', encoding="utf-8")
    words = ["--provider", PROVIDER, "--adapter", command, "--case", "reasoning-content", "-k", "test_content"]
    done = conformance("run", *words, "--declare", str(declared), "-p", "no:cacheprovider", folder=tmp_path)
    assert done.returncode == 1
    assert "FAILED REASON-11 (MUST)" in done.stdout
