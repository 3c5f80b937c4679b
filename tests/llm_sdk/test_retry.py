"""What the headers of an answer say of the next try: see test_flow for what a call makes of it."""

import math

from hypothesis import example, given
from hypothesis import strategies as st

from llm_sdk.errors import ServerError
from llm_sdk.retry import LONGEST_WAIT, RetryPolicy, retry_after

words = st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4,} \d\d:\d\d:\d\d (GMT|[+-]\d{4,})")
headers = st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date", "x-should-retry"]), words)


@given(headers)
@example({"retry-after": "0 FEB 3000000000 0:0"})
def test_any_header_is_a_wait_or_none(headers: dict[str, str]) -> None:
    seconds = retry_after(headers)
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


@given(headers, st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_no_wait_is_longer_than_the_longest(headers: dict[str, str], attempt: int, chance: float) -> None:
    error = ServerError("broken", status_code=500)
    wait = RetryPolicy(20_000, random=lambda: chance).wait(error, headers, attempt=attempt)
    assert wait is None or 0 <= wait <= LONGEST_WAIT
