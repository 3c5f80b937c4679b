"""What a new recording changes, for review: requests and answers by what they mean, before and after."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from conformance.outcome import as_json
from conformance.plan import read_exchange
from llm_sdk.codec import Codec, WireRequest
from llm_sdk.comparison import differences
from llm_sdk.errors import LanguageModelError
from mock_server.cassette import Cassette, Interaction
from mock_server.recordings import Exchange, is_stream

__all__ = ["RECORDED", "Review", "review_of", "summary_of"]

RECORDED = "recorded"
"""The name under which a check that records tells its review to the summary."""
AS_BEFORE = "as before"
SHOWN = 12
"""How many differences of one exchange are shown."""


@dataclass(frozen=True, slots=True)
class Review:
    """One cassette that was recorded. ``kind`` is ``new``, ``changed`` or ``as before``; ``lines`` say what changes."""

    path: Path
    kind: str
    lines: tuple[str, ...] = ()

    def text(self) -> str:
        """What the terminal shows."""
        return "\n".join([f"{self.kind}: {self.path}", *(f"  {line}" for line in self.lines)])


def summary_of(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What the terminal shows of several reviews, each a kind and a text: those that change something, and counts."""
    reviews = list(told)
    yield from (text for kind, text in reviews if kind != AS_BEFORE)
    counts = Counter(kind for kind, _ in reviews)
    yield ", ".join(f"{count} {kind}" for kind, count in counts.most_common()) or "nothing was recorded"


def review_of(codec: Codec, path: Path, before: Cassette | None, after: Cassette, *, written: bool) -> Review:
    """What ``after`` says otherwise than ``before``, which is what the file at ``path`` held."""
    if not written:
        return Review(path, AS_BEFORE)
    if before is None:
        return Review(path, "new", tuple(_heads(codec, after)))
    pairs = zip_longest(before.interactions, after.interactions)
    lines = [line for at, pair in enumerate(pairs, 1) for line in _compare(codec, at, *pair)]
    return Review(path, "changed", tuple(lines))


def _heads(codec: Codec, cassette: Cassette) -> Iterator[str]:
    for at, interaction in enumerate(cassette.interactions, 1):
        yield f"exchange {at}: {_head(codec, interaction)}"


def _head(codec: Codec, interaction: Interaction) -> str:
    response = interaction.response
    count = len(response.chunks())
    size = f"{len(response.body)} bytes in {count} chunk{'s' * (count != 1)}"
    outcome = read_exchange(codec, _exchange(interaction))
    said = [part.type for part in outcome.answer.content] if outcome.answer else [type(outcome.error).__name__]
    cut = f", cut: {response.note.cut}" if response.note and response.note.cut else ""
    return f"status {response.status}, {size}{cut}, {' '.join(said) or 'nothing said'}"


def _compare(codec: Codec, at: int, before: Interaction | None, after: Interaction | None) -> Iterator[str]:
    if before is None or after is None:
        there, word = (after, "is new") if before is None else (before, "is gone")
        yield f"exchange {at} {word}: {_head(codec, there)}" if there else ""
        return
    found = list(differences(_meaning(codec, before), _meaning(codec, after)))
    for difference in found[:SHOWN]:
        yield f"exchange {at}, {difference}"
    if len(found) > SHOWN:
        yield f"exchange {at}: and {len(found) - SHOWN} more differences"
    if not found and before != after:
        bytes_differ = before.response.body != after.response.body or before.request.body != after.request.body
        what = "the same by meaning, in other bytes" if bytes_differ else "headers or notes alone"
        yield f"exchange {at}: {what}"


def _meaning(codec: Codec, interaction: Interaction) -> dict[str, Any]:
    """Both sides as the codec reads them. Ids that are made up for each answer stay: a reviewer sees that they
    changed."""
    return {"request": _request(codec, interaction), "answer": _answer(codec, interaction)}


def _exchange(interaction: Interaction) -> Exchange:
    request, response = interaction.request, interaction.response
    headers = {name: ", ".join(values) for name, values in response.headers.items()}
    return Exchange(
        id="",
        method=request.method,
        url=request.uri,
        status=response.status,
        response_headers=headers,
        response_body=response.body,
        streaming=is_stream(headers, response.body),
    )


def _request(codec: Codec, interaction: Interaction) -> Any:
    request = interaction.request
    path = codec.endpoint.root + request.uri.removeprefix(codec.endpoint.base_url)
    try:
        call = codec.decode_request(WireRequest(request.method, path, request.body))
    except LanguageModelError as error:
        return {"address": request.uri, "unreadable": str(error)}
    input = call.input.model_dump(mode="json")
    return {"address": request.uri, "model_id": call.model_id, "stream": call.stream, "input": input}


def _answer(codec: Codec, interaction: Interaction) -> Any:
    response = interaction.response
    said = as_json(read_exchange(codec, _exchange(interaction)))
    return {"status": response.status, "cut": response.note.cut if response.note else "", "said": said}
