"""Every error that a caller can see.

LanguageModelError
├── InvalidInputError            the caller's input contradicts itself or the protocol
├── UnsupportedError             the provider cannot carry the input; nothing was sent
├── RefusalError                 the model refused to answer
├── InvariantError               the provider broke its own protocol
│   └── MalformedArgumentsError  the arguments of a tool call are no JSON object
├── OutputNotImplementedError    the provider answered in a form that is not read yet
├── StatusCodeError              the provider answered with an error
│   ├── AuthenticationError      401, and a key that is refused with another status
│   ├── PermissionDeniedError    403
│   ├── NotFoundError            404
│   ├── RateLimitError           429
│   ├── OverloadedError          503, 529
│   └── ServerError              any other 5xx
└── TransportError               no answer, or not all of it
    ├── ConnectionFailedError
    ├── TimedOutError
    └── StreamTruncatedError     a stream without its end mark
"""

from llm_sdk.types import ModelResponse

__all__ = [
    "AuthenticationError",
    "ConnectionFailedError",
    "InvalidInputError",
    "InvariantError",
    "LanguageModelError",
    "MalformedArgumentsError",
    "NotFoundError",
    "OutputNotImplementedError",
    "OverloadedError",
    "PermissionDeniedError",
    "RateLimitError",
    "RefusalError",
    "ServerError",
    "StatusCodeError",
    "StreamTruncatedError",
    "TimedOutError",
    "TransportError",
    "UnsupportedError",
    "status_error",
]


class LanguageModelError(Exception):
    """Base of all. ``provider`` and ``request_id`` are filled in on the way to the caller, where they are known."""

    def __init__(self, message: str, *, provider: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.request_id = request_id

    def locate(self, *, provider: str | None, request_id: str | None) -> None:
        """Add where the error came from, keeping what it already says."""
        self.provider = self.provider or provider
        self.request_id = self.request_id or request_id

    def __str__(self) -> str:
        head = f"{self.provider}: " if self.provider else ""
        tail = f" (request {self.request_id})" if self.request_id else ""
        return f"{head}{self.message}{tail}"


class InvalidInputError(LanguageModelError):
    """The input contradicts itself or the protocol. ``path`` says where, such as ``messages[3].content[0]``; ``code``
    is the word of a provider that would refuse it, where that has one."""

    def __init__(
        self,
        message: str,
        *,
        path: str = "",
        code: str | None = None,
        provider: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"{path}: {message}" if path else message, provider=provider, request_id=request_id)
        self.path = path
        self.code = code


class UnsupportedError(LanguageModelError):
    """The provider cannot carry what stands at ``path``. Raised before anything is sent."""

    def __init__(
        self, message: str, *, path: str = "", provider: str | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(f"{path}: {message}" if path else message, provider=provider, request_id=request_id)
        self.path = path


class RefusalError(LanguageModelError):
    """The model refused. ``refusal`` is what it said; ``response`` holds it as text, with usage and ids."""

    def __init__(
        self,
        refusal: str,
        *,
        response: ModelResponse | None = None,
        provider: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"the model refused: {refusal}", provider=provider, request_id=request_id)
        self.refusal = refusal
        self.response = response


class InvariantError(LanguageModelError):
    """The provider broke its own protocol; the message says what came and where."""


class MalformedArgumentsError(InvariantError):
    """The arguments of a tool call are no JSON object; the message names the tool and shows the text, ``tool_name`` and
    ``arguments`` are both as they came."""

    def __init__(self, message: str, *, tool_name: str = "", arguments: str = "") -> None:
        super().__init__(message)
        self.tool_name = tool_name
        self.arguments = arguments

    def as_warning(self) -> str:
        """What is said in its place where the answer was cut at the token limit, and the call with it."""
        return f"tool-call: the answer was cut short, and a call with it: {self.message}"


class OutputNotImplementedError(LanguageModelError):
    """The provider answered in a form that is not read yet."""


class StatusCodeError(LanguageModelError):
    """The provider answered with an error.

    ``message`` is the provider's own; ``code`` its machine-readable word, where it has one; ``retry_after`` is in
    seconds; ``retryable`` is ``False`` where the provider says that asking again will not help, such as a used-up
    quota, and ``None`` where only the status tells; ``body`` is the body as it came. An error inside a stream that
    began well has the status that the provider's code stands for.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        code: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        body: str = "",
        provider: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, provider=provider, request_id=request_id)
        self.status_code = status_code
        self.code = code
        self.param = param
        self.retry_after = retry_after
        self.retryable = retryable
        self.body = body

    def __str__(self) -> str:
        return f"{super().__str__()} [status {self.status_code}]"


class AuthenticationError(StatusCodeError):
    """The key is missing or wrong."""


class PermissionDeniedError(StatusCodeError):
    """The key may not do this."""


class NotFoundError(StatusCodeError):
    """No such model or resource."""


class RateLimitError(StatusCodeError):
    """Too many requests, or the quota is used up."""


class OverloadedError(StatusCodeError):
    """The provider has no capacity at the moment."""


class ServerError(StatusCodeError):
    """The provider failed."""


class TransportError(LanguageModelError):
    """No answer came, or not all of it."""


class ConnectionFailedError(TransportError):
    """No connection, or it was lost."""


class TimedOutError(TransportError):
    """The provider did not answer in time."""


class StreamTruncatedError(TransportError):
    """A stream ended without its provider's end mark: what came before is not the whole answer."""


STATUS_ERRORS: dict[int, type[StatusCodeError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
    503: OverloadedError,
    529: OverloadedError,
}


def status_error(status_code: int) -> type[StatusCodeError]:
    """The class for an HTTP status."""
    return STATUS_ERRORS.get(status_code, ServerError if status_code >= 500 else StatusCodeError)
