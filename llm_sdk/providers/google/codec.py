"""The codec: what the other rooms do, in one."""

from llm_sdk.codec import Ids, ModelCall, WireRequest
from llm_sdk.errors import InvalidInputError
from llm_sdk.providers.google import content, errors, request, response
from llm_sdk.providers.google.capabilities import CAPABILITIES
from llm_sdk.providers.google.endpoint import API_VERSION, API_VERSIONS, ENDPOINT, match, response_headers
from llm_sdk.providers.google.normalize import normalize_request
from llm_sdk.providers.google.services import SERVICES
from llm_sdk.providers.google.stream_decoder import StreamDecoder, event_kind
from llm_sdk.providers.google.stream_encoder import StreamEncoder
from llm_sdk.types import LanguageModelInput

__all__ = ["CODEC", "GoogleCodec"]


class GoogleCodec:
    """See :class:`llm_sdk.codec.Codec`. ``api_version`` is the one that requests are sent to; all are read.

    Raises InvalidInputError for a version that there is not.
    """

    provider = content.PROVIDER
    capabilities = CAPABILITIES
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
    event_kind = staticmethod(event_kind)

    def __init__(self, api_version: str = API_VERSION) -> None:
        if api_version not in API_VERSIONS:
            known = ", ".join(sorted(API_VERSIONS))
            raise InvalidInputError(f"{api_version!r} is none of {known}", path="api_version", provider=self.provider)
        self.api_version = api_version

    def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
        """Raises UnsupportedError or InvalidInputError, with the path of what cannot be sent."""
        return request.encode_request(model_id, input, stream=stream, api_version=self.api_version)

    def stream_decoder(self) -> StreamDecoder:
        """A new decoder for one stream."""
        return StreamDecoder()

    def stream_encoder(self, *, call: ModelCall, ids: Ids) -> StreamEncoder:
        """A new encoder for one streamed answer to this call."""
        return StreamEncoder(call, ids)


CODEC = GoogleCodec()
