"""For tests of code that uses the unified types: fakes, and Hypothesis strategies narrowed by what a protocol carries.

``responses()`` draws answers, ``streams(response)`` the ways in which one can arrive, ``inputs(capabilities)`` calls
that a provider can be asked, ``chunkings(body)`` what a network makes of bytes. ``MockLanguageModel`` answers what it
was told to, ``ChunkedTransport`` stands in for the network and keeps the boundaries of chunks.
"""

from llm_sdk.testing.inputs import inputs
from llm_sdk.testing.models import MockLanguageModel
from llm_sdk.testing.strategies import (
    EVERYTHING,
    base64_texts,
    citations,
    function_calls,
    json_objects,
    json_values,
    names,
    parts,
    responses,
    searches,
    texts,
    usages,
)
from llm_sdk.testing.streams import arrivals, chunkings, fragments, partials, streams
from llm_sdk.testing.transports import ChunkedTransport, FakeExchange, FakeReply

__all__ = [
    "EVERYTHING",
    "ChunkedTransport",
    "FakeExchange",
    "FakeReply",
    "MockLanguageModel",
    "arrivals",
    "base64_texts",
    "chunkings",
    "citations",
    "fragments",
    "function_calls",
    "inputs",
    "json_objects",
    "json_values",
    "names",
    "partials",
    "parts",
    "responses",
    "searches",
    "streams",
    "texts",
    "usages",
]
