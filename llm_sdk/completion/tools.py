"""The tools of a run: what the model is shown of them, and whether a call that it makes is one.

``parameters`` may be a pydantic model, a dataclass, a ``TypedDict``, a JSON Schema, or come from the signature of a
plain function. A call's arguments have to satisfy all of it: what a class cannot be made of is no call.
"""

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from pydantic import BaseModel, TypeAdapter, ValidationError

from llm_sdk.completion.events import ToolCall, ToolCallError
from llm_sdk.completion.parameters import Parameters, RefusedArgumentsError, function_parameters, read_parameters
from llm_sdk.errors import InvalidInputError
from llm_sdk.json_model import JsonObject
from llm_sdk.types import OpaqueTool, Tool, ToolOption, WebSearchTool

__all__ = ["CompletionTool", "Handler", "ToolLike", "Toolbox", "read_tools", "tool"]

Handler: TypeAlias = Callable[..., Any]
Invoke: TypeAlias = Callable[[Callable[[], Any]], Any]
TOOL_KEYS = frozenset({"type", "name", "description", "parameters", "handler", "strict"})
HOSTED: TypeAdapter[ToolOption] = TypeAdapter(ToolOption)
FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class CompletionTool:
    """A tool to offer.

    ``parameters`` is a pydantic model, a dataclass, a ``TypedDict`` or a JSON Schema of type ``object``; none at all by
    default. ``handler`` takes the arguments as that type has them, and is what ``call.invoke()`` runs. With ``spread``
    it takes them as keyword arguments.
    """

    name: str
    description: str = ""
    parameters: Any = None
    handler: Handler | None = None
    spread: bool = False


ToolLike: TypeAlias = (
    CompletionTool | Tool | WebSearchTool | OpaqueTool | Mapping[str, Any] | type[Any] | Callable[..., Any]
)
"""What ``tools`` may hold: a tool, the dictionary of one, a class that is its parameters, or a plain function."""


def tool(function: Handler, *, name: str | None = None, description: str | None = None) -> CompletionTool:
    """A tool that runs ``function``; its parameters are the function's own, and its description the docstring.

    Raises InvalidInputError for a function whose arguments cannot all be given by name.
    """
    said = inspect.cleandoc(function.__doc__ or "") if description is None else description
    called = str(getattr(function, "__name__", "")) if name is None else name
    return CompletionTool(called, said, function_parameters(function, called), function, spread=True)


@dataclass(frozen=True, slots=True)
class _Offered:
    parameters: Parameters
    handler: Handler | None
    spread: bool


class Toolbox:
    """The tools of one run."""

    def __init__(self, options: list[ToolOption], offered: Mapping[str, _Offered]) -> None:
        self.options = options
        self._offered = offered

    def __bool__(self) -> bool:
        return bool(self._offered)

    def schema_of(self, name: str) -> JsonObject | None:
        """The JSON Schema of a tool's parameters; None for a tool that was not offered."""
        offered = self._offered.get(name)
        return offered.parameters.schema if offered is not None else None

    def judge(
        self, id: str, name: str, arguments: JsonObject, raw: str | None, invoke: Invoke
    ) -> ToolCall | ToolCallError:
        """The call, or why it is none. ``invoke`` decides how its handler is run: at once, or as an awaitable."""
        offered = self._offered.get(name)
        if offered is None:
            message = f'Tool "{name}" not found in available tools'
            return ToolCallError(code="UNKNOWN_TOOL", message=message, raw=raw, id=id, name=name)
        try:
            parsed = offered.parameters.parse(arguments)
        except RefusedArgumentsError as error:
            return ToolCallError(code="VALIDATION_ERROR", message=error.message(name), raw=raw, id=id, name=name)
        call = ToolCall(id=id, name=name, arguments=arguments, raw=raw)
        call._parsed = parsed  # noqa: SLF001 - set once, where the call is made
        if (handler := offered.handler) is not None:
            run = partial(handler, **parsed) if offered.spread else partial(handler, parsed)
            call._invoke = partial(invoke, run)  # noqa: SLF001
        return call


