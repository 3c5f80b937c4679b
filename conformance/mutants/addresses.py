"""Mutants that go to the wrong address, show the key to the wrong people, and read headers by their letters."""

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

import httpx

from conformance.mutants.registry import CodecAround, ModelAround, Parts, mutant, reference
from conformance.mutants.sending import parts_changed, sending
from llm_sdk.codec import WireRequest
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import (
    AssistantMessage,
    LanguageModelInput,
    ModelResponse,
    OpaquePart,
    OpaqueTool,
    Part,
    ReasoningPart,
    TextPart,
)

log = logging.getLogger(__name__)
REDIRECTS = frozenset({301, 302, 303, 307, 308})


def _with_headers(parts: Parts, change: Callable[[Mapping[str, str]], dict[str, str]]) -> LanguageModel:
    class Codec(CodecAround):
        def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
            sent = self._codec.encode_request(model_id, input, stream=stream)
            return replace(sent, headers=change(sent.headers))

    codec: Any = Codec(get_codec(parts.provider))
    return reference(parts, codec)


@mutant("CORE-45", cases=("text",), checks="test_accept")
def takes_plain_text_alone(parts: Parts) -> LanguageModel:
    """Says that it takes plain text alone."""
    return _with_headers(parts, lambda headers: {**headers, "accept": "text/plain"})


@mutant("CORE-46", cases=("text",), checks="base_url_with_a_path")
def joins_addresses_as_links(parts: Parts) -> LanguageModel:
    """Takes a path that begins with a slash for one from the root of the host, as a browser does."""
    endpoint = get_codec(parts.provider).endpoint
    origin = urljoin(parts.base_url, "/").rstrip("/")
    return reference(replace(parts, base_url=origin + endpoint.root))


@mutant("CORE-47", cases=("text",), checks="test_environment")
def believes_the_environment(parts: Parts) -> LanguageModel:
    """Takes the key of the environment, where there is one, whatever key it was given."""
    names = get_codec(parts.provider).endpoint.key_variables
    key = next((os.environ[name] for name in names if os.environ.get(name)), parts.api_key)
    return reference(replace(parts, api_key=key))


@mutant("CORE-47", cases=("text",), checks="test_environment")
def goes_where_the_environment_says(parts: Parts) -> LanguageModel:
    """Takes the base URL of the environment, where there is one, whatever address it was given."""
    name = get_codec(parts.provider).endpoint.base_url_variable
    return reference(replace(parts, base_url=os.environ.get(name) or parts.base_url))


