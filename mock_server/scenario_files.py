"""Scenario files: YAML read with positions, so that every mistake is named by file, line and key."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from llm_sdk.registry import provider_names
from llm_sdk.types import JsonObject
from mock_server.conditions import When
from mock_server.fault_rules import FaultRule
from mock_server.recorded_reply import Place
from mock_server.scenario_errors import Problem, ScenarioError
from mock_server.scenarios import Scenario, ScenarioFile, Turn
from mock_server.templates import check_templates

__all__ = [
    "Problem",
    "ScenarioError",
    "load_scenarios",
    "parse_scenarios",
    "read_conditions",
    "read_fault_rules",
    "read_scenarios",
    "read_turn",
    "scenario_files",
    "scenario_schema",
]

Location = tuple[str | int, ...]
SUFFIXES = (".yaml", ".yml", ".json")
CASSETTE = re.compile(r'^"?interactions"?:', re.MULTILINE)
SCENARIOS = re.compile(r'^\s*[{]?\s*"?scenarios"?\s*:', re.MULTILINE)


def scenario_files(path: Path) -> list[Path]:
    """The files that ``path`` stands for: itself, or every YAML and JSON file of a folder, in the order of their names.

    A folder of cassettes may stand among them: a file that has ``interactions`` and no ``scenarios`` is none of them.
    """
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())


def load_scenarios(path: Path, *, providers: Collection[str] | None = None) -> list[Scenario]:
    """The scenarios of a file, or of every YAML and JSON file of a folder, in the order of their names.

    Cassettes that they name stand below the folder of the file, or below ``path`` where that is a folder; cassettes
    among the files of a folder are passed over. Raises ScenarioError. ``providers`` are the names that may be matched
    on: those of the registry by default.
    """
    files = scenario_files(path)
    if not files:
        raise ScenarioError([Problem("this folder has no scenario files (.yaml, .yml, .json)", file=str(path))])
    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    for file in files:
        place = Place(file.parent, path if path.is_dir() else file.parent)
        try:
            text = _text_of(file)
            if path.is_dir() and CASSETTE.search(text) and not SCENARIOS.search(text):
                continue
            scenarios += parse_scenarios(text, str(file), providers=providers, place=place)
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return scenarios


def parse_scenarios(
    text: str, file: str = "", *, providers: Collection[str] | None = None, place: Place | None = None
) -> list[Scenario]:
    """The scenarios that ``text`` says in YAML. ``file`` is its name in errors; cassettes are found at ``place``, and
    refused without one. Raises ScenarioError."""
    data, root = _read_yaml(text, file, "a scenario file has one key, scenarios, with a list")
    return _validate(data, _Positions(root, file), providers, place)


def read_fault_rules(text: str, *, providers: Collection[str] | None = None) -> list[FaultRule]:
    """Faults to set, as a control call gives them: one object with ``fault``, ``when`` and ``times``, or a list below
    ``faults``, in YAML or JSON. Raises ScenarioError."""
    data, root = _read_yaml(text, "", "an object with the key fault, and perhaps when and times")
    listed = "faults" in data
    if listed and (not isinstance(data["faults"], list) or len(data) > 1):
        raise ScenarioError([Problem("faults is a list, and stands alone", "faults")])
    positions = _Positions(root)
    rules: list[FaultRule] = []
    problems: list[Problem] = []
    for at, given in enumerate(data["faults"] if listed else [data]):
        where: Location = ("faults", at) if listed else ()
        try:
            rule = FaultRule.model_validate(given, strict=True)
        except ValidationError as error:
            problems += _problems(error, positions, where)
        else:
            problems += _unknown_provider(rule.when, providers, positions, (*where, "when"))
            rules.append(rule)
    if problems:
        raise ScenarioError(problems)
    return rules


def _read_yaml(text: str, file: str, wanted: str) -> tuple[JsonObject, yaml.Node]:
    """The object that ``text`` is, and its nodes, which know their lines."""
    try:
        root = yaml.compose(text, Loader=_Loader)
        _refuse_repeated_keys(root)
        data = _Loader("").construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 0
        raise ScenarioError([Problem(f"not YAML: {error.problem}", file=file, line=line)]) from None
    except yaml.YAMLError as error:
        raise ScenarioError([Problem(f"not YAML: {str(error).splitlines()[0]}", file=file)]) from None
    if not isinstance(data, dict) or root is None:
        raise ScenarioError([Problem(wanted, file=file, line=1)])
    return data, root


def read_scenarios(scenarios: Sequence[Any], *, providers: Collection[str] | None = None) -> list[Scenario]:
    """Scenarios given as data, as a file would say them; their cassettes are any files. Raises ScenarioError."""
    data = {"scenarios": list(scenarios)}
    return _validate(data, _Positions(data), providers, Place(Path()))


def read_conditions(when: Mapping[str, Any], *, providers: Collection[str] | None = None) -> When:
    """The conditions of a scenario given as data. Raises ScenarioError."""
    try:
        conditions = When.model_validate(when, strict=True)
    except ValidationError as error:
        raise ScenarioError(_problems(error, _Positions(when))) from None
    if problems := _unknown_provider(conditions, providers, _Positions(when), ()):
        raise ScenarioError(problems)
    return conditions


def read_turn(turn: JsonObject, when: When) -> Turn:
    """One turn of a scenario with these conditions, given as data. Raises ScenarioError."""
    positions = _Positions(turn)
    try:
        found = Turn.model_validate(turn, strict=True, context=Place(Path()).context)
    except ValidationError as error:
        raise ScenarioError(_problems(error, positions)) from None
    if problems := _bad_templates(turn, when, positions, ()):
        raise ScenarioError(problems)
    return found


def scenario_schema() -> JsonObject:
    """The JSON Schema of a scenario file, for editors."""
    schema = ScenarioFile.model_json_schema()
    _require_tags(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _require_tags(schema: Any) -> None:
    """Say that the key by which a union is told apart must be there, though its members have a default for it."""
    match schema:
        case {"discriminator": {"propertyName": name}}:
            schema["required"] = [name]
        case dict():
            for inner in schema.values():
                _require_tags(inner)
        case list():
            for inner in schema:
                _require_tags(inner)


class _Loader(yaml.SafeLoader):
    """Safe YAML in which ``on``, ``yes`` and ``no`` are words, as in YAML 1.2, and a date stays the text that it is."""


BOOLEAN, TIMESTAMP = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, expression) for tag, expression in resolvers if tag not in (BOOLEAN, TIMESTAMP)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(BOOLEAN, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScenarioError([Problem("there is no such file", file=str(file))]) from None
    except UnicodeDecodeError:
        raise ScenarioError([Problem("this file is not UTF-8 text", file=str(file))]) from None
    except OSError as error:
        raise ScenarioError([Problem(f"this file cannot be read: {error.strerror}", file=str(file))]) from None


def _refuse_repeated_keys(node: yaml.Node | None) -> None:
    """YAML lets the last of two equal keys win in silence."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
            _refuse_repeated_keys(value)


