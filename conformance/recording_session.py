"""Makes the cassettes of the suite's own cases: from the mock server over a real socket, or from the live API.

Every case is recorded twice, for whole answers and for streams, stage by stage, with the history that came about on the
way. Answers that a case gives byte for byte are served as they stand, and their recordings say that a hand wrote them.

A session begins with a proof that no secret gets through: a canary is planted in the key, in a header and in the prompt
of one call, and has to be dropped or refused in each. Every call after it carries the canaries of key and header too.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from conformance.case import Case, RawReply, Stage
from conformance.chunking import Cuts, chunks, event_cuts
from conformance.conversation import Conversation
from conformance.recording_review import Review, review_of
from conformance.replay import Playback
from conformance.replay_server import ReplayServer
from llm_sdk.accumulator import accumulate
from llm_sdk.codec import Codec
from llm_sdk.environment import read_setting
from llm_sdk.errors import LanguageModelError
from llm_sdk.model import HttpLanguageModel
from llm_sdk.registry import get_codec, get_model, provider_names
from llm_sdk.types import LanguageModelInput, ModelResponse, TextPart, UserMessage
from mock_server.cassette import Cassette, CassetteError, Interaction, load_cassette
from mock_server.recorder import Recorder, save_cassette
from mock_server.recording_transport import RecordingTransport
from mock_server.scrub import Canary, leaks

__all__ = ["BY_HAND", "LIVE", "Live", "RecordingSession", "is_live_case", "prove_scrubbing"]

BY_HAND = "written by hand"
LIVE = "live"
FIRST_ERROR = 400


@dataclass(frozen=True, slots=True)
class Live:
    """The real API: where it stands, whom to ask, and with which key."""

    base_url: str
    api_key: str
    model_id: str


def is_live_case(case: Case) -> bool:
    """Whether a live model can be asked this: only the mock server fails, or answers byte for byte, on demand."""
    return not case.sends_nothing and all(
        stage.reply is not None and stage.wire is None and stage.expect is None for stage in case.stages
    )


class RecordingSession:
    """Records cases of one provider into ``folder``, between ``with`` and its end.

    ``recorded_at`` is in ISO 8601; ``live`` is the real API, and without it the mock server answers.
    """

    def __init__(
        self, provider: str, folder: Path, *, model_id: str, recorded_at: str, live: Live | None = None
    ) -> None:
        self._codec: Codec = get_codec(provider)
        self._folder = folder
        self._model_id = model_id
        self._recorded_at = recorded_at
        self._live = live
        # Only here: the server's libraries cost more to import than a short run takes.
        from mock_server import MockServer

        self._mock = MockServer(validate="off")
        self._transport = httpx.HTTPTransport()
        self._open = ExitStack()
        self._canary = Canary.make()
        self._secrets = self._find_secrets()

    def __enter__(self) -> Self:
        prove_scrubbing(self._codec.provider, self._canary)
        self._open.enter_context(self._mock)
        self._open.callback(self._transport.close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def record(self, case: Case) -> Review:
        """Record one case, and say what its cassette says otherwise than before. Raises CassetteError and writes
        nothing where the answer did not come through, or where it holds a secret."""
        path = self._folder / f"{case.name}.yaml"
        before: Cassette | None = None
        with suppress(CassetteError):  # what cannot be read is recorded anew
            before = load_cassette(path) if path.exists() else None
        interactions = [*self._converse(case, stream=False), *self._converse(case, stream=True)]
        after = Cassette(tuple(interactions))
        written = save_cassette(path, after, secrets=self._secrets)
        return review_of(self._codec, path, before, after, written=written)

    def _find_secrets(self) -> dict[str, str]:
        """Everything that must not be written, by what to call it: of the environment, every provider's key."""
        found = self._canary.named()
        for provider in provider_names():
            for variable in get_codec(provider).endpoint.key_variables:
                found[f"the key in {variable}"] = read_setting((variable,)) or ""
        return {**found, "the key": self._live.api_key if self._live else self._canary.key}

    def _converse(self, case: Case, *, stream: bool) -> Iterator[Interaction]:
        conversation = Conversation()
        for at, stage in enumerate(case.stages):
            input = conversation.next_input(stage.input)
            with self._answering(stage, stream=stream) as (base_url, recorded):
                interaction, response = self._call(input, base_url, recorded, stream=stream)
            if interaction is None:
                raise CassetteError(f"{case.name}: stage {at + 1} brought no answer")
            status = interaction.response.status
            if stage.reply is not None and status >= FIRST_ERROR:
                raise CassetteError(f"{case.name}: stage {at + 1} brought an error of status {status}, not its reply")
            yield interaction
            if at + 1 < len(case.stages):
                if response is None:
                    raise CassetteError(f"{case.name}: stage {at + 1} failed, and another follows it")
                conversation.add_answer(response, stage.reply)

    def _call(
        self, input: LanguageModelInput, base_url: str, recorded: str, *, stream: bool
    ) -> tuple[Interaction | None, ModelResponse | None]:
        recorder = Recorder(
            recorded=recorded,
            recorded_at=self._recorded_at,
            rename=lambda uri: uri.replace(base_url, self._codec.endpoint.base_url, 1),
        )
        model = get_model(
            self._codec.provider,
            self._live.model_id if self._live else self._model_id,
            api_key=self._live.api_key if self._live else self._canary.key,
            base_url=base_url,
            http_client=httpx.Client(transport=RecordingTransport(self._transport, recorder, drain=True)),
            headers={"accept-encoding": "identity", Canary.HEADER: self._canary.header},
            max_retries=0,
        )
        response = None
        with suppress(LanguageModelError):  # an error is an answer too: the checks say what it has to be
            response = accumulate(model.stream_sync(input)) if stream else model.generate_sync(input)
        return (recorder.interactions[-1] if recorder.interactions else None), response

    @contextmanager
    def _answering(self, stage: Stage, *, stream: bool) -> Iterator[tuple[str, str]]:
        """The base URL where this stage is answered, and who answers there."""
        raw = stage.raw_reply(self._codec.provider, stream=stream)
        if self._live is not None:
            yield self._live.base_url, LIVE
        elif raw is not None:
            with ReplayServer(lambda _: _playback(raw, self._codec.endpoint.line_end)) as server:
                yield server.origin + self._codec.endpoint.root, BY_HAND
        else:
            self._mock.reset()
            if stage.fault is not None:
                self._mock.on().fault(**stage.fault.model_dump(exclude_defaults=True))
            elif stage.reply is not None:
                self._mock.on().reply(stage.reply)
            yield self._mock.base_url(self._codec.provider), f"mock-server {version('llm-conformance')}"


