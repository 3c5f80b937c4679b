"""What the API refuses of a request that can be read.

Its words are recorded where that is said, and otherwise as users of the API have reported them: for the temperature,
the stop sequences, names of functions, unpaired calls and blobs. Those of ``topP``, ``candidateCount`` and
``maxOutputTokens`` are made up in their manner.
"""

import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from llm_sdk.codec import ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.google.content import PROVIDER
from llm_sdk.providers.google.names import one_spelling
from llm_sdk.request_rules import Range, image_fault, numbers_outside, objects
from llm_sdk.types import JsonObject

CONFIG = "GenerateContentRequest.generation_config"
RANGES: dict[str, Range] = {
    "temperature": (0.0, 2.0),
    "topP": (0.0, 1.0),
    "candidateCount": (1, 8),
    "maxOutputTokens": (1, None),
}
SPELLED = {
    "temperature": "temperature",
    "topP": "top_p",
    "candidateCount": "candidate_count",
    "maxOutputTokens": "max_output_tokens",
}
MOST_STOPS = 5
FUNCTION_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
UNPAIRED = (
    "Please ensure that the number of function response parts is equal to the number of function call parts of the "
    "function call turn."
)
# Models that cannot call functions and answer in JSON at once (recorded).
ONE_OR_THE_OTHER = "gemini-2.5"
JSON = "application/json"
PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})


def find_faults(request: WireRequest, call: ModelCall) -> Iterator[InvalidInputError]:
    """Each thing that the API would refuse, fields that it does not know apart."""
    body: JsonObject = one_spelling(from_json(request.body))
    config = body.get("generationConfig")
    if isinstance(config, dict):
        for name, _, (low, high) in numbers_outside(config, RANGES):
            bounds = f"in the range [{low}, {high}]" if high is not None else "positive"
            yield _complaint(f"{CONFIG}.{SPELLED[name]}", f"{SPELLED[name]} must be {bounds}.")
        stops = config.get("stopSequences")
        if isinstance(stops, list) and len(stops) > MOST_STOPS:
            yield _complaint(f"{CONFIG}.stop_sequences", f"the number of stop_sequences must not exceed {MOST_STOPS}.")
        called = any("functionDeclarations" in tool for _, tool in objects(body.get("tools")))
        if called and config.get("responseMimeType") == JSON and call.model_id.startswith(ONE_OR_THE_OTHER):
            reason = f"Function calling with a response mime type: '{JSON}' is unsupported"
            yield InvalidInputError(reason, provider=PROVIDER)
    yield from _functions(body)
    yield from _turns(body)
    for at, content in objects(body.get("contents")):
        for inner, part in objects(content.get("parts")):
            yield from _blob(part.get("inlineData"), f"contents[{at}].parts[{inner}].inline_data.data")


def _functions(body: JsonObject) -> Iterator[InvalidInputError]:
    for at, tool in objects(body.get("tools")):
        for inner, function in objects(tool.get("functionDeclarations")):
            if FUNCTION_NAME.fullmatch(str(function.get("name"))) is None:
                where = f"GenerateContentRequest.tools[{at}].function_declarations[{inner}].name"
                reason = (
                    "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, "
                    "0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128."
                )
                yield _complaint(where, reason)


def _turns(body: JsonObject) -> Iterator[InvalidInputError]:
    """A turn of calls is followed by as many responses, in one content or in several (recorded)."""
    calls = responses = 0
    for _, content in objects(body.get("contents")):
        parts = [part for _, part in objects(content.get("parts"))]
        answered = sum("functionResponse" in part for part in parts)
        if answered:
            responses += answered
            continue
        if calls != responses:
            yield InvalidInputError(UNPAIRED, provider=PROVIDER)
        calls = sum("functionCall" in part for part in parts) if content.get("role") == "model" else 0
        responses = 0
    if responses and calls != responses:
        yield InvalidInputError(UNPAIRED, provider=PROVIDER)


def _blob(blob: Any, where: str) -> Iterator[InvalidInputError]:
    if not isinstance(blob, dict):
        return
    data = str(blob.get("data", ""))
    # The API takes the alphabet of URLs too.
    fault = image_fault(data.replace("-", "+").replace("_", "/") + "=" * (-len(data) % 4))
    if fault == "base64":
        yield InvalidInputError(f"Invalid value at '{where}' (TYPE_BYTES), Base64 decoding failed", provider=PROVIDER)
    elif fault == "format" and blob.get("mimeType") in PICTURES:
        yield InvalidInputError(
            "Unable to process input image. Please retry or report in the forum.", provider=PROVIDER
        )


def _complaint(where: str, what: str) -> InvalidInputError:
    return InvalidInputError(f"* {where}: {what}\n", provider=PROVIDER)
