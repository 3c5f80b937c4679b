"""What ``mock-server record`` does with its options."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import httpx

from llm_sdk.codec import Codec
from llm_sdk.environment import read_setting
from llm_sdk.errors import InvalidInputError
from llm_sdk.registry import get_codec, provider_names
from mock_server.cassette_folder import CassetteFolder
from mock_server.engine import Engine
from mock_server.recording_proxy import RecordingProxy, Upstream
from mock_server.routes import base_path
from mock_server.web_server import AddressInUseError, WebServer, open_socket

__all__ = ["read_upstreams", "record"]

HOST = "127.0.0.1"
"""Whoever reaches the proxy may use it with a key of his own; other machines have no business here."""


def record(upstreams: Iterable[str], cassettes: Path, port: int) -> None:
    """Record until interrupted. Raises click.ClickException, which says what is wrong with the options; the status is 1
    where something was not written."""
    found = read_upstreams(upstreams)
    try:
        listener = open_socket(HOST, port)
    except AddressInUseError as error:
        raise click.ClickException(str(error)) from None
    folder = CassetteFolder(cassettes, partial(click.echo, err=True))
    for name in provider_names():
        for variable in get_codec(name).endpoint.key_variables:
            if key := read_setting((variable,)):
                folder.guard(f"the key in {variable}", key)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    proxy = RecordingProxy(found, folder, recorded_at=now, is_stopping=lambda: server.is_stopping)

    def announce() -> None:
        for upstream in found:
            for codec in upstream.codecs:
                origin = f"http://{HOST}:{listener.getsockname()[1]}"
                click.echo(f"{codec.provider} {origin}{base_path(codec)} records {upstream.base_url}")

    engine = Engine(codecs=[])
    server = WebServer(engine, listener, on_started=announce, routes=proxy, on_stopped=proxy.close)
    server.run_until_stopped()
    if folder.refused:
        sys.exit(1)


def read_upstreams(options: Iterable[str]) -> list[Upstream]:
    """``PROVIDER[=URL]`` each. A provider stands for all that share its paths. Raises click.BadParameter."""
    codecs = [get_codec(name) for name in provider_names()]
    found: dict[str, Upstream] = {}
    for option in options:
        name, _, url = option.partition("=")
        try:
            codec = get_codec(name)
        except InvalidInputError as error:
            raise click.BadParameter(error.message, param_hint="--upstream") from None
        if codec.endpoint.mount in found:
            raise click.BadParameter(
                f"{name} has the paths of another --upstream, {codec.endpoint.mount}: give one of them",
                param_hint="--upstream",
            )
        base_url = _checked(url or codec.endpoint.base_url)
        found[codec.endpoint.mount] = Upstream(base_url, (codec, *_neighbours(codec, codecs)))
    return list(found.values())


def _neighbours(codec: Codec, codecs: Iterable[Codec]) -> list[Codec]:
    return [one for one in codecs if one.endpoint.mount == codec.endpoint.mount and one.provider != codec.provider]


def _checked(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise click.BadParameter(f"{url!r} is no address ({error})", param_hint="--upstream") from None
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query or parsed.userinfo:
        raise click.BadParameter(
            f"{url!r} is no base URL: it is http or https, has a host, and neither a query nor a password",
            param_hint="--upstream",
        )
    return str(parsed).rstrip("/")
