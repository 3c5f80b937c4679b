"""The options of a run, read and checked."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pytest

from conformance.adapters import REFERENCE, AdapterError, Factory, find_factory, transport_for
from conformance.bridge import BridgeError
from conformance.case import COMPLETION, case_files
from conformance.cassettes import CASSETTES, is_of_the_cases
from conformance.catalogue import AREAS, CatalogueError
from conformance.chunking import Cuts, parse_cuts
from conformance.declaration import DeclarationError, read_declaration
from conformance.frozen import ALL as ALL_REQUIREMENTS
from conformance.frozen import RequirementSet, requirement_set
from conformance.lanes import LANES
from conformance.offline import hidden
from conformance.patience import SECONDS
from conformance.reframing import TransformError, reframe
from llm_sdk.registry import get_codec, provider_names

__all__ = ["ANSWERS", "CASSETTES", "Settings", "add_options", "is_of_the_cases", "load_codecs", "read_settings"]

ALL = "all"
ANSWERS = (CASSETTES, Path(__file__).resolve().parent / "cases")
"""Where the answers of the suite stand, which no adapter may read."""
MODEL_ID = "conformance-model"
SHOWN_NAMES = 20
SEEDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a run. ``adapter`` is the name of what is judged; ``known_failures`` are reasons by case;
    ``seed`` is what answers are varied by; ``patience`` is how many seconds a call may take; with ``allow_edited`` a
    manifest that lags behind fails no run."""

    providers: tuple[str, ...]
    adapter: str
    transport: str
    declared: Mapping[str, Any] | None
    profiles: frozenset[str]
    level: str
    binding: RequirementSet
    known_failures: dict[str, str]
    cassettes: Path
    own: bool
    cases: tuple[str, ...]
    cuts: Cuts
    transform: str
    seed: int
    patience: float
    allow_edited: bool
    report_json: Path | None
    report_html: Path | None
    badge: Path | None
    record: bool
    live: bool
    base_url: str | None
    model_id: str
    deciding: tuple[str, ...] = ()
    """The options, as words of a command line, that decide what a failure is."""

    @property
    def damages(self) -> bool:
        """Whether given bytes are to be judged, and nothing else."""
        return bool(self.cuts or self.transform)

    def factory(self, provider: str) -> Factory:
        """What makes the adapter. Raises pytest.UsageError."""
        try:
            with hidden(*ANSWERS):
                return find_factory(self.adapter, provider)
        except (AdapterError, BridgeError) as error:
            raise pytest.UsageError(f"--adapter {self.adapter}: {error}") from None

    def command(self, provider: str, *, in_checkout: bool) -> list[str]:
        """The start of a command that repeats this run for one provider."""
        words = ["pytest", "conformance"] if in_checkout else ["llm-conformance", "run"]
        words += ["--provider", provider]
        words += [] if self.adapter == REFERENCE else ["--adapter", self.adapter]
        words += [] if self.transport == transport_for(self.adapter) else ["--transport", self.transport]
        words += [] if self.cassettes == CASSETTES else ["--cassettes", str(self.cassettes)]
        return [*words, *self.deciding]


def add_options(parser: pytest.Parser) -> None:
    """The options of the suite."""
    group = parser.getgroup("conformance", "conformance of LLM adapters")
    add = group.addoption
    add("--provider", action="append", metavar="NAME", help="whose protocol to judge; repeatable; all is the default")
    add(
        "--adapter",
        metavar="PKG.MOD:FACTORY",
        help="the adapter to judge, instead of the reference one; or the name that it is registered by, or a command "
        "in another language as 'cmd: node bridge.mjs'",
    )
    add("--transport", choices=tuple(LANES), help="how the adapter is fed; in-process, and socket for a command")
    add("--declare", metavar="FILE", help="what the adapter can do, in YAML or JSON: the rest it has to refuse")
    add("--profile", action="append", metavar="NAME", help=f"only these areas: {', '.join(AREAS)}")
    add("--level", choices=("must", "should"), default="must", help="which requirements make the run fail")
    add(
        "--requirements",
        metavar="VERSION",
        help="what binds the adapter: the requirements of this version of the suite, such as 0.1; what came later is "
        "judged, and fails nothing",
    )
    add("--xfail-file", metavar="FILE", help="known failures, one `case: reason` a line")
    add(
        "--cassettes",
        metavar="DIR",
        help="judge on these recordings instead of the suite's own; with --record, write there",
    )
    add("--case", action="append", metavar="NAME", help="only this case, or this recording; repeatable")
    add("--cuts", default="", metavar="N,N", help="judge the streams cut at these offsets, and nothing else")
    add("--transform", default="", metavar="NAMES", help="judge the streams in this framing, such as crlf+comments")
    add("--seed", type=int, metavar="N", help="what answers are varied by: the report of a run tells its own")
    add(
        "--patience",
        type=float,
        default=SECONDS,
        metavar="SECONDS",
        help=f"how long one call may take before it counts as one that hangs; {SECONDS:g} is the default",
    )
    add(
        "--allow-edited",
        action="store_true",
        help="for work on the suite itself: cases and cassettes that are not as its manifest has them are told, and "
        "do not end the run with a status of its own",
    )
    add("--report-json", metavar="FILE", help="write a report for machines")
    add("--report-html", metavar="FILE", help="write a report for people: one page that needs no other file")
    add("--badge", metavar="FILE", help="write a badge: an SVG with the counts")
    add("--record", action="store_true", help="make cassettes, instead of judging")
    add("--live", action="store_true", help="with --record: from the real API, with the key in the environment")
    add("--base-url", metavar="URL", help="with --record --live: another place where the API stands")
    add("--model", default=MODEL_ID, metavar="NAME", help="with --record: the model to ask")


