"""When a scenario applies: conditions on the unified input, never on a provider's own JSON.

Each condition is one function of what it wants and of the request. The same functions decide whether a request fits
and say, where nothing fits, what was wanted and what came.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property, lru_cache, partial
from operator import attrgetter
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictBool,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from llm_sdk.json_model import Maybe, Model
from mock_server.asked import Asked, Variables

__all__ = ["BUILT_IN_VARIABLES", "Match", "Miss", "Predicate", "TextCondition", "When", "fits_model"]

BUILT_IN_VARIABLES = ("last_user", "model", "provider", "system", "tool_result")

QUOTED_CHARACTERS = 120


Predicate: TypeAlias = Callable[[Asked], bool]


@dataclass(frozen=True, slots=True)
class Match:
    """A request that fits. ``anchor`` is the index of the message from which the scenario's turns count; -1 is the
    start of the conversation. ``variables`` are what templates may name."""

    anchor: int
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Miss:
    """One condition that a request does not meet: its key, what it wants, and what came."""

    key: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.key}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True)
class _Hit:
    """A condition that holds: the groups it found, and the message in which it found them, where that is one."""

    groups: Mapping[str, str] = field(default_factory=dict)
    message: int | None = None


HIT = _Hit()


def _compile(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None


Regex = Annotated[re.Pattern[str], BeforeValidator(_compile)]


class TextCondition(Model):
    """What a text has to be like: a regular expression that is found in it, or an object.

    ``regex`` is the same as the plain form, ``contains`` is found as it stands, ``equals`` is the whole text. All that
    are given have to hold.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    regex: Maybe[Regex] = None
    contains: Maybe[str] = None
    equals: Maybe[str] = None

    @model_validator(mode="before")
    @classmethod
    def _read_short_form(cls, value: Any) -> Any:
        if isinstance(value, str | re.Pattern):
            return {"regex": value}
        if not isinstance(value, dict | cls):
            raise ValueError("a regular expression, or an object with regex, contains or equals")
        return value

    @model_validator(mode="after")
    def _wants_something(self) -> "TextCondition":
        if self.regex is None and self.contains is None and self.equals is None:
            raise ValueError("wants nothing: give regex, contains or equals")
        return self

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler) -> Any:
        whole = write(self)
        return whole["regex"] if whole.keys() == {"regex"} else whole

    @property
    def is_plain(self) -> bool:
        """Whether it is one regular expression that names nothing."""
        return self.regex is not None and not self.groups and self.contains is None and self.equals is None

    @property
    def groups(self) -> list[str]:
        """The names of its groups."""
        return list(self.regex.groupindex) if self.regex is not None else []

    def search(self, text: str) -> Mapping[str, str] | None:
        """The named groups, where the text is as it has to be."""
        if self.equals is not None and text != self.equals:
            return None
        if self.contains is not None and self.contains not in text:
            return None
        if self.regex is None:
            return {}
        found = self.regex.search(text)
        return None if found is None else {name: hit or "" for name, hit in found.groupdict().items()}

    def __str__(self) -> str:
        wants = [f"/{self.regex.pattern}/"] if self.regex is not None else []
        wants += [f"a text with {self.contains!r}"] if self.contains is not None else []
        wants += [f"the text {self.equals!r}"] if self.equals is not None else []
        return " and ".join(wants)


TextOrRegex = Annotated[
    TextCondition, Field(json_schema_extra=lambda schema: _allow(schema, {"type": "string", "format": "regex"}))
]
CallNumber = Annotated[int, Field(ge=1)]


def _allow(schema: dict[str, Any], short: dict[str, Any]) -> None:
    whole = dict(schema)
    schema.clear()
    schema["anyOf"] = [short, whole]


