"""The official clients that are tried against the server, and the scenarios that each of them goes through."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

__all__ = ["CLIENTS", "LOCKED_PACKAGES", "SCENARIOS", "STATUSES", "OfficialClient", "required"]

HERE = Path(__file__).parent
LOCKED_PACKAGES = HERE / "javascript" / "package.json"

SCENARIOS = (
    "text",
    "stream",
    "tool call",
    "parallel tool calls",
    "tool results",
    "structured output",
    "image input",
    "reasoning",
    "retry",
    "cut stream",
    "abort",
)
STATUSES = (400, 401, 403, 404, 413, 422, 429, 500, 503, 529)


@dataclass(frozen=True, slots=True)
class OfficialClient:
    """A client of one provider's protocol. ``packages`` are what a user installs; the first has the version.

    ``lacks`` are scenarios that the client has no way to express.
    """

    name: str
    language: Literal["Python", "JavaScript"]
    provider: str
    packages: tuple[str, ...]
    lacks: frozenset[str] = frozenset()

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of its packages: as installed, for JavaScript as pinned."""
        if self.language == "Python":
            return tuple(map(version, self.packages))
        return tuple(_pinned()[package] for package in self.packages)


@cache
def _pinned() -> dict[str, str]:
    pinned: dict[str, str] = json.loads(LOCKED_PACKAGES.read_text())["dependencies"]
    return pinned


@cache
def required() -> dict[str, Requirement]:
    """What pyproject.toml asks for in tests, by the name of the distribution."""
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())["project"]
    found = map(Requirement, project["optional-dependencies"]["test"])
    return {requirement.name: requirement for requirement in found}


NO_REASONING = frozenset({"reasoning"})
"""OpenAI's chat completions tell how many tokens went into reasoning, never its text."""


def _clients() -> Iterator[OfficialClient]:
    yield OfficialClient("openai (Responses)", "Python", "openai", ("openai",))
    yield OfficialClient("openai (chat)", "Python", "openai-chat-completion", ("openai",), NO_REASONING)
    yield OfficialClient("anthropic", "Python", "anthropic", ("anthropic",))
    yield OfficialClient("google-genai", "Python", "google", ("google-genai",))
    yield OfficialClient("cohere", "Python", "cohere", ("cohere",))
    yield OfficialClient("mistralai", "Python", "mistral", ("mistralai",))

    yield OfficialClient("openai (Responses)", "JavaScript", "openai", ("openai",))
    yield OfficialClient("openai (chat)", "JavaScript", "openai-chat-completion", ("openai",), NO_REASONING)
    yield OfficialClient("@anthropic-ai/sdk", "JavaScript", "anthropic", ("@anthropic-ai/sdk",))
    yield OfficialClient("@google/genai", "JavaScript", "google", ("@google/genai",))
    yield OfficialClient("cohere-ai", "JavaScript", "cohere", ("cohere-ai",))
    yield OfficialClient("@mistralai/mistralai", "JavaScript", "mistral", ("@mistralai/mistralai",))

    def of_ai(package: str, provider: str, form: str = "", lacks: frozenset[str] = frozenset()) -> OfficialClient:
        return OfficialClient(f"ai with {package}{form}", "JavaScript", provider, (package, "ai"), lacks)

    yield of_ai("@ai-sdk/openai", "openai", " (Responses)")
    yield of_ai("@ai-sdk/openai", "openai-chat-completion", " (chat)", NO_REASONING)
    yield of_ai("@ai-sdk/anthropic", "anthropic")
    yield of_ai("@ai-sdk/google", "google")
    yield of_ai("@ai-sdk/cohere", "cohere")
    yield of_ai("@ai-sdk/mistral", "mistral")


CLIENTS = {(client.language, client.name): client for client in _clients()}
