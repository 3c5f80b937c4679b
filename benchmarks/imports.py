"""How long ``import llm_sdk`` takes, beside the two libraries that it stands on."""

import subprocess
import sys

import click

__all__ = ["import_seconds", "main"]

STATEMENTS = ("import httpx, pydantic", "import llm_sdk")
MEASURE = "import time; before = time.perf_counter(); {}; print(time.perf_counter() - before)"


def import_seconds(statement: str, runs: int) -> float:
    """The best time of ``statement`` in a fresh interpreter, in seconds."""
    command = [sys.executable, "-c", MEASURE.format(statement)]
    outputs = (subprocess.run(command, capture_output=True, check=True).stdout for _ in range(runs))  # noqa: S603
    return min(float(output) for output in outputs)


@click.command()
@click.option("--runs", default=7, show_default=True, help="Fresh interpreters for each; the best time counts.")
def main(runs: int) -> None:
    """Print the time of the imports."""
    for statement in STATEMENTS:
        click.echo(f"  {statement:<24} {1000 * import_seconds(statement, runs):>6.0f} ms")


if __name__ == "__main__":
    main()
