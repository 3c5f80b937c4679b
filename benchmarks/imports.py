"""``import llm_sdk`` beside ``import httpx, pydantic``: milliseconds in fresh processes, medians of several.

Run as ``python benchmarks/imports.py``.
"""

import statistics
import subprocess
import sys

ROUNDS = 9
STATEMENTS = ("import llm_sdk", "import httpx, pydantic", "from llm_sdk import get_model")
TIMER = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def measure(statement: str) -> float:
    """Milliseconds that the statement takes in a process of its own."""
    program = [sys.executable, "-c", TIMER.format(statement)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own
    return float(done.stdout) * 1000


def main() -> None:
    """Print one line a statement, in turns, so that a busy moment falls on all of them."""
    for statement in STATEMENTS:
        measure(statement)
    times: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    for _ in range(ROUNDS):
        for statement in STATEMENTS:
            times[statement].append(measure(statement))
    medians = {statement: statistics.median(rounds) for statement, rounds in times.items()}
    for statement, median in medians.items():
        ratio = median / medians["import httpx, pydantic"]
        print(f"{statement:32}{median:8.1f} ms{ratio:8.2f} of httpx and pydantic")


if __name__ == "__main__":
    main()
