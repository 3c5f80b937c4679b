"""One page for each provider: what becomes of every part and option, how its answers end, count and fail, its quirks.

Nothing here is written down twice: parts and options come from :mod:`llm_sdk.testing.survey`, which really writes and
reads each request, ends and errors from the codec, quirks from the requirements that name the provider.
"""

import inspect
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from conformance.catalogue import AREAS, load_requirements
from docs.cells import option_cell, part_cell, wire_cell
from docs.tables import table
from llm_sdk.codec import Codec, ModelCall, SeededIds, WireResponse
from llm_sdk.errors import status_error
from llm_sdk.registry import PROVIDERS, get_codec
from llm_sdk.testing.questions import PLACES
from llm_sdk.testing.survey import Finding, survey
from llm_sdk.types import (
    LanguageModelInput,
    ModelResponse,
    ModelTokensDetails,
    ModelUsage,
    TextPart,
    UserMessage,
)

__all__ = ["FOLDER", "pages"]

FOLDER = Path(__file__).parent / "providers"
COMMAND = "python -m docs"
STATUSES = (400, 401, 403, 404, 413, 422, 429, 500, 503, 529)
LEGEND = """\
- **yes**: the provider reads the same. **no**: an `UnsupportedError` with its path, before anything is sent.
- **as …**, **without …**, **left out**: what it becomes. ⚠: a warning in the answer says so, with its path."""


def pages() -> dict[str, str]:
    """Every page by its file name."""
    written = {f"{provider}.md": "\n".join(_page(provider)) + "\n" for provider in PROVIDERS}
    return {"README.md": "\n".join(_index()) + "\n", **written}


def _index() -> Iterator[str]:
    yield "# Providers"
    yield ""
    yield "What each protocol carries, what becomes of the rest, and its quirks with their sources."
    yield ""
    yield from table(("provider", "protocol"), ((f"[{name}]({name}.md)", _about(name)[0]) for name in PROVIDERS))
    yield ""
    yield f"Made by `{COMMAND}`."


def _about(provider: str) -> list[str]:
    """The lines of the docstring of a provider's package."""
    text = inspect.getdoc(import_module(PROVIDERS[provider])) or ""
    return [line.replace("``", "`") for line in text.splitlines() if line]


def _page(provider: str) -> Iterator[str]:
    codec = get_codec(provider)
    about, *further = _about(provider)
    findings = list(survey(codec))
    yield f"# {provider}"
    yield ""
    yield about
    for line in further:
        yield ""
        yield line
    yield ""
    yield f"Made by `{COMMAND}`; what it says is what the code does."
    for title, section in (
        ("Endpoint", _endpoint(provider, codec)),
        ("Parts", _parts(finding for finding in findings if finding.question.place is not None)),
        ("Options", _options(finding for finding in findings if finding.question.place is None)),
        ("How an answer ends", _ends(provider)),
        ("Usage", _usage(codec)),
        ("Errors", _errors(codec)),
        ("Quirks", _quirks(provider)),
    ):
        yield from ("", f"## {title}", "")
        yield from section


def _endpoint(provider: str, codec: Codec) -> Iterator[str]:
    endpoint = codec.endpoint
    call = LanguageModelInput(messages=[UserMessage(content=[TextPart(text="Hi")])])
    whole, streamed = (codec.encode_request("{model}", call, stream=stream).path for stream in (False, True))
    keys = [f"`{name}: {format}`" for name, format in endpoint.key_headers]
    rows = {
        "class": f"`{import_module(PROVIDERS[provider]).MODEL.__name__}`",
        "base URL": f"`{endpoint.base_url}`, or `{endpoint.base_url_variable}`",
        "path": f"`{_model_in(whole)}`" if whole == streamed else f"`{_model_in(whole)}`, `{_model_in(streamed)}`",
        "key": " or ".join(f"`{name}`" for name in endpoint.key_variables),
        "header of the key": " or ".join(keys),
        "header of a request's id": f"`{endpoint.request_id_header}`" if endpoint.request_id_header else "none",
        "on the mock server": f"`{endpoint.mount}{endpoint.root}`",
    }
    yield from table(("", ""), rows.items())


