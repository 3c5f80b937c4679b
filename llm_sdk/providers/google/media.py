"""Images, sounds and documents <-> ``inlineData`` and ``fileData``."""

import re

from llm_sdk.providers.google import wire
from llm_sdk.types import AudioFormat, AudioPart, FilePart, ImagePart, JsonObject

# The MIME type to write for a format. Raw samples say their rate and channels behind it.
MIME_TYPES: dict[AudioFormat, str] = {
    "wav": "audio/wav",
    "mp3": "audio/mp3",
    "linear16": "audio/L16;codec=pcm",
    "flac": "audio/flac",
    "mulaw": "audio/PCMU",
    "alaw": "audio/PCMA",
    "aac": "audio/aac",
    "opus": "audio/ogg;codecs=opus",
}
# The format for a MIME type to read: in lower case, without parameters.
FORMATS: dict[str, AudioFormat] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mp3": "mp3",
    "audio/mpeg": "mp3",
    "audio/l16": "linear16",
    "audio/pcm": "linear16",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/pcmu": "mulaw",
    "audio/pcma": "alaw",
    "audio/aac": "aac",
    "audio/ogg": "opus",
    "audio/opus": "opus",
}
RATE = re.compile(r"rate=(\d+)", re.IGNORECASE)
CHANNELS = re.compile(r"channels=(\d+)", re.IGNORECASE)
URL_SAFE = str.maketrans("-_", "+/")


def standard_base64(data: str) -> str:
    """Base64 in the standard alphabet and padded: requests may come in the other one (recorded)."""
    standard = data.translate(URL_SAFE)
    return standard + "=" * (-len(standard) % 4)


def decode_blob(blob: wire.Blob, id: str | None = None) -> ImagePart | AudioPart | FilePart:
    """The part of some bytes. A sound of a format without a name, a film or a text is a file."""
    data = standard_base64(blob.data)
    kind = blob.mime_type.partition(";")[0].strip().lower()
    if kind.startswith("image/"):
        return ImagePart(mime_type=blob.mime_type, data=data, id=id)
    if (format := FORMATS.get(kind)) is not None:
        rate, channels = RATE.search(blob.mime_type), CHANNELS.search(blob.mime_type)
        return AudioPart(
            data=data,
            format=format,
            sample_rate=int(rate[1]) if rate else None,
            channels=int(channels[1]) if channels else None,
            id=id,
        )
    return FilePart(mime_type=blob.mime_type, data=data, id=id)


def decode_file(file: wire.FileData) -> ImagePart | FilePart:
    """The part of a URI. There are no sounds by URL: one is a file."""
    if (file.mime_type or "").startswith("image/"):
        return ImagePart(mime_type=file.mime_type, url=file.file_uri)
    return FilePart(mime_type=file.mime_type, url=file.file_uri)


def encode_media(part: ImagePart | AudioPart | FilePart) -> JsonObject:
    """The other way."""
    if isinstance(part, AudioPart):
        return {"inlineData": {"mimeType": audio_mime_type(part), "data": part.data}}
    if part.data is not None:
        return {"inlineData": {"mimeType": part.mime_type, "data": part.data}}
    mime_type = {} if part.mime_type is None else {"mimeType": part.mime_type}
    return {"fileData": {**mime_type, "fileUri": part.url}}


def audio_mime_type(part: AudioPart) -> str:
    """The MIME type of a sound, such as ``audio/L16;codec=pcm;rate=24000``."""
    rate = "" if part.sample_rate is None else f";rate={part.sample_rate}"
    channels = "" if part.channels is None else f";channels={part.channels}"
    return MIME_TYPES[part.format] + rate + channels
