"""The codec: what the other rooms do, in one."""

from llm_sdk.codec import Ids, ModelCall
from llm_sdk.providers.cohere import content, errors, request, response
from llm_sdk.providers.cohere.capabilities import CAPABILITIES
from llm_sdk.providers.cohere.endpoint import ENDPOINT, match, response_headers
from llm_sdk.providers.cohere.normalize import normalize_request
from llm_sdk.providers.cohere.services import SERVICES
from llm_sdk.providers.cohere.stream_decoder import StreamDecoder
from llm_sdk.providers.cohere.stream_encoder import StreamEncoder

__all__ = ["CODEC", "CohereCodec"]


class CohereCodec:
    """See :class:`llm_sdk.codec.Codec`."""

    provider = content.PROVIDER
    capabilities = CAPABILITIES
    endpoint = ENDPOINT
    services = SERVICES

    encode_request = staticmethod(request.encode_request)
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

    def stream_decoder(self) -> StreamDecoder:
        """A new decoder for one stream."""
        return StreamDecoder()

    def stream_encoder(self, *, call: ModelCall, ids: Ids) -> StreamEncoder:  # noqa: ARG002 - of the contract
        """A new encoder for one streamed answer to this call, which says nothing of the request."""
        return StreamEncoder(ids)


CODEC = CohereCodec()
