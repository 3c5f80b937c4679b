"""Adapters in other languages: a command that reads requests and writes answers as lines of JSON.

``docs/bridge-protocol.md`` describes every field. One process serves all models and calls of a run; one that ends or
falls silent is started anew for the next call, and the call that waited says so.
"""

import atexit
import json
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import IO, Any, Self, TypeAlias

from pydantic import ValidationError

from conformance.bridge_model import Answer, BridgeModel, Connection
from conformance.outcome import AdapterGoneError
from llm_sdk.types import JsonObject, LanguageModelMetadata

__all__ = ["PREFIX", "VERSION", "Bridge", "BridgeError", "is_command"]

PREFIX = "cmd:"
VERSION = 1
START_SECONDS = 10.0
END_SECONDS = 2.0
SHOWN_LINE = 200
SHOWN_ERRORS = 600

Deliver: TypeAlias = Callable[[Answer], object]


class BridgeError(AdapterGoneError):
    """The command cannot be started, has ended, is silent, or does not keep to the protocol; the message says which."""


def is_command(adapter: str) -> bool:
    """Whether ``--adapter`` names a command, such as ``cmd: node bridge.mjs``."""
    return adapter.startswith(PREFIX)


class Bridge:
    """A command that speaks for an adapter. It is started by the first call, and ended by :meth:`close`."""

    def __init__(self, adapter: str) -> None:
        """``adapter`` is the command after ``cmd:``, in the words of a shell, which it is not given to.

        Raises BridgeError for a command without words, or with an open quotation mark.
        """
        try:
            self._words = shlex.split(adapter.removeprefix(PREFIX))
        except ValueError as error:
            raise BridgeError(f"{adapter!r} is no command ({error})") from None
        if not self._words:
            raise BridgeError(f"{adapter!r} has no command: write it as {PREFIX} node bridge.mjs")
        self._lock = threading.Lock()
        self._process: _Process | None = None

    def factory(self, provider: str) -> Callable[..., BridgeModel]:
        """Makes models of this provider that make their calls through the bridge."""
        return partial(self._model, provider)

    def _model(
        self, provider: str, *, base_url: str, api_key: str, model_id: str, http_client: Any = None
    ) -> BridgeModel:
        """``http_client`` is not used: nothing of this process reaches into the other one."""
        del http_client
        return BridgeModel(self.connect, provider, base_url=base_url, api_key=api_key, model_id=model_id)

    def connect(self) -> "Connection":
        """The process, started where there is none. Raises BridgeError."""
        with self._lock:
            if self._process is not None and self._process.is_over:
                self._end()
            if self._process is None:
                self._process = _Process(self._words)
                atexit.register(self._process.close)
            return self._process

    def close(self) -> None:
        """End the process: its input is closed, and it is killed when it does not end by itself."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._process is not None:
            atexit.unregister(self._process.close)
            self._process.close()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _Process:
    """A running bridge. Every line that it writes goes to the call that it names."""

    def __init__(self, words: list[str]) -> None:
        self._name = shlex.join(words)
        self._lock = threading.Lock()
        self._waiting: dict[int, Deliver] = {}
        self._last_id = 0
        self._over: BridgeError | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command that the user gave, without a shell
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
        except OSError as error:
            self._errors.close()
            raise BridgeError(f"`{self._name}` cannot be started ({error})") from None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        try:
            self.metadata = self._shake_hands()
        except BaseException:
            self.close()
            raise

    @property
    def is_over(self) -> bool:
        """Whether the process is of no more use."""
        return self._over is not None

    def _shake_hands(self) -> LanguageModelMetadata | None:
        answers: list[Answer] = []
        came = threading.Event()

        def note(answer: Answer) -> None:
            answers.append(answer)
            came.set()

        self.send({"op": "hello", "version": VERSION}, note)
        if not came.wait(START_SECONDS):
            raise self.give_up(f"did not answer `hello` within {START_SECONDS:g} seconds")
        [first, *_] = answers
        if isinstance(first, AdapterGoneError):
            raise first
        hello = first.get("hello")
        if not isinstance(hello, dict) or hello.get("version") != VERSION:
            raise self.give_up(f"does not speak version {VERSION}: it answered `hello` with {_shown(first)}")
        try:
            return LanguageModelMetadata.model_validate(hello["metadata"]) if "metadata" in hello else None
        except ValidationError as error:
            raise self.give_up(f"declares metadata that cannot be read ({error.errors()[0]['msg']})") from None

    def send(self, request: JsonObject, deliver: Deliver) -> int:
        """Send a request; each answer to it is handed to ``deliver``, in the thread that reads. Returns its id."""
        with self._lock:
            self._last_id += 1
            id = self._last_id
            self._waiting[id] = deliver
            if self._over is not None:
                deliver(self._over)
                return id
            self._write({"id": id, **request})
        return id

    def forget(self, id: int, *, cancel: bool = False) -> None:
        """Hand over no more answers to this request; with ``cancel`` the bridge is told to break it off."""
        with self._lock:
            if self._waiting.pop(id, None) is not None and cancel and self._over is None:
                self._write({"id": id, "op": "cancel"})

    def _write(self, message: JsonObject) -> None:
        try:
            assert self._process.stdin is not None  # noqa: S101 - it is a pipe
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            pass  # it has ended: the reader finds out, and tells everyone

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            if not line.strip():
                continue
            try:
                answer = json.loads(line)
                id = answer["id"]
            except (ValueError, KeyError, TypeError):
                self.give_up(f"wrote a line that is no JSON object with an id: {_shown(line)}")
                return
            with self._lock:
                deliver = self._waiting.get(id)
            if deliver is not None:
                deliver(answer)
        self._process.wait()
        self.give_up(f"ended with status {self._process.returncode}")

    def give_up(self, why: str) -> BridgeError:
        """End the process and tell every call that waits; the error says why, and what the process complained of."""
        with self._lock:
            if self._over is None:
                self._process.kill()
                self._process.wait()
                self._over = BridgeError(f"`{self._name}` {why}{self._complaint()}")
                waiting, self._waiting = [*self._waiting.values()], {}
                for deliver in waiting:
                    deliver(self._over)
            return self._over

    def _complaint(self) -> str:
        self._errors.seek(0)
        text = self._errors.read().decode("utf-8", "replace").strip()
        return f"; it wrote: {text[-SHOWN_ERRORS:]}" if text else ""

    def close(self) -> None:
        """See :meth:`Bridge.close`."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        assert self._process.stdout is not None  # noqa: S101 - the same
        try:
            self._process.stdin.close()
            self._process.wait(END_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
        self._reader.join(END_SECONDS)
        self.give_up("was ended")
        self._process.stdout.close()
        self._errors.close()


def _shown(value: Any) -> str:
    text = value.decode("utf-8", "replace").strip() if isinstance(value, bytes) else json.dumps(value)
    return text if len(text) <= SHOWN_LINE else f"{text[:SHOWN_LINE]}…"
