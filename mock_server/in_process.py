"""The stand-in in place of the real APIs, for apps that have their addresses built in: requests of httpx and httpx2 to
a provider's own host are answered in process, and all others go their way."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import urlsplit

from llm_sdk.codec import Codec
from mock_server.transport import MockTransport

if TYPE_CHECKING:
    import respx

__all__ = ["intercept", "make_router", "provider_hosts"]

LIBRARIES = ("httpx", "httpx2")


def provider_hosts(codecs: Iterable[Codec]) -> tuple[str, ...]:
    """The hosts of the providers' real APIs."""
    return tuple(dict.fromkeys(urlsplit(codec.endpoint.base_url).netloc for codec in codecs))


@contextmanager
def intercept(transport: MockTransport, hosts: Iterable[str]) -> Iterator[None]:
    """Let ``transport`` answer what clients of httpx and httpx2 send to ``hosts``, those that exist already too."""
    answered = frozenset(hosts)
    with ExitStack() as stack:
        for library in [import_module(name) for name in LIBRARIES if find_spec(name)]:
            real, real_async = library.HTTPTransport.handle_request, library.AsyncHTTPTransport.handle_async_request
            answer, answer_async = _switch(real, real_async, transport, answered)
            stack.enter_context(mock.patch.object(library.HTTPTransport, "handle_request", answer))
            stack.enter_context(mock.patch.object(library.AsyncHTTPTransport, "handle_async_request", answer_async))
        yield


def _switch(
    real: Callable[..., Any], real_async: Callable[..., Any], transport: MockTransport, hosts: frozenset[str]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def answer(self: Any, request: Any) -> Any:
        return transport.handle_request(request) if request.url.host in hosts else real(self, request)

    async def answer_async(self: Any, request: Any) -> Any:
        if request.url.host in hosts:
            return await transport.handle_async_request(request)
        return await real_async(self, request)

    return answer, answer_async


def make_router(transport: MockTransport, hosts: Iterable[str], pass_through: Iterable[str]) -> "respx.MockRouter":
    """A router of respx that answers what is sent to ``hosts``, and lets through what goes to ``pass_through``.

    Raises ImportError where respx is not installed.
    """
    import respx

    router = respx.MockRouter(assert_all_called=False)
    for host in pass_through:
        router.route(host=host).pass_through()
    for host in hosts:
        router.route(host=host).mock(side_effect=transport.side_effect)
    return router
