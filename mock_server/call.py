"""A request on its way through the engine, and how it is read."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError

from llm_sdk.codec import Codec, Framing, ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.types import ModelResponse
from mock_server.fault_plan import FaultPlan
from mock_server.ids import CallIds
from mock_server.journal import Exchange, Sender
from mock_server.reply import ReplyPlan

__all__ = ["Call", "decode", "digest", "fingerprint_of", "header_text", "notices"]


@dataclass(slots=True)
class Call:
    """A request on its way through the engine; what is learned of it goes into the journal."""

    codec: Codec
    request: WireRequest
    headers: Mapping[str, str]
    time: float
    arrived: float
    sender: Sender | None = None
    ids: CallIds | None = None
    framing: Framing = "sse"
    model_call: ModelCall | None = None
    fingerprint: str = ""
    complaints: tuple[str, ...] = ()
    scenario: str | None = None
    turn: int | None = None
    faults: FaultPlan | None = None
    response: ModelResponse | None = None
    error: str | None = None
    retry_after: float | None = None

    @property
    def read(self) -> ModelCall:
        """The request as it was read."""
        assert self.model_call is not None  # noqa: S101 - whoever asks comes after the reading
        return self.model_call

    def stop_at(self, sequence: str | None) -> None:
        """Note the stop sequence at which the answer ends."""
        if sequence is not None and self.model_call is not None:
            self.model_call = replace(self.model_call, stopped_at=sequence)

    def exchange(self, number: int, plan: ReplyPlan, sender: Sender) -> Exchange:
        """The call of ``sender`` as the journal keeps it: answered by ``plan``."""
        model_call = self.model_call
        return Exchange(
            number=number,
            provider=self.codec.provider,
            method=self.request.method,
            path=sender.path,
            headers=sender.headers,
            body=self.request.body,
            status=plan.status,
            model_id=model_call.model_id if model_call is not None else None,
            input=model_call.input if model_call is not None else None,
            stream=model_call.stream if model_call is not None else False,
            scenario=self.scenario,
            turn=self.turn,
            response=self.response,
            error=self.error,
            retry_after=self.retry_after,
            faults=plan.faults,
            complete=plan.complete,
            warnings=(model_call.warnings if model_call is not None else ()) + self.complaints,
            time=self.time,
            arrived=self.arrived,
            seconds=plan.seconds,
            caller=sender.caller,
            fingerprint=self.fingerprint,
        )


def decode(codec: Codec, request: WireRequest) -> ModelCall:
    """Read a request. A value that no input can hold, such as an infinite number, is refused where it stands."""
    try:
        return codec.decode_request(request)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        path = ".".join(map(str, first["loc"]))
        raise InvalidInputError(first["msg"], path=path, provider=codec.provider) from None


def digest(*parts: str) -> str:
    """The same for the same texts, and for no others."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint_of(codec: Codec, call: ModelCall) -> str:
    """The same for all calls that say the same to the same model."""
    return digest(codec.provider, call.model_id, call.input.model_dump_json())


def notices(codec: Codec, call: ModelCall) -> dict[str, str]:
    """The header in which the provider says what it has passed over in the request."""
    return {codec.endpoint.notice_header: ", ".join(call.notices)} if call.notices else {}


def header_text(complaints: Iterable[str]) -> str:
    """Complaints as one line of ASCII."""
    return " | ".join(" ".join(text.split()) for text in complaints).encode("ascii", "replace").decode()
