"""A message of the model, in a history and in an answer.

Its parts have one order, for the message says nothing of theirs: content blocks, then the plan, then the calls.
"""

from collections.abc import Sequence

from llm_sdk.errors import MalformedArgumentsError, UnsupportedError
from llm_sdk.providers.cohere import wire
from llm_sdk.providers.cohere.content import (
    LOST_CITATION,
    PROVIDER,
    TEXT_CONTENT,
    TOOL_PLAN,
    decode_citation,
    decode_content,
    decode_tool_call,
    encode_citations,
    encode_content,
    encode_tool_call,
    opaque,
)
from llm_sdk.types import Citation, JsonObject, OpaquePart, Part, ReasoningPart, TextPart, ToolCallPart


def decode_message(message: wire.AssistantMessage, warnings: list[str], cut: list[str] | None = None) -> list[Part]:
    """The parts of a message; blocks without a unified form are opaque, with a warning.

    Raises MalformedArgumentsError for arguments that are no JSON object; with ``cut``, which is for an answer that was
    cut at its limit, the call is left out and its warning put there.
    """
    blocks: Sequence[wire.Content]
    if isinstance(message.content, str):
        blocks = [wire.Text(type="text", text=message.content)]
    else:
        blocks = message.content or []
    cited = _citations_by_block(message.citations or (), blocks, warnings)
    parts: list[Part] = [_decode_block(block, cited.get(at), warnings) for at, block in enumerate(blocks)]
    if message.tool_plan:
        parts.append(ReasoningPart(text=message.tool_plan, id=TOOL_PLAN))
    for call in message.tool_calls or ():
        try:
            parts.append(decode_tool_call(call))
        except MalformedArgumentsError as error:
            if cut is None:
                raise
            cut.append(error.as_warning())
    return parts


def _decode_block(block: wire.Content, citations: list[Citation] | None, warnings: list[str]) -> Part:
    match block:
        case wire.Text():
            return TextPart(text=block.text, citations=citations)
        case wire.Thinking() if (part := decode_content(block)) is not None:
            return part
    return opaque(block.as_json(), warnings, unknown_block(block.type))


def unknown_block(kind: str) -> str:
    """The warning for a block without a unified form."""
    return f"{kind}: this content has no unified form and is kept as it is"


def _citations_by_block(
    citations: Sequence[wire.Citation], blocks: Sequence[wire.Content], warnings: list[str]
) -> dict[int, list[Citation]]:
    texts = [at for at, block in enumerate(blocks) if isinstance(block, wire.Text)]
    found: dict[int, list[Citation]] = {}
    for citation in citations:
        at = cited_block(citation, texts[0] if texts else None)
        if at in texts:
            found.setdefault(at, []).extend(decode_citation(citation))
        else:
            warnings.append(LOST_CITATION)
    return found


def cited_block(citation: wire.Citation, first_text: int | None) -> int:
    """The position of the block that a citation is about: the first text where it does not say. -1 is none."""
    if citation.type not in (None, TEXT_CONTENT):
        return -1
    at = first_text if citation.content_index is None else citation.content_index
    return -1 if at is None else at


def encode_message(parts: Sequence[Part], path: str) -> JsonObject:
    """The other way. Raises UnsupportedError, with the path, for a part that a message of the model cannot carry."""
    content: list[JsonObject] = []
    plan: list[str] = []
    calls: list[JsonObject] = []
    citations: list[JsonObject] = []
    first_text: int | None = None
    for at, part in enumerate(parts):
        here = f"{path}.content[{at}]".removeprefix(".")
        match part:
            case TextPart():
                first_text = len(content) if first_text is None else first_text
                elsewhere = {} if first_text == len(content) else {"content_index": len(content)}
                citations += [{**one, **elsewhere} for one in encode_citations(part.citations or [], part.text)]
                content.append(encode_content(part, here))
            case ReasoningPart(id=id) if id == TOOL_PLAN:
                plan.append(part.text)
            case ReasoningPart() | OpaquePart():
                content.append(encode_content(part, here))
            case ToolCallPart():
                calls.append(encode_tool_call(part))
            case _:
                reason = f"a message of the model cannot carry {part.type} in this protocol"
                raise UnsupportedError(reason, path=here)
    fields = {"content": content, "tool_plan": "".join(plan), "tool_calls": calls, "citations": citations}
    return {"role": "assistant", **{name: value for name, value in fields.items() if value}}


def whole_message(parts: Sequence[Part]) -> JsonObject | None:
    """The message that was kept as it is, if ``parts`` are one."""
    match list(parts):
        case [OpaquePart(provider=provider, data={"role": "assistant"} as message)] if provider == PROVIDER:
            return message
    return None
