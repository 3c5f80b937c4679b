"""The model class."""

from typing import Unpack

from llm_sdk.model import HttpLanguageModel, ModelOptions
from llm_sdk.providers.anthropic.capabilities import DEFAULT_VERSION, ApiVersion
from llm_sdk.providers.anthropic.codec import CODEC, AnthropicCodec

__all__ = ["MODEL", "AnthropicModel"]


class AnthropicModel(HttpLanguageModel):
    """A model behind the Messages API.

    ``api_version`` is sent as the header ``anthropic-version``: the version of October 2026 takes no ``temperature``,
    ``top_p`` and ``top_k``, and no documents in messages of the model; citations are left out of those of the user.
    """

    def __init__(
        self, model_id: str, *, api_version: ApiVersion = DEFAULT_VERSION, **options: Unpack[ModelOptions]
    ) -> None:
        codec = CODEC if api_version == DEFAULT_VERSION else AnthropicCodec(api_version)
        super().__init__(codec, model_id, **options)


MODEL = AnthropicModel