def read_settings(config: pytest.Config) -> Settings:
    """Read and check the options. Raises pytest.UsageError with one sentence."""
    option = config.option
    if (option.live or option.base_url) and not option.record:
        raise pytest.UsageError("--live and --base-url go with --record")
    if option.live and option.model == MODEL_ID:
        raise pytest.UsageError("--live needs --model NAME: the model to ask")
    cassettes = CASSETTES if option.cassettes is None else Path(option.cassettes)
    providers = _providers(option.provider)
    own = option.cassettes is None or option.record or all(is_of_the_cases(cassettes, name) for name in providers)
    if not option.record and not cassettes.exists():
        raise pytest.UsageError(f"--cassettes {cassettes}: no such file or folder")
    settings = Settings(
        providers=providers,
        adapter=option.adapter or REFERENCE,
        transport=_transport(option.transport, option.adapter),
        declared=_declared(option.declare),
        profiles=frozenset(_known(option.profile, AREAS, "--profile")),
        level=option.level,
        binding=_binding(option.requirements),
        known_failures=_known_failures(option.xfail_file, own=own),
        cassettes=cassettes,
        own=own,
        cases=tuple(_known(option.case, _case_names(), "--case") if own else option.case or ()),
        cuts=_cuts(option.cuts),
        transform=_transform(option.transform),
        seed=_seed(option),
        patience=_patience(option.patience),
        allow_edited=option.allow_edited,
        report_json=_path(option.report_json),
        report_html=_path(option.report_html),
        badge=_path(option.badge),
        record=option.record,
        live=option.live,
        base_url=option.base_url,
        model_id=option.model,
        deciding=_deciding(option),
    )
    for provider in settings.providers:
        settings.factory(provider)
    return settings


def _deciding(option: Any) -> tuple[str, ...]:
    frozen = getattr(option, "requirements", None)
    given = {"--level": option.level, "--declare": option.declare, "--requirements": frozen}
    words = ((name, value) for name, value in given.items() if value and (name, value) != ("--level", "must"))
    return tuple(word for pair in words for word in pair)


def _transport(name: str | None, adapter: str | None) -> str:
    try:
        return transport_for(adapter or REFERENCE, name)
    except AdapterError as error:
        raise pytest.UsageError(str(error)) from None


def _binding(version: str | None) -> RequirementSet:
    try:
        return requirement_set(version) if version else ALL_REQUIREMENTS
    except CatalogueError as error:
        raise pytest.UsageError(f"--requirements: {error}") from None


def _declared(file: str | None) -> Mapping[str, Any] | None:
    try:
        return read_declaration(Path(file)) if file else None
    except DeclarationError as error:
        raise pytest.UsageError(f"--declare: {error}") from None


def _providers(names: Sequence[str] | None) -> tuple[str, ...]:
    known = provider_names()
    if not names or ALL in names:
        return tuple(known)
    return tuple(dict.fromkeys(_known(names, known, "--provider")))


def load_codecs(names: Sequence[str] | None) -> None:
    """Import the protocols that are asked for, before any adapter is."""
    for name in set(provider_names()) & set(names or ()) or provider_names():
        get_codec(name)


def _known(names: Sequence[str] | None, known: Sequence[str], option: str) -> Sequence[str]:
    for name in names or ():
        if name not in known:
            shown = known if len(known) <= SHOWN_NAMES else get_close_matches(name, known, 5) or known[:5]
            raise pytest.UsageError(f"{option} {name}: there is no such name; there are {', '.join(shown)}")
    return names or ()


def _patience(seconds: float) -> float:
    if not 0 < seconds < float("inf"):
        raise pytest.UsageError(f"--patience {seconds:g}: a call takes some seconds, and not for ever")
    return seconds


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


def _case_names() -> list[str]:
    return [*case_files(), COMPLETION]


def _known_failures(file: str | None, *, own: bool) -> dict[str, str]:
    if file is None:
        return {}
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise pytest.UsageError(f"--xfail-file {file}: cannot be read ({error})") from None
    names = _case_names()
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        case, colon, reason = (part.strip() for part in text.partition(":"))
        if not colon or not reason:
            raise pytest.UsageError(f"{file}, line {number}: a known failure is `case: reason`")
        if own and case not in names:
            raise pytest.UsageError(f"{file}, line {number}: there is no case {case!r}")
        found[case] = reason
    return found


def _cuts(text: str) -> Cuts:
    try:
        cuts = parse_cuts(text)
    except ValueError as error:
        raise pytest.UsageError(f"--cuts: {error}") from None
    if list(cuts) != sorted(cuts) or any(cut < 0 for cut in cuts):
        raise pytest.UsageError(f"--cuts {text}: cuts rise from the start of the body")
    return cuts


def _seed(option: Any) -> int:
    """The one that is given, or a new one, which the processes of this run then share."""
    if option.seed is None:
        option.seed = secrets.randbelow(SEEDS)
    seed: int = option.seed
    return seed


def _transform(names: str) -> str:
    try:
        reframe(b"", names)
    except TransformError as error:
        raise pytest.UsageError(f"--transform: {error}") from None
    return names
