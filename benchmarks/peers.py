"""The mock server beside other mock servers: start-up, answers and events per second, on the same load.

``python -m benchmarks.peers --peers DIR`` measures every one that it finds installed in a folder of its own below DIR,
and installs nothing itself::

    python -m venv DIR/llmock && DIR/llmock/bin/pip install llmock       # the same for stubllm, fakellm, mock-ai-api
    npm install --prefix DIR/aimock @copilotkit/aimock                   # the same for mock-openai-api
    npm install --prefix DIR/dwmkerr-mock-llm @dwmkerr/mock-llm

Each gives the same answer of 230 characters. They are measured in turns, several times, so that a busy moment falls on
all of them; the best time counts. ``per CPU-s`` is what a server did for each second of a processor's time, which other
programs of the machine disturb least.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from compileall import compile_dir
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from benchmarks.load import Load, first_answer, processor_seconds, put_load_on

__all__ = ["OURS", "PEERS", "Server", "main"]

ANSWER = ("The quick brown fox jumps over the lazy dog. " * 6)[:230]
CHAT = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class Server:
    """A mock server. ``command`` starts it and ``files`` are what it reads, by name: ``{port}`` and ``{folder}`` stand
    for what they are; ``folder`` is where it is installed, below the folder of all peers."""

    name: str
    command: tuple[str, ...]
    folder: str = ""
    files: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    path: str = CHAT
    model: str = "gpt-4o"


OURS = Server(
    "mock-server",
    (sys.executable, "-m", "mock_server", "serve", "--port", "{port}", "--scenarios", "{folder}/scenarios.yaml"),
    files={"scenarios.yaml": json.dumps({"scenarios": [{"when": {"last_user": "hello"}, "reply": ANSWER}]})},
)
AIMOCK_FIXTURE = {"fixtures": [{"match": {"userMessage": "hello"}, "response": {"content": ANSWER}}]}
STUBLLM_MATCH = {"provider": "openai", "messages": [{"role": "user", "content": {"contains": "hello"}}]}
STUBLLM_FIXTURE = {"fixtures": [{"name": "hello", "match": STUBLLM_MATCH, "response": {"content": ANSWER}}]}
FAKELLM_RULES = {"version": 1, "rules": [{"name": "hello", "respond": {"content": ANSWER}}]}
DWMKERR_ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
}
DWMKERR_RULE = {
    "path": CHAT,
    "match": "contains(body.messages[-1].content, 'hello')",
    "response": {"status": 200, "content": json.dumps(DWMKERR_ANSWER)},
}
PEERS = (
    Server(
        "aimock, 5 characters",
        ("{bin}/llmock", "-p", "{port}", "-f", "{folder}/f.json", "-c", "5", "--log-level", "silent"),
        "aimock",
        {"f.json": json.dumps(AIMOCK_FIXTURE)},
    ),
    Server(
        "aimock",
        ("{bin}/llmock", "-p", "{port}", "-f", "{folder}/f.json", "--log-level", "silent"),
        "aimock",
        {"f.json": json.dumps(AIMOCK_FIXTURE)},
    ),
    Server("LLMock", ("{bin}/llmock", "serve", "--port", "{port}"), "llmock"),
    Server(
        "stubllm",
        ("{bin}/stubllm", "serve", "--port", "{port}", "--fixture-file", "{folder}/f.yaml"),
        "stubllm",
        {"f.yaml": json.dumps(STUBLLM_FIXTURE)},
    ),
    Server(
        "fakellm",
        ("{bin}/fakellm", "serve", "--port", "{port}", "--config", "{folder}/f.yaml"),
        "fakellm",
        {"f.yaml": json.dumps(FAKELLM_RULES)},
    ),
    Server("mock-ai-api", ("{bin}/uvicorn", "app.openai_app:app", "--port", "{port}"), "mock-ai-api"),
    Server(
        "dwmkerr/mock-llm",
        ("{bin}/mock-llm", "--config", "{folder}/f.yaml"),
        "dwmkerr-mock-llm",
        {"f.yaml": json.dumps({"rules": [DWMKERR_RULE]})},
        {"PORT": "{port}"},
    ),
    Server("mock-openai-api", ("{bin}/mock-openai-api", "-p", "{port}"), "mock-openai-api", model="gpt-4-mock"),
)


def request_body(*, stream: bool, model: str = "gpt-4o") -> bytes:
    """What every server is asked."""
    message = {"role": "user", "content": "hello there"}
    asked = {"model": model, "messages": [message], **({"stream": True} if stream else {})}
    return json.dumps(asked).encode()


def programs_of(server: Server, peers: Path | None) -> Path | None:
    """Where the programs of a peer are; None where it is not installed."""
    if peers is None or not server.folder:
        return None
    places = (peers / server.folder / "node_modules" / ".bin", peers / server.folder / "bin")
    return next((place for place in places if place.is_dir()), None)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(server: Server, programs: Path | None) -> Iterator[tuple[str, int, float]]:
    """A server that answers: its URL, its process, and the seconds up to its first answer."""
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        names = {"port": str(port), "folder": folder, "bin": str(programs)}
        for name, text in server.files.items():
            (Path(folder) / name).write_text(text)
        environment = os.environ | {key: value.format(**names) for key, value in server.environment.items()}
        command = [word.format(**names) for word in server.command]
        began = time.perf_counter()
        with open(Path(folder) / "log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)  # noqa: S603 - from the table
        try:
            url = f"http://127.0.0.1:{port}{server.path}"
            try:
                first_answer(url, request_body(stream=False, model=server.model))
            except TimeoutError as error:
                log = (Path(folder) / "log").read_text(errors="replace")[-500:]
                raise click.ClickException(f"{server.name}: {error}; it says:\n{log}") from None
            yield url, process.pid, time.perf_counter() - began
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(slots=True)
class Result:
    """The best that was seen of one server, per second of the clock and of a processor."""

    start: float = float("inf")
    start_processor: float = float("inf")
    answers: float = 0.0
    answers_processor: float = 0.0
    events: float = 0.0
    events_processor: float = 0.0
    failures: int = 0

    def add(self, start: float, start_processor: float, whole: Load, streams: Load) -> None:
        """Take in one round."""
        self.start = min(self.start, start)
        self.start_processor = min(self.start_processor, start_processor)
        self.answers = max(self.answers, whole.answers / whole.seconds)
        self.answers_processor = max(self.answers_processor, whole.answers / (whole.processor or float("inf")))
        self.events = max(self.events, streams.events / streams.seconds)
        self.events_processor = max(self.events_processor, streams.events / (streams.processor or float("inf")))
        self.failures += whole.failures + streams.failures


def measure(server: Server, programs: Path | None, result: Result, *, seconds: float, connections: int) -> None:
    """One round: start it, ask for whole answers, ask for streams, end it."""
    with running(server, programs) as (url, process, start):
        used = processor_seconds([process])
        loads = []
        for stream in (False, True):
            body = request_body(stream=stream, model=server.model)
            loads.append(put_load_on(url, body, seconds=seconds, connections=connections, processes=[process]))
        result.add(start, used, *loads)


def row(name: str, result: Result, ours: Result) -> str:
    """A line of the table; the figures in brackets say how many times as fast we are."""

    def cell(value: float, own: float) -> str:
        return f"{value:>10,.0f} ({own / value if value else float('inf'):4.1f})"

    cells = [
        cell(result.answers, ours.answers),
        cell(result.answers_processor, ours.answers_processor),
        cell(result.events, ours.events),
        cell(result.events_processor, ours.events_processor),
    ]
    start = f"{result.start:6.2f} s {result.start_processor:6.2f} s"
    failed = f"  {result.failures} failures" if result.failures else ""
    return f"{name:<22}{start} " + " ".join(cells) + failed


@click.command()
@click.option(
    "--peers", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Where they are installed."
)
@click.option("--seconds", default=2.0, show_default=True, help="Length of each load.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--connections", default=32, show_default=True)
def main(peers: Path | None, seconds: float, rounds: int, connections: int) -> None:
    """Measure ours beside every other mock server that is installed."""
    installed = [(server, programs) for server in PEERS if (programs := programs_of(server, peers)) is not None]
    for package in ("llm_sdk", "mock_server"):  # pip has done so with the others when it installed them
        compile_dir(Path(__file__).parents[1] / package, quiet=1)
    contestants: list[tuple[Server, Path | None]] = [(OURS, None), *installed]
    results = {server.name: Result() for server, _ in contestants}
    for _ in range(rounds):
        for server, programs in contestants:
            measure(server, programs, results[server.name], seconds=seconds, connections=connections)
    heads = ("answers/s", "per CPU-s", "events/s", "per CPU-s")
    click.echo(f"{'':22}{'start':>8}{'CPU':>9} " + " ".join(f"{head:>17}" for head in heads))
    for name, result in results.items():
        click.echo(row(name, result, results[OURS.name]))


if __name__ == "__main__":
    main()
