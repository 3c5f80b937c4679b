"""Mutants that send something else than the caller said."""

from dataclasses import replace
from typing import Any

import httpx

from conformance.mutants.registry import CodecAround, Parts, client_around, mutant, reference
from conformance.mutants.sending import Sending, messages_changed, parts_changed, sending, setting
from llm_sdk.codec import WireRequest
from llm_sdk.model import LanguageModel
from llm_sdk.registry import get_codec
from llm_sdk.types import (
    AssistantMessage,
    LanguageModelInput,
    Message,
    Part,
    SystemMessage,
    TextPart,
    ToolCallPart,
    ToolMessage,
    ToolResultPart,
    UserMessage,
    WebSearchTool,
)


@mutant(
    "CORE-12",
    cases=("zero-temperature",),
    checks="meaning",
    seen=(
        "BerriAI/litellm#822",
        "agno-agi/agno#988",
        "hoangvvo/llm-sdk@a753a91",
    ),
)
def drops_zeros(parts: Parts) -> LanguageModel:
    """Sends only options that are true in the sense of an if."""

    def truthy(input: LanguageModelInput) -> LanguageModelInput:
        options = ("temperature", "top_p", "max_tokens")
        return input.model_copy(update={name: getattr(input, name) or None for name in options})

    return sending(parts, truthy)


@mutant("CORE-11", cases=("options", "end-user"), checks="meaning", seen=("hoangvvo/llm-sdk@a753a91",))
def forgets_metadata(parts: Parts) -> LanguageModel:
    """Ignores metadata in silence."""
    return sending(parts, setting(metadata=None))


@mutant("CORE-14", cases=("instructions-in-mid-conversation",), checks="meaning")
def says_instructions_as_the_user(parts: Parts) -> LanguageModel:
    """Sends instructions in mid-conversation as words of the user."""

    def demoted(message: Message) -> Message:
        return UserMessage(content=message.content) if isinstance(message, SystemMessage) else message

    return sending(parts, messages_changed(demoted))


@mutant("CORE-15", cases=("extra",), checks="meaning")
def ignores_extra(parts: Parts) -> LanguageModel:
    """Has no way to set a field of the provider."""
    return sending(parts, setting(extra=None))


@mutant("CORE-09", cases=("consecutive-user-messages",), checks="meaning")
def mergesmessages_changed(parts: Parts) -> LanguageModel:
    """Sends only the last of several messages of the user in a row."""

    def merged(input: LanguageModelInput) -> LanguageModelInput:
        kept = [
            message
            for message, following in zip(input.messages, [*input.messages[1:], None], strict=True)
            if following is None or message.role != following.role
        ]
        return input.model_copy(update={"messages": kept})

    return sending(parts, merged)


@mutant("CORE-13", cases=("image-history", "reasoning-tool-continuation", "tool-plan"), checks="conversation")
def forgets_ids(parts: Parts) -> LanguageModel:
    """Sends the model's own turn back without its ids."""

    def bare(part: Part) -> list[Part]:
        fields = {name: None for name in ("id", "signature") if hasattr(part, name)}
        return [part.model_copy(update=fields)]

    return sending(parts, parts_changed(AssistantMessage, bare))


@mutant("CORE-20", cases=("opaque-item", "hosted-code"), checks="meaning")
def forgets_opaque_parts(parts: Parts) -> LanguageModel:
    """Leaves out of the history what has no unified form."""
    return sending(parts, parts_changed(AssistantMessage, lambda part: [] if part.type == "opaque" else [part]))


@mutant("CORE-18", cases=("unsupported-seed",), checks="unsupported")
def drops_what_is_not_supported(parts: Parts) -> LanguageModel:
    """Sends the request without the option that the protocol does not have."""
    codec: Any = Sending(get_codec(parts.provider), setting(seed=None))
    capabilities = codec.capabilities
    codec.capabilities = _replace(capabilities, options=capabilities.options | {"seed"})
    return reference(parts, codec)


def _replace(capabilities: Any, **changes: Any) -> Any:
    return type(capabilities)(
        **{name: changes.get(name, getattr(capabilities, name)) for name in capabilities.__dataclass_fields__}
    )


@mutant("TOOLS-13", cases=("multi-part-result",), checks="meaning", seen=("hoangvvo/llm-sdk@a753a91",))
def splits_tool_results(parts: Parts) -> LanguageModel:
    """Sends a tool result for each part of one."""

    def split(part: Part) -> list[Part]:
        if not isinstance(part, ToolResultPart) or len(part.content) < 2:
            return [part]
        return [part.model_copy(update={"content": [inner]}) for inner in part.content]

    return sending(parts, parts_changed(ToolMessage, split))