async def invoke_async(run: Callable[[], Any]) -> Any:
    """Run a handler on the caller's event loop, and wait for it where it is asynchronous."""
    result = run()
    return await result if isinstance(result, Awaitable) else result


def read_tools(tools: Iterable[ToolLike] | None) -> Toolbox:
    """Read what the caller gave. Raises InvalidInputError, with the path of the tool that cannot be offered."""
    options: list[ToolOption] = []
    offered: dict[str, _Offered] = {}
    for at, given in enumerate(tools or ()):
        path = f"tools[{at}]"
        found = _read_tool(given, path)
        if isinstance(found, WebSearchTool | OpaqueTool):
            options.append(found)
            continue
        if not isinstance(found.name, str) or not found.name:
            raise InvalidInputError(f"{found.name!r} is not the name of a tool", path=f"{path}.name")
        if found.name in offered:
            raise InvalidInputError(f"two tools are named {found.name!r}", path=f"{path}.name")
        if found.handler is not None and not callable(found.handler):
            raise InvalidInputError("a handler is a function", path=f"{path}.handler")
        parameters = read_parameters(found.parameters, f"{path}.parameters")
        offered[found.name] = _Offered(parameters, found.handler, found.spread)
        options.append(Tool(name=found.name, description=found.description, parameters=parameters.schema))
    return Toolbox(options, offered)


def _read_tool(given: ToolLike, path: str) -> CompletionTool | WebSearchTool | OpaqueTool:
    match given:
        case CompletionTool() | WebSearchTool() | OpaqueTool():
            return given
        case Tool():
            return CompletionTool(given.name, given.description, given.parameters)
        case Mapping():
            return _read_dictionary(given, path)
        case type():
            described = inspect.cleandoc(given.__doc__ or "") if _has_own_docstring(given) else ""
            return CompletionTool(given.__name__, described, given)
        case _ if callable(given):
            try:
                return tool(given)
            except InvalidInputError as error:
                raise InvalidInputError(error.message, path=path) from None
    raise InvalidInputError(f"a tool, its dictionary, a class or a function is needed, not {given!r}", path=path)


def _has_own_docstring(kind: type[Any]) -> bool:
    """Not so for a class without one: pydantic's and dataclasses' are no description."""
    docstring = kind.__dict__.get("__doc__")
    generated = not issubclass(kind, BaseModel) and (docstring or "").startswith(f"{kind.__name__}(")
    return bool(docstring) and not generated


def _read_dictionary(given: Mapping[str, Any], path: str) -> CompletionTool | WebSearchTool | OpaqueTool:
    """``{name, description, parameters, handler}``; OpenAI's form, in which these stand under ``function``; or a hosted
    tool by its ``type``."""
    if given.get("type", FUNCTION) != FUNCTION:
        try:
            hosted = HOSTED.validate_python(dict(given))
        except ValidationError as error:
            raise InvalidInputError(error.errors()[0]["msg"], path=path) from None
        assert isinstance(hosted, WebSearchTool | OpaqueTool)  # noqa: S101 - any other type is a function
        return hosted
    inner = given.get(FUNCTION)
    fields = {**inner, "handler": given.get("handler")} if isinstance(inner, Mapping) else dict(given)
    if unknown := sorted(map(str, fields.keys() - TOOL_KEYS)):
        raise InvalidInputError(f"a tool has no {unknown[0]!r}; it has {', '.join(sorted(TOOL_KEYS))}", path=path)
    if "name" not in fields:
        raise InvalidInputError(f"a tool needs a name: {_shown(fields)}", path=path)
    return CompletionTool(
        fields["name"], fields.get("description") or "", fields.get("parameters"), fields.get("handler")
    )


def _shown(fields: Mapping[str, Any]) -> str:
    return json.dumps({key: str(value)[:40] for key, value in fields.items()})[:200]