class When(Model):
    """The conditions of a scenario; all that are given have to hold.

    A text is found anywhere by a regular expression, whose named groups become variables of the reply's templates, or
    taken literally by ``{contains: ...}`` and ``{equals: ...}``. ``model`` is a pattern such as ``gpt-*``; ``tools``
    are names that must be offered; ``tool_result`` is about the results that the model has not answered yet, or says
    with true and false whether there are any; ``nth`` counts the requests that fit otherwise, from 1; ``probability``
    lets some of them through, drawn from the seed. ``predicate`` is a function of :class:`Asked`, in Python alone.
    """

    provider: Maybe[str] = None
    model: Maybe[str] = None
    tools: Maybe[list[str]] = None
    response_format: Maybe[Literal["text", "json"]] = None
    headers: Maybe[dict[str, TextOrRegex]] = None
    last_user: Maybe[TextOrRegex] = None
    system: Maybe[TextOrRegex] = None
    tool_result: Maybe[StrictBool | TextOrRegex] = None
    any_message: Maybe[TextOrRegex] = None
    predicate: SkipJsonSchema[Annotated[Predicate | None, Field(exclude=True)]] = None
    nth: Maybe[CallNumber | list[CallNumber]] = None
    probability: Maybe[Annotated[float, Field(ge=0, le=1)]] = None

    @cached_property
    def _conditions(self) -> tuple[tuple[str, "_Check", Any], ...]:
        """What is to be checked of a request by itself, in the order of the fields: the cheap ones come first."""
        given = ((key, getattr(self, key)) for key in type(self).model_fields)
        return tuple((key, CHECKS[key], wanted) for key, wanted in given if wanted is not None and key in CHECKS)

    @cached_property
    def _checks_of_content(self) -> tuple[Callable[[Asked], "_Hit | None"], ...]:
        return tuple(partial(check, wanted) for key, check, wanted in self._conditions if key not in TARGET)

    def is_for(self, provider: str, model_id: str) -> bool:
        """Whether requests to this model, in this provider's protocol, can fit at all."""
        return self.provider in (None, provider) and fits_model(self.model, model_id)

    def match(self, asked: Asked) -> Match | None:
        """Whether this request fits, ``nth`` and ``probability`` aside."""
        return self._match_content(asked) if self.is_for(asked.provider, asked.model_id) else None

    @property
    def matcher(self) -> Callable[[Asked], Match | None]:
        """What tells of a request of which :meth:`is_for` is known whether it fits."""
        content = [(key, wanted) for key, _, wanted in self._conditions if key not in TARGET]
        if len(content) == 1 and content[0][0] in ("last_user", "system") and content[0][1].is_plain:
            return _plain_matcher(content[0][0], content[0][1].regex)
        return self._match_content

    def _match_content(self, asked: Asked) -> Match | None:
        groups: dict[str, str] = {}
        anchor: int | None = None
        for check in self._checks_of_content:
            hit = check(asked)
            if hit is None:
                return None
            if hit is not HIT:
                groups |= hit.groups
                anchor = hit.message if anchor is None else anchor
        return Match(-1 if anchor is None else anchor, Variables(asked, groups))

    def misses(self, asked: Asked) -> list[Miss]:
        """The conditions that this request does not meet."""
        return [
            Miss(key, _wish(wanted), _shown(key, wanted, asked))
            for key, check, wanted in self._conditions
            if check(wanted, asked) is None
        ]

    @property
    def size(self) -> int:
        """How many conditions there are."""
        return len(self._conditions)

    @property
    def counts(self) -> bool:
        """Whether something has to be counted to tell if a request fits."""
        return self.nth is not None or self.probability is not None

    def takes(self, number: int) -> bool:
        """Whether the ``number``-th fitting call, from 1, is one of those asked for."""
        if self.nth is None:
            return True
        return number in self.nth if isinstance(self.nth, list) else number == self.nth

    @property
    def variables(self) -> set[str]:
        """The names that templates may use."""
        given = (self.last_user, self.system, self.tool_result, self.any_message)
        texts = (text for text in given if isinstance(text, TextCondition))
        return {*BUILT_IN_VARIABLES, *(name for text in texts for name in text.groups)}


