"""The codec: what the other rooms do, in one."""

from llm_sdk.codec import Ids, ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.anthropic import content, errors, request, response
from llm_sdk.providers.anthropic.capabilities import BY_VERSION, DEFAULT_VERSION, ApiVersion
from llm_sdk.providers.anthropic.endpoint import ENDPOINT, match, response_headers
from llm_sdk.providers.anthropic.normalize import normalize_request
from llm_sdk.providers.anthropic.services import SERVICES
from llm_sdk.providers.anthropic.stream_decoder import StreamDecoder
from llm_sdk.providers.anthropic.stream_encoder import StreamEncoder
from llm_sdk.types import LanguageModelInput

__all__ = ["CODEC", "AnthropicCodec"]


class AnthropicCodec:
    """See :class:`llm_sdk.codec.Codec`.

    ``api_version`` is the one that requests are written for; every version is read. Raises InvalidInputError for an
    unknown one.
    """

    provider = content.PROVIDER
    endpoint = ENDPOINT
    services = SERVICES

    decode_request = staticmethod(request.decode_request)
    normalize_request = staticmethod(normalize_request)
    encode_response = staticmethod(response.encode_response)
    decode_response = staticmethod(response.decode_response)
    encode_error = staticmethod(errors.encode_error)
    decode_error = staticmethod(errors.decode_error)
    refuse_key = staticmethod(errors.refuse_key)
    check_fields = staticmethod(request.check_fields)
    match = staticmethod(match)
    response_headers = staticmethod(response_headers)

    def __init__(self, api_version: ApiVersion = DEFAULT_VERSION) -> None:
        if api_version not in BY_VERSION:
            known = ", ".join(BY_VERSION)
            raise InvalidInputError(f"{api_version!r} is none of {known}", path="api_version", provider=self.provider)
        self.api_version = api_version
        self.capabilities = BY_VERSION[api_version]

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        """Raises UnsupportedError or InvalidInputError, with the path of what cannot be sent."""
        return request.encode_request(model_id, input, stream=stream, api_version=self.api_version)

    def stream_decoder(self) -> StreamDecoder:
        """A new decoder for one stream."""
        return StreamDecoder()

    def stream_encoder(self, *, call: ModelCall, ids: Ids) -> StreamEncoder:
        """A new encoder for one streamed answer to this call."""
        return StreamEncoder(call, ids)


CODEC = AnthropicCodec()
