"""The plugin in runs of its own: what the fixture sets, what the guard fails, one server for several workers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpcore  # noqa: F401 - here, because a run in this process takes away the modules that it loads first
import httpx
import pytest

from llm_sdk.registry import get_codec, provider_names

pytest_plugins = ["pytester"]

APP = """
import os
import httpx
import pytest

def ask(text):
    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    headers = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": text}]}
    answer = httpx.post(url, json=body, headers=headers)
    return answer.json()["choices"][0]["message"]["content"] if answer.status_code == 200 else answer.status_code
"""


def run(pytester: pytest.Pytester, test: str, *options: str) -> tuple[str, int]:
    """What pytest says of a test file, and its exit status."""
    pytester.makepyfile(test_app=APP + test)
    done = pytester.runpytest_inprocess("-q", "-rN", "-p", "no:cacheprovider", "-W", "error", *options, "test_app.py")
    return "\n".join(done.outlines + done.errlines), int(done.ret)


def run_apart(folder: Path, test: str, *options: str) -> tuple[str, int]:
    """The same in a process of its own, with no more plugins than it needs."""
    plugins = ("-p", "xdist", "-p", "mock_server.pytest_plugin", "-p", "no:cacheprovider")
    (folder / "test_app.py").write_text(APP + test)
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "pytest", "-q", *plugins, *options, "test_app.py"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    return done.stdout + done.stderr, done.returncode


def test_every_client_is_led_to_the_fixture_and_nothing_stays(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = """
from llm_sdk.registry import get_codec, provider_names

ENDPOINTS = [(name, get_codec(name).endpoint) for name in provider_names()]
BEFORE = dict(os.environ)

def test_variables(mock_llm):
    for name, endpoint in ENDPOINTS:
        places = (endpoint.base_url_variable, *endpoint.other_base_url_variables)
        assert {os.environ[place] for place in places} == {mock_llm.base_url(name)}
        keys = (*endpoint.key_variables, *endpoint.other_key_variables)
        assert all(os.environ[key] == "mock-key" for key in keys)
        assert not set(endpoint.diverting_variables) & set(os.environ)
    assert os.environ["NO_PROXY"] == "internal,127.0.0.1,localhost"
    assert ask("Hi") == "You said: Hi"

def test_afterwards():
    assert {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"} == {
        k: v for k, v in BEFORE.items() if k != "PYTEST_CURRENT_TEST"}
    assert os.environ["OPENAI_API_KEY"] == "real"
"""
    diverting = [name for provider in provider_names() for name in get_codec(provider).endpoint.diverting_variables]
    proxies = {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "internal", "OPENAI_API_KEY": "real"}
    for name, value in (proxies | dict.fromkeys(diverting, "real")).items():
        monkeypatch.setenv(name, value)
    said, status = run(pytester, test)
    assert (status, "2 passed" in said) == (0, True), said
    assert len(diverting) > 2


def test_scenarios_of_the_run_of_the_folder_and_of_the_test(pytester: pytest.Pytester) -> None:
    (pytester.path / "one.yaml").write_text("scenarios: [{when: {last_user: one}, reply: of the run}]")
    (pytester.path / "two.yaml").write_text("scenarios: [{when: {last_user: two}, reply: of the folder}]")
    (pytester.path / "pytest.ini").write_text("[pytest]\nmock_llm_scenarios = two.yaml\n")
    test = """
@pytest.mark.mock_llm(scenarios=[{"reply": "of the test"}], strict=True)
def test_order(mock_llm):
    assert [ask(text) for text in ("one two", "two", "three")] == ["of the run", "of the folder", "of the test"]
    mock_llm.assert_requested(times=3)
"""
    said, status = run(pytester, test, "--mock-llm-scenarios", "one.yaml", "--strict-markers")
    assert status == 0, said


def test_the_guard_fails_the_test_and_says_what_to_set(pytester: pytest.Pytester) -> None:
    test = """
def call():
    try:
        httpx.get("https://api.provider.example/v1")
    except httpx.HTTPError:
        pass

def test_hidden(mock_llm):
    call()

@pytest.mark.no_real_llm(allow_hosts=["api.*.example"])
def test_allowed():
    call()

def test_raised():
    httpx.get("https://api.raised.example/v1")

def test_good(mock_llm):
    assert ask("Hi") == "You said: Hi"
