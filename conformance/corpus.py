"""Traffic recorded elsewhere, put through both halves of a provider's codec: ``llm-conformance corpus``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from conformance.exchange_judge import judge_exchange
from conformance.judgement import FIGURES, Failure, Judgement
from conformance.published import DEFAULT_FOLDER, load_schemas
from llm_sdk.codec import Codec
from llm_sdk.registry import get_codec, provider_names
from llm_sdk.types import JsonObject
from mock_server.attribution import attribute
from mock_server.recordings import Exchange, read_exchanges

__all__ = ["CorpusReport", "Selection", "judge_corpus", "select"]

SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class Selection:
    """Which exchanges to judge: all of the provider's, or those with this ``id`` (or a start of it), or those of a
    recording that names its provider ``recorded_as``; no more than ``limit``.
    """

    id: str = ""
    recorded_as: str = ""
    limit: int | None = None

    def holds(self, exchange: Exchange) -> bool:
        """Whether the exchange is asked for, its place in the count aside."""
        return exchange.id.startswith(self.id) and self.recorded_as in ("", exchange.recorded_as)


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """What a corpus shows of one provider's codec."""

    provider: str
    judgement: Judgement
    schemas: frozenset[str]

    def as_json(self) -> JsonObject:
        """The report for machines (its shape is part of the command's contract)."""
        return {
            "provider": self.provider,
            "exchanges": self.judgement.exchanges,
            "figures": self.judgement.figures(),
            "warnings": dict(self.judgement.warnings.most_common()),
            "failures": [
                {"id": failure.id, "figure": failure.figure, "message": failure.message}
                for failure in self.judgement.failures
            ],
        }

    def as_text(self) -> str:
        """The report for people: a table, the warnings, and the failures, equal ones together."""
        return "\n".join([*self._table(), *self._warnings(), *self._failures()])

    def _table(self) -> Iterator[str]:
        yield f"{self.provider}: {self.judgement.exchanges} exchanges"
        for figure in FIGURES:
            passed, total = self.judgement.passed[figure], self.judgement.total[figure]
            share = f"{100 * passed / total:6.1f} %" if total else "       -"
            yield f"  {figure:<20} {passed:>6} of {total:>6} {share}"
        if not self.schemas:
            yield "  no published schemas at hand (--specs DIR): what was written was judged by reading it back only"

    def _warnings(self) -> Iterator[str]:
        if self.judgement.warnings:
            yield "content without a unified form, kept as it is:"
        for kind, count in self.judgement.warnings.most_common():
            yield f"  {count:>6}  {kind}"

    def _failures(self) -> Iterator[str]:
        def key(failure: Failure) -> tuple[int, str]:
            return FIGURES.index(failure.figure), failure.message

        for (figure, message), same in groupby(sorted(self.judgement.failures, key=key), key):
            ids = [failure.id for failure in same]
            more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
            yield f"{FIGURES[figure]}: {message}\n    {' '.join(ids[:SHOWN_IDS])}{more}"


def select(
    path: Path, provider: str, codecs: Mapping[str, Codec], selection: Selection
) -> Iterator[tuple[Exchange, str]]:
    """The exchanges at ``path`` that speak the protocol of ``provider``, each with its path as the provider sees it."""
    found = 0
    for exchange in read_exchanges(path):
        if selection.limit is not None and found >= selection.limit:
            return
        if not selection.holds(exchange):
            continue
        attributed = attribute(exchange, codecs)
        if attributed is not None and attributed[0] == provider:
            found += 1
            yield exchange, attributed[1]


def judge_corpus(
    path: Path,
    provider: str,
    *,
    specs: Path = DEFAULT_FOLDER,
    selection: Selection | None = None,
    codecs: Mapping[str, Codec] | None = None,
) -> CorpusReport:
    """Judge every exchange of ``provider`` at ``path``, a file or a folder.

    ``specs`` is the folder of published schemas; ``codecs`` are those among which exchanges are shared out, all
    registered ones by default. Raises RecordingError, SchemaFileError, and InvalidInputError for an unknown provider.
    """
    if codecs is None:
        codecs = {provider: get_codec(provider)} | {name: get_codec(name) for name in provider_names()}
    judgement = Judgement()
    schemas = load_schemas(provider, specs)
    for exchange, chat_path in select(path, provider, codecs, selection or Selection()):
        judge_exchange(codecs[provider], exchange, chat_path, schemas, judgement)
    return CorpusReport(provider, judgement, frozenset(schemas.kinds))
