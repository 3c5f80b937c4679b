"""A server that another process runs, seen by one test: what belongs to the test's own API key, and nothing else."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any, Self

import httpx

from llm_sdk.codec import Codec
from llm_sdk.errors import InvalidInputError
from llm_sdk.registry import find_codec, provider_names
from llm_sdk.types import JsonObject, LanguageModelInput, ModelResponse
from mock_server.assertions import Assertions
from mock_server.environment import led_here
from mock_server.faults import Fault
from mock_server.journal import Exchange, Exchanges
from mock_server.keyed_routes import KEY_HEADER
from mock_server.pacing import Pace
from mock_server.routes import base_path, environment
from mock_server.scenario_files import read_conditions, read_turn
from mock_server.scenarios import FunctionReply
from mock_server.server import ScenarioBuilder

__all__ = ["SharedMock"]


class SharedMock(Assertions):
    """A :class:`~mock_server.MockServer` at ``url`` that was started with ``isolate_keys``, as ``api_key`` sees it.

    Everything goes through its control endpoints, so that what cannot be written as JSON cannot be used: functions and
    whole ``ModelResponse`` values as replies, predicates, the clock. Raises InvalidInputError for those. The clients
    must use ``api_key``, which :meth:`environment` gives to them. Use it as a context manager, or :meth:`close` it.
    """

    def __init__(self, url: str, api_key: str) -> None:
        self.url = url
        self.api_key = api_key
        self._codecs = [find_codec(name) for name in provider_names()]
        # Straight to it, because a proxy cannot know the way; certificates, which take longest to load, are not needed.
        self._http = httpx.Client(
            base_url=url,
            headers={KEY_HEADER: api_key},
            trust_env=False,
            timeout=30,
            verify=SSLContext(PROTOCOL_TLS_CLIENT),
        )
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection; what belongs to the key stays."""
        self._http.close()

    def base_url(self, provider: str) -> str:
        """See :meth:`MockServer.base_url`."""
        for codec in self._codecs:
            if codec.provider == provider:
                return self.url + base_path(codec)
        names = ", ".join(codec.provider for codec in self._codecs)
        raise InvalidInputError(f"no provider {provider!r}; there are {names}")

    def environment(self) -> dict[str, str]:
        """The variables that lead every provider's client here, with this test's own key."""
        return environment(self._codecs, self.url, api_key=self.api_key)

    def patch_environment(self) -> AbstractContextManager[None]:
        """See :meth:`MockServer.patch_environment`."""
        return led_here(self._codecs, self.environment())

    def on(self, *, name: str | None = None, fallback: bool = False, **when: Any) -> ScenarioBuilder:
        """See :meth:`MockServer.on`."""
        conditions = read_conditions(when, providers=self._providers)
        self._number += 1
        scenario = {"name": name or f"on #{self._number}", "when": when, "fallback": fallback}

        def publish(turns: list[JsonObject]) -> None:
            said = [{key: value for key, value in turn.items() if value is not None} for turn in turns]
            for turn in said:
                read_turn(turn, conditions)
            self._control("PUT", "scenarios", {"scenarios": [{**scenario, "turns": said}]})

        return ScenarioBuilder(publish)

    def add_fault(self, *, when: Mapping[str, Any] | None = None, times: int | None = None, **fault: Any) -> None:
        """See :meth:`MockServer.add_fault`."""
        rule = {"when": dict(when or {}), "fault": fault} | ({} if times is None else {"times": times})
        self._control("POST", "faults", rule)

    def add_scenarios(self, scenarios: Sequence[JsonObject]) -> None:
        """See :meth:`MockServer.add_scenarios`; scenarios are data here."""
        self._control("POST", "scenarios", {"scenarios": list(scenarios)})

    @property
    def unused_scenarios(self) -> list[str]:
        """See :attr:`MockServer.unused_scenarios`."""
        return list(self._control("GET", "scenarios")["unused"])

    def assert_all_used(self) -> None:
        """See :meth:`MockServer.assert_all_used`."""
        if unused := self.unused_scenarios:
            raise AssertionError("scenarios that have never answered: " + ", ".join(unused))

    @property
    def requests(self) -> Exchanges:
        """See :attr:`Assertions.requests`."""
        return Exchanges(map(_read_exchange, self._control("GET", "requests")["requests"]))

    def reset(self) -> None:
        """See :meth:`MockServer.reset`."""
        self._control("POST", "reset")

    @property
    def _spoken(self) -> Sequence[Codec]:
        return self._codecs

    @property
    def _providers(self) -> list[str]:
        return [codec.provider for codec in self._codecs]

    def _control(self, method: str, name: str, said: Any = None) -> Any:
        content = None if said is None else json.dumps(said, default=_as_json)
        answer = self._http.request(method, f"/_mock/{name}", content=content)
        if answer.is_error:
            raise InvalidInputError(f"the shared server refused {method} {name}: {_message(answer)}")
        return answer.json()


def _as_json(value: Any) -> Any:
    if isinstance(value, Fault | Pace):
        return value.model_dump(mode="json", exclude_unset=True)
    kind = "a function" if callable(value) or isinstance(value, FunctionReply) else f"a {type(value).__name__}"
    raise InvalidInputError(f"{kind} cannot be sent to a shared server: use a MockServer of the test's own for that")


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"


def _read_exchange(told: JsonObject) -> Exchange:
    """An exchange as the control endpoint writes it."""
    known = {field.name for field in fields(Exchange)}
    input, response = told["input"], told["response"]
    values = {name: value for name, value in told.items() if name in known} | {
        "body": told["body"].encode(),
        "input": None if input is None else LanguageModelInput.model_validate(input),
        "response": None if response is None else ModelResponse.model_validate(response),
        "warnings": tuple(told["warnings"]),
    }
    return Exchange(**values)
