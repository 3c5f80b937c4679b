"""The adapter that ``--adapter`` asks for: registered by name, named as ``package.module:factory``, or a command.

A package registers its factory under the entry-point group ``llm_conformance.adapters``.
"""

import inspect
import sys
from functools import cache, partial
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from conformance.bridge import Bridge, is_command
from conformance.lanes import InProcess, Loopback
from conformance.patience import is_of_the_run
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_model

__all__ = [
    "GROUP",
    "REFERENCE",
    "AdapterError",
    "Factory",
    "find_factory",
    "home_of",
    "registered_adapters",
    "transport_for",
]

GROUP = "llm_conformance.adapters"
REFERENCE = "reference"
ARGUMENTS: dict[str, Any] = {"base_url": "", "api_key": "", "model_id": "", "http_client": None}


class AdapterError(ValueError):
    """The adapter cannot be had; the message says why in one sentence."""


class Factory(Protocol):
    """Makes the adapter. ``http_client`` is an ``httpx.AsyncClient``, or ``None`` where the adapter uses its own."""

    def __call__(self, *, base_url: str, api_key: str, model_id: str, http_client: Any) -> LanguageModel:
        """A model of the adapter."""
        ...


def registered_adapters() -> list[str]:
    """The names under which installed packages have registered an adapter."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def find_factory(adapter: str, provider: str) -> Factory:
    """What makes the adapter; a factory that has a parameter ``provider`` is told it. Raises AdapterError."""
    if adapter == REFERENCE:
        return partial(_reference, provider)
    if is_command(adapter):
        return _bridge(adapter).factory(provider)
    factory = _imported(adapter) if ":" in adapter else _registered(adapter)
    try:
        signature = inspect.signature(factory)
        if "provider" in signature.parameters:
            factory = partial(factory, provider=provider)
        inspect.signature(factory).bind(**ARGUMENTS)
    except (TypeError, ValueError) as error:
        wanted = "base_url, api_key, model_id and http_client"
        raise AdapterError(f"must be callable with {wanted} ({error})") from None
    found: Factory = factory
    return found


def transport_for(adapter: str, asked: str | None = None) -> str:
    """The name of the lane that is asked for, or else of the one that fits the adapter.

    Raises AdapterError for a command on any lane but the socket: nothing of this process reaches into another one.
    """
    if not is_command(adapter):
        return asked or InProcess.name
    if asked not in (None, Loopback.name):
        raise AdapterError(f"--transport {asked}: a command is another process, and judged over --transport socket")
    return Loopback.name


@cache
def _bridge(adapter: str) -> Bridge:
    return Bridge(adapter)


def _reference(provider: str, *, base_url: str, api_key: str, model_id: str, http_client: Any) -> LanguageModel:
    return get_model(provider, model_id, api_key=api_key, base_url=base_url, http_client=http_client)


@cache
def home_of(adapter: str) -> str:
    """The package that an adapter comes with; empty for the reference adapter, and for a command."""
    if adapter == REFERENCE or is_command(adapter):
        return ""
    values = [entry.value for entry in entry_points(group=GROUP, name=adapter)]
    return (values[0] if values else adapter).partition(":")[0].partition(".")[0]


def _registered(name: str) -> Any:
    for entry in entry_points(group=GROUP, name=name):
        try:
            return entry.load()
        except BaseException as error:
            if is_of_the_run(error):
                raise
            raise AdapterError(f"is registered as {entry.value}, which cannot be loaded ({_named(error)})") from None
    raise AdapterError(f"give it as package.module:factory, as cmd: and a command, or by name; {_names()}")


def _imported(spec: str) -> Any:
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise AdapterError(f"give it as package.module:factory; {_names()}")
    try:
        found: Any = _import(module_name)
        for step in name.split("."):
            found = getattr(found, step)
    except ImportError as error:
        raise AdapterError(f"cannot be imported ({error}); {_names()}") from None
    except AttributeError:
        raise AdapterError(f"{module_name} has no {name}; {_names()}") from None
    except BaseException as error:
        if is_of_the_run(error):
            raise
        raise AdapterError(f"{module_name} cannot be imported ({_named(error)})") from None
    return found


def _named(error: BaseException) -> str:
    """What a module has raised while it was imported, which may be anything: SystemExit is that of a program."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _import(name: str) -> Any:
    """The module, which may stand in the folder of the run: ``pytest`` alone does not look there."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    return import_module(name)


def _names() -> str:
    names = registered_adapters()
    return f"registered by name: {', '.join(names)}" if names else f"none is registered under {GROUP}"
