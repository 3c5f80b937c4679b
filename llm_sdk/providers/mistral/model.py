"""The model class."""

from typing import Unpack

from llm_sdk.model import HttpLanguageModel, ModelOptions
from llm_sdk.providers.mistral.codec import CODEC

__all__ = ["MODEL", "MistralModel"]


class MistralModel(HttpLanguageModel):
    """A model behind Mistral's chat completions."""

    def __init__(self, model_id: str, **options: Unpack[ModelOptions]) -> None:
        super().__init__(CODEC, model_id, **options)


MODEL = MistralModel
