"""Models by the name of their provider, and where their settings come from."""

import os
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from echo_protocol import CODEC, EXPECTED, HELLO, KEY, SAID

from llm_sdk import HttpLanguageModel, InvalidInputError, get_codec, get_model, provider_names, registry
from llm_sdk.testing.transports import ChunkedTransport, FakeReply
from llm_sdk.types import LanguageModelMetadata, LanguageModelPricing


class EchoModel(HttpLanguageModel):
    def __init__(self, model_id: str, **options: Any) -> None:
        super().__init__(CODEC, model_id, **options)


ENTRIES = {
    "echo": SimpleNamespace(CODEC=CODEC),
    "echo-with-class": SimpleNamespace(CODEC=CODEC, MODEL=EchoModel),
    "hollow": SimpleNamespace(),
}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The entry points above and one that is broken; no setting from outside."""

    def entry_points(*, group: str, name: str | None = None) -> list[metadata.EntryPoint]:
        assert group == "llm_sdk.providers"
        entries = [metadata.EntryPoint(entry, f"echo_entries:{entry}", group) for entry in [*ENTRIES, "broken"]]
        return [entry for entry in entries if name in (None, entry.name)]

    def load(entry: metadata.EntryPoint) -> Any:
        if entry.name == "broken":
            raise ModuleNotFoundError("No module named 'echo_entries'")
        return ENTRIES[entry.name]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    monkeypatch.setattr(metadata.EntryPoint, "load", load)
    monkeypatch.chdir(tmp_path)
    for variable in ("ECHO_API_KEY", "ECHO_OTHER_KEY", "ECHO_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


def sent(**options: Any) -> httpx.Request:
    """The request that a model with these options makes."""
    transport = ChunkedTransport([FakeReply(body=SAID)])
    model = get_model("echo", "echo-1", http_client=httpx.Client(transport=transport), **options)
    assert model.generate_sync(HELLO).content == EXPECTED.content
    request: httpx.Request = transport.requests[0]
    return request


def test_names() -> None:
    assert provider_names() == [*registry.PROVIDERS, "broken", "echo", "echo-with-class", "hollow"]


@pytest.mark.parametrize("provider", registry.PROVIDERS)
def test_every_provider_of_our_own(provider: str) -> None:
    codec = get_codec(provider)
    model = get_model(provider, "some-model", api_key=KEY)
    assert codec.provider == model.provider == provider
    assert model.base_url == codec.endpoint.base_url


def test_a_registered_provider() -> None:
    assert get_codec("echo") is CODEC
    assert type(get_model("echo", "echo-1", api_key=KEY)) is HttpLanguageModel


def test_a_provider_with_a_class_of_its_own() -> None:
    model = get_model("echo-with-class", "echo-1", api_key=KEY, base_url="http://localhost:1")
    assert type(model) is EchoModel
    assert repr(model) == "<EchoModel echo/echo-1 at http://localhost:1>"


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ("opnai", "no provider 'opnai'; there are openai, "),
        ("broken", "provider 'broken' is registered as echo_entries:broken, which cannot be loaded: No module named"),
        ("hollow", "provider 'hollow' is registered as echo_entries:hollow, which has no CODEC"),
    ],
)
def test_providers_that_cannot_be_had(provider: str, message: str) -> None:
    for action in (lambda: get_codec(provider), lambda: get_model(provider, "m", api_key=KEY)):
        with pytest.raises(InvalidInputError) as caught:
            action()
        assert message in str(caught.value)


def test_a_missing_key_names_the_variables() -> None:
    with pytest.raises(InvalidInputError) as caught:
        get_model("echo", "echo-1")
    assert str(caught.value) == (
        "echo: there is no API key: pass api_key, or set ECHO_API_KEY or ECHO_OTHER_KEY in the environment or in .env"
    )


@pytest.mark.parametrize(
    ("argument", "environment", "dotenv", "key"),
    [
        ("from-argument", {"ECHO_API_KEY": "from-environment"}, "ECHO_API_KEY=from-file", "from-argument"),
        (None, {"ECHO_API_KEY": "from-environment"}, "ECHO_API_KEY=from-file", "from-environment"),
        (None, {"ECHO_OTHER_KEY": "from-environment"}, "ECHO_API_KEY=from-file", "from-environment"),
        (None, {"ECHO_API_KEY": " "}, "ECHO_API_KEY=from-file", "from-file"),
        (None, {}, "ECHO_OTHER_KEY='from-file'\n", "from-file"),
        (None, {}, "ECHO_OTHER_KEY=second\nECHO_API_KEY=from-file", "from-file"),
        (" from-argument\n", {}, "", "from-argument"),
    ],
)
def test_where_the_key_comes_from(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    argument: str | None,
    environment: dict[str, str],
    dotenv: str,
    key: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / ".env").write_text(dotenv)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    before = dict(os.environ)
    assert sent(api_key=argument).headers["x-echo-key"] == f"Key {key}"
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("argument", "environment", "dotenv", "url"),
    [
        ("http://a.example", "http://b.example", "http://c.example", "http://a.example/echo"),
        (None, "http://b.example", "http://c.example", "http://b.example/echo"),
        (None, None, "http://c.example/", "http://c.example/echo"),
        (None, None, None, "https://echo.example/v1/echo"),
    ],
)
def test_where_the_base_url_comes_from(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    argument: str | None,
    environment: str | None,
    dotenv: str | None,
    url: str,
) -> None:
    if environment:
        monkeypatch.setenv("ECHO_BASE_URL", environment)
    if dotenv:
        (tmp_path / ".env").write_text(f"ECHO_BASE_URL={dotenv}")
    assert str(sent(api_key=KEY, base_url=argument).url) == url


def test_a_file_of_settings_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"ECHO_API_KEY=sk-caf\xe9")
    with pytest.raises(InvalidInputError, match=r"\.env cannot be read as settings in UTF-8") as caught:
        get_model("echo", "echo-1")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_key_among_the_headers_is_enough() -> None:
    assert sent(headers={"X-Echo-Key": "Key of-my-own"}).headers["x-echo-key"] == "Key of-my-own"


def test_options_reach_the_model() -> None:
    request = sent(api_key=KEY, headers={"x-more": "1"}, timeout=7, max_retries=0, max_event_bytes=100)
    assert request.headers["x-more"] == "1"
    assert request.extensions["timeout"]["read"] == 7


@pytest.mark.parametrize("as_json", [True, False])
def test_costs_with_metadata(as_json: bool) -> None:
    metadata = LanguageModelMetadata(
        pricing=LanguageModelPricing(input_cost_per_text_token=2, output_cost_per_text_token=3)
    )
    transport = ChunkedTransport([FakeReply(body=SAID)])
    model = get_model(
        "echo",
        "echo-1",
        api_key=KEY,
        http_client=httpx.Client(transport=transport),
        metadata=metadata.model_dump() if as_json else metadata,
    )
    assert model.metadata == metadata
    assert model.generate_sync(HELLO).cost == 3 * 2 + 2 * 3
