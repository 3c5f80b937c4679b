"""Which provider a path beside the chat endpoints belongs to, where several have the same one."""

from collections.abc import Mapping, Sequence

from llm_sdk.codec import Codec
from llm_sdk.services import find_service, services_of

__all__ = ["claims", "has_chat", "offered_at_root"]


def has_chat(codec: Codec, method: str, path: str) -> bool:
    """Whether the provider has its chat endpoint there. ``path`` starts with its root."""
    return codec.match(method, path) is not None


def claims(codec: Codec, method: str, path: str) -> bool:
    """Whether the provider has something there: its chat endpoint, or a service."""
    return has_chat(codec, method, path) or find_service(services_of(codec), method, path) is not None


def offered_at_root(codecs: Sequence[Codec], method: str, path: str, headers: Mapping[str, str]) -> list[Codec]:
    """The provider whose service a path without a mount means, none or one.

    A key shows whose client it is; without one, the first that has the path is meant.
    """
    here: dict[str, Codec] = {}
    for codec in codecs:
        found = find_service(services_of(codec), method, path)
        if found is not None and found[0].at_root and codec.endpoint.at_root:
            here.setdefault(codec.endpoint.mount, codec)
    names = {name.lower() for name in headers}
    shown = [codec for codec in here.values() if _shows_key(codec, names, path)]
    return (shown or list(here.values()))[:1]


def _shows_key(codec: Codec, headers: set[str], path: str) -> bool:
    parameter = codec.endpoint.key_parameter
    query = path.partition("?")[2]
    in_query = bool(parameter) and any(pair.startswith(f"{parameter}=") for pair in query.split("&"))
    return codec.endpoint.key_header.lower() in headers or in_query
