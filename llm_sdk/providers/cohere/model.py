"""The model class."""

from typing import Unpack

from llm_sdk.model import HttpLanguageModel, ModelOptions
from llm_sdk.providers.cohere.codec import CODEC

__all__ = ["MODEL", "CohereModel"]


class CohereModel(HttpLanguageModel):
    """A model behind Cohere's chat."""

    def __init__(self, model_id: str, **options: Unpack[ModelOptions]) -> None:
        super().__init__(CODEC, model_id, **options)


MODEL = CohereModel