class _Following(httpx.AsyncBaseTransport):
    """Follows wherever an answer leads, with everything that it sent before."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        url: httpx.URL | str = request.url
        while True:
            sent = self._client.build_request(request.method, url, headers=headers, content=content)
            response = await self._client.send(sent, stream=True)
            if response.status_code not in REDIRECTS:
                return httpx.Response(response.status_code, headers=response.headers, stream=response.stream)
            url = response.headers["location"]
            await response.aclose()


@mutant("RESIL-14", cases=("text",), checks="test_redirect")
def follows_with_the_key(parts: Parts) -> LanguageModel:
    """Sends its key to every host to which an answer leads it."""
    return reference(parts, http_client=httpx.AsyncClient(transport=_Following(parts.http_client)))


@mutant("RESIL-15", cases=("text",), checks="key_is_in_no_log", seen=("BerriAI/litellm#8075",))
def logs_its_requests(parts: Parts) -> LanguageModel:
    """Writes the headers of its requests into the log."""

    class Logging(ModelAround):
        async def generate(self, input: LanguageModelInput) -> ModelResponse:
            log.debug("sending with %s", {"authorization": f"Bearer {self.parts.api_key}"})
            return await super().generate(input)

    return Logging(parts)


@mutant("RESIL-15", cases=("text",), checks="key_is_in_no_log")
def prints_what_it_was_given(parts: Parts) -> LanguageModel:
    """Prints its configuration when it is made."""
    sys.stderr.write(f"{parts}\n")
    return reference(parts)


class _Receiving(httpx.AsyncBaseTransport):
    """Sends through the client of the suite; ``received`` says what comes of an answer."""

    def __init__(self, client: httpx.AsyncClient, received: Callable[[httpx.Response], httpx.Response]) -> None:
        self._client = client
        self._received = received

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        sent = self._client.build_request(request.method, request.url, headers=request.headers, content=content)
        return self._received(await self._client.send(sent, stream=True))


def receiving(parts: Parts, received: Callable[[httpx.Response], httpx.Response]) -> LanguageModel:
    return reference(parts, http_client=httpx.AsyncClient(transport=_Receiving(parts.http_client, received)))


@mutant(
    "ERROR-22",
    cases=("text",),
    checks="names_of_headers",
    not_for={"google": "it gives no request id, and says in the body how long to wait"},
)
def reads_headers_in_small_letters(parts: Parts) -> LanguageModel:
    """Looks for the headers of an answer in small letters, and finds none in capitals."""

    def received(response: httpx.Response) -> httpx.Response:
        small = [(name, value) for name, value in response.headers.raw if name == name.lower()]
        return httpx.Response(response.status_code, headers=small, stream=response.stream)

    return receiving(parts, received)


@mutant("STREAM-27", cases=("text",), checks="content_type_of_an_answer")
def compares_content_types_as_texts(parts: Parts) -> LanguageModel:
    """Takes an answer for none whose content type has white space before its parameters."""

    def received(response: httpx.Response) -> httpx.Response:
        kind = response.headers.get("content-type", "")
        if kind.partition(";")[0] not in ("application/json", "text/event-stream"):
            raise httpx.RemoteProtocolError(f"an answer of the content type {kind}")
        return response

    return receiving(parts, received)


@mutant("CORE-48", cases=("text",), checks="opaque_of_another")
def takes_what_is_opaque_for_its_own(parts: Parts) -> LanguageModel:
    """Sends every opaque part as if its own provider had made it."""

    def own(part: Part) -> list[Part]:
        return [part.model_copy(update={"provider": parts.provider}) if isinstance(part, OpaquePart) else part]

    return sending(parts, parts_changed(AssistantMessage, own))


@mutant("CORE-48", cases=("text",), checks="opaque_of_another")
def tells_what_is_opaque(parts: Parts) -> LanguageModel:
    """Sends the JSON of an opaque part as words of the model."""

    def told(part: Part) -> list[Part]:
        return [TextPart(text=json.dumps(part.data)) if isinstance(part, OpaquePart) else part]

    return sending(parts, parts_changed(AssistantMessage, told))


@mutant("CORE-48", cases=("text",), checks="opaque_of_another")
def offers_the_tools_of_others(parts: Parts) -> LanguageModel:
    """Offers a hosted tool of another provider as if it were one of its own."""

    def own(input: LanguageModelInput) -> LanguageModelInput:
        tools = [
            tool.model_copy(update={"provider": parts.provider}) if isinstance(tool, OpaqueTool) else tool
            for tool in input.tools or ()
        ]
        return input.model_copy(update={"tools": tools or None})

    return sending(parts, own)


@mutant("CORE-48", cases=("text",), checks="opaque_of_another")
def drops_what_is_opaque_in_silence(parts: Parts) -> LanguageModel:
    """Leaves out what another provider made, and does not say so."""

    def known(part: Part) -> list[Part]:
        return [] if isinstance(part, OpaquePart) else [part]

    return sending(parts, parts_changed(AssistantMessage, known))


@mutant("CORE-49", cases=("text",), checks="signatures_of_another", seen=("hoangvvo/llm-sdk@a753a91",))
def tells_signed_thoughts(parts: Parts) -> LanguageModel:
    """Sends a thought that it did not make as words of the model, with its signature."""

    def told(part: Part) -> list[Part]:
        is_signed = isinstance(part, ReasoningPart) and part.signature
        return [TextPart(text=f"<thinking signature={part.signature}>") if is_signed else part]  # type: ignore[union-attr]

    return sending(parts, parts_changed(AssistantMessage, told))