def _model_in(path: str) -> str:
    return path.replace("%7B", "{").replace("%7D", "}")


def _parts(findings: Iterable[Finding]) -> Iterator[str]:
    yield LEGEND
    yield ""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for finding in findings:
        question = finding.question
        rows.setdefault((question.kind, question.variant), {})[str(question.place)] = part_cell(finding)
    kinds = list(dict.fromkeys(kind for kind, _ in rows))
    places = (
        f"in a {place} message" if place in ("user", "system") else f"in an {place} message" for place in PLACES[:3]
    )
    last = ""
    lines: list[list[str]] = []
    for (kind, variant), cells in sorted(rows.items(), key=lambda row: kinds.index(row[0][0])):
        lines.append([f"`{kind}`" if kind != last else "", variant, *(cells.get(place, "") for place in PLACES)])
        last = kind
    yield from table(("part", "", *places, "in a tool result"), lines)


def _options(findings: Iterable[Finding]) -> Iterator[str]:
    last = ""
    lines: list[list[str]] = []
    for finding in findings:
        kind = finding.question.kind
        name = f"`{kind}`" if kind != last else ""
        lines.append([name, finding.question.variant, option_cell(finding), wire_cell(finding)])
        last = kind
    yield from table(("option", "", "", "on the wire"), lines)


def _ends(provider: str) -> Iterator[str]:
    words = import_module(f"{PROVIDERS[provider]}.finish").FINISH_REASONS
    yield "Any other word is `other`. `finish_detail` is the word itself."
    yield ""
    yield from table(("on the wire", "`finish_reason`"), ((f"`{word}`", f"`{words[word]}`") for word in words))


def _usage(codec: Codec) -> Iterator[str]:
    """Of all details, those that an answer can bring."""
    every = ModelTokensDetails(**{name: at for at, name in enumerate(ModelTokensDetails.model_fields, 1)})
    usage = ModelUsage(input_tokens=1000, output_tokens=1000, input_tokens_details=every, output_tokens_details=every)
    said = ModelResponse(content=[TextPart(text="Hi")], usage=usage, finish_reason="stop")
    call = ModelCall("m", LanguageModelInput(messages=[UserMessage(content=[TextPart(text="Hi")])]), False)
    read = codec.decode_response(codec.encode_response(said, call=call, ids=SeededIds())).usage
    yield "Cached tokens are inside the input and reasoning tokens inside the output, whatever the wire says."
    yield ""
    sides = {
        "input": read.input_tokens_details if read else None,
        "output": read.output_tokens_details if read else None,
    }
    yield from table(
        ("", "details"),
        (
            (side, ", ".join(f"`{name}`" for name in details.model_dump()) if details else "none")
            for side, details in sides.items()
        ),
    )


def _errors(codec: Codec) -> Iterator[str]:
    yield "What the mock server answers, and what a client makes of it."
    yield ""
    rows = []
    for status in STATUSES:
        reply: WireResponse = codec.encode_error(status_error(status)("…", status_code=status))
        error = codec.decode_error(reply)
        code = getattr(error, "code", None)
        body = " ".join(reply.body.decode().split())
        rows.append([str(status), f"`{type(error).__name__}`", f"`{code}`" if code else "", f"`{body}`"])
    yield from table(("status", "error", "`code`", "body"), rows)


def _quirks(provider: str) -> Iterator[str]:
    """The requirements that this provider is the reason for."""
    found = [requirement for requirement in load_requirements() if provider in requirement.providers]
    if not found:
        yield "None that other protocols do not share."
        return
    ordered = sorted(found, key=lambda requirement: AREAS.index(requirement.area))
    for requirement in ordered:
        yield f"- **{requirement.id}** ({requirement.level}) {requirement.sentence} *Source: {requirement.source}.*"
