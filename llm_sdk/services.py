"""What a provider offers beside its chat endpoint: lists of models, embeddings, counts of tokens. No I/O.

Every provider folder describes its own in the room ``services``: which paths there are, and how each reads its request
and writes its reply. What has to be made up for the reply, such as a vector, comes from :class:`Facts`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, TypeVar
from urllib.parse import parse_qsl, unquote

from pydantic import BaseModel, ValidationError

from llm_sdk.codec import Ids, ModelCall, WireRequest, WireResponse, dump_json
from llm_sdk.errors import LanguageModelError
from llm_sdk.sse import ServerSentEvent
from llm_sdk.types import (
    AudioFormat,
    Citation,
    JsonObject,
    LanguageModelInput,
    OpaquePart,
    OpaqueTool,
    Part,
)

__all__ = [
    "NO_SERVICES",
    "AllowedTools",
    "ClientTool",
    "Exchanged",
    "Facts",
    "Kept",
    "Quotable",
    "Service",
    "ServiceCall",
    "Services",
    "Shown",
    "find_service",
    "json_answer",
    "read_body",
    "services_of",
]

JSON = {"content-type": "application/json"}

Shown: TypeAlias = Literal["text", "signature", "nothing"]
"""What an answer tells of its reasoning: what was thought, only that something was, or neither."""


class Facts(Protocol):
    """What replies are made of that no protocol can tell."""

    def count_tokens(self, input: LanguageModelInput) -> int:
        """How many tokens a request has, as in the usage of its answer."""
        ...

    def count_text(self, text: str) -> int:
        """How many tokens a text has."""
        ...

    def embed(self, text: str, size: int) -> list[float]:
        """A vector of length 1 with ``size`` numbers; those of similar texts are near each other."""
        ...

    def picture(self, text: str, width: int, height: int) -> bytes:
        """A PNG that stands for ``text``: small, and of the shape that a picture of so many pixels has."""
        ...

    def speak(self, text: str, format: AudioFormat) -> tuple[bytes, AudioFormat]:
        """A sound that stands for ``text``, and its format, which is another where the asked one cannot be written."""
        ...


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A call as it is kept for later ones: the body that was sent, and what the provider remembers of its answer."""

    request: bytes
    reply: bytes


Kept = MutableMapping[str, Exchanged]
"""What a provider keeps, by its ids. Whoever lends it bounds it."""


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One request to a service. ``fields`` are the named groups of its path, decoded."""

    request: WireRequest
    fields: Mapping[str, str]
    ids: Ids
    facts: Facts
    kept: Kept

    @property
    def query(self) -> dict[str, str]:
        """The parameters behind the path."""
        return dict(parse_qsl(self.request.path.partition("?")[2], keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Service:
    """One endpoint. ``path`` begins with the root, such as ``/v1``, and has neither query nor slash at its end.

    ``answer`` raises a LanguageModelError for what the provider would refuse. Without ``at_root`` a server leaves the
    path at its root to another provider that has the same one.
    """

    method: str
    path: re.Pattern[str]
    answer: Callable[[ServiceCall], WireResponse]
    at_root: bool = True


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A tool without a unified form that the caller runs.

    ``parameters`` are a JSON Schema of arguments that are documented for it, and that do no harm where a caller obeys
    them. ``write`` makes the part that is a call of it: from the id of the call, its arguments, and the source of
    whatever other ids it needs.
    """

    name: str
    parameters: JsonObject
    write: Callable[[str, JsonObject, Ids], Part]


@dataclass(frozen=True, slots=True)
class Quotable:
    """A document of the caller's that an answer may cite. ``cite`` makes the citation of a quotation, which is a
    beginning of ``text``. Where its place in an answer cannot be told, the quotation stands ``apart``, as a text of its
    own."""

    title: str
    text: str
    cite: Callable[[str], Citation]
    apart: bool = False


class AllowedTools(NamedTuple):
    """Those that a call narrows its tools to, by name, and whether one of them must be called."""

    names: frozenset[str]
    required: bool = False


def _nothing_cached(request: WireRequest, call: ModelCall) -> LanguageModelInput | None:  # noqa: ARG001 - the contract's
    return None


def _one_answer(call: ModelCall) -> int:  # noqa: ARG001 - the contract's
    return 1


def _always(call: ModelCall) -> bool:  # noqa: ARG001 - the contract's
    return True


def _no_client_tool(tool: OpaqueTool) -> ClientTool | None:  # noqa: ARG001 - the contract's
    return None


def _no_call(part: OpaquePart) -> str | None:  # noqa: ARG001 - the contract's
    return None


def _any_tool(call: ModelCall) -> AllowedTools | None:  # noqa: ARG001 - the contract's
    return None


def _all_shown(call: ModelCall) -> Shown:  # noqa: ARG001 - the contract's
    return "text"


