"""A language model that answers what it was told to, above any protocol."""

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TypeAlias

from llm_sdk.accumulator import to_partials
from llm_sdk.deltas import PartialModelResponse
from llm_sdk.errors import InvalidInputError
from llm_sdk.types import LanguageModelInput, LanguageModelMetadata, ModelResponse

__all__ = ["MockLanguageModel"]

Partials: TypeAlias = Sequence[PartialModelResponse | Exception]


class MockLanguageModel:
    """A :class:`~llm_sdk.model.LanguageModel` with two queues of results, one for whole answers and one for streams.

    ``generate_inputs`` and ``stream_inputs`` keep what it was called with.
    """

    def __init__(
        self,
        *,
        provider: str = "mock",
        model_id: str = "mock-model",
        metadata: LanguageModelMetadata | None = None,
    ) -> None:
        self.provider = provider
        self.model_id = model_id
        self.metadata = metadata
        self.generate_inputs: list[LanguageModelInput] = []
        self.stream_inputs: list[LanguageModelInput] = []
        self._results: deque[ModelResponse | Exception] = deque()
        self._streams: deque[Partials] = deque()

    def enqueue_generate(self, *results: ModelResponse | Exception) -> None:
        """Answer the next calls of ``generate`` with these; an exception is raised."""
        self._results.extend(results)

    def enqueue_stream(self, *results: ModelResponse | Partials) -> None:
        """Answer the next calls of ``stream`` with these; an exception among the partials ends the stream."""
        self._streams.extend(list(to_partials(item)) if isinstance(item, ModelResponse) else item for item in results)

    def reset(self) -> None:
        """Forget the inputs, and the results that were not asked for."""
        for memory in (self.generate_inputs, self.stream_inputs, self._results, self._streams):
            memory.clear()

    async def generate(self, input: LanguageModelInput) -> ModelResponse:
        """The next result. Raises InvalidInputError when there is none."""
        return self.generate_sync(input)

    async def stream(self, input: LanguageModelInput) -> AsyncIterator[PartialModelResponse]:
        """The partials of the next stream. Raises InvalidInputError when there is none."""
        for partial in self.stream_sync(input):
            yield partial

    def generate_sync(self, input: LanguageModelInput) -> ModelResponse:
        """See :meth:`generate`."""
        if not self._results:
            raise InvalidInputError("no result is left for generate: enqueue_generate gives more")
        self.generate_inputs.append(input)
        result = self._results.popleft()
        if isinstance(result, Exception):
            raise result
        return result

    def stream_sync(self, input: LanguageModelInput) -> Iterator[PartialModelResponse]:
        """See :meth:`stream`."""
        if not self._streams:
            raise InvalidInputError("no result is left for stream: enqueue_stream gives more")
        self.stream_inputs.append(input)
        for partial in self._streams.popleft():
            if isinstance(partial, Exception):
                raise partial
            yield partial
