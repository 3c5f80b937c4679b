"""Pictures, speech and transcripts, as OpenAI's API makes them beside its two chat protocols.

Source: OpenAI's OpenAPI document 2.3.0 (August 2026). Streams of pictures and of speech are not offered.
"""

import base64
import re
import sys
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from llm_sdk import openai_errors
from llm_sdk.codec import WireResponse, dump_json
from llm_sdk.errors import InvalidInputError
from llm_sdk.form_data import read_form
from llm_sdk.services import Service, ServiceCall, json_answer, read_body
from llm_sdk.sse import ServerSentEvent, encode_event
from llm_sdk.types import AudioFormat, JsonObject
from llm_sdk.wire_model import Wire

__all__ = ["MEDIA_ENDPOINTS"]

PROVIDER = "openai"
SIZE = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,3})")
USUAL_SIZE = (1024, 1024)
GIVES_ADDRESSES = "dall-e"
"""Models of this name answer with the address of a picture unless they are asked for its data (documented)."""
CONTENT_TYPES: dict[AudioFormat, str] = {"mp3": "audio/mpeg", "linear16": "audio/pcm"}
"""Where it is not ``audio/`` and the format."""
TEXT = {"content-type": "text/plain; charset=utf-8"}


class ImageRequest(Wire):
    """The body of ``POST /v1/images/generations``."""

    model_config = ConfigDict(strict=True)

    prompt: str
    model: str | None = None
    n: int | None = Field(default=None, ge=1, le=10)
    size: str | None = None
    quality: str | None = None
    response_format: Literal["url", "b64_json"] | None = None


class EditForm(Wire):
    """The form of ``POST /v1/images/edits``; ``image`` is the name of the last of its files."""

    image: str
    prompt: str
    model: str | None = None
    n: int | None = Field(default=None, ge=1, le=10)
    size: str | None = None
    quality: str | None = None
    response_format: Literal["url", "b64_json"] | None = None


class SpeechRequest(Wire):
    """The body of ``POST /v1/audio/speech``."""

    model_config = ConfigDict(strict=True)

    input: Annotated[str, Field(min_length=1)]
    model: str
    voice: str | JsonObject
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"


class TranscriptionForm(Wire):
    """The form of ``POST /v1/audio/transcriptions`` and of translations; ``file`` is the name of the recording."""

    file: str
    model: Annotated[str, Field(min_length=1)]
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] = "json"
    stream: bool = False


def generate_image(call: ServiceCall) -> WireResponse:
    """``POST /v1/images/generations``."""
    return _pictures(read_body(ImageRequest, call.request.body, refuse), call)


def edit_image(call: ServiceCall) -> WireResponse:
    """``POST /v1/images/edits``: what is edited does not show in the picture."""
    return _pictures(_read_form(EditForm, call), call)


def _pictures(asked: ImageRequest | EditForm, call: ServiceCall) -> WireResponse:
    found = SIZE.fullmatch(asked.size or "")
    width, height = (int(found[1]), int(found[2])) if found else USUAL_SIZE
    data = base64.b64encode(call.facts.picture(asked.prompt, width, height)).decode("ascii")
    older = (asked.model or GIVES_ADDRESSES).startswith(GIVES_ADDRESSES)
    one: JsonObject = {"b64_json": data}
    if older and asked.response_format != "b64_json":
        one = {"url": f"data:image/png;base64,{data}"}
    if asked.model == "dall-e-3":
        one["revised_prompt"] = asked.prompt
    answer: JsonObject = {"created": int(call.ids.now()), "data": [one] * (asked.n or 1)}
    if not older:
        counts = {"input_tokens": call.facts.count_text(asked.prompt), "output_tokens": 272 * (asked.n or 1)}
        details = {"text_tokens": counts["input_tokens"], "image_tokens": 0}
        usage = {**counts, "total_tokens": sum(counts.values()), "input_tokens_details": details}
        shown = {"size": f"{width}x{height}", "quality": asked.quality or "high", "output_format": "png"}
        answer |= {"background": "opaque", **shown, "usage": usage}
    return json_answer(answer)


def speak(call: ServiceCall) -> WireResponse:
    """``POST /v1/audio/speech``: a tone, in the format that the content type tells."""
    asked = read_body(SpeechRequest, call.request.body, refuse)
    wanted: AudioFormat = "linear16" if asked.response_format == "pcm" else asked.response_format
    data, format = call.facts.speak(asked.input, wanted)
    return WireResponse(200, data, {"content-type": CONTENT_TYPES.get(format, f"audio/{format}")})


def transcribe(call: ServiceCall) -> WireResponse:
    """``POST /v1/audio/transcriptions``, and translations: a sentence about the file, which is not listened to."""
    asked = _read_form(TranscriptionForm, call)
    text = f"Transcript of {asked.file}."
    usage = {"type": "duration", "seconds": 1}
    if asked.stream:
        events = [
            {"type": "transcript.text.delta", "delta": text},
            {"type": "transcript.text.done", "text": text, "usage": usage},
        ]
        written = b"".join(encode_event(ServerSentEvent(dump_json(event))) for event in events)
        return WireResponse(200, written, {"content-type": "text/event-stream; charset=utf-8"})
    match asked.response_format:
        case "text":
            return WireResponse(200, f"{text}\n".encode(), TEXT)
        case "srt":
            return WireResponse(200, f"1\n00:00:00,000 --> 00:00:01,000\n{text}\n\n".encode(), TEXT)
        case "vtt":
            return WireResponse(200, f"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{text}\n\n".encode(), TEXT)
        case "verbose_json":
            segment: JsonObject = {"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "text": text, "tokens": []}
            segment |= {"temperature": 0.0, "avg_logprob": -0.1, "compression_ratio": 1.0, "no_speech_prob": 0.0}
            whole = {"task": "transcribe", "language": "english", "duration": 1.0, "text": text}
            return json_answer({**whole, "segments": [segment], "usage": usage})
        case "diarized_json":
            said = {"type": "transcript.text.segment", "id": "seg_0", "start": 0.0, "end": 1.0, "text": text}
            whole = {"task": "transcribe", "duration": 1.0, "text": text}
            return json_answer({**whole, "segments": [{**said, "speaker": "A"}], "usage": usage})
    return json_answer({"text": text, "usage": usage})


def _read_form(model: type[Any], call: ServiceCall) -> Any:
    form = read_form(call.request.headers.get("content-type", ""), call.request.body)
    try:
        return model.model_validate(form.fields | form.files)
    except ValidationError as error:
        raise refuse(error) from None


def refuse(error: ValidationError) -> InvalidInputError:
    """What the API says of a body or a form that does not fit a model of this module."""
    if error.errors()[0]["type"] == "json_invalid":
        return openai_errors.not_json(PROVIDER)
    return openai_errors.refuse(error, sys.modules[__name__], PROVIDER)


def _at(path: str) -> re.Pattern[str]:
    """A path of the API, and of a deployment of Azure's."""
    return re.compile(rf"(?:/v1|(?:/openai)?/deployments/[^/]+)/{path}")


MEDIA_ENDPOINTS = (
    Service("POST", _at("images/generations"), generate_image),
    Service("POST", _at("images/edits"), edit_image),
    Service("POST", _at("audio/speech"), speak),
    Service("POST", _at("audio/transcriptions"), transcribe),
    Service("POST", _at("audio/translations"), transcribe),
)
