"""Data URLs (RFC 2397) with base64 content."""

import re

__all__ = ["data_url", "split_data_url"]

DATA_URL = re.compile(r"data:([^;,]*)(?:;[^;,]*)*;base64,(.*)", re.DOTALL | re.IGNORECASE)
DEFAULT_MIME_TYPE = "application/octet-stream"


def split_data_url(url: str) -> tuple[str, str] | None:
    """MIME type and base64 of a data URL; None for any other URL."""
    found = DATA_URL.fullmatch(url)
    return (found[1], found[2]) if found else None


def data_url(mime_type: str | None, data: str) -> str:
    """The data URL of base64 data."""
    return f"data:{mime_type or DEFAULT_MIME_TYPE};base64,{data}"