_Check: TypeAlias = Callable[[Any, Asked], _Hit | None]


def _hit(groups: Mapping[str, str] | None, message: int | None = None) -> _Hit | None:
    return None if groups is None else _Hit(groups, message)


def _fits_tools(wanted: list[str], asked: Asked) -> _Hit | None:
    return HIT if asked.tools.issuperset(wanted) else None


def _fits_headers(wanted: Mapping[str, TextCondition], asked: Asked) -> _Hit | None:
    found = (text.search(asked.headers.get(name.lower(), "")) for name, text in wanted.items())
    return HIT if all(groups is not None for groups in found) else None


def _fits_tool_result(wanted: bool | TextCondition, asked: Asked) -> _Hit | None:
    if isinstance(wanted, bool):
        return HIT if bool(asked.tool_results) is wanted else None
    return _hit(wanted.search(asked.tool_result)) if asked.tool_results else None


def _fits_any_message(wanted: TextCondition, asked: Asked) -> _Hit | None:
    for at, text in enumerate(asked.texts):
        if (groups := wanted.search(text)) is not None:
            return _Hit(groups, at)
    return None


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def fits_model(pattern: str | None, model_id: str) -> bool:
    """Whether a model is one of those that ``pattern`` names; without one, any is."""
    return pattern is None or _glob(pattern).match(model_id) is not None


CHECKS: dict[str, _Check] = {
    "provider": lambda wanted, asked: HIT if asked.provider == wanted else None,
    "model": lambda wanted, asked: HIT if fits_model(wanted, asked.model_id) else None,
    "tools": _fits_tools,
    "response_format": lambda wanted, asked: HIT if asked.format == wanted else None,
    "headers": _fits_headers,
    "last_user": lambda wanted, asked: _hit(wanted.search(asked.last_user), asked.last_user_at),
    "system": lambda wanted, asked: _hit(wanted.search(asked.system)),
    "tool_result": _fits_tool_result,
    "any_message": _fits_any_message,
    "predicate": lambda wanted, asked: HIT if wanted(asked) else None,
}


TARGET = ("provider", "model")


def _plain_matcher(key: str, expression: re.Pattern[str]) -> Callable[[Asked], Match | None]:
    """What matches by one expression without groups: the commonest scenario, asked of every request that comes."""
    search, text_of_key, counts_from_it = expression.search, attrgetter(key), key == "last_user"

    def match(asked: Asked) -> Match | None:
        if search(text_of_key(asked)) is None:
            return None
        return Match(asked.last_user_at if counts_from_it else -1, Variables(asked))

    return match


def _wish(wanted: Any) -> str:
    """What a condition wants, in words."""
    match wanted:
        case bool():
            return "results of tools" if wanted else "no results of tools"
        case TextCondition() | str():
            return str(wanted)
        case list():
            return "all of " + ", ".join(wanted)
        case dict():
            return " and ".join(f"{name}: {text}" for name, text in wanted.items())
    return f"{getattr(wanted, '__name__', 'the predicate')} to be true"


def _shown(key: str, wanted: Any, asked: Asked) -> str:
    """What the request has in the place of a condition."""
    match key:
        case "provider":
            return asked.provider
        case "model":
            return asked.model_id
        case "tools":
            return ", ".join(sorted(asked.tools)) or "no tools"
        case "response_format":
            return asked.format
        case "headers":
            return " and ".join(f"{name}: {_quote(asked.headers.get(name.lower(), ''))}" for name in wanted)
        case "tool_result":
            return _quote(asked.tool_result) if asked.tool_results else "no results of tools"
        case "any_message":
            return ", ".join(map(_quote, asked.texts[-3:])) or "no messages"
        case "predicate":
            return "false"
    return _quote(str(getattr(asked, key)))


def _quote(text: str) -> str:
    return repr(text if len(text) <= QUOTED_CHARACTERS else text[:QUOTED_CHARACTERS] + "…")