@mutant("TOOLS-15", cases=("empty-result",), checks="meaning")
def forgets_empty_results(parts: Parts) -> LanguageModel:
    """Leaves out a tool result without content."""

    def kept(part: Part) -> list[Part]:
        return [] if isinstance(part, ToolResultPart) and not part.content else [part]

    return sending(parts, parts_changed(ToolMessage, kept))


@mutant("TOOLS-16", cases=("big-integers",), checks="meaning or conversation", seen=("earendil-works/pi#8943",))
def rounds_arguments_of_the_history(parts: Parts) -> LanguageModel:
    """Sends the arguments of earlier calls with the integers of JavaScript."""

    def rounded(part: Part) -> list[Part]:
        if not isinstance(part, ToolCallPart):
            return [part]
        args = {name: int(float(value)) if isinstance(value, int) else value for name, value in part.args.items()}
        return [part.model_copy(update={"args": args})]

    return sending(parts, parts_changed(AssistantMessage, rounded))


@mutant("TOOLS-11", cases=("choice-by-name",), checks="meaning")
def forgets_the_tool_choice(parts: Parts) -> LanguageModel:
    """Leaves the choice of a tool to the model."""
    return sending(parts, setting(tool_choice=None))


@mutant("STRUCT-01", cases=("flat-schema",), checks="meaning")
def asks_for_any_json(parts: Parts) -> LanguageModel:
    """Asks for JSON without the schema."""

    def loose(input: LanguageModelInput) -> LanguageModelInput:
        wanted = input.response_format
        if wanted is None or wanted.type != "json":
            return input
        return input.model_copy(update={"response_format": wanted.model_copy(update={"json_schema": None})})

    return sending(parts, loose)


@mutant("MEDIA-08", cases=("several-sources",), checks="meaning")
def gives_sources_by_title(parts: Parts) -> LanguageModel:
    """Sends the title of a source in place of its content."""

    def titled(part: Part) -> list[Part]:
        return [TextPart(text=part.title)] if part.type == "source" else [part]

    return sending(parts, parts_changed(UserMessage, titled))


@mutant(
    "CITE-04",
    cases=("citation",),
    checks="meaning",
    not_for=dict.fromkeys(("google", "openai-chat-completion"), "a request has no place for citations"),
)
def forgets_citations_of_the_history(parts: Parts) -> LanguageModel:
    """Sends an earlier answer back without its citations."""

    def uncited(part: Part) -> list[Part]:
        return [part.model_copy(update={"citations": None})] if isinstance(part, TextPart) else [part]

    return sending(parts, parts_changed(AssistantMessage, uncited))


@mutant(
    "REASON-05",
    cases=("reasoning-tool-continuation",),
    checks="meaning or conversation",
    seen=("alibaba/open-code-review#812",),
)
def forgets_reasoning(parts: Parts) -> LanguageModel:
    """Leaves the reasoning out of the history."""
    return sending(parts, parts_changed(AssistantMessage, lambda part: [] if part.type == "reasoning" else [part]))


@mutant("REASON-06", cases=("reasoning-off",), checks="meaning")
def always_reasons(parts: Parts) -> LanguageModel:
    """Does not say that reasoning is switched off."""

    def on(input: LanguageModelInput) -> LanguageModelInput:
        off = input.reasoning is not None and not input.reasoning.enabled
        return input.model_copy(update={"reasoning": None}) if off else input

    return sending(parts, on)


@mutant("CORE-10", cases=("conversation",), checks="meaning")
def sends_the_first_text(parts: Parts) -> LanguageModel:
    """Sends the first part of a message and no other."""

    def first(message: Message) -> Message:
        return message.model_copy(update={"content": message.content[:1]})

    return sending(parts, messages_changed(first))


@mutant("TOOLS-10", cases=("tool-call",), checks="meaning")
def forgets_descriptions(parts: Parts) -> LanguageModel:
    """Sends tools without their descriptions."""

    def bare(input: LanguageModelInput) -> LanguageModelInput:
        tools = [tool.model_copy(update={"description": ""}) for tool in input.tools or ()]
        return input.model_copy(update={"tools": tools or None})

    return sending(parts, bare)


@mutant("TOOLS-14", cases=("parallel-results",), checks="meaning")
def sends_one_result(parts: Parts) -> LanguageModel:
    """Sends the first of several tool results."""

    def first(message: Message) -> Message:
        return message.model_copy(update={"content": message.content[:1]}) if message.role == "tool" else message

    return sending(parts, messages_changed(first))


@mutant("TOOLS-17", cases=("parallel-off",), checks="meaning")
def forgets_to_forbid_parallel_calls(parts: Parts) -> LanguageModel:
    """Ignores that calls shall not be parallel."""
    return sending(parts, setting(parallel_tool_calls=None))


