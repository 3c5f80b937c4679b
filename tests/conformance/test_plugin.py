"""The suite as it is run: its options, its failures and their repetition, its reports."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.report import SUITE_VERSION
from conformance.settings import CASSETTES, add_options, is_of_the_cases, read_settings

ROOT = Path(__file__).resolve().parents[2]
BROKEN = "conformance.mutants.answers:strips_text"
SUITE = [
    sys.executable,
    "-m",
    "pytest",
    "-p",
    "conformance.plugin",
    "--pyargs",
    "conformance",
    "-p",
    "no:cacheprovider",
]


def run(folder: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The suite in a folder of its own, as where it is installed."""
    return start([*SUITE, "--provider", "openai", *words], folder, env)


def start(command: list[str], folder: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def read(words: list[str]) -> None:
    """The options of a run, without the run."""
    parser = pytest.Parser(_ispytest=True)
    add_options(parser)
    read_settings(SimpleNamespace(option=parser.parse(["--provider", "openai", *words])))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--provider", "nobody"], "--provider nobody: there is no such name; there are openai"),
        (["--case", "tool-cal"], "--case tool-cal: there is no such name; there are tool-call"),
        (["--profile", "wings"], "--profile wings: there is no such name; there are core, streaming"),
        (
            ["--adapter", "nowhere"],
            "--adapter nowhere: give it as package.module:factory, as cmd: and a command, or by name",
        ),
        (["--adapter", "cmd:"], "--adapter cmd:: 'cmd:' has no command: write it as cmd: node bridge.mjs"),
        (["--adapter", "cmd: it", "--transport", "patched"], "--transport patched: a command is another process"),
        (["--adapter", "nowhere:make"], "--adapter nowhere:make: cannot be imported"),
        (["--adapter", "json:nothing"], "--adapter json:nothing: json has no nothing"),
        (["--adapter", "json:loads"], "--adapter json:loads: must be callable with base_url, api_key"),
        (["--cassettes", "nowhere"], "--cassettes nowhere: no such file or folder"),
        (["--xfail-file", "nowhere"], "--xfail-file nowhere: cannot be read"),
        (["--transform", "upside-down"], "--transform: no transform 'upside-down'"),
        (["--cuts", "a"], "--cuts: cuts are offsets with commas between them"),
        (["--cuts", "3,1"], "--cuts 3,1: cuts rise"),
        (["--live"], "--live and --base-url go with --record"),
        (["--record", "--live"], "--live needs --model NAME"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_option_is_one_sentence(words: list[str], sentence: str) -> None:
    with pytest.raises(pytest.UsageError) as caught:
        read(words)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_a_folder_of_the_cases_own_recordings_is_known_by_its_names(tmp_path: Path) -> None:
    """Such recordings are judged by the cases; any others by what the reference reads of them."""
    assert is_of_the_cases(CASSETTES, "openai")
    assert not is_of_the_cases(tmp_path, "openai")
    (tmp_path / "openai").mkdir()
    assert not is_of_the_cases(tmp_path, "openai")
    (tmp_path / "openai" / "text.yaml").touch()
    assert is_of_the_cases(tmp_path, "openai")
    (tmp_path / "openai" / "monday.yaml").touch()
    assert not is_of_the_cases(tmp_path, "openai")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["--provider", "nobody"], "--provider nobody"), (["--cassettes", "."], "no recordings here")],
)
def test_it_ends_the_run_with_status_4(tmp_path: Path, words: list[str], sentence: str) -> None:
    found = run(tmp_path, *words)
    assert found.returncode == pytest.ExitCode.USAGE_ERROR
    [line] = [line for line in found.stderr.splitlines() if line.strip()]
    assert line.startswith("ERROR: ")
    assert sentence in line


def test_a_failure_says_everything_and_can_be_repeated(tmp_path: Path) -> None:
    options = ["--adapter", BROKEN, "--case", "whitespace"]
    found = run(tmp_path, *options, "-k", "test_content", "--report-json", "report.json")
    assert found.returncode == pytest.ExitCode.TESTS_FAILED
    assert (
        "CORE-01 (MUST): The text of an answer arrives character for character as the provider sent it." in found.stdout
    )
    assert "expected: the content of the recorded answer" in found.stdout
    assert r'got:      content[0].text: "\n\n  indented' in found.stdout
    assert "FAILED CORE-01 (MUST)" in found.stdout
    assert "FAILED test_" not in found.stdout  # what is told by requirement is not told again, where it would hide it
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["suite"] == {"name": "llm-conformance", "version": SUITE_VERSION}
    assert (report["adapter"], report["transport"]) == (BROKEN, "in-process")
    assert report["requirements"]["CORE-01"]["verdict"] == "failed"
    [failed] = [check for check in report["checks"] if check["verdict"] == "failed"]
    assert failed["ids"] == ["CORE-01"]
    assert failed["case"] == "whitespace"
    assert failed["repeat"] in found.stdout
    assert shlex.split(failed["repeat"])[:2] == ["llm-conformance", "run"]
    again = run(tmp_path, *shlex.split(failed["repeat"])[2:])
    assert again.returncode == pytest.ExitCode.TESTS_FAILED