class _Positions:
    """Says where in ``root`` a value stands: nodes of a file, which have lines, or data given in Python."""

    def __init__(self, root: Any, file: str = "") -> None:
        self._root = root
        self._file = file

    def problem(self, message: str, location: Location) -> Problem:
        """A problem at ``location``, as pydantic gives it: the names of union members in it are skipped."""
        kept, found = _resolve(self._root, location)
        line = found.start_mark.line + 1 if isinstance(found, yaml.Node) else 0
        return Problem(message, _spell(kept), self._file, line)


def _resolve(root: Any, location: Location) -> tuple[Location, Any]:
    """The part of ``location`` that leads somewhere below ``root``, and where it leads: as far as possible."""
    if not location:
        return (), root
    head, rest = location[0], location[1:]
    best: tuple[Location, Any] = ((), root)
    for key, child in _children(root):
        if str(key.value if isinstance(key, yaml.ScalarNode) else key) == str(head):
            inner, found = _resolve(child, rest)
            # An unknown key is itself what is wrong: its own line says more than that of its value.
            best = (head, *inner), (found if inner else key if isinstance(key, yaml.ScalarNode) else child)
    skipped = _resolve(root, rest)
    return max((best, skipped), key=lambda found: (found[0][-1:] == location[-1:], len(found[0])))