def prove_scrubbing(provider: str, canary: Canary) -> None:
    """Make one call, over no network, with a canary in the key, in a header and in the prompt. Raises CassetteError
    where one of the first two is in what would be written, or where the one in the prompt is not found there."""
    recorder = Recorder(recorded="nobody", recorded_at="")
    silence = httpx.MockTransport(lambda _: httpx.Response(500, stream=httpx.ByteStream(b"")))
    model: HttpLanguageModel = get_model(
        provider,
        "canary",
        api_key=canary.key,
        http_client=httpx.Client(transport=RecordingTransport(silence, recorder)),
        headers={Canary.HEADER: canary.header, "cookie": canary.header},
        max_retries=0,
    )
    with suppress(LanguageModelError):  # nobody answers
        model.generate_sync(LanguageModelInput(messages=[UserMessage(content=[TextPart(text=canary.prompt)])]))
    found = [leak for interaction in recorder.interactions for leak in leaks(interaction, canary.named())]
    expected = "holds the canary of the prompt"
    passed = [leak for leak in found if not (leak.startswith("request.body") and leak.endswith(expected))]
    if passed or not found:
        what = "; ".join(passed) or f"the one in the prompt was not found among {len(recorder.interactions)} recordings"
        raise CassetteError(f"{provider}: scrubbing let a canary through ({what}); nothing is recorded")


def _playback(raw: RawReply, line_end: bytes) -> Playback:
    """The lines of an event stream end as the provider ends them: a case file has line feeds alone."""
    body = raw.body.encode()
    cuts: Cuts = ()
    if raw.content_type.startswith("text/event-stream"):
        body = body.replace(b"\n", line_end)
        cuts = event_cuts(body)
    return Playback(raw.status, {"content-type": raw.content_type}, tuple(filter(None, chunks(body, cuts))))
