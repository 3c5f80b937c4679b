"""What an app adds to the words of its user: agents put reminders, and what surrounds them, into the user's messages.

They say so in a tag: ``<system-reminder>`` (Claude Code), ``<session_context>`` (Gemini CLI), ``<environment_context>``
(Codex). What stands there names tools and files, and is nothing that the user asks for.
"""

import re
from itertools import islice

__all__ = ["without_asides"]

OPENING = re.compile(r"<([\w-]*(?:system|reminder|environment|context|notification)[\w-]*)>", re.IGNORECASE)
MOST_ASIDES = 100
"""An agent has a handful; the end of each is looked for in all of the text."""


def without_asides(text: str) -> str:
    """The text without what stands in such tags, which may be nothing. A tag that does not end is part of the text."""
    kept: list[str] = []
    begin = 0
    for opening in islice(OPENING.finditer(text), MOST_ASIDES):
        if opening.start() < begin:
            continue
        closing = f"</{opening[1]}>"
        if (at := text.find(closing, opening.end())) >= 0:
            kept.append(text[begin : opening.start()])
            begin = at + len(closing)
    return "".join([*kept, text[begin:]]).strip() if begin else text