def _for_the_model(call: ModelCall, ids: Ids) -> Sequence[Part]:  # noqa: ARG001 - the contract's
    return ()


def _any_text(call: ModelCall) -> Sequence[str]:  # noqa: ARG001 - the contract's
    return ()


def _no_complaint(request: WireRequest, call: ModelCall) -> Iterator[LanguageModelError]:  # noqa: ARG001 - the contract's
    return iter(())


@dataclass(frozen=True, slots=True)
class Services:
    """What a provider does beside answering one call: pure functions of their arguments.

    ``recall`` writes what earlier calls said into a request that refers to them, and raises what the provider says of
    one that it does not know; ``keep`` keeps a request for that with its answer: one body, or the events of a stream,
    each as it is written. ``cacheable`` gives the part of a call's input that the provider may have cached, None for
    nothing. ``input_zeros`` and ``output_zeros`` are the details of :class:`~llm_sdk.types.ModelTokensDetails` that its
    usage has even where they are zero. ``wanted_answers`` is how many answers a call asks for, ``signs_reasoning``
    whether the reasoning in them is signed. ``validate`` yields whatever the provider would refuse of a request that
    can be read, fields apart that it does not know. ``error_events`` are the events with which a stream that began well
    ends in an error; the bytes of all events before it are given. Without it the body of the error's answer is the
    event.
    ``complete`` writes into a request what the provider demands and another would not, for whoever is to answer it
    nevertheless.
    ``client_tool`` is how an opaque tool is called, None for one that the provider runs itself, and ``called_tool`` the
    name of the tool that an opaque part calls. ``allowed_tools`` are those that a call narrows its tools to, where that
    has no unified form. ``shown_reasoning`` is what the answer tells of its reasoning. ``allowed_texts`` are those of
    which an answer has to be one, none where it may say anything. ``quotable`` is the document that an answer to a call
    should cite, where the protocol has its own way to ask for that; without it every source may be cited.
    ``audio_format`` is that of spoken answers for which the request names none. ``settled`` is the answer to a call
    that asks something of the provider itself, whatever a model would say; nothing to any other.
    """

    endpoints: tuple[Service, ...] = ()
    recall: Callable[[WireRequest, Kept], WireRequest] | None = None
    keep: Callable[[ModelCall, WireRequest, Sequence[bytes], Kept], None] | None = None
    cacheable: Callable[[WireRequest, ModelCall], LanguageModelInput | None] = _nothing_cached
    input_zeros: frozenset[str] = frozenset()
    output_zeros: frozenset[str] = frozenset()
    wanted_answers: Callable[[ModelCall], int] = _one_answer
    signs_reasoning: Callable[[ModelCall], bool] = _always
    validate: Callable[[WireRequest, ModelCall], Iterator[LanguageModelError]] = _no_complaint
    complete: Callable[[WireRequest], WireRequest] | None = None
    error_events: Callable[[LanguageModelError, Sequence[bytes]], list[ServerSentEvent]] | None = None
    client_tool: Callable[[OpaqueTool], ClientTool | None] = _no_client_tool
    called_tool: Callable[[OpaquePart], str | None] = _no_call
    allowed_tools: Callable[[ModelCall], AllowedTools | None] = _any_tool
    shown_reasoning: Callable[[ModelCall], Shown] = _all_shown
    allowed_texts: Callable[[ModelCall], Sequence[str]] = _any_text
    quotable: Callable[[ModelCall], Quotable | None] | None = None
    audio_format: AudioFormat = "wav"
    settled: Callable[[ModelCall, Ids], Sequence[Part]] = _for_the_model


NO_SERVICES = Services()
"""Those of a codec that has nothing beside its chat endpoint."""


def services_of(codec: Any) -> Services:
    """The services of a codec: a third party's may have none."""
    services: Services = getattr(codec, "services", NO_SERVICES)
    return services


def find_service(services: Services, method: str, path: str) -> tuple[Service, dict[str, str]] | None:
    """The endpoint for a request, and the fields of its path, which may carry a query; None where there is none."""
    bare = path.partition("?")[0].rstrip("/")
    for service in services.endpoints:
        if service.method == method and (found := service.path.fullmatch(bare)) is not None:
            return service, {name: unquote(value) for name, value in found.groupdict().items() if value is not None}
    return None


Body = TypeVar("Body", bound=BaseModel)


def read_body(
    model: type[Body], body: bytes, refuse: Callable[[ValidationError], LanguageModelError], **given: Any
) -> Body:
    """The body of a request, strictly: no number for a text, nor a text for a number. Raises what ``refuse`` makes of a
    malformed one."""
    try:
        return model.model_validate_json(body, **given)
    except ValidationError as error:
        raise refuse(error) from None


def json_answer(body: JsonObject) -> WireResponse:
    """An answer of status 200."""
    return WireResponse(200, dump_json(body), JSON)
