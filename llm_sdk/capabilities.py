"""What a provider can carry, as data; :func:`check` refuses an input before anything is sent.

One declaration per provider drives four things: this check, the inputs and responses that tests generate, which
conformance cases apply, and the tables in the documentation.
"""

from dataclasses import dataclass, replace

from llm_sdk.errors import InvalidInputError, UnsupportedError
from llm_sdk.types import (
    AssistantMessage,
    AudioPart,
    FilePart,
    ImagePart,
    LanguageModelInput,
    OpaquePart,
    OpaqueTool,
    Part,
    ReasoningOptions,
    SourcePart,
    SystemMessage,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
    WebSearchTool,
)

__all__ = ["Capabilities", "check"]

OPTIONS = (
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "stop",
    "parallel_tool_calls",
    "metadata",
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider's protocol can carry. Part names are the ``type`` of the part; ``opaque`` needs no mention.

    ``source`` parts are carried where their inner parts are, unless a provider has a form of its own for them, which
    holds ``source_parts``. MIME types are those of data; ``text/*`` stands for every kind of text.
    ``provider_tools`` are the hosted tools whose calls and results can stand in an assistant message. With
    ``audio_by_id`` the model's own audio goes back by its id, whatever its format. ``says`` is what an answer can tell
    beside its content: that the model refused, that a filter cut it off, which model gave it. ``required`` are the
    options without which there is no request: a client sends a value of its own where the caller gives none.
    ``compatible_servers`` says whether answers are read as servers that copy the protocol give them, beside those of
    the provider itself.
    ``defaults`` are what options that are not set are worth for every model, as the provider's documents say; ``nulls``
    the fields of a request that may be null in place of being left out, as they say too. With ``open_parameters`` one
    of the provider's forms for the parameters of a tool cannot say that there are no others.
    """

    user: frozenset[str]
    assistant: frozenset[str]
    tool_result: frozenset[str]
    output: frozenset[str]
    options: frozenset[str]
    system: frozenset[str] = frozenset({"text"})
    provider_tools: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset({"function"})
    tool_choices: frozenset[str] = frozenset({"auto", "none", "required", "tool"})
    response_formats: frozenset[str] = frozenset({"text", "json", "json_schema"})
    modalities: frozenset[str] = frozenset({"text"})
    reasoning: frozenset[str] = frozenset()
    reasoning_efforts: frozenset[str] = frozenset()
    reasoning_budgets: frozenset[int] | None = None
    web_search: frozenset[str] = frozenset()
    audio: frozenset[str] = frozenset()
    audio_formats: frozenset[str] | None = None
    audio_input_formats: frozenset[str] = frozenset()
    audio_by_id: bool = False
    image_mime_types: frozenset[str] | None = None
    image_urls: bool = True
    assistant_image_urls: bool = True
    file_mime_types: frozenset[str] | None = None
    file_urls: bool = True
    source_parts: frozenset[str] | None = None
    citations: bool = False
    says: frozenset[str] = frozenset({"refusal", "content_filter", "model_id"})
    required: frozenset[str] = frozenset()
    compatible_servers: bool = True
    defaults: frozenset[tuple[str, float]] = frozenset()
    nulls: frozenset[str] = frozenset()
    open_parameters: bool = False


def check(input: LanguageModelInput, capabilities: Capabilities, provider: str) -> None:
    """Raise UnsupportedError for the first thing in ``input`` that the provider cannot carry, with its path.

    Raises InvalidInputError for parts in the wrong kind of message. Returns nothing when all of it can be sent.
    """
    try:
        _check_options(input, capabilities)
        _check_tools(input, capabilities)
        for at, message in enumerate(input.messages):
            _check_message(message, f"messages[{at}]", capabilities, provider)
    except (InvalidInputError, UnsupportedError) as error:
        error.locate(provider=provider, request_id=None)
        raise


def _check_options(input: LanguageModelInput, capabilities: Capabilities) -> None:
    for option in OPTIONS:
        if getattr(input, option) is not None and option not in capabilities.options:
            raise UnsupportedError("this protocol has no such option", path=option)
    for at, modality in enumerate(input.modalities or ()):
        if modality not in capabilities.modalities:
            raise UnsupportedError(f"answers in {modality} do not exist in this protocol", path=f"modalities[{at}]")
    if input.audio is not None:
        for option, value in input.audio:
            if value is not None and option not in capabilities.audio:
                raise UnsupportedError("this protocol has no such option", path=f"audio.{option}")
        formats = capabilities.audio_formats
        if input.audio.format is not None and formats is not None and input.audio.format not in formats:
            raise UnsupportedError(f"no answers in {input.audio.format} in this protocol", path="audio.format")
    if input.reasoning is not None:
        _check_reasoning(input.reasoning, capabilities)
    if input.response_format is not None:
        form = (
            "json_schema"
            if getattr(input.response_format, "json_schema", None) is not None
            else input.response_format.type
        )
        if form not in capabilities.response_formats:
            raise UnsupportedError(f"no response format of the kind {form}", path="response_format")


def _check_reasoning(reasoning: ReasoningOptions, capabilities: Capabilities) -> None:
    switch = "enabled" if reasoning.enabled else "disabled"
    if switch not in capabilities.reasoning:
        raise UnsupportedError(f"reasoning cannot be {switch} in this protocol", path="reasoning.enabled")
    if reasoning.effort is not None and reasoning.effort not in capabilities.reasoning_efforts:
        raise UnsupportedError(f"no effort {reasoning.effort!r} in this protocol", path="reasoning.effort")
    if reasoning.budget_tokens is not None:
        budgets = capabilities.reasoning_budgets
        if "budget_tokens" not in capabilities.reasoning:
            raise UnsupportedError("this protocol has no budget; use effort", path="reasoning.budget_tokens")
        if budgets is not None and reasoning.budget_tokens not in budgets:
            known = ", ".join(map(str, sorted(budgets)))
            raise UnsupportedError(
                f"this protocol has efforts, not budgets: only {known} stand for one; use effort",
                path="reasoning.budget_tokens",
            )


def _check_tools(input: LanguageModelInput, capabilities: Capabilities) -> None:
    for at, tool in enumerate(input.tools or ()):
        path = f"tools[{at}]"
        if isinstance(tool, OpaqueTool):
            continue
        kind = "web_search" if isinstance(tool, WebSearchTool) else "function"
        if kind not in capabilities.tools:
            raise UnsupportedError(f"no {kind} tool in this protocol", path=path)
        if isinstance(tool, WebSearchTool):
            for option in ("allowed_domains", "max_uses", "user_location"):
                if getattr(tool, option) is not None and option not in capabilities.web_search:
                    raise UnsupportedError("web search has no such option here", path=f"{path}.{option}")
    if input.tool_choice is not None and input.tool_choice.type not in capabilities.tool_choices:
        raise UnsupportedError(f"no tool choice {input.tool_choice.type!r} in this protocol", path="tool_choice")


def _check_message(
    message: UserMessage | AssistantMessage | ToolMessage | SystemMessage,
    path: str,
    capabilities: Capabilities,
    provider: str,
) -> None:
    for at, part in enumerate(message.content):
        here = f"{path}.content[{at}]"
        if isinstance(message, ToolMessage):
            if not isinstance(part, ToolResultPart):
                raise InvalidInputError(f"a tool message holds tool results, not {part.type}", path=here)
            for inner, item in enumerate(part.content):
                _check_part(item, f"{here}.content[{inner}]", capabilities.tool_result, "a tool result", capabilities)
        elif (
            isinstance(message, AssistantMessage)
            and isinstance(part, ToolCallPart | ToolResultPart)
            and part.provider_executed
        ):
            continue
        else:
            carried = {"user": capabilities.user, "assistant": capabilities.assistant, "system": capabilities.system}[
                message.role
            ]
            if not carried and isinstance(part, OpaquePart) and part.provider == provider:
                raise UnsupportedError(f"no message of role {message.role} in this protocol", path=here)
            if isinstance(part, AudioPart) and message.role == "assistant" and capabilities.audio_by_id:
                continue
            if message.role == "assistant" and not capabilities.assistant_image_urls:
                capabilities = replace(capabilities, image_urls=False)
            _check_part(part, here, carried, f"a message of role {message.role}", capabilities)


def _check_part(part: Part, path: str, carried: frozenset[str], where: str, capabilities: Capabilities) -> None:
    if isinstance(part, OpaquePart):
        return
    if isinstance(part, SourcePart) and "source" not in carried:
        for at, inner in enumerate(part.content):
            _check_part(inner, f"{path}.content[{at}]", carried, where, capabilities)
        return
    if part.type not in carried:
        raise UnsupportedError(f"{where} cannot carry {part.type} in this protocol", path=path)
    match part:
        case SourcePart():
            _check_source(part, path, capabilities)
        case ImagePart(url=str()) if not capabilities.image_urls:
            raise UnsupportedError("images go by data here, not by URL", path=f"{path}.url")
        case ImagePart(mime_type=str(mime_type)) if not _is_one_of(mime_type, capabilities.image_mime_types):
            raise UnsupportedError(f"no images of {mime_type}", path=f"{path}.mime_type")
        case FilePart(url=str()) if not capabilities.file_urls:
            raise UnsupportedError("files go by data here, not by URL", path=f"{path}.url")
        case FilePart(data=str(), mime_type=str(mime_type)) if not _is_one_of(mime_type, capabilities.file_mime_types):
            raise UnsupportedError(f"no files of {mime_type}", path=f"{path}.mime_type")
        case AudioPart() if part.format not in capabilities.audio_input_formats:
            raise UnsupportedError(f"no audio input in {part.format}", path=f"{path}.format")


def _check_source(part: SourcePart, path: str, capabilities: Capabilities) -> None:
    for at, inner in enumerate(part.content):
        if capabilities.source_parts is not None and inner.type not in capabilities.source_parts:
            raise UnsupportedError(f"a source cannot carry {inner.type} in this protocol", path=f"{path}.content[{at}]")


def _is_one_of(mime_type: str, known: frozenset[str] | None) -> bool:
    """Whether the type is known, whatever its parameters; unlimited where nothing is."""
    if known is None:
        return True
    bare = mime_type.partition(";")[0].strip().lower()
    return bare in known or f"{bare.partition('/')[0]}/*" in known
