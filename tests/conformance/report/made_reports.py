"""Reports made by hand: small, with every verdict, and with failures of every form."""

from types import SimpleNamespace
from typing import Any

from conformance.frozen import ALL
from conformance.manifest import load_manifest
from conformance.report import Check, Document, Failure, Report
from conformance.report.document import Integrity
from conformance.report.excerpts import excerpts
from conformance.settings import CASSETTES

ADAPTER = "acme_llm.conformance:create"
BODY = 'event: delta\ndata: {"text":"Grüße, 世界"}\n\nevent: stop\ndata: {"usage":{"in":12,"out":7}}\n\n'.encode()
SCRIPT = "<script>document.title = 'broken'</script>"
"""What an adapter may say, and a page has to show and never to run."""


def settings(**changes: Any) -> Any:
    """The options of a run that a report tells of."""
    told = {
        "providers": ("openai", "openai-chat-completion", "anthropic", "google", "cohere", "mistral"),
        "adapter": ADAPTER,
        "transport": "in-process",
        "level": "must",
        "profiles": frozenset(),
        "cases": (),
        "own": True,
        "cassettes": CASSETTES,
        "seed": 7,
        "binding": ALL,
        "live": False,
    }
    return SimpleNamespace(**{**told, **changes})


def check(provider: str, *ids: str, verdict: str = "passed", case: str = "text", **more: Any) -> Check:
    """One check, named as pytest names it."""
    name = f"{more.pop('name', 'test_content')}[{provider}-{case}-1-stream]"
    return Check(ids=ids, provider=provider, case=case, check=name, verdict=verdict, **more)


def failure(expected: str, got: str, cut: int = 0, transform: str = "") -> Failure:
    """How a check on :data:`BODY` failed, at a cut of it or at none."""
    shown, length = excerpts(BODY, (cut,) if cut else (), transform)
    return Failure(
        expected=expected, got=got, cuts=str(cut or ""), transform=transform, bytes=shown, length=length if shown else 0
    )


def failed(provider: str, *ids: str, why: Failure, verdict: str = "failed", **more: Any) -> Check:
    """One check that failed."""
    case = more.get("case", "text")
    repeat = f"llm-conformance run --provider {provider} --adapter {ADAPTER} --case {case}"
    repeat += f" --cuts {why.cuts}" if why.cuts else ""
    message = f"{' '.join(ids)}\n  expected: {why.expected}\n  got:      {why.got}\n  repeat:   {repeat}"
    return check(provider, *ids, verdict=verdict, failure=why, message=message, repeat=repeat, **more)


def _expected(collected: Report) -> int:
    manifest = load_manifest()["providers"]
    return sum(manifest[provider]["checks"] for provider in collected.settings.providers)


def report(*checks: Check, attempts: tuple[str, ...] = (), **changes: Any) -> Document:
    """The report of a run with these checks."""
    collected = Report(settings(**changes))
    for place, one in enumerate(checks):
        collected.add(one, place)
    collected.attempts += attempts
    collected.integrity = Integrity(expected=_expected(collected), judged=len(checks), narrowed=("made by hand",))
    return collected.document()


def colourful() -> Document:
    """A report with every verdict there is."""
    providers = settings().providers
    broken = 'content[0].text: "Grüße, 世界" became "Gr��ße, 世界"'
    split = failure("the same as of the stream as recorded", broken, BODY.index(b"\xbc"))
    framed = failure("the same as of the stream as recorded", "response became absent", 13, "crlf")
    usage = failure("the usage of the recorded answer", 'usage: {"input_tokens": 12, "output_tokens": 7} became null')
    nameless, scripted = failure("the id of the answer", "none"), failure("a tool call", SCRIPT)
    cases = ("text", "whitespace", "refusal")
    return report(
        *(check(provider, "CORE-01", case=case) for provider in providers for case in cases),
        *(check(provider, "STREAM-02", name="test_single_cuts") for provider in providers[2:]),
        *(failed(provider, "STREAM-02", why=split, name="test_single_cuts") for provider in providers[:2]),
        failed("openai", "STREAM-02", why=split, name="test_single_cuts", case="whitespace"),
        failed("google", "STREAM-05", why=framed, name="test_framing"),
        failed("openai", "USAGE-01", why=usage, name="test_usage"),
        failed("cohere", "CORE-08", why=nameless, verdict="warning", name="test_identity"),
        failed("mistral", "TOOLS-01", why=scripted, verdict="known failure", name="test_tools"),
        failed("mistral", "USAGE-01", why=usage, verdict="provisional", name="test_later"),
        check("anthropic", "AUDIO-01", verdict="not-applicable", name="test_refusals"),
        check("google", "RESIL-04", verdict="harness-error", message="OSError: no free port", name="test_failing"),
        check("google", "ERROR-01", verdict="error", message="Traceback …\nKeyError: 'choices'", name="test_error"),
        check("openai", "RESIL-08", verdict="skipped", message="judged in process only", name="test_cancelling"),
    )
