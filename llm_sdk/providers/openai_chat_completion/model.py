"""The model class."""

from typing import Unpack

from llm_sdk.model import HttpLanguageModel, ModelOptions
from llm_sdk.providers.openai_chat_completion.codec import CODEC

__all__ = ["MODEL", "OpenAIChatModel"]


class OpenAIChatModel(HttpLanguageModel):
    """A model behind Chat Completions, of OpenAI or of any server that speaks it."""

    def __init__(self, model_id: str, **options: Unpack[ModelOptions]) -> None:
        super().__init__(CODEC, model_id, **options)


MODEL = OpenAIChatModel
