"""A request as conditions, predicates and functions that reply see it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from llm_sdk.codec import ModelCall
from llm_sdk.types import JsonResponseFormat, LanguageModelInput, ToolResultPart
from mock_server.conversation import last_user, system_text, text_of, tool_name, tool_results

__all__ = ["Asked", "Variables"]


@dataclass(frozen=True)
class Asked:
    """A request as conditions, predicates and functions that reply see it.

    ``headers`` have names in lower case. What has to be worked out is worked out once, when it is first wanted.
    """

    provider: str
    call: ModelCall
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def model_id(self) -> str:
        """The model that is asked."""
        return self.call.model_id

    @property
    def input(self) -> LanguageModelInput:
        """All that is asked, in unified types."""
        return self.call.input

    @property
    def stream(self) -> bool:
        """Whether the answer is wanted piece by piece."""
        return self.call.stream

    @cached_property
    def _last_user(self) -> tuple[int, str]:
        return last_user(self.call.input)

    @cached_property
    def last_user(self) -> str:
        """The text of the last message of the user."""
        return self._last_user[1]

    @property
    def last_user_at(self) -> int:
        """The index of that message, -1 where there is none."""
        return self._last_user[0]

    @cached_property
    def system(self) -> str:
        """The instructions."""
        return system_text(self.call.input)

    @cached_property
    def tool_results(self) -> list[ToolResultPart]:
        """The results that the model has not answered yet."""
        return tool_results(self.call.input)

    @cached_property
    def tool_result(self) -> str:
        """What those results say."""
        return text_of(self.tool_results)

    @cached_property
    def tools(self) -> frozenset[str]:
        """The names of the tools that are offered."""
        return frozenset(map(tool_name, self.call.input.tools or ()))

    @cached_property
    def texts(self) -> list[str]:
        """What each message says."""
        return [text_of(message.content) for message in self.call.input.messages]

    @cached_property
    def format(self) -> str:
        """The form that is wanted: ``json`` or ``text``."""
        return "json" if isinstance(self.call.input.response_format, JsonResponseFormat) else "text"


class Variables(Mapping[str, str]):
    """What the templates of a reply to a request may name: what the request says, and the named groups of the
    conditions that it met. Worked out when a template asks for it, because most replies have none."""

    __slots__ = ("_all", "_asked", "_groups")

    def __init__(self, asked: Asked, groups: Mapping[str, str] | None = None) -> None:
        self._asked = asked
        self._groups = groups or {}
        self._all: dict[str, str] | None = None

    def _worked_out(self) -> dict[str, str]:
        if self._all is None:
            asked = self._asked
            self._all = {
                "last_user": asked.last_user,
                "system": asked.system,
                "tool_result": asked.tool_result,
                "provider": asked.provider,
                "model": asked.model_id,
                **self._groups,
            }
        return self._all

    def __getitem__(self, name: str) -> str:
        return self._worked_out()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._worked_out())

    def __len__(self) -> int:
        return len(self._worked_out())
