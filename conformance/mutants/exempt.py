"""Which checks catch no mutant, and which requirements none is broken in, each with the reason."""

__all__ = ["NOT_BROKEN", "NO_MUTANT"]

ELSEWHERE = "Judges completion(), which tests/conformance/broken_completion.py breaks in just this."
NOT_YET = "Judges completion(), and no defect is written that it has to catch."
BROKEN_ELSEWHERE = (
    *("test_whole_and_streamed_agree", "test_a_stream_that_is_cut_anywhere", "test_streams_are_logs"),
    *("test_awaitables", "test_ids", "test_wrong_arguments", "test_cuts_change_nothing", "test_stats_are_exact"),
    *("test_cache_keys", "test_the_history_reaches_the_provider"),
)
NOWHERE = (
    *("test_a_frame_without_end", "test_a_run_that_nobody_reads", "test_a_whole_answer_that_fails"),
    *("test_an_answer_without_a_token", "test_an_error_of_the_provider", "test_arguments_that_satisfy_the_tool"),
    *("test_events_are_in_order", "test_good_and_bad_calls", "test_harmony", "test_hermes", "test_json"),
    *("test_many_runs_at_once", "test_markup_that_is_text", "test_missing_arguments", "test_pythonic", "test_qwen"),
    *("test_mistakes_are_told_at_the_call", "test_the_plain_twin", "test_tokens_come_while_the_answer_is_made"),
    *("test_unknown_tools",),
)
SCHEMA = "No mutant yet: those that send what a schema refuses are failed by what their requests mean, too."
NO_MUTANT: dict[str, str] = {
    "test_schema": SCHEMA,
    **dict.fromkeys(BROKEN_ELSEWHERE, ELSEWHERE),
    **dict.fromkeys(NOWHERE, NOT_YET),
}
"""By check."""
QUIRK = (
    "No mutant yet: the case of this quirk fails where the codec does not handle it, as the tests of the codec show."
)
NOT_BROKEN: dict[str, str] = {
    "CORE-17": SCHEMA,
    **dict.fromkeys(("CORE-24", "CORE-30", "TOOLS-26", "TOOLS-30", "ERROR-14", "ERROR-15", "ERROR-20"), QUIRK),
}
"""By requirement."""
