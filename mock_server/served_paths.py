"""What a provider's part of the stand-in answers, for whoever has asked for something else."""

import re
from collections.abc import Iterable, Iterator

from llm_sdk.codec import Codec
from llm_sdk.errors import LanguageModelError
from llm_sdk.services import services_of
from llm_sdk.types import LanguageModelInput

__all__ = ["paths_served"]

MODEL = "MODEL"
FIELD = re.compile(r"\(\?P<(\w+)>[^()]*\)")
OPTIONAL = re.compile(r"\(\?:[^()]*\)\?")
ALTERNATIVES = re.compile(r"\(\?:([^()|]*)\|[^()]*\)")
ONE_OF = re.compile(r"\[\w*(\w)\]")


def paths_served(codecs: Iterable[Codec]) -> list[str]:
    """The requests that are answered, such as ``GET /v1/models/{model}``: the calls of a model first, then what is
    beside them. Of several forms of a path the usual one is told."""
    codecs = list(codecs)
    calls = [line for codec in codecs for line in _calls(codec)]
    beside = [f"{one.method} {_readable(one.path)}" for codec in codecs for one in services_of(codec).endpoints]
    return list(dict.fromkeys(calls + beside))


def _calls(codec: Codec) -> Iterator[str]:
    """The path of a call, and that of a streamed one."""
    asked = LanguageModelInput.model_validate({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1})
    for stream in (False, True):
        try:
            request = codec.encode_request(MODEL, asked, stream=stream)
        except LanguageModelError:
            continue
        path = request.path.partition("?")[0].replace(MODEL, "{model}")
        yield f"{request.method} {codec.endpoint.root}{path}"


def _readable(path: re.Pattern[str]) -> str:
    text = FIELD.sub(r"{\1}", path.pattern)
    text = OPTIONAL.sub("", text)
    return ONE_OF.sub(r"\1", ALTERNATIVES.sub(r"\1", text))