def _children(value: Any) -> Iterator[tuple[Any, Any]]:
    match value:
        case yaml.MappingNode():
            yield from value.value
        case yaml.SequenceNode():
            yield from enumerate(value.value)
        case Mapping():
            yield from value.items()
        case list() | tuple():
            yield from enumerate(value)


def _spell(location: Location) -> str:
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in location)
    return text.removeprefix(".")


def _validate(
    data: JsonObject, positions: _Positions, providers: Collection[str] | None, beside: Place | None
) -> list[Scenario]:
    try:
        context = beside.context if beside is not None else None
        scenarios = ScenarioFile.model_validate(data, strict=True, context=context).scenarios
    except ValidationError as error:
        raise ScenarioError(_problems(error, positions)) from None
    problems = []
    for at, scenario in enumerate(scenarios):
        place: Location = ("scenarios", at)
        problems += _unknown_provider(scenario.when, providers, positions, (*place, "when"))
        problems += _bad_templates(data["scenarios"][at], scenario.when, positions, place)
    if problems:
        raise ScenarioError(problems)
    return scenarios


def _unknown_provider(
    when: When, providers: Collection[str] | None, positions: _Positions, place: Location
) -> list[Problem]:
    known = provider_names() if providers is None else providers
    if when.provider is None or when.provider in known:
        return []
    alike = get_close_matches(when.provider, known, n=1)
    hint = f"is {alike[0]!r} meant?" if alike else f"there are {', '.join(known)}"
    message = f"no provider {when.provider!r}; {hint}"
    return [positions.problem(message, (*place, "provider"))]


def _bad_templates(scenario: Any, when: When, positions: _Positions, place: Location) -> list[Problem]:
    """What is wrong with the templates of a scenario, or of one turn, that was given as data."""
    if not isinstance(scenario, dict):
        return []
    wrong = check_templates(scenario.get("reply"), when.variables)
    found = [positions.problem(str(bad), (*place, "reply", *bad.path)) for bad in wrong]
    for key in ("turns", "sequence"):
        for at, turn in enumerate(scenario.get(key) or ()):
            found += _bad_templates(turn, when, positions, (*place, key, at))
    return found


def _problems(error: ValidationError, positions: _Positions, place: Location = ()) -> list[Problem]:
    """One problem per place: the members of a union that all refuse a value say so together."""
    found: dict[tuple[str, int], Problem] = {}
    for detail in error.errors(include_url=False):
        problem = positions.problem(_explain(detail), (*place, *detail["loc"]))
        spot = (problem.key, problem.line)
        if spot in found and problem.message not in found[spot].message:
            problem = Problem(f"{found[spot].message}; or {problem.message}", problem.key, problem.file, problem.line)
        found[spot] = problem
    return list(found.values())


def _explain(detail: Any) -> str:
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    match detail["type"]:
        case "extra_forbidden":
            if key in _keys():
                return f"the key {key!r} does not belong here"
            alike = get_close_matches(key, _keys(), n=1)
            return f"unknown key {key!r}" + (f"; is {alike[0]!r} meant?" if alike else "")
        case "missing":
            return f"the key {key!r} is missing"
        case "union_tag_not_found":
            return "the key 'type' is missing"
        case "union_tag_invalid":
            return f"no part of type {detail['ctx']['tag']!r}; there are {detail['ctx']['expected_tags']}"
    message: str = detail["msg"].removeprefix("Value error, ")
    return message


@cache
def _keys() -> frozenset[str]:
    """Every key that a scenario file may have anywhere."""
    schema = ScenarioFile.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    objects = [form for model in models for form in (model, *model.get("anyOf", ()))]
    return frozenset(key for form in objects for key in form.get("properties", ()))
