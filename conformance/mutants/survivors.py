"""What was found of generated mutants that survive, by file, operator and line: why nothing is wrong with them, or what
would have to be judged.
"""

__all__ = ["NOTES"]

PROVIDERS = "llm_sdk/providers/"
OF_THE_PROVIDER = (
    "Not judged: what is told is a name, or a signature, that another provider gave, or a citation of the user's own; "
    "the tests of the adapter judge it."
)
NUMBER = "Not judged: the number of an event in the words of an error."
NOTES: dict[tuple[str, str, str], str] = {
    (f"{PROVIDERS}anthropic/errors.py", "comparison turned", "retryable=False if code in EXHAUSTED else None,"): (
        "Not judged: the official clients do not tell these errors apart; the tests of the adapter judge it."
    ),
    (f"{PROVIDERS}anthropic/response.py", "statement dropped", "error.locate(provider=PROVIDER, request_id=None)"): (
        "Equal: the model locates every error that leaves a call."
    ),
    (
        f"{PROVIDERS}anthropic/content.py",
        "condition negated",
        'return None if caller in (None, DIRECT) else join_signature({"caller": caller})',
    ): ("A hole when the sample was judged; call-of-a-tool has such a call."),
    (f"{PROVIDERS}anthropic/errors.py", "off by one", "status = WORD_STATUS.get(error.type, 500)"): (
        "Equal for a known type; of an unknown one nothing tells the status, and error-of-tomorrow judges the rest."
    ),
    (
        f"{PROVIDERS}anthropic/options.py",
        "comparison turned",
        'yield from _schemas(list(inner.values()) if name == "properties" and isinstance(inner, dict) else inner)',
    ): ("A hole when the sample was judged; limits-within has such a schema."),
    (f"{PROVIDERS}google/stream_decoder.py", "off by one", "number, self._number = self._number, self._number + 1"): (
        NUMBER
    ),
    (f"{PROVIDERS}google/function_result.py", "branch never taken", "if is_error:"): (
        "A hole when the sample was judged; failed-result is a case of every protocol."
    ),
    (f"{PROVIDERS}mistral/stream_decoder.py", "off by one", "self._number = 0"): (NUMBER),
    (f"{PROVIDERS}mistral/stream_calls.py", "statement dropped", "self._by_index[index] = call"): (
        "A hole when the sample was judged; interleaved-calls has such fragments."
    ),
    (
        f"{PROVIDERS}mistral/stream_calls.py",
        "statement dropped",
        'parse_tool_arguments("".join(call.arguments), call.name)',
    ): ("Equal: arguments that are not JSON are refused where the parts are put together, too."),
    (
        f"{PROVIDERS}openai_chat_completion/usage.py",
        "and for or",
        'if cached is not None and inputs.get("cached_text_tokens") is None:',
    ): ("Equal: details of which none is given say what no details say."),
    (
        f"{PROVIDERS}openai_chat_completion/history.py",
        "statement dropped",
        'tell_lost(part, path, self._warnings, "id", "signature")',
    ): (OF_THE_PROVIDER),
    (
        f"{PROVIDERS}openai_chat_completion/stream_decoder.py",
        "off by one",
        "number, self._number = self._number, self._number + 1",
    ): (NUMBER),
    (
        f"{PROVIDERS}openai_chat_completion/stream_decoder.py",
        "and for or",
        "self._search_results = chunk.search_results or self._search_results",
    ): ("A hole when the sample was judged; numbered-citations has search results."),
    (
        f"{PROVIDERS}openai_chat_completion/stream_decoder.py",
        "condition negated",
        "partials = self._flush_details() if self._new_details else []",
    ): ("A hole when the sample was judged; the stream of details-at-the-end ends with them."),
    (f"{PROVIDERS}openai_chat_completion/history.py", "branch never taken", "if attachments:"): (
        "Was a hole; image-tool-result-and-question catches it."
    ),
    (
        f"{PROVIDERS}openai_chat_completion/content.py",
        "statement dropped",
        'tell_lost(part, path, warnings, "citations", "signature")',
    ): (OF_THE_PROVIDER),
    (f"{PROVIDERS}openai/stream_decoder.py", "and for or", "self._refusal = self._refusal or refusal"): (
        "A hole when the sample was judged; structured-refusal has one in its stream."
    ),
    (f"{PROVIDERS}openai/stream_decoder.py", "arguments swapped", "state.told = max(state.told, at)"): (
        "Equal: max of two, in either order."
    ),
    (f"{PROVIDERS}openai/content.py", "statement dropped", "tell_lost(part, path, warnings, *lost)"): (
        "A hole when the sample was judged; citations-of-another-model has such citations."
    ),
    (
        f"{PROVIDERS}openai/reasoning.py",
        "and for or",
        "return f\"{id or ''}{CONTENT_MARK}{','.join(map(str, starts))}\" if starts else id",
    ): ("Not judged: the form of an id that the adapter makes itself, and that nobody else reads."),
}
