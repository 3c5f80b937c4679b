"""The rules of the house that a reader relies on: which way imports run, what a provider's folder holds, how long
files and functions get, what ``import llm_sdk`` costs."""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from llm_sdk.registry import PROVIDERS, provider_names

ROOT = Path(__file__).parent.parent
PACKAGES = ("llm_sdk", "mock_server", "conformance")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FOLDERS = sorted(path for path in (ROOT / "llm_sdk" / "providers").iterdir() if (path / "__init__.py").exists())

# "No file much over 400 lines, no function over 60."
FILE_LIMIT, FUNCTION_LIMIT = 480, 60


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(node: ast.AST) -> Iterator[str]:
    """The modules that a statement imports; ``from a import b`` may mean the module ``a.b`` and counts as both."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        yield str(node.module)
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports(path: Path) -> set[str]:
    """All that a file imports, in functions too."""
    return {module for node in ast.walk(tree(path)) for module in imported(node)}


def imports_at_once(path: Path) -> set[str]:
    """What is imported as soon as the file is: neither in a function nor for the type checker alone."""
    return {module for node in _run_at_once(tree(path).body) for module in imported(node)}


def _run_at_once(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.ClassDef | ast.With):
            yield from _run_at_once(node.body)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from _run_at_once(node.body + node.orelse)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_arrows_run_one_way(path: Path) -> None:
    """conformance -> mock_server -> llm_sdk, and never back."""
    package = path.relative_to(ROOT).parts[0]
    forbidden = {"llm_sdk": ("mock_server", "conformance"), "mock_server": ("conformance",)}.get(package, ())
    tests = {module for module in imports(path) if within(module, "tests")}
    assert {module for module in imports(path) for other in forbidden if within(module, other)} | tests == set()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nobody_outside_names_a_provider(path: Path) -> None:
    """What is needed of a provider comes from the registry; inside its folder nothing comes from a sibling."""
    own = ".".join(name_of(path).split(".")[:3])
    providers = {module for module in imports(path) if module.startswith("llm_sdk.providers.")}
    assert {module for module in providers if not within(module, own)} == set()


def knows_no_provider(path: Path) -> bool:
    package, name = path.relative_to(ROOT).parts[0], path.name
    return package == "mock_server" or (package == "conformance" and name.startswith("test_"))


@pytest.mark.parametrize("path", [path for path in FILES if knows_no_provider(path)], ids=name_of)
def test_no_provider_is_known_by_name(path: Path) -> None:
    names = {"openai", "openai-chat-completion", "anthropic", "google", "cohere", "mistral", *provider_names()}
    found = {node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant) and node.value in names}
    assert found == set()


# What stands in every provider's folder, and what each room exports.
ROOMS: dict[str, set[str]] = {
    "__init__": {"CODEC", "MODEL"},
    "codec": {"CODEC"},
    "model": {"MODEL"},
    "id_forms": set(),
    "wire": {"Request", "Response", "OTHER_FIELDS"},
    "capabilities": {"CAPABILITIES"},
    "endpoint": {"ENDPOINT", "match", "response_headers"},
    "errors": {"encode_error", "decode_error", "embedded_error", "refuse_key"},
    "content": {"PROVIDER"},
    "history": {"encode_messages", "HistoryReader"},
    "options": {
        *("encode_tools", "decode_tools", "encode_tool_choice", "decode_tool_choice", "TOOL_CHOICES"),
        *("encode_format", "decode_format", "encode_reasoning_options", "decode_reasoning_options"),
    },
    "request": {"encode_request", "encode_body", "decode_request", "refuse", "check_fields", "OPTIONS"},
    "normalize": {"normalize_request", "DEFAULTS"},
    "response": {"encode_response", "decode_response"},
    "finish": {"encode_finish", "decode_finish", "FINISH_REASONS", "FINISH_WORDS"},
    "usage": {"encode_usage", "decode_usage"},
    "stream_decoder": {"StreamDecoder", "EVENTS"},
    "stream_encoder": {"StreamEncoder"},
    "services": {"SERVICES"},
    "validation": {"find_faults"},
}
# What a protocol has beside that: its own subjects, and the pieces that its streams are made of.
EXTRA_ROOMS: dict[str, set[str]] = {
    "anthropic": {
        *("citations", "client_tools", "foreign", "quotation", "signature", "stream_blocks", "threads", "web_search"),
        "wire_events",
    },
    "cohere": {"assistant", "stream_blocks", "wire_events"},
    "google": {
        *("foreign", "function_result", "grounding", "logprobs", "media", "names", "partial_args", "reader"),
        *("schemas", "stream_parts"),
    },
    "mistral": {"other_calls", "sound", "stream_calls", "tool_call_ids", "wire_events"},
    "openai": {
        *("client_tools", "compaction", "conversations", "function_call", "hosted", "item_events", "item_lists"),
        *("logprobs", "reasoning", "stream_items", "stream_places", "wire_events"),
    },
    "openai_chat_completion": {
        *("client_tools", "logprobs", "sound", "stream_calls", "stream_chunks", "thinking", "wire_events"),
    },
}


def rooms(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py")}


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_each_provider_has_the_same_rooms(folder: Path) -> None:
    assert rooms(folder) == {*ROOMS, *EXTRA_ROOMS[folder.name]}


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
@pytest.mark.parametrize("room", ROOMS)
def test_a_room_exports_the_same_names_everywhere(folder: Path, room: str) -> None:
    module = import_module(f"{name_of(folder)}.{room}".removesuffix(".__init__"))
    assert {name for name in ROOMS[room] if not hasattr(module, name)} == set()


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_every_room_is_used(folder: Path) -> None:
    used = {
        module for path in folder.glob("*.py") for module in imports(path) if path.stem != module.rpartition(".")[2]
    }
    assert {room for room in rooms(folder) - {"__init__"} if f"{name_of(folder)}.{room}" not in used} == set()


@pytest.mark.parametrize("room", ["stream_decoder", "stream_encoder"])
def test_decoders_and_encoders_are_called_alike(room: str) -> None:
    """The same methods in the same order; whatever else one has is private."""
    methods: dict[str, list[str]] = {}
    for folder in FOLDERS:
        [coder] = [
            node
            for node in tree(folder / f"{room}.py").body
            if isinstance(node, ast.ClassDef) and node.name.startswith("Stream")
        ]
        names = [node.name for node in coder.body if isinstance(node, ast.FunctionDef)]
        methods[folder.name] = [name for name in names if name == "__init__" or not name.startswith("_")]
    assert {name: order for name, order in methods.items() if order != ["__init__", "feed", "close"]} == {}


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_the_wire_stands_on_its_own(folder: Path) -> None:
    """Everything in the folder may import its wire; the wire imports nothing of it, and its events the wire alone."""
    own = {
        path: {module for module in imports(path) if within(module, name_of(folder))} for path in folder.glob("wire*")
    }
    assert own.pop(folder / "wire.py") == set()
    assert {module for modules in own.values() for module in modules} <= {name_of(folder), f"{name_of(folder)}.wire"}


def test_every_folder_is_registered() -> None:
    assert {name_of(folder) for folder in FOLDERS} == set(PROVIDERS.values())


# Pure functions of their arguments: no network, no clock, no threads, no chance.
PURE = (
    "accumulator", "call_options", "capabilities", "codec", "cost", "deltas", "errors", "flow", "json_model",
    "metadata", "nested_form", "part_builder", "schema", "sse", "types",
)  # fmt: skip
IMPURE = {
    *("httpx", "httpx2", "anyio", "asyncio", "socket", "ssl", "os", "pathlib", "threading"),
    *("time", "random", "secrets", "uuid"),
}


@pytest.mark.parametrize(
    "path",
    [
        *(ROOT / "llm_sdk" / f"{name}.py" for name in PURE),
        *(path for folder in FOLDERS for path in sorted(folder.glob("*.py")) if path.name != "__init__.py"),
    ],
    ids=name_of,
)
def test_the_core_does_no_io(path: Path) -> None:
    roots = {module.partition(".")[0] for module in imports(path)}
    # SeededIds need the generator with a seed: its chance is always the same.
    assert roots & IMPURE == ({"random"} if path == ROOT / "llm_sdk" / "codec.py" else set())
    functions = (node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
    called = {function.id for function in functions if isinstance(function, ast.Name)}
    assert called & {"open", "print", "input"} == ({"print"} if path.name == "schema.py" else set())


def declared() -> set[str]:
    """The distributions that ours depends on, extras left out, names normalized."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [requirement.partition(">")[0].partition("[")[0].strip() for requirement in project["dependencies"]]
    # pydantic-core is the other half of pydantic and comes with it, at the one version that fits.
    return {name.lower().replace("_", "-") for name in names} | {"pydantic-core"}


DISTRIBUTIONS = packages_distributions()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_declared_dependencies_are_imported_at_once(path: Path) -> None:
    """An optional dependency is imported where it is used, in a function, with an answer for its absence."""
    roots = {module.partition(".")[0] for module in imports_at_once(path)}
    foreign = roots - set(sys.stdlib_module_names) - {*PACKAGES, "cassettes"}
    undeclared = {
        root
        for root in foreign
        if not {name.lower().replace("_", "-") for name in DISTRIBUTIONS.get(root, [])} & declared()
    }
    assert undeclared == set()


def test_importing_the_package_imports_little_more_than_pydantic() -> None:
    """No HTTP client, no test library, no provider: those come when they are used."""
    program = "import json, sys; old = {*sys.modules}; import llm_sdk; print(json.dumps([*{*sys.modules} - old]))"
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, capture_output=True, check=True, text=True, timeout=60)  # noqa: S603 - our own program
    modules = json.loads(done.stdout)
    roots = {module.partition(".")[0] for module in modules} - set(sys.stdlib_module_names)
    foreign = {root for root in roots if root in DISTRIBUTIONS}
    assert foreign <= {
        "llm_sdk",
        "pydantic",
        "pydantic_core",
        "annotated_types",
        "typing_extensions",
        "typing_inspection",
    }
    assert [module for module in modules if module.startswith(("llm_sdk.providers.", "llm_sdk.testing"))] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LIMIT
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LIMIT} == {}


def test_the_rules_see_the_files() -> None:
    """A wrong path would make every test above pass."""
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(PACKAGES)
    assert FOLDERS
    assert "llm_sdk.types" in imports(ROOT / "llm_sdk" / "accumulator.py")
    assert "pydantic" in imports_at_once(ROOT / "llm_sdk" / "types.py")
