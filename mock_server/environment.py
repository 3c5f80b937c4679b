"""The variables of the environment by which providers' clients find the stand-in."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from unittest import mock

from llm_sdk.codec import Codec

__all__ = ["led_here"]

NO_PROXY = "127.0.0.1,localhost"


@contextmanager
def led_here(codecs: Iterable[Codec], variables: Mapping[str, str]) -> Iterator[None]:
    """Set ``variables`` in a ``with`` block, and put everything back at its end.

    Variables by which a client goes elsewhere are taken away, and no proxy is asked for this machine.
    """
    with mock.patch.dict(os.environ):
        for name in (name for codec in codecs for name in codec.endpoint.diverting_variables):
            os.environ.pop(name, None)
        for name in ("NO_PROXY", "no_proxy"):
            os.environ[name] = ",".join(filter(None, (os.environ.get(name), NO_PROXY)))
        os.environ.update(variables)
        yield
