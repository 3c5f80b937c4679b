"""The codec: what the other rooms do, in one."""

from llm_sdk.codec import Ids, ModelCall
from llm_sdk.providers.openai_chat_completion import content, errors, request, response
from llm_sdk.providers.openai_chat_completion.capabilities import CAPABILITIES
from llm_sdk.providers.openai_chat_completion.endpoint import ENDPOINT, match, response_headers
from llm_sdk.providers.openai_chat_completion.normalize import normalize_request
from llm_sdk.providers.openai_chat_completion.services import SERVICES
from llm_sdk.providers.openai_chat_completion.stream_decoder import StreamDecoder, event_kind
from llm_sdk.providers.openai_chat_completion.stream_encoder import StreamEncoder

__all__ = ["CODEC", "OpenAIChatCodec"]


class OpenAIChatCodec:
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
    event_kind = staticmethod(event_kind)

    def stream_decoder(self) -> StreamDecoder:
        """A new decoder for one stream."""
        return StreamDecoder()

    def stream_encoder(self, *, call: ModelCall, ids: Ids) -> StreamEncoder:
        """A new encoder for one streamed answer to this call."""
        return StreamEncoder(call, ids)


CODEC = OpenAIChatCodec()
