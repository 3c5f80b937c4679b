"""Time to accumulate 10,000 and 100,000 deltas of each kind that comes in pieces: ten times as many take ten times as
long.

Run as ``python -m benchmarks.accumulator``. Processor time counts, the best of some runs; the deltas of a stream are
one object again and again, so that nothing but the accumulation is measured.
"""

import base64
import time

from llm_sdk.accumulator import accumulate
from llm_sdk.deltas import (
    AudioPartDelta,
    ContentDelta,
    PartDelta,
    PartialModelResponse,
    ReasoningPartDelta,
    TextPartDelta,
    ToolCallPartDelta,
)

__all__ = ["main", "measure"]

SIZES = (10_000, 100_000)
ROUNDS = 5
SOUND = base64.b64encode(b"\0\1" * 120).decode("ascii")
# The first delta, the one that comes again and again, and the last.
STREAMS: dict[str, tuple[PartDelta, PartDelta, PartDelta]] = {
    "text": (TextPartDelta(text=""), TextPartDelta(text="word "), TextPartDelta(text=".")),
    "reasoning": (ReasoningPartDelta(id="rs_1"), ReasoningPartDelta(text="word "), ReasoningPartDelta(signature="s")),
    "tool arguments": (
        ToolCallPartDelta(tool_call_id="call_1", tool_name="write", args='{"text": "'),
        ToolCallPartDelta(args="word "),
        ToolCallPartDelta(args='"}'),
    ),
    "audio": (
        AudioPartDelta(format="linear16", sample_rate=24000),
        AudioPartDelta(data=SOUND, transcript="a"),
        AudioPartDelta(transcript="."),
    ),
}


def measure(first: PartDelta, again: PartDelta, last: PartDelta, count: int) -> float:
    """Seconds of processor time that ``count`` deltas take, from the first one to the response."""
    start, middle, end = (PartialModelResponse(delta=ContentDelta(index=0, part=part)) for part in (first, again, last))
    partials = [start, *[middle] * (count - 2), end]
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        accumulate(partials)
        best = min(best, time.process_time() - before)
    return best


def main() -> None:
    """Print one line for each kind of delta."""
    print(f"{'deltas':16}" + "".join(f"{count:>12,}" for count in SIZES) + f"{'ratio':>8}{'each':>10}")
    for kind, deltas in STREAMS.items():
        times = [measure(*deltas, count) for count in SIZES]
        line = "".join(f"{seconds * 1000:>9.1f} ms" for seconds in times)
        print(f"{kind:16}{line}{times[-1] / times[0]:>8.1f}{times[-1] / SIZES[-1] * 1e9:>7.0f} ns")


if __name__ == "__main__":
    main()
