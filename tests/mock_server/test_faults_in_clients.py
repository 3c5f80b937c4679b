"""Every fault against every official Python client: what its user gets to see, in that client's own exceptions.

Where a client shows nothing, the text that it hands over in silence stands in the place of the exception: this is what
an app has to live with.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import cohere
import httpx
import httpx2
import openai
import pytest
from cohere.core.api_error import ApiError
from cohere.core.http_sse._exceptions import SSEError
from faults_in_clients import CLIENTS, Question
from google.genai import errors
from mistralai.client.errors import ResponseValidationError, SDKError

from mock_server import MockServer

Ask = Callable[[Question], str]
Seen = type[Exception] | str

SHORT = 0.25
ANSWER = "You said: Ça va?"


def seen(*columns: Seen) -> dict[str, Seen]:
    """One row: what comes of it in the clients, in the order of CLIENTS."""
    return dict(zip(CLIENTS, columns, strict=True))


LOST = seen(
    *(openai.APIConnectionError, openai.APIConnectionError, anthropic.APIConnectionError),
    *(httpx2.RemoteProtocolError, httpx.RemoteProtocolError, httpx2.RemoteProtocolError),
)
RESET = LOST | {"google": httpx2.ReadError, "cohere": httpx.ReadError, "mistral": httpx2.ReadError}
LATE = seen(
    *(openai.APITimeoutError, openai.APITimeoutError, anthropic.APITimeoutError),
    *(httpx2.ReadTimeout, httpx.ReadTimeout, httpx2.ReadTimeout),
)
# In a stream that has begun, Anthropic's client hands over what its HTTP library raises.
LATE_STREAM = LATE | {"anthropic": httpx2.ReadTimeout}
RATE_LIMITED: dict[str, Any] = seen(
    *(openai.RateLimitError, openai.RateLimitError, anthropic.RateLimitError),
    *(errors.ClientError, cohere.TooManyRequestsError, SDKError),
)
NOT_JSON = seen(*([json.JSONDecodeError] * 4), ApiError, ResponseValidationError)
FINE = seen(*([ANSWER] * 6))

TABLE: list[tuple[str, bool, dict[str, Seen]]] = [
    ("status=429; retry_after=7", False, RATE_LIMITED),
    (
        "status=529",
        False,
        seen(
            *(openai.InternalServerError, openai.InternalServerError, anthropic.InternalServerError),
            *(errors.ServerError, ApiError, SDKError),
        ),
    ),
    ("latency=30", False, LATE),
    ("time_to_first_token=30", True, LATE_STREAM),
    ("stall_after_events=1", True, LATE_STREAM),
    ("cut_after_bytes=9", False, LOST),
    ("cut_after_events=1", True, LOST | {"anthropic": httpx2.RemoteProtocolError}),
    ("reset", False, RESET),
    ("reset; cut_after_bytes=300", True, RESET | {"anthropic": httpx2.ReadError}),
    (
        "error_after_events=3",
        True,
        # A status of 200 has come before it: these clients raise the class that all their errors have. Cohere's hands
        # over what it has got, and Mistral's knows no error in the place of an event.
        seen(
            *(openai.APIError, openai.APIError, anthropic.APIStatusError),
            *(errors.ServerError, "You", ResponseValidationError),
        ),
    ),
    ("error_after_events=3; status=429", False, RATE_LIMITED),
    ("malformed_event=1", False, NOT_JSON),
    (
        "malformed_event=2",
        True,
        # Cohere's client logs what it cannot read, and goes on.
        NOT_JSON | {"google": errors.UnknownApiResponseError, "cohere": ANSWER},
    ),
    ("omit_end", False, NOT_JSON),
    # No official client minds a stream without its end mark. Gemini's mark stands in the event with the last words.
    ("omit_end", True, FINE | {"google": "You said: Ça"}),
    ("content_type=text/html", False, FINE | {"mistral": SDKError}),
    ("content_type=text/html", True, FINE | {"cohere": SSEError, "mistral": SDKError}),
    ("split_utf8", True, FINE),
]


@pytest.fixture(scope="module")
def mock() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture(scope="module")
def askers(mock: MockServer) -> Iterator[dict[str, Ask]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(client(mock)) for name, client in CLIENTS.items()}


@pytest.mark.parametrize("provider", CLIENTS)
@pytest.mark.parametrize(("fault", "stream", "row"), TABLE, ids=[f"{row[0]} {row[1]}" for row in TABLE])
def test_a_fault_is_seen_as_the_client_sees_it(
    mock: MockServer, askers: dict[str, Ask], fault: str, stream: bool, row: dict[str, Seen], provider: str
) -> None:
    logging.getLogger("cohere").setLevel(logging.CRITICAL)
    waits = row[provider] in (LATE[provider], LATE_STREAM[provider])
    question = Question({"x-mock-fault": fault}, stream, patience=SHORT if waits else 20.0)
    expected = row[provider]
    if isinstance(expected, str):
        assert askers[provider](question) == expected
    else:
        with pytest.raises(expected):
            askers[provider](question)
    last = mock.requests[-1]
    assert (last.provider, last.faults["seed"]) == (provider, 0)
    assert fault.partition("=")[0].partition(";")[0] in last.faults


@pytest.mark.parametrize("provider", CLIENTS)
def test_a_fault_stands_behind_the_name_of_a_model(mock: MockServer, askers: dict[str, Ask], provider: str) -> None:
    for stream in (False, True):
        with pytest.raises(Exception, match="429") as caught:
            askers[provider](Question({}, stream, model="model-1+fault,status=429,retry_after=3"))
        assert issubclass(caught.type, RATE_LIMITED[provider])
        assert (mock.requests[-1].model_id, mock.requests[-1].status) == ("model-1", 429)


@pytest.mark.parametrize("provider", CLIENTS)
def test_a_rate_limit_refuses_what_is_beyond_it(mock: MockServer, askers: dict[str, Ask], provider: str) -> None:
    mock.reset()
    limited = Question({"x-mock-fault": "rate_limit=1; window=3000"})
    assert askers[provider](limited) == ANSWER
    with pytest.raises(RATE_LIMITED[provider]):
        askers[provider](limited)
    assert [exchange.status for exchange in mock.requests] == [200, 429]


def test_what_stands_beside_the_chat_endpoint_fails_by_its_header_alone(mock: MockServer) -> None:
    mock.reset()
    mock.add_fault(status=500, times=1)
    failing: Any = {"extra_headers": {"x-mock-fault": "status=429"}}
    with openai.OpenAI(base_url=mock.base_url("openai"), api_key="k", max_retries=0) as client:
        assert client.models.list().data, "a rule is not used up by a list of models"
        with pytest.raises(openai.RateLimitError):
            client.embeddings.create(model="text-embedding-3-small", input="x", **failing)
        with pytest.raises(openai.InternalServerError):
            client.responses.create(model="gpt-5", input="x")
    with (
        anthropic.Anthropic(base_url=mock.base_url("anthropic"), api_key="k", max_retries=0) as other,
        pytest.raises(anthropic.RateLimitError),
    ):
        other.messages.count_tokens(model="claude", messages=[{"role": "user", "content": "x"}], **failing)
