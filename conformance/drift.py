"""What a provider's answers hold that nobody has seen before: ``llm-conformance drift``.

Every answer is walked beside the wire models and the list of what was seen (see :mod:`conformance.known`). A field is
told by the type of the object that it stands in, whether that came whole or in an event: ``output_text.logprobs``. What
stands in a field that is the caller's or the model's own, such as arguments or metadata, is not the protocol's and is
passed over; so is all that stands in what is new itself.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.known import Kind, Known
from conformance.wire_knowledge import ANYTHING, NOTHING, Shape, WireModels
from llm_sdk.types import JsonObject
from mock_server.recordings import Exchange, unframe

__all__ = ["DriftReport", "Novelty", "find_drift", "lines_of"]

ENUMERATIONS = re.compile(
    r"type|error_type|role|object|status|(.*_)?reason|(.*_)?tier|modality|category|severity|probability|phase"
)
"""Names, in snake case, of fields whose texts are words of the protocol; ``code`` is one inside an error."""
FREE = frozenset({"metadata", "parameters", "properties", "schema", "input_schema", "json_schema", "output_schema"})
"""Names, in snake case, of fields whose content is the caller's own wherever no wire model knows better."""
WORD = re.compile(r"[A-Za-z_][\w.:/-]{0,47}")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
HTTP_HEADERS = frozenset(
    {
        *("accept-ranges", "age", "allow", "alt-svc", "cache-control", "connection", "content-disposition"),
        *("content-encoding", "content-language", "content-length", "content-security-policy", "content-type", "date"),
        *("etag", "expires", "keep-alive", "last-modified", "link", "location", "pragma", "referrer-policy"),
        *("retry-after", "server", "server-timing", "set-cookie", "strict-transport-security", "trailer"),
        *("transfer-encoding", "upgrade", "vary", "via", "www-authenticate", "x-content-type-options"),
        *("x-frame-options", "x-robots-tag", "x-xss-protection", "access-control-allow-credentials"),
        *("access-control-allow-headers", "access-control-allow-methods", "access-control-allow-origin"),
        *("access-control-expose-headers", "access-control-max-age", "permissions-policy", "nel", "report-to"),
    }
)
"""What any server may send (IANA's registry of field names, and common practice)."""
SHOWN = 80


@dataclass(frozen=True, slots=True)
class Novelty:
    """Something that was never seen before. ``what`` is what a list of known things would say of it; ``path`` is where
    it stands in the exchange ``example``, ``count`` in how many exchanges it stands, and ``value`` the first one."""

    kind: Kind
    what: str
    path: str
    value: str
    example: str
    count: int = 1

    def as_json(self) -> JsonObject:
        """For machines."""
        names = ("kind", "what", "path", "value", "example", "count")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class DriftReport:
    """What was found in the answers of one provider."""

    provider: str
    exchanges: int = 0
    unread: int = 0
    """How many answers were no JSON, so that their headers alone were looked at."""
    found: dict[tuple[str, str], Novelty] = field(default_factory=dict)

    def novelties(self) -> list[Novelty]:
        """The most frequent first."""
        return sorted(self.found.values(), key=lambda one: (-one.count, one.kind, one.what))

    def as_json(self) -> JsonObject:
        """For machines."""
        head = {"provider": self.provider, "exchanges": self.exchanges, "unread": self.unread}
        return {**head, "novelties": [one.as_json() for one in self.novelties()]}

    def as_text(self) -> str:
        """For people: a line for each, grouped by kind."""
        found = self.novelties()
        unread = f", {self.unread} of them no JSON" if self.unread else ""
        lines = [f"{self.provider}: {len(found)} never seen before in {self.exchanges} exchanges{unread}"]
        for kind in ("event", "type", "field", "value", "header"):
            same = [one for one in found if one.kind == kind]
            lines += [f"{kind}s"] if same else []
            for one in same:
                value = "" if kind == "value" else f" = {one.value}"
                lines += [f"  {one.count:>5}  {one.what}", f"         {one.example}: {one.path}{value}"]
        return "\n".join(lines)


def find_drift(provider: str, exchanges: Iterable[Exchange], models: WireModels, known: Known) -> DriftReport:
    """Walk every answer. Answers that are no JSON are counted, and their headers looked at."""
    report = DriftReport(provider)
    types = models.types()
    for exchange in exchanges:
        report.exchanges += 1
        walk = _Walk(models, known, types, exchange.id)
        try:
            walk.exchange(exchange)
        except (ValueError, RecursionError):
            report.unread += 1
        for key, novelty in walk.found.items():
            earlier = report.found.get(key, novelty)
            count = earlier.count + 1 if key in report.found else 1
            report.found[key] = Novelty(earlier.kind, earlier.what, earlier.path, earlier.value, earlier.example, count)
    return report


