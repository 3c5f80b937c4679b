"""For tests of code that uses the unified types: Hypothesis strategies, narrowed by what a protocol can carry.

``responses()`` draws answers, ``streams(response)`` the ways in which one can arrive, ``inputs(capabilities)`` calls
that a provider can be asked, ``chunkings(body)`` what a network makes of bytes.
"""

from llm_sdk.testing.inputs import inputs
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

__all__ = [
    "EVERYTHING",
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
