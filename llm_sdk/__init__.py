"""One set of unified types over six LLM wire protocols, in both directions."""

from llm_sdk import accumulator, deltas, errors, types
from llm_sdk.accumulator import *  # noqa: F403
from llm_sdk.deltas import *  # noqa: F403
from llm_sdk.errors import *  # noqa: F403
from llm_sdk.types import *  # noqa: F403

__version__ = "0.1.0"

__all__ = [*types.__all__, *deltas.__all__, *accumulator.__all__, *errors.__all__]
