"""What has to come of a call: the case's own word where it has one, the reference codec's reading where it has not."""

import re
from collections import deque

from conformance.case import Stage
from conformance.outcome import MADE_UP, drop_made_up, says_id
from conformance.plan import Call, merge_patch
from llm_sdk.types import JsonObject, ModelResponse, ModelUsage

__all__ = [
    "EMPTY",
    "content_as_expected",
    "expected_content",
    "expected_finish_reason",
    "expected_response",
    "expected_usage",
    "provider_words",
    "usage_as_expected",
]

EMPTY: JsonObject = {"type": "text", "text": ""}
"""A part that says nothing, and that an adapter may leave out."""


def _script(call: Call) -> ModelResponse | None:
    """What the case itself says of the answer, as far as this protocol can say it."""
    stage: Stage | None = call.stage if call.is_scripted else None
    if stage is None or stage.reply is None or call.provider not in stage.comes_as:
        return stage.reply if stage is not None else None
    changed = merge_patch(stage.reply.model_dump(mode="json"), stage.comes_as[call.provider])
    return ModelResponse.model_validate(changed)


def expected_response(call: Call) -> JsonObject:
    """The whole response as JSON, as far as it is known beforehand."""
    answer = _script(call) or call.golden.answer
    return answer.model_dump(mode="json") if answer is not None else {}


def expected_content(call: Call) -> JsonObject:
    """The content of the answer as JSON.

    Ids and signatures that a script leaves out are those of the recording. How a signature of a text looks is the
    adapter's own affair, and so is the id of reasoning that came without one.
    """
    body = call.exchange.response_body
    golden = [_without_own_marks(part, body) for part in _content(call.golden.answer)]
    script = _script(call)
    if script is None:
        return {"content": golden}
    content = [_without_own_marks(part, body) for part in _content(script)]
    for part, came in zip(content, golden, strict=False):
        if part["type"] == came["type"]:
            part.update({name: came[name] for name in MADE_UP if name in came and name not in part})
    return {"content": content}


def _without_own_marks(part: JsonObject, body: bytes) -> JsonObject:
    """The part as everybody has to read it of ``body``."""
    own = {"signature"} if part["type"] == "text" else set()
    if part["type"] == "reasoning" and not says_id(body, part.get("id", "")):
        own = {"id"}
    return {name: value for name, value in part.items() if name not in own}


def _content(answer: ModelResponse | None) -> list[JsonObject]:
    content: list[JsonObject] = answer.model_dump(mode="json")["content"] if answer is not None else []
    return content


def content_as_expected(answer: ModelResponse, expected: JsonObject) -> JsonObject:
    """The content that came, to be compared with ``expected``: without made-up ids and signatures. A text without
    characters, which says nothing, may have been left out."""
    came = _with_empty_texts(answer.model_dump(mode="json")["content"], expected["content"])
    content: JsonObject = drop_made_up({"content": came}, expected)
    return content


def _with_empty_texts(came: list[JsonObject], expected: list[JsonObject]) -> list[JsonObject]:
    found: list[JsonObject] = []
    rest = deque(came)
    for part in expected:
        if part == EMPTY and not (rest and rest[0].get("text") == ""):
            found.append(EMPTY)
        elif rest:
            found.append(rest.popleft())
    return found + list(rest)


def expected_finish_reason(call: Call) -> str | None:
    """Why the answer ended."""
    answer = _script(call) or call.golden.answer
    return answer.finish_reason if answer is not None else None


def expected_usage(call: Call) -> JsonObject:
    """The usage as JSON."""
    answer = _script(call) or call.golden.answer
    return {"usage": _dump(answer.usage if answer is not None else None)}


def provider_words(call: Call, refusal: str) -> list[str] | None:
    """Of a refusal without a word of the model's, as of a blocked prompt, what the provider says of it; ``None`` where
    the model has put it into words."""
    raw = call.stage.raw_reply(call.provider, stream=False) if call.stage is not None else None
    if raw is None or refusal in raw.body:
        return None
    return [word for word in re.findall(r"\w+", refusal) if re.search(rf':\s*"{word}"', raw.body)]


def usage_as_expected(answer: ModelResponse, expected: JsonObject) -> JsonObject:
    """The usage that came, to be compared with ``expected``: a detail of zero says no more than its absence."""
    came = _dump(answer.usage)
    if came is None or expected["usage"] is None:
        return {"usage": came}
    for details in ("input_tokens_details", "output_tokens_details"):
        said = expected["usage"].get(details, {})
        unsaid = {name: 0 for name, count in said.items() if count == 0}
        kept = unsaid | {name: count for name, count in came.pop(details, {}).items() if count or name in said}
        if kept or details in expected["usage"]:
            came[details] = kept
    return {"usage": came}


def _dump(usage: ModelUsage | None) -> JsonObject | None:
    return usage.model_dump(mode="json") if usage is not None else None
