"""Messages <-> the messages of a request."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from llm_sdk.errors import UnsupportedError
from llm_sdk.extra import ExtraFields
from llm_sdk.losses import tell_lost
from llm_sdk.providers.anthropic import wire
from llm_sdk.providers.anthropic.capabilities import DEFAULT_VERSION
from llm_sdk.providers.anthropic.citations import encode_citation
from llm_sdk.providers.anthropic.content import (
    DIRECT,
    PROVIDER,
    caller_fields,
    decode_attachment,
    decode_block,
    encode_file,
    encode_image,
    encode_reasoning,
    encode_source,
    encode_tool_use,
    keep_opaque,
    tool_use_id,
)
from llm_sdk.providers.anthropic.foreign import is_foreign_signature
from llm_sdk.providers.anthropic.web_search import WEB_SEARCH, encode_search_call, encode_search_result, is_own_id
from llm_sdk.types import (
    AssistantMessage,
    FilePart,
    ImagePart,
    JsonObject,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    SourcePart,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
)
from llm_sdk.wire_model import Wire

# The fields of a block that its part holds.
TAKEN: dict[type[Wire], tuple[str, ...]] = {
    wire.Text: ("type", "text", "citations"),
    wire.Image: ("type", "source"),
    wire.Document: ("type", "source", "title"),
    wire.SearchResult: ("type", "source", "title", "content", "citations"),
    wire.ToolUse: ("type", "id", "name", "input", "caller"),
    wire.ServerToolUse: ("type", "id", "name", "input", "caller"),
    wire.ToolResult: ("type", "tool_use_id", "content", "is_error"),
    wire.WebSearchToolResult: ("type", "tool_use_id", "content", "caller"),
    wire.Thinking: ("type", "thinking", "signature"),
    wire.RedactedThinking: ("type", "data"),
}
SOURCE_FIELDS = ("type", "media_type", "data", "url")
ENABLED: JsonObject = {"enabled": True}


def encode_messages(messages: list[Message], api_version: str, warnings: list[str]) -> list[JsonObject]:
    """The messages of a request. Raises UnsupportedError, with the path, for a part that cannot stand where it does."""
    return _HistoryWriter(api_version, warnings).write(messages)


def joins(last: Message | None, message: Message) -> bool:
    """Whether ``message`` goes on in the wire message of the one before it.

    All results of one turn of the model stand in one user message, and what the user says then stands behind them.
    """
    return isinstance(last, ToolMessage) and isinstance(message, ToolMessage | UserMessage)


class _HistoryWriter:
    """Writes the messages of one request; ``warnings`` grow by what is left out."""

    def __init__(self, api_version: str, warnings: list[str]) -> None:
        self._cites_user = api_version == DEFAULT_VERSION
        self._warnings = warnings
        self._callers: dict[str, JsonObject] = {}

    def write(self, messages: list[Message]) -> list[JsonObject]:
        written: list[JsonObject] = []
        last: Message | None = None
        for at, message in enumerate(messages):
            blocks = list(self._blocks(message, f"messages[{at}]"))
            if joins(last, message):
                written[-1]["content"] += blocks
            elif blocks or not message.content:
                written.append({"role": _role(message), "content": blocks})
            elif all(isinstance(part, TextPart) for part in message.content):
                written.append({"role": _role(message), "content": ""})
            else:
                continue  # nothing of it can be read here
            last = message
        return written

    def _blocks(self, message: Message, path: str) -> Iterator[JsonObject]:
        if isinstance(message, AssistantMessage):
            yield from self._assistant_blocks(message.content, path)
        elif isinstance(message, ToolMessage):
            for at, part in enumerate(message.content):
                if isinstance(part, ToolResultPart):
                    yield self._tool_result(part, f"{path}.content[{at}]")
        else:
            yield from self._input_blocks(message.content, path)

    def _assistant_blocks(self, parts: Iterable[Part], path: str) -> Iterator[JsonObject]:
        for at, part in enumerate(parts):
            here = f"{path}.content[{at}]"
            match part:
                case TextPart():
                    yield from self._text(part, here)
                case ReasoningPart() if part.signature is None or is_foreign_signature(part):
                    self._warnings.append(f"reasoning: {here} has no signature of this provider and was left out")
                case ReasoningPart():
                    yield encode_reasoning(part)
                case ToolCallPart(provider_executed=True):
                    yield from self._search_call(part, here)
                case ToolResultPart(provider_executed=True):
                    yield from self._search_result(part, here)
                case ToolCallPart():
                    foreign = () if caller_fields(part.signature) else ("signature",)
                    tell_lost(part, here, self._warnings, "id", *foreign)
                    yield encode_tool_use(part)
                case FilePart():
                    yield encode_file(part, here)
                case SourcePart():
                    self._warnings.append(f"source: {here} is sent without its title and source")
                    yield from self._assistant_blocks(part.content, here)
                case OpaquePart():
                    yield from self._opaque(part, here)
                case _:
                    raise UnsupportedError(f"a message of the model cannot carry {part.type} here", path=here)

    def _text(self, part: TextPart, path: str) -> Iterator[JsonObject]:
        """An empty text is left out: the API refuses it, and it says nothing."""
        if not part.text:
            return
        tell_lost(part, path, self._warnings, "signature")
        block: JsonObject = {"type": "text", "text": part.text}
        citations = [encode_citation(citation) for citation in part.citations or ()]
        if None in citations:
            self._warnings.append(f"citations: {path} has some of another provider, which were left out")
        own = [citation for citation in citations if citation is not None]
        for citation in own:
            citation.pop("file_id", None)  # stands in answers only
        yield {**block, "citations": own} if own else block

    def _search_call(self, part: ToolCallPart, path: str) -> Iterator[JsonObject]:
        if _is_own_search(part):
            caller = self._callers[part.tool_call_id] = caller_fields(part.signature)
            yield {**encode_search_call(part), **caller}
        else:
            self._warnings.append(f"hosted tool: {path} was run by another provider and was left out")

    def _search_result(self, part: ToolResultPart, path: str) -> Iterator[JsonObject]:
        if _is_own_search(part):
            yield {**encode_search_result(part), **self._callers.get(part.tool_call_id, {})}
        else:
            self._warnings.append(f"hosted tool: {path} was run by another provider and was left out")

    def _tool_result(self, part: ToolResultPart, path: str) -> JsonObject:
        content = list(self._input_blocks(part.content, path))
        block = {"type": "tool_result", "tool_use_id": tool_use_id(part.tool_call_id), "content": content}
        return block if part.is_error is None else {**block, "is_error": part.is_error}

    def _input_blocks(self, parts: Iterable[Part], path: str) -> Iterator[JsonObject]:
        for at, part in enumerate(parts):
            here = f"{path}.content[{at}]"
            match part:
                case TextPart():
                    if not self._cites_user:
                        tell_lost(part, here, self._warnings, "citations")
                        part = TextPart(text=part.text, signature=part.signature)
                    yield from self._text(part, here)
                case ImagePart():
                    yield encode_image(part)
                case FilePart():
                    yield encode_file(part, here)
                case SourcePart():
                    yield encode_source(part)
                case OpaquePart():
                    yield from self._opaque(part, here)
                case _:
                    raise UnsupportedError(f"{part.type} cannot be given to the model in this protocol", path=here)

    def _opaque(self, part: OpaquePart, path: str) -> Iterator[JsonObject]:
        """The provider's own JSON, unchanged; what belongs to another provider is left out with a warning."""
        if part.provider == PROVIDER:
            yield part.data
        else:
            self._warnings.append(f"opaque: {path} belongs to {part.provider} and was left out")