@mutant("MEDIA-01", cases=("image-input",), checks="meaning")
def forgets_images(parts: Parts) -> LanguageModel:
    """Sends the texts of a message only."""
    return sending(parts, parts_changed(UserMessage, lambda part: [] if part.type == "image" else [part]))


@mutant("MEDIA-03", cases=("file-input",), checks="meaning", not_for={"google": "files have no names"})
def forgets_file_names(parts: Parts) -> LanguageModel:
    """Sends a file under no name."""

    def nameless(part: Part) -> list[Part]:
        return [part.model_copy(update={"filename": "file"})] if part.type == "file" else [part]

    return sending(parts, parts_changed(UserMessage, nameless))


@mutant("SEARCH-01", cases=("search-with-sources",), checks="meaning")
def searches_everywhere(parts: Parts) -> LanguageModel:
    """Asks for a search without the domains to which it is limited."""

    def wide(input: LanguageModelInput) -> LanguageModelInput:
        fields = {"allowed_domains": None}
        tools = [
            tool.model_copy(update=fields) if isinstance(tool, WebSearchTool) else tool for tool in input.tools or ()
        ]
        return input.model_copy(update={"tools": tools or None})

    return sending(parts, wide)


@mutant(
    "REASON-07",
    cases=("reasoning-summary",),
    checks="asks_for_what_goes_back",
    not_for={
        "anthropic": "signatures come without being asked for",
        "cohere": "nothing is signed",
        "google": "signatures come without being asked for",
        "mistral": "signatures come without being asked for",
        "openai-chat-completion": "reasoning_details come without being asked for",
    },
    seen=(
        "can1357/oh-my-pi#50",
        "VicBilibily/GCMP#84",
    ),
)
def asks_for_no_signatures(parts: Parts) -> LanguageModel:
    """Does not ask for what has to go back with the next turn."""
    return sending(parts, lambda said: said.model_copy(update={"extra": {**(said.extra or {}), "include": []}}))


@mutant("CORE-16", cases=("text",), checks="endpoint")
def streams_in_name_only(parts: Parts) -> LanguageModel:
    """Asks for a whole answer where a stream is wanted."""

    class Whole(CodecAround):
        def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:  # noqa: ARG002
            return self._codec.encode_request(model_id, input, stream=False)

    codec: Any = Whole(get_codec(parts.provider))
    return reference(parts, codec)


@mutant(
    "RESIL-09",
    cases=("text",),
    checks="key_is_in_its_header",
    seen=(
        "BerriAI/litellm#24902",
        "agentjido/req_llm#277",
    ),
)
def puts_the_key_into_the_address(parts: Parts) -> LanguageModel:
    """Sends the key as a parameter of the address too."""

    def with_key(url: httpx.URL) -> httpx.URL:
        return url.copy_merge_params({"key": parts.api_key})

    return reference(parts, http_client=client_around(parts.http_client, aiter, url=with_key))


@mutant("CORE-41", cases=("text",), checks="base_url_with_a_slash")
def doubles_the_slash(parts: Parts) -> LanguageModel:
    """Puts a path behind the base URL as it stands."""

    def doubled(url: httpx.URL) -> httpx.URL:
        return url.copy_with(path=f"/{url.path}") if parts.base_url.endswith("/") else url

    return reference(parts, http_client=client_around(parts.http_client, aiter, url=doubled))


@mutant("CORE-42", cases=("text",), checks="name_of_the_model")
def spells_the_model_in_its_own_way(parts: Parts) -> LanguageModel:
    """Sends the name of the model in small letters."""
    return reference(replace(parts, model_id=parts.model_id.lower()))


@mutant("CORE-43", cases=("text",), checks="long_texts")
def cuts_long_texts(parts: Parts) -> LanguageModel:
    """Sends of a text what fits into 32,000 characters."""
    limit = 32_000

    def cut(part: Part) -> list[Any]:
        return [part.model_copy(update={"text": part.text[:limit]})] if isinstance(part, TextPart) else [part]

    return sending(parts, parts_changed(UserMessage, cut))


@mutant("CORE-44", cases=("text",), checks="content_type")
def announces_no_json(parts: Parts) -> LanguageModel:
    """Sends its JSON as plain text."""

    class Plain(CodecAround):
        def encode_request(self, model_id: str, input: LanguageModelInput, *, stream: bool) -> WireRequest:
            sent = self._codec.encode_request(model_id, input, stream=stream)
            return replace(sent, headers={**sent.headers, "content-type": "text/plain"})

    codec: Any = Plain(get_codec(parts.provider))
    return reference(parts, codec)
