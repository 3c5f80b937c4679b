"""Adapters that speak a protocol in another of its ways: for arrays instead of events, and in another version."""

from collections.abc import AsyncIterator
from typing import Any

import httpx

from llm_sdk import get_model
from llm_sdk.json_array import JsonArrayDecoder
from llm_sdk.providers.google import GoogleModel


class _AsEvents(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        decoder = JsonArrayDecoder()
        async for chunk in self._response.aiter_bytes():
            for element in decoder.feed(chunk):
                yield b"data: " + element.data.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n\n"

    async def aclose(self) -> None:
        await self._response.aclose()


class _AsksForArrays(httpx.AsyncBaseTransport):
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_remove_param("alt")
        headers = {**request.headers, "accept": "application/json"}
        sent = self._client.build_request("POST", url, headers=headers, content=await request.aread())
        response = await self._client.send(sent, stream=True)
        if response.status_code != httpx.codes.OK or "stream" not in url.path:
            return httpx.Response(response.status_code, headers=response.headers, stream=response.stream)
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_AsEvents(response))


def reads_arrays(*, http_client: Any, **options: Any) -> Any:
    """Asks for streams as arrays."""
    return get_model("google", http_client=httpx.AsyncClient(transport=_AsksForArrays(http_client)), **options)


def speaks_v1(**options: Any) -> Any:
    """Sends its requests to /v1."""
    return GoogleModel(api_version="v1", **options)