"""
    (pytester.path / "pytest.ini").write_text("[pytest]\nno_real_llm = true\n")
    said, status = run(pytester, test)
    assert status == 1
    assert "2 failed, 2 passed" in said
    assert said.count("use the fixture mock_llm") == 2
    assert "ConnectError" not in said
    assert "httpx tried to reach api.provider.example at test_app.py:" in said
    assert "1 failed, 3 passed" in run(pytester, test, "-o", "no_real_llm_allow_hosts=*.provider.example")[0]


SHARED = """
import time
from pathlib import Path

@pytest.mark.parametrize("number", range(4))
def test_own(mock_llm, number):
    Path(f"url-{number}").write_text(mock_llm.url + " " + str(os.getpid()))
    assert mock_llm.requests == []
    mock_llm.on(last_user="Hi").reply(f"I am {number}.").reply("Again.")
    mock_llm.add_fault(status=503, when={"last_user": "fail"})
    assert [ask(text) for text in ("Hi", "fail", "Ho")] == [f"I am {number}.", 503, "You said: Ho"]
    (said,) = mock_llm.assert_requested(last_user="Hi", times=1)
    assert said.response.content[0].text == f"I am {number}."
    assert len(mock_llm.requests) == 3
    with pytest.raises(AssertionError, match="expected at least 1 request with last_user='No', got 0"):
        mock_llm.assert_requested(last_user="No")
"""


def test_one_server_for_all_workers_and_a_key_for_each_test(tmp_path: Path) -> None:
    said, status = run_apart(tmp_path, SHARED, "--mock-llm-shared", "-n", "2")
    assert (status, "4 passed" in said) == (0, True), said
    told = [(tmp_path / f"url-{number}").read_text().split() for number in range(4)]
    assert len({url for url, _ in told}) == 1
    assert len({process for _, process in told}) == 2
    assert not answers(told[0][0])


def test_one_server_for_all_tests_without_workers(pytester: pytest.Pytester) -> None:
    said, status = run(pytester, SHARED, "--mock-llm-shared", "-p", "no:xdist")
    assert (status, "4 passed" in said) == (0, True), said
    assert len({(pytester.path / f"url-{number}").read_text() for number in range(4)}) == 1


def test_the_server_does_not_outlive_a_run_that_crashes(tmp_path: Path) -> None:
    test = """
def test_crash(mock_llm):
    open("url", "w").write(mock_llm.url)
    os._exit(3)
"""
    assert run_apart(tmp_path, test, "--mock-llm-shared")[1] == 3
    assert not answers((tmp_path / "url").read_text())


def answers(url: str) -> bool:
    try:
        return httpx.get(url + "/_mock/health", trust_env=False).is_success
    except httpx.ConnectError:
        return False


def test_a_run_that_does_not_use_it_pays_nothing(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import sys\n"
        "def pytest_unconfigure():\n"
        "    print('loaded', sorted(m for m in sys.modules if m.startswith(('llm_sdk', 'mock_server', 'pydantic'))))\n"
        "    print('httpx' in sys.modules, 'asyncio' in sys.modules and 'no')\n"
    )
    (tmp_path / "test_app.py").write_text("def test_nothing():\n    pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:hypothesispytest", "test_app.py"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p mock_server.pytest_plugin"},
    )
    loaded = re.search(r"loaded (.*)", done.stdout)
    assert loaded is not None
    assert loaded[1] == "['mock_server', 'mock_server.pytest_plugin']"


def test_what_cannot_be_shared_is_said(pytester: pytest.Pytester) -> None:
    test = """
from mock_server import tool_call

def test_function(mock_llm):
    mock_llm.on().reply(tool_call("get", {"a": 1}), pace={"delay": 0})
    with pytest.raises(Exception, match="a function cannot be sent to a shared server"):
        mock_llm.on().reply(lambda asked: "x")
    with pytest.raises(Exception, match="a function cannot be sent to a shared server"):
        mock_llm.on(predicate=lambda asked: True).reply("x")
    with pytest.raises(Exception, match="Fault|fault"):
        mock_llm.on().fault(statu=3)

@pytest.mark.mock_llm(strict=True)
def test_option(mock_llm):
    pass
"""
    said, _ = run(pytester, test, "--mock-llm-shared")
    assert "1 passed, 1 error" in said, said
    assert "strict are of the whole server" in said