def test_what_decides_on_a_failure_is_in_its_command(tmp_path: Path) -> None:
    """A SHOULD that fails because it was asked to count fails again."""
    declared = tmp_path / "can do.yaml"
    declared.write_text("{}")
    parser = pytest.Parser(_ispytest=True)
    add_options(parser)
    words = ["--provider", "openai", "--level", "should", "--declare", str(declared)]
    option = parser.parse([*words, "--cassettes", str(CASSETTES)])
    settings = read_settings(SimpleNamespace(option=option))  # type: ignore[arg-type]
    start = settings.command("openai", in_checkout=False)
    assert start == ["llm-conformance", "run", *words]


def test_the_bytes_of_a_failure_can_be_repeated(tmp_path: Path) -> None:
    broken = "conformance.mutants.framing:reads_a_cut_line_end_twice"
    found = run(tmp_path, "--adapter", broken, "--case", "short-stream", "-k", "framing", "-x")
    line = re.search(r"repeat:   (llm-conformance run .*)", found.stdout)
    assert line is not None
    words = shlex.split(line[1])[2:]
    assert {"--cuts", "--transform"} <= set(words)
    assert run(tmp_path, *words).returncode == pytest.ExitCode.TESTS_FAILED
    reference = [word for word in words if word not in ("--adapter", broken)]
    assert run(tmp_path, *reference).returncode == pytest.ExitCode.OK


def test_a_checkout_needs_no_more_than_its_folder() -> None:
    command = [sys.executable, "-m", "pytest", "conformance", "--provider", "openai", "-q", "-p", "no:cacheprovider"]
    words = ["--adapter", BROKEN, "--case", "whitespace", "-k", "test_content"]
    found = start([*command, *words], ROOT)
    assert found.returncode == pytest.ExitCode.TESTS_FAILED
    assert "repeat:   pytest conformance --provider openai" in found.stdout


def test_several_processes_report_what_one_does(tmp_path: Path) -> None:
    options = ["--adapter", BROKEN, "--case", "whitespace", "--case", "refusal", "--seed", "1"]
    alone = run(tmp_path, *options, "--report-json", "alone.json")
    shared = run(tmp_path, *options, "--report-json", "shared.json", "-n", "2")
    assert alone.returncode == shared.returncode == pytest.ExitCode.TESTS_FAILED
    one, other = (json.loads((tmp_path / name).read_text()) for name in ("alone.json", "shared.json"))
    assert {name for name in one if one[name] != other[name]} <= {"made_at", "duration_seconds", "sha256"}
    assert end_summary(alone.stdout) == end_summary(shared.stdout)
    assert " failed, " in end_summary(alone.stdout)[-1]


def end_summary(output: str) -> list[str]:
    """The counts by area and what failed, and how many passed, without the time that it took."""
    lines = [line.strip("=") for line in output.splitlines()]
    start = next(at for at, line in enumerate(lines) if line.startswith(f" conformance {SUITE_VERSION}: "))
    end = next((at for at, line in enumerate(lines) if "short test summary" in line), len(lines) - 1)
    return [*lines[start:end], lines[-1].partition(" in ")[0]]