def _role(message: Message) -> str:
    return "user" if isinstance(message, ToolMessage) else message.role


def _is_own_search(part: ToolCallPart | ToolResultPart) -> bool:
    return bool(part.provider_executed) and part.tool_name == WEB_SEARCH and is_own_id(part.tool_call_id)


class HistoryReader:
    """Reads the messages of one request; ``extra`` and ``warnings`` grow as something without a unified place is
    met."""

    def __init__(self, extra: ExtraFields, warnings: list[str]) -> None:
        self._extra = extra
        self._warnings = warnings
        self._tool_names: dict[str, str] = {}
        self._callers: dict[str, JsonObject | None] = {}
        self._read: list[Message] = []
        self._at = -1
        self._offset = 0

    def read(self, messages: list[wire.Message]) -> list[Message]:
        """The conversation. Results of tools become a message of their own."""
        for message in messages:
            blocks = message.content
            if isinstance(blocks, str):
                blocks = [wire.Text(type="text", text=blocks)]
            if message.role == "assistant":
                content = self._parts(AssistantMessage(content=[]), blocks)
                self._read.append(AssistantMessage(content=content))
            elif message.role == "system":
                self._read.append(SystemMessage(content=self._parts(SystemMessage(content=[]), blocks)))
            else:
                self._read_user(blocks)
            self._extra.keep_all(message.rest("role", "content"), "messages", str(self._at))
        return self._read

    def _read_user(self, blocks: list[wire.Block]) -> None:
        for are_results, group in groupby(blocks, lambda block: isinstance(block, wire.ToolResult)):
            if are_results:
                self._read.append(ToolMessage(content=self._parts(ToolMessage(content=[]), list(group))))
            else:
                self._read.append(UserMessage(content=self._parts(UserMessage(content=[]), list(group))))
        if not blocks:
            self._read.append(UserMessage(content=self._parts(UserMessage(content=[]), [])))

    def _parts(self, kind: Message, blocks: list[wire.Block]) -> list[Part]:
        """The parts of a message of this ``kind``, which is empty as yet, and the place where it will be written."""
        if not joins(self._read[-1] if self._read else None, kind):
            self._at, self._offset = self._at + 1, 0
        parts: list[Part] = []
        for block in blocks:
            path = ("messages", str(self._at), "content", str(self._offset))
            parts.append(self._part(block, path, by_model=isinstance(kind, AssistantMessage)))
            self._offset += not (isinstance(block, wire.Text) and not block.text)
        return parts

    def _part(self, block: wire.Block, path: tuple[str, ...], *, by_model: bool) -> Part:
        if isinstance(block, wire.ToolResult) and not by_model:
            return self._tool_result(block, path)
        if isinstance(block, wire.Text):
            return self._text(block, path)
        part = decode_attachment(block)
        if part is None and by_model:
            part = decode_block(block, self._warnings)
        if part is None:
            return keep_opaque(block.as_json(), self._warnings)
        if not isinstance(part, OpaquePart):
            self._keep_rest(block, path)
        return part

    def _text(self, block: wire.Text, path: tuple[str, ...]) -> Part:
        """A citation of a kind that is not known is kept beside."""
        self._extra.keep_all(block.rest(*TAKEN[wire.Text]), *path)
        if any(isinstance(location, wire.Unknown) for location in block.citations or ()):
            self._extra.keep(*path, "citations", value=block.as_json()["citations"])
        known = [location for location in block.citations or () if not isinstance(location, wire.Unknown)]
        return decode_block(block.model_copy(update={"citations": known}), self._warnings)

    def _keep_rest(self, block: wire.Block, path: tuple[str, ...]) -> None:
        """Fields of a block that its part does not hold."""
        self._extra.keep_all(block.rest(*TAKEN[type(block)]), *path)
        match block:
            case wire.Image() | wire.Document():
                rest = {name: value for name, value in block.source.items() if name not in SOURCE_FIELDS}
                self._extra.keep_all(rest, *path, "source")
            case wire.SearchResult():
                if (citations := block.rest().get("citations")) != ENABLED:
                    self._extra.keep(*path, "citations", value=citations)
                for at, inner in enumerate(block.content):
                    self._extra.keep_all(inner.rest("type", "text"), *path, "content", str(at))
            case wire.ToolUse():
                self._tool_names[block.id] = block.name
            case wire.ServerToolUse():
                self._callers[block.id] = block.caller
            case wire.WebSearchToolResult():
                caller = None if block.caller == DIRECT else block.caller
                known = self._callers.get(block.tool_use_id)
                if caller != (None if known == DIRECT else known):
                    self._extra.keep(*path, "caller", value=block.caller)

    def _tool_result(self, block: wire.ToolResult, path: tuple[str, ...]) -> Part:
        inner = block.content or []
        if isinstance(inner, str):
            inner = [wire.Text(type="text", text=inner)]
        content = [self._part(one, (*path, "content", str(at)), by_model=False) for at, one in enumerate(inner)]
        self._extra.keep_all(block.rest(*TAKEN[wire.ToolResult]), *path)
        return ToolResultPart(
            tool_call_id=block.tool_use_id,
            tool_name=self._tool_names.get(block.tool_use_id, ""),
            content=content,
            is_error=block.is_error,
        )
