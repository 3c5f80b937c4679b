"""The errors that only a run has."""

from llm_sdk.completion.events import CompletionResult
from llm_sdk.errors import LanguageModelError

__all__ = ["CompletionCancelledError"]


class CompletionCancelledError(LanguageModelError):
    """The run was cancelled. ``partial`` is what had come of it; ``request_id`` is the run's."""

    def __init__(self, partial: CompletionResult, *, provider: str, request_id: str) -> None:
        super().__init__("the run was cancelled", provider=provider, request_id=request_id)
        self.partial = partial