class _Walk:
    """One exchange. ``path`` is the way from the root of the body to the value, and ``place`` its name by type."""

    def __init__(self, models: WireModels, known: Known, types: frozenset[str], example: str) -> None:
        self.found: dict[tuple[str, str], Novelty] = {}
        self._models = models
        self._known = known
        self._types = types
        self._example = example
        self._root = ""

    def exchange(self, exchange: Exchange) -> None:
        for name in exchange.response_headers:
            if name not in HTTP_HEADERS:
                self._tell("header", name, name, exchange.response_headers[name])
        if exchange.is_answer and exchange.streaming:
            for at, event in enumerate(unframe([exchange.response_body])):
                self._event(at, event.event, event.data)
        elif exchange.is_answer:
            self._object("answer", json.loads(exchange.response_body), self._models.answer, "$")
        elif exchange.is_error:
            self._object("error", json.loads(exchange.response_body), NOTHING, "$")

    def _event(self, at: int, name: str, data: bytes) -> None:
        self._root = f"event {at + 1} "
        try:
            value = json.loads(data)
        except ValueError:
            self._tell("event", data.decode("utf-8", "replace")[:SHOWN], "", "")
            return
        if not isinstance(value, dict):
            self._tell("event", type(value).__name__, "", value)
            return
        kind = name or (value["type"] if isinstance(value.get("type"), str) else "")
        if kind and kind not in self._models.events and not self._known.holds("event", kind):
            self._tell("event", kind, "$", value)
            return
        shape = self._models.event(kind)
        place = kind or ("answer" if shape.models == self._models.answer.models else "chunk")
        self._fields(place, value, shape.fields_of(value), "$")

    def _object(self, place: str, value: Any, shape: Shape, path: str) -> None:
        """An object at the top, or any value in a field."""
        if isinstance(value, list):
            if not shape.free or shape.items:
                for at, item in enumerate(value):
                    self._object(f"{place}[]", item, shape.item(), f"{path}[{at}]")
            return
        if not isinstance(value, dict) or (shape.free and not shape.models):
            return
        kind = value.get("type", value.get("object"))
        if isinstance(kind, str) and WORD.fullmatch(kind) and not place.rstrip("[]").endswith("error"):
            if "type" in value and kind not in self._types and not self._known.holds("type", kind):
                self._tell("type", kind, f"{path}.type", value)
                return
            place = kind
        self._fields(place, value, shape.fields_of(value), path)

    def _fields(self, place: str, value: Mapping[str, Any], fields: Mapping[str, Shape], path: str) -> None:
        for name, item in value.items():
            where, shape = f"{place}.{name}", fields.get(name)
            if shape is None:
                if self._known.holds("free", where):
                    continue
                if name != "type" and not self._known.holds("field", where):
                    self._tell("field", where, f"{path}.{name}", item)
                    continue
            snake = HUMP.sub("_", name).lower()
            if isinstance(item, str):
                is_word = ENUMERATIONS.fullmatch(snake) or (snake == "code" and "error" in place)
                if is_word and WORD.fullmatch(item) and not self._is_known_word(snake, item, shape, place):
                    self._tell("value", f"{where} {item}", f"{path}.{name}", item)
            elif isinstance(item, dict | list):
                inner = ANYTHING if shape is None and snake in FREE else shape or NOTHING
                self._object(where, item, inner, f"{path}.{name}")

    def _is_known_word(self, name: str, word: str, shape: Shape | None, place: str) -> bool:
        """A word that the models name, that ends an answer, or by which the object was told."""
        named = shape is not None and word in shape.words
        return named or word == place or (name.endswith("reason") and word in self._models.ends)

    def _tell(self, kind: Kind, what: str, path: str, value: Any) -> None:
        key = (kind, what)
        if key not in self.found and not self._known.holds(kind, what):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
            self.found[key] = Novelty(kind, what, f"{self._root}{path}", shown, self._example)


def lines_of(report: DriftReport) -> Iterator[tuple[str, str]]:
    """What was found as lines of a list."""
    return ((one.kind, one.what) for one in report.found.values())
