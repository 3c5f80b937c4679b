"""Mutants that misread the bytes of a stream."""

import re
from collections.abc import AsyncIterator, Callable

from conformance.mutants.registry import Mangle, Parts, client_around, mutant, reference
from llm_sdk.model import LanguageModel

Chunks = AsyncIterator[bytes]


def _chunk_by_chunk(change: Callable[[bytes], bytes]) -> Mangle:
    async def mangle(chunks: Chunks) -> Chunks:
        async for chunk in chunks:
            yield change(chunk)

    return mangle


def _as_a_whole(change: Callable[[bytes], bytes]) -> Mangle:
    """For what goes wrong wherever the chunks end."""

    async def mangle(chunks: Chunks) -> Chunks:
        yield change(b"".join([chunk async for chunk in chunks]))

    return mangle


def _mangled(parts: Parts, mangle: Mangle) -> LanguageModel:
    return reference(parts, http_client=client_around(parts.http_client, mangle))


@mutant(
    "STREAM-06",
    cases=("short-stream",),
    checks="separators",
    seen=(
        "florimondmanca/httpx-sse#34",
        "Soju06/codex-lb#1010",
    ),
)
def splits_at_unicode_separators(parts: Parts) -> LanguageModel:
    """Takes U+2028 for the end of a line, as str.splitlines does."""
    return _mangled(parts, _as_a_whole(lambda body: body.replace("\u2028".encode(), b"\n")))


@mutant("CORE-02", cases=("line-separators",), checks="content")
def turns_separators_into_line_feeds(parts: Parts) -> LanguageModel:
    """Normalizes U+2028 in the text of an answer to an escaped line feed."""
    return _mangled(parts, _as_a_whole(lambda body: body.replace("\u2028".encode(), rb"\n")))


@mutant(
    "STREAM-03",
    cases=("short-stream",),
    checks="cut_characters",
    seen=(
        "ollama/ollama-js#255",
        "astrid-runtime/astrid#171",
    ),
)
def decodes_each_chunk(parts: Parts) -> LanguageModel:
    """Decodes every chunk on its own, so that a character cut in two is lost."""
    return _mangled(parts, _chunk_by_chunk(lambda chunk: chunk.decode("utf-8", "replace").encode()))


@mutant(
    "STREAM-02",
    cases=("short-stream",),
    checks="single_cut or framings_together",
    seen=("Wei-Shaw/claude-relay-service#981",),
)
def forgets_the_line_at_the_end_of_a_chunk(parts: Parts) -> LanguageModel:
    """Keeps its state within one read: the line that a chunk leaves unfinished is dropped."""
    return _mangled(parts, _chunk_by_chunk(lambda chunk: chunk[: chunk.rfind(b"\n") + 1]))


@mutant("STREAM-04", cases=("short-stream", "text"), checks="chunkings")
def reads_one_event_of_a_chunk(parts: Parts) -> LanguageModel:
    """Reads the first event of a chunk and drops the others."""

    def change(chunk: bytes) -> bytes:
        first, end, _ = chunk.partition(b"\r\n\r\n" if b"\r\n\r\n" in chunk else b"\n\n")
        return first + end

    return _mangled(parts, _chunk_by_chunk(change))


@mutant("STREAM-05", cases=("short-stream",), checks="crlf")
def reads_a_cut_line_end_twice(parts: Parts) -> LanguageModel:
    """Normalizes CRLF chunk by chunk, so that a pair cut in two becomes a blank line."""

    def change(chunk: bytes) -> bytes:
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    return _mangled(parts, _chunk_by_chunk(change))


@mutant("STREAM-05", cases=("short-stream",), checks="cr")
def knows_no_carriage_return(parts: Parts) -> LanguageModel:
    """Splits lines at LF and CRLF only."""

    def change(body: bytes) -> bytes:
        return re.sub(rb"\r(?!\n)", b" ", body)

    return _mangled(parts, _as_a_whole(change))


@mutant(
    "STREAM-07",
    cases=("short-stream",),
    checks="no-space",
    seen=(
        "openai/openai-python#498",
        "davidmigloz/langchain_dart#778",
    ),
)
def needs_a_space(parts: Parts) -> LanguageModel:
    """Looks for "data: " with its space."""
    return _mangled(parts, _as_a_whole(lambda body: re.sub(rb"(?m)^data:(?! )", b"nothing:", body)))


@mutant(
    "STREAM-08",
    cases=("short-stream",),
    checks="comments",
    seen=(
        "brainlid/langchain#569",
        "deepnoodle-ai/dive#206",
    ),
)
def stumbles_over_comments(parts: Parts) -> LanguageModel:
    """Takes a comment line for data."""
    return _mangled(parts, _as_a_whole(lambda body: re.sub(rb"(?m)^:", b"data:", body)))


@mutant("STREAM-11", cases=("short-stream",), checks="multi-line")
def keeps_the_last_data_line(parts: Parts) -> LanguageModel:
    """Overwrites the data of an event with its next data line."""

    def change(body: bytes) -> bytes:
        return re.sub(rb"(?m)^data:.*\n(?=data:)", b"", body)

    return _mangled(parts, _as_a_whole(change))


@mutant("STREAM-12", cases=("short-stream",), checks="bom")
def stumbles_over_a_byte_order_mark(parts: Parts) -> LanguageModel:
    """Takes a stream that begins with a byte order mark for none."""
    return _mangled(parts, _as_a_whole(lambda body: b"" if body.startswith(b"\xef\xbb\xbf") else body))


@mutant("STREAM-13", cases=("short-stream", "no-end-mark"), checks="no-final-blank-line")
def needs_the_last_blank_line(parts: Parts) -> LanguageModel:
    """Loses the last event when the blank line after it is missing."""

    def change(body: bytes) -> bytes:
        body = body.replace(b"\r\n", b"\n")
        return body[: body.rfind(b"\n\n") + 2] if b"\n\n" in body else b""

    return _mangled(parts, _as_a_whole(change))


@mutant(
    "STREAM-21",
    cases=("text",),
    checks="large_event",
    seen=(
        "openai/openai-go#368",
        "cloudwego/hertz#1441",
    ),
)
def limits_a_line(parts: Parts) -> LanguageModel:
    """Drops lines of more than 256 KiB, as a scanner with a fixed buffer does."""

    def change(body: bytes) -> bytes:
        return b"".join(line for line in body.splitlines(keepends=True) if len(line) < 256 * 1024)

    return _mangled(parts, _as_a_whole(change))


@mutant("STREAM-14", cases=("short-stream",), checks="framing")
def knows_one_framing_at_a_time(parts: Parts) -> LanguageModel:
    """Handles CR alone and comments alone, and breaks when a stream has both."""

    def change(body: bytes) -> bytes:
        return body.replace(b"\r:", b"\rdata:") if b"\n" not in body else body

    return _mangled(parts, _as_a_whole(change))
