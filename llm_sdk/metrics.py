"""Histograms of calls, where the program uses OpenTelemetry metrics; nothing at all where it does not.

Names, units and buckets are those of the semantic conventions for generative AI clients
(https://github.com/open-telemetry/semantic-conventions-genai, ``gen-ai-metrics.md``).
"""

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from llm_sdk.types import ModelUsage

__all__ = ["CallMetrics", "call_metrics"]

SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
TOKENS = [4**power for power in range(14)]
INSTRUMENTS = {
    "gen_ai.client.token.usage": ("{token}", "Number of input and output tokens used.", TOKENS),
    "gen_ai.client.operation.duration": ("s", "GenAI operation duration.", SECONDS),
    "gen_ai.client.operation.time_to_first_chunk": ("s", "Time to receive the first chunk.", SECONDS),
    "gen_ai.client.operation.time_per_output_chunk": ("s", "Time from one chunk to the next.", SECONDS),
}


class CallMetrics:
    """Where the figures of one call go; ``attributes`` are those that every one of them has."""

    def __init__(self, histograms: Mapping[str, Any], attributes: Mapping[str, Any]) -> None:
        self._histograms = histograms
        self._attributes = dict(attributes)

    def answered_by(self, model_id: str) -> None:
        """The model that the answer names."""
        self._attributes["gen_ai.response.model"] = model_id

    def first_chunk(self, seconds: float) -> None:
        """The first part of a stream has come, ``seconds`` after the call began."""
        self._record("gen_ai.client.operation.time_to_first_chunk", seconds)

    def next_chunk(self, seconds: float) -> None:
        """A further part has come, ``seconds`` after the one before."""
        self._record("gen_ai.client.operation.time_per_output_chunk", seconds)

    def end(self, seconds: float, usage: ModelUsage | None, error_type: str | None) -> None:
        """The call has ended, ``seconds`` after it began."""
        ending = {} if error_type is None else {"error.type": error_type}
        self._record("gen_ai.client.operation.duration", seconds, ending)
        if usage is not None:
            self._record("gen_ai.client.token.usage", usage.input_tokens, {"gen_ai.token.type": "input"})
            self._record("gen_ai.client.token.usage", usage.output_tokens, {"gen_ai.token.type": "output"})

    def _record(self, name: str, value: float, more: Mapping[str, str] | None = None) -> None:
        self._histograms[name].record(value, {**self._attributes, **(more or {})})


def call_metrics(attributes: Mapping[str, Any]) -> CallMetrics | None:
    """The metrics of one call, or nothing where the program has not loaded OpenTelemetry's."""
    metrics = sys.modules.get("opentelemetry.metrics")
    return None if metrics is None else CallMetrics(_histograms(metrics.get_meter_provider()), attributes)


@cache
def _histograms(provider: Any) -> dict[str, Any]:
    meter = provider.get_meter("llm_sdk")
    return {
        name: meter.create_histogram(name, unit, description, explicit_bucket_boundaries_advisory=boundaries)
        for name, (unit, description, boundaries) in INSTRUMENTS.items()
    }
