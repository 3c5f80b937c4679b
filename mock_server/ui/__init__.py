"""The page at ``/``: one file, which asks the control endpoints for all that it shows."""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from llm_sdk.codec import WireResponse

__all__ = ["page"]

INLINE = re.compile(rb"<(style|script)>(.*?)</\1>", re.DOTALL)


@cache
def page() -> WireResponse:
    """The page. Nothing runs in it but its own script, whatever an exchange says."""
    html = files(__package__).joinpath("page.html").read_bytes()
    allowed = {tag.decode(): _hash(text) for tag, text in INLINE.findall(html)}
    policy = (
        f"default-src 'none'; style-src '{allowed['style']}'; script-src '{allowed['script']}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }
    return WireResponse(200, html, headers)


def _hash(text: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode('ascii')}"
