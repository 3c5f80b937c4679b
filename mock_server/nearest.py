"""What to say where no scenario fits and no answer may be made up: which came nearest, and what to write for one."""

import json
from collections.abc import Sequence

from mock_server.asked import Asked
from mock_server.script import NearMiss

__all__ = ["explain_no_match"]

QUOTED_CHARACTERS = 200


def explain_no_match(asked: Asked, nearest: Sequence[NearMiss], total: int) -> str:
    """The nearest scenarios field by field, and the rule to paste, in lines."""
    lines = ["no scenario matches this request, and made-up answers are off (strict)."]
    lines += [f"Nearest of {total}:"] if nearest else ["There are no scenarios."]
    for near in nearest:
        held = near.size - len(near.misses)
        lines.append(f"  {near.name!r} ({held} of {near.size} conditions hold)")
        lines += [f"    {miss}" for miss in near.misses]
    return "\n".join([*lines, "To answer it, add:", *rule_for(asked)])


def rule_for(asked: Asked) -> list[str]:
    """A scenario that fits this request and no other, in YAML, as lines."""
    when = {"provider": _quoted(asked.provider)}
    if asked.model_id and not set(asked.model_id) & set("*?["):
        when["model"] = _quoted(asked.model_id)
    if asked.last_user:
        whole = len(asked.last_user) <= QUOTED_CHARACTERS
        text = _quoted(asked.last_user[:QUOTED_CHARACTERS])
        when["last_user"] = f"{{{'equals' if whole else 'contains'}: {text}}}"
    if asked.tools:
        when["tools"] = f"[{', '.join(map(_quoted, sorted(asked.tools)))}]"
    if asked.tool_results:
        when["tool_result"] = "true"
    if asked.format == "json":
        when["response_format"] = "json"
    return [
        "  - when:",
        *(f"      {key}: {value}" for key, value in when.items()),
        "    reply: the answer",
    ]


def _quoted(text: str) -> str:
    """A text as YAML has it between double quotes, which JSON's form is."""
    return json.dumps(text)
