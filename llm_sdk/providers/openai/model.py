"""The model class."""

from typing import Unpack

from llm_sdk.model import HttpLanguageModel, ModelOptions
from llm_sdk.providers.openai.codec import CODEC

__all__ = ["MODEL", "OpenAIModel"]


class OpenAIModel(HttpLanguageModel):
    """A model behind the Responses API."""

    def __init__(self, model_id: str, **options: Unpack[ModelOptions]) -> None:
        super().__init__(CODEC, model_id, **options)


MODEL = OpenAIModel
