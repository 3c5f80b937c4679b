"""The model class."""

from typing import Unpack

from llm_sdk.model import HttpLanguageModel, ModelOptions
from llm_sdk.providers.google.codec import GoogleCodec
from llm_sdk.providers.google.endpoint import API_VERSION

__all__ = ["MODEL", "GoogleModel"]


class GoogleModel(HttpLanguageModel):
    """A Gemini model. ``api_version`` is ``v1beta``, ``v1`` or ``v1alpha``."""

    def __init__(self, model_id: str, *, api_version: str = API_VERSION, **options: Unpack[ModelOptions]) -> None:
        super().__init__(GoogleCodec(api_version), model_id, **options)


MODEL = GoogleModel
