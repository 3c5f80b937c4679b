"""Where a recording proxy puts what it hears: one cassette for each conversation.

A conversation is told by what it begins with, the instructions and the first message, so that all turns of an agent are
one story in one file, which vcrpy can replay as one test. What is beside the chat endpoint stands in a file for each
path. Names are the same for the same beginning, whenever it is recorded. A file is written whole when one of its
exchanges has ended, and replaces that of an earlier session.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from llm_sdk.codec import Codec, WireRequest
from llm_sdk.errors import LanguageModelError
from llm_sdk.types import LanguageModelInput, UserMessage
from mock_server.cassette import Cassette, CassetteError, Interaction
from mock_server.conversation import system_text, text_of
from mock_server.recorder import save_cassette
from mock_server.scrub import refuse_leaks

__all__ = ["CassetteFolder", "name_of"]

LONGEST_NAME = 40
DIGITS = 8


def name_of(codec: Codec, request: WireRequest) -> str:
    """The name of the file that the exchange with this request belongs into, such as ``openai/hello-1f3870be.yaml``."""
    try:
        call = codec.decode_request(request) if codec.match(request.method, request.path) is not None else None
    except (LanguageModelError, ValueError):
        call = None
    if call is not None:
        title, begins = _beginning(call.input)
    else:
        title = f"{request.method} {request.path.partition('?')[0]}"
        begins = f"{title}\0{request.body.decode('latin-1')}"
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:LONGEST_NAME].strip("-") or "untitled"
    digest = hashlib.sha256(begins.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
    return f"{codec.provider}/{slug}-{digest}.yaml"


def _beginning(input: LanguageModelInput) -> tuple[str, str]:
    """What the user says first, and all that tells this conversation from others."""
    first = next((message for message in input.messages if isinstance(message, UserMessage)), None)
    said = first.model_dump_json() if first is not None else ""
    return text_of(first.content) if first is not None else "", f"{system_text(input)}\0{said}"


class CassetteFolder:
    """Writes into ``folder``, in a thread of its own, because others wait for what is passed on meanwhile.

    ``tell`` hears a line for each file that was written or refused.
    """

    def __init__(self, folder: Path, tell: Callable[[str], object]) -> None:
        self.refused = 0
        """How many exchanges were not written, because they hold a secret."""
        self._folder = folder
        self._tell = tell
        self._secrets: dict[str, str] = {}
        self._conversations: defaultdict[str, list[Interaction]] = defaultdict(list)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="cassettes")

    def guard(self, name: str, secret: str) -> None:
        """Let no file hold this."""
        if secret not in self._secrets.values():
            self._secrets[f"{name} ({len(self._secrets) + 1})" if name in self._secrets else name] = secret

    def add(self, name: str, interaction: Interaction) -> None:
        """Put an exchange at the end of the file of this name."""
        self._writer.submit(self._write, name, interaction, dict(self._secrets))

    def close(self) -> None:
        """Wait until all is written."""
        self._writer.shutdown()

    def _write(self, name: str, interaction: Interaction, secrets: dict[str, str]) -> None:
        path = self._folder / name
        exchanges = [*self._conversations[name], interaction]
        try:
            refuse_leaks([interaction], str(path), secrets)
            save_cassette(path, Cassette(tuple(exchanges)), secrets=secrets)
        except (CassetteError, OSError) as error:
            self.refused += 1
            self._tell(str(error))
            return
        self._conversations[name] = exchanges
        self._tell(f"{path}: {len(exchanges)} exchange{'' if len(exchanges) == 1 else 's'}")