@pytest.mark.parametrize("adapter", ["array_reader:reads_arrays", "array_reader:speaks_v1"])
def test_a_protocol_is_judged_in_the_way_in_which_the_adapter_speaks_it(tmp_path: Path, adapter: str) -> None:
    words = ["--adapter", adapter, "--case", "text", "--case", "grounding", "--case", "error-event"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    found = start([*SUITE, "--provider", "google", *words, "--report-json", "report.json"], tmp_path, env)
    assert found.returncode == pytest.ExitCode.OK, found.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    lines = {"STREAM-05", "STREAM-07", "STREAM-08"}
    arrays = adapter.endswith("arrays")
    assert {id for id in lines if report["requirements"][id]["verdict"] == "passed"} == (set() if arrays else lines)
    others = ("STREAM-02", "STREAM-15", "STREAM-18", "STREAM-23")
    assert {report["requirements"][id]["verdict"] for id in others} == {"passed"}


def test_known_failures_do_not_count_and_those_that_pass_are_told(tmp_path: Path) -> None:
    (tmp_path / "known").write_text("# ours\nwhitespace: it strips\ntext: it does not\n")
    options = ["--adapter", BROKEN, "--case", "whitespace", "--case", "text", "-k", "test_content"]
    found = run(tmp_path, *options, "--xfail-file", "known")
    assert found.returncode == pytest.ExitCode.OK
    assert "1 xfailed" in found.stdout
    assert "known failure that passes now, take it off the list: text: it does not" in found.stdout
    (tmp_path / "known").write_text("whitespace\n")
    found = run(tmp_path, *options, "--xfail-file", "known")
    assert found.returncode == pytest.ExitCode.USAGE_ERROR
    assert "line 1: a known failure is `case: reason`" in found.stderr


@pytest.mark.parametrize(("level", "status"), [("must", pytest.ExitCode.OK), ("should", pytest.ExitCode.TESTS_FAILED)])
def test_a_should_counts_when_it_is_asked_for(tmp_path: Path, level: str, status: pytest.ExitCode) -> None:
    (tmp_path / "nameless.py").write_text(
        "from llm_sdk import get_model\n"
        "def create(*, base_url, api_key, model_id, http_client):\n"
        "    model = get_model('openai', model_id, api_key=api_key, base_url=base_url, http_client=http_client)\n"
        "    generate = model.generate\n"
        "    async def nameless(input):\n"
        "        return (await generate(input)).model_copy(update={'id': None})\n"
        "    model.generate = nameless\n"
        "    return model\n"
    )
    found = run(tmp_path, "--adapter", "nameless:create", "--case", "text", "-k", "test_identity", "--level", level)
    assert found.returncode == status
    assert "CORE-08 (SHOULD)" in found.stdout


def test_an_adapter_that_reaches_for_the_network_fails(tmp_path: Path) -> None:
    (tmp_path / "outgoing.py").write_text(
        "import socket\n"
        "from llm_sdk import get_model\n"
        "def create(*, base_url, api_key, model_id, http_client):\n"
        "    model = get_model('openai', model_id, api_key=api_key, base_url=base_url, http_client=http_client)\n"
        "    generate = model.generate\n"
        "    async def telling(input):\n"
        "        try:\n"
        "            socket.getaddrinfo('telemetry.example', 443)\n"
        "        except OSError:\n"
        "            pass\n"
        "        return await generate(input)\n"
        "    model.generate = telling\n"
        "    return model\n"
    )
    found = run(tmp_path, "--adapter", "outgoing:create", "--case", "text", "-k", "test_content")
    assert found.returncode == pytest.ExitCode.TESTS_FAILED
    assert "the adapter tried to reach the network: getaddrinfo 'telemetry.example'" in found.stdout


def test_recordings_from_elsewhere_are_judged(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    shutil.copy(CASSETTES / "openai" / "tool-result.yaml", tmp_path / "theirs" / "a.yaml")
    found = run(tmp_path, "--cassettes", "theirs", "-q", "-k", "content and not content_type or meaning or usage")
    assert found.returncode == pytest.ExitCode.OK
    assert "12 passed" in found.stdout
    found = run(tmp_path, "--cassettes", "theirs", "--adapter", "conformance.mutants.requests:forgets_the_tool_choice")
    assert found.returncode == pytest.ExitCode.OK
    (tmp_path / "theirs" / "b.yaml").write_text("not: [a recording")
    found = run(tmp_path, "--cassettes", "theirs")
    assert found.returncode == pytest.ExitCode.USAGE_ERROR
    assert "b.yaml" in found.stderr
    assert "not YAML" in found.stderr


def test_recording_again_changes_nothing(tmp_path: Path) -> None:
    options = ["--record", "--cassettes", "made", "--case", "parallel-results", "--case", "error-event"]
    assert run(tmp_path, *options).returncode == pytest.ExitCode.OK
    made = {path.name: path.read_bytes() for path in (tmp_path / "made" / "openai").iterdir()}
    assert set(made) == {"parallel-results.yaml", "error-event.yaml"}
    assert run(tmp_path, *options).returncode == pytest.ExitCode.OK
    assert {path.name: path.read_bytes() for path in (tmp_path / "made" / "openai").iterdir()} == made
    for name, content in made.items():
        ours = (CASSETTES / "openai" / name).read_text()
        same = _without_times(content.decode()) == _without_times(ours)
        assert same, "the mock server answers otherwise now: pytest conformance --provider openai --record"


def _without_times(text: str) -> str:
    return re.sub(r"recorded_at: .*|chunk_offsets: .*", "", text)


def test_live_recording_needs_a_key_and_asks_the_given_place(tmp_path: Path) -> None:
    words = [
        "--record",
        "--live",
        "--model",
        "m",
        "--cassettes",
        "made",
        "--case",
        "text",
        "--base-url",
        "http://127.0.0.1:9/v1",
    ]
    bare = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    found = run(tmp_path, *words, env=bare)
    assert found.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--live needs a key: set OPENAI_API_KEY" in found.stdout + found.stderr
    found = run(tmp_path, *words, env={**bare, "OPENAI_API_KEY": "k"})
    assert found.returncode == pytest.ExitCode.TESTS_FAILED
    assert "text: stage 1 brought no answer" in found.stdout
    assert not (tmp_path / "made").exists()
