"""For pytest: the fixture ``mock_llm``, a stand-in that every provider's client finds by its environment variables, and
the guard ``no_real_llm``, which fails a test that tries to reach a real provider.

Nothing of the stand-in is imported until a test asks for it.
"""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mock_server.guard import Guard
    from mock_server.server import MockServer
    from mock_server.shared_server import SharedMock

__all__ = ["mock_llm", "no_real_llm"]

URL = "mock_llm_url"
GUARD: "pytest.StashKey[Guard]" = pytest.StashKey()
SHARED: "pytest.StashKey[MockServer]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the command line, and those of the ini file by the same names."""
    group = parser.getgroup("mock-llm", "stand-in for LLM providers")
    group.addoption(
        "--mock-llm-scenarios",
        action="append",
        default=[],
        metavar="FILE_OR_DIR",
        help="scenarios of every mock_llm, before those of the ini option mock_llm_scenarios; repeatable",
    )
    group.addoption(
        "--mock-llm-shared",
        action="store_true",
        help="one server for all tests and all workers of pytest-xdist; each test has an API key of its own",
    )
    group.addoption("--no-real-llm", action="store_true", help="fail every test that tries to reach another machine")
    parser.addini("mock_llm_scenarios", "scenarios of every mock_llm: files and folders", type="paths", default=[])
    parser.addini("mock_llm_shared", "as --mock-llm-shared", type="bool", default=False)
    parser.addini("no_real_llm", "as --no-real-llm", type="bool", default=False)
    parser.addini("no_real_llm_allow_hosts", "hosts that every test may reach, such as *.internal", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    config.addinivalue_line("markers", "mock_llm(**options): what the fixture mock_llm gives to MockServer")
    config.addinivalue_line("markers", "no_real_llm(allow_hosts=()): guard this test; what else it may reach")


@pytest.fixture
def mock_llm(request: pytest.FixtureRequest) -> "Iterator[MockServer | SharedMock]":
    """A stand-in for one test: a :class:`~mock_server.MockServer`, or its share of the one for all. Base URLs and keys
    of all providers lead to it."""
    mark = request.node.get_closest_marker("mock_llm")
    options = dict(mark.kwargs) if mark is not None else {}
    begin = _share if _is_shared(request.config) else _own
    with begin(request.config, options) as mock, mock.patch_environment():
        yield mock


@pytest.fixture
def no_real_llm(request: pytest.FixtureRequest) -> "Iterator[Guard]":
    """Nothing of this test reaches another machine: the client gets an error, and the test fails."""
    from mock_server.guard import Guard, watched

    mark = request.node.get_closest_marker("no_real_llm")
    here = mark.kwargs.get("allow_hosts", ()) if mark is not None else ()
    guard = Guard(tuple(host.lower() for host in (*request.config.getini("no_real_llm_allow_hosts"), *here)))
    request.node.stash[GUARD] = guard
    with watched(guard):
        yield guard
    if told := guard.explain():
        pytest.fail(told, pytrace=False)


@pytest.fixture(autouse=True)
def _guarded(request: pytest.FixtureRequest) -> None:
    """The guard, where the run or the test asks for it."""
    config = request.config
    if config.option.no_real_llm or config.getini("no_real_llm") or request.node.get_closest_marker("no_real_llm"):
        request.getfixturevalue("no_real_llm")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail the test itself for what its guard has seen, though the app has hidden it."""
    try:
        result = yield
    except Exception as error:
        if told := _take(item):
            raise pytest.fail.Exception(told, pytrace=False) from (None if _is_refusal(error) else error)
        raise
    if told := _take(item):
        pytest.fail(told, pytrace=False)
    return result


def _is_refusal(error: BaseException | None) -> bool:
    """Whether the guard's own refusal is behind an error, which then says nothing more."""
    from mock_server.guard import RealHostError

    while error is not None and not isinstance(error, RealHostError):
        error = error.__cause__ or error.__context__
    return error is not None


def _take(item: pytest.Item) -> str:
    """What the guard has to say; it says it once."""
    guard = item.stash.get(GUARD, None)
    told = guard.explain() if guard is not None else ""
    if guard is not None:
        guard.attempts.clear()
    return told


# One server for all.


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the server of the controller is."""
    if _is_shared(node.config):
        node.workerinput[URL] = _shared_server(node.config).url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server. It lives in this process, and so cannot outlive it."""
    if (server := config.stash.get(SHARED, None)) is not None:
        server.stop()


def _is_shared(config: pytest.Config) -> bool:
    return bool(config.option.mock_llm_shared or config.getini("mock_llm_shared"))


def _shared_server(config: pytest.Config) -> "MockServer":
    from mock_server.server import MockServer

    if SHARED not in config.stash:
        config.stash[SHARED] = MockServer(_scenarios(config), isolate_keys=True).start()
    return config.stash[SHARED]


def _share(config: pytest.Config, options: dict[str, Any]) -> "SharedMock":
    from uuid import uuid4

    from mock_server.shared_server import SharedMock

    if options.keys() - {"scenarios"}:
        names = ", ".join(sorted(options.keys() - {"scenarios"}))
        raise pytest.UsageError(f"a shared mock_llm takes scenarios alone, as data: {names} are of the whole server")
    url = getattr(config, "workerinput", {}).get(URL) or _shared_server(config).url
    mock = SharedMock(url, f"mock-{uuid4().hex}")
    if "scenarios" in options:
        mock.add_scenarios(options["scenarios"])
    return mock


def _own(config: pytest.Config, options: dict[str, Any]) -> "MockServer":
    from mock_server.server import MockServer

    own = options.pop("scenarios", ())
    mock = MockServer(_scenarios(config), **options)
    mock.add_scenarios(own)
    return mock


def _scenarios(config: pytest.Config) -> list[Any]:
    """The scenarios of the run, those of the command line first."""
    paths = [config.invocation_params.dir / path for path in config.option.mock_llm_scenarios]
    paths += config.getini("mock_llm_scenarios")
    if not paths:
        return []
    from mock_server.scenario_files import load_scenarios

    return [scenario for path in paths for scenario in load_scenarios(path)]
