"""Pictures, speech and transcripts of OpenAI's API, with the official client unchanged."""

import base64
import io
import struct
import wave
from collections.abc import Iterator
from typing import Any, Literal

import openai
import pytest

from mock_server import MockServer

PICTURE = ("cat.png", b"\x89PNG", "image/png")
RECORDING = ("hello.wav", b"RIFF\x00\r\n--\x00", "audio/wav")


@pytest.fixture(scope="module")
def mock() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture(scope="module")
def client(mock: MockServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=mock.base_url("openai"), api_key="any", max_retries=0) as client:
        yield client


def size_of(picture: str | None) -> tuple[int, int]:
    data = base64.b64decode(picture or "", validate=True)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_pictures_as_many_as_are_asked_for(client: openai.OpenAI) -> None:
    made = client.images.generate(model="gpt-image-1", prompt="A cat", n=2, size="1024x1536", quality="low")
    assert [size_of(one.b64_json) for one in made.data or []] == [(16, 24)] * 2
    assert (made.size, made.quality, made.output_format) == ("1024x1536", "low", "png")
    assert made.usage is not None
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens
    other = client.images.generate(model="gpt-image-1", prompt="A dog")
    assert (other.data or [])[0].b64_json != (made.data or [])[0].b64_json


def test_older_models_give_an_address_unless_they_are_asked_for_the_data(client: openai.OpenAI) -> None:
    [by_address] = client.images.generate(model="dall-e-3", prompt="A cat").data or []
    assert (by_address.b64_json, by_address.revised_prompt) == (None, "A cat")
    assert size_of((by_address.url or "").removeprefix("data:image/png;base64,")) == (16, 16)
    [whole] = client.images.generate(model="dall-e-2", prompt="A cat", response_format="b64_json").data or []
    assert (size_of(whole.b64_json), whole.url, whole.revised_prompt) == ((16, 16), None, None)


def test_an_edited_picture(client: openai.OpenAI) -> None:
    [edited] = client.images.edit(model="gpt-image-1", image=[PICTURE, PICTURE], prompt="A hat").data or []
    assert size_of(edited.b64_json) == (16, 16)


@pytest.mark.parametrize(
    ("format", "content_type"),
    [(None, "audio/mpeg"), ("wav", "audio/wav"), ("pcm", "audio/pcm"), ("opus", "audio/wav")],
)
def test_speech_has_the_format_that_its_content_type_says(
    client: openai.OpenAI, format: Literal["wav", "pcm", "opus"] | None, content_type: str
) -> None:
    asked: dict[str, Any] = {"response_format": format} if format else {}
    spoken = client.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input="Hi", **asked)
    assert spoken.response.headers["content-type"] == content_type
    if content_type == "audio/wav":
        with wave.open(io.BytesIO(spoken.content)) as sound:
            assert sound.getframerate() == 24_000
    assert len(spoken.content) > 1000


def test_transcripts_in_every_form(client: openai.OpenAI) -> None:
    transcribe: Any = client.audio.transcriptions.create
    said = "Transcript of hello.wav."
    assert transcribe(model="gpt-4o-transcribe", file=RECORDING).text == said
    assert transcribe(model="whisper-1", file=RECORDING, response_format="text") == said + "\n"
    detailed = transcribe(model="whisper-1", file=RECORDING, response_format="verbose_json")
    assert (detailed.text, [one.text for one in detailed.segments], detailed.duration) == (said, [said], 1.0)
    timed = transcribe(model="whisper-1", file=RECORDING, response_format="srt")
    assert timed == f"1\n00:00:00,000 --> 00:00:01,000\n{said}\n\n"
    timed = transcribe(model="whisper-1", file=RECORDING, response_format="vtt")
    assert timed == f"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{said}\n\n"
    events = list(transcribe(model="gpt-4o-transcribe", file=RECORDING, stream=True))
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[-1].text == said
    with pytest.deprecated_call():
        assert client.audio.translations.create(model="whisper-1", file=RECORDING).text == said


def test_azures_client_names_a_deployment(mock: MockServer) -> None:
    with openai.AzureOpenAI(azure_endpoint=mock.url, api_key="any", api_version="2025-03-01-preview") as azure:
        assert azure.images.generate(model="gpt-image-1", prompt="A cat").data
        assert azure.audio.transcriptions.create(model="whisper-1", file=RECORDING).text
        assert azure.audio.speech.create(model="tts-1", voice="alloy", input="Hi").content


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        (lambda client: client.images.generate(prompt=7), "prompt"),
        (lambda client: client.images.generate(prompt="x", n=11), "n"),
        (lambda client: client.audio.speech.create(model="tts-1", voice="alloy", input=""), "input"),
        (lambda client: client.post("/audio/transcriptions", body={"model": "whisper-1"}, cast_to=object), "file"),
        (lambda client: client.images.edit(image=PICTURE, prompt="x", n=0), "n"),
        (lambda client: client.audio.transcriptions.create(model="", file=RECORDING), "model"),
    ],
)
def test_what_cannot_be_made_is_refused(client: openai.OpenAI, asked: Any, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        asked(client)
    assert (caught.value.type, caught.value.param) == ("invalid_request_error", param)
