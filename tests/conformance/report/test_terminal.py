"""The summary in the terminal: every failure with what to do next."""

from made_reports import check, colourful, failed, failure, report

from conformance.report.terminal import summary, title


def test_the_title_says_who_was_judged() -> None:
    assert title(report(providers=("openai", "google"))).endswith(
        ": openai, google, acme_llm.conformance:create adapter, in-process"
    )


def test_each_area_is_counted() -> None:
    one = report(check("openai", "CORE-01"), check("openai", "CORE-02", verdict="failed"), providers=("openai",))
    header, core, streaming, *_ = summary(one, {})
    assert header.split() == ["area", "requirements", "passed", "failed", "not", "judged", "checks"]
    total = sum(found.area == "core" for found in one.requirements.values())
    assert core.split() == ["core", str(total), "1", "1", str(total - 2), "2"]
    assert streaming.split()[2:4] == ["0", "0"]


def test_a_failure_says_what_was_expected_what_came_and_how_to_see_it_again() -> None:
    why = failure("the usage of the recorded answer", "usage: 12\n  became null " + "x" * 300)
    lines = list(summary(report(failed("openai", "USAGE-01", why=why), providers=("openai",)), {}))
    at = lines.index("FAILED USAGE-01 (MUST) Input and output tokens are the provider's totals.: 1 check (openai)")
    assert lines[at + 1] == "    expected the usage of the recorded answer"
    assert lines[at + 2].startswith("    got      usage: 12 became null xxx")
    assert lines[at + 2].endswith("x…")
    assert lines[at + 3] == (
        "    repeat   llm-conformance run --provider openai --adapter acme_llm.conformance:create --case text"
    )


def test_one_cause_is_told_once() -> None:
    """The same exception in the same case fails many requirements; the id of the request says nothing."""
    crash = [failure(f"an answer to {at}", f"KeyError: 'choices' (request req_{at})") for at in range(3)]
    other = failure("a stop", '"length"')
    checks = [
        failed("openai", "CORE-01", "CORE-05", why=crash[0], case="text"),
        failed("openai", "USAGE-01", why=crash[1], case="text"),
        failed("openai", "USAGE-02", why=crash[2], case="unicode"),
        failed("openai", "CORE-05", why=other, case="text", name="test_finish_reason"),
    ]
    lines = list(summary(report(*checks, providers=("openai",)), {}))
    told = {id: at for at, line in enumerate(lines) for id in ("CORE-01", "CORE-05", "USAGE-01") if f" {id} (" in line}
    assert lines[told["CORE-01"] + 2] == "    got      KeyError: 'choices' (request req_0)"
    assert lines[told["CORE-05"] + 2] == '    got      "length"'
    assert lines[told["USAGE-01"] + 1] == "    comes to the same as CORE-01 above"
    assert lines[told["USAGE-01"] + 2].startswith("FAILED USAGE-02 ")
    assert "failing checks by case: text (3), unicode (1)" in lines


def test_what_counts_comes_first_and_every_provider_has_a_line() -> None:
    lines = list(summary(colourful(), {}))
    told = [line.split()[0] for line in lines if " (MUST) " in line or " (SHOULD) " in line]
    assert told == ["FAILED", "FAILED", "FAILED", "FAILED", "harness-error", "warning"]
    assert "    said     KeyError: 'choices'" in lines
    assert lines[-6:] == [
        "openai: 2 failed, 1 passed, 1 skipped",
        "openai-chat-completion: 1 failed, 1 passed",
        "anthropic: 2 passed, 1 not-applicable",
        "google: 1 failed, 1 error, 1 harness-error, 2 passed",
        "cohere: 1 warning, 2 passed",
        "mistral: 1 provisional, 1 known failure, 2 passed",
    ]


def test_what_was_refused_of_the_network_is_told_once() -> None:
    lines = list(
        summary(report(check("openai", "CORE-01"), attempts=("connect 'a'", "connect 'b'", "connect 'a'")), {})
    )
    assert "refused while the suite ran: connect 'a', 2 times" in lines
    assert "refused while the suite ran: connect 'b'" in lines


def test_known_failures_that_pass_or_were_not_judged_are_told() -> None:
    one = report(check("openai", "CORE-01"), check("openai", "CORE-02", verdict="known failure", case="refusal"))
    lines = list(summary(one, {"text": "it does not", "refusal": "it does", "audio": "who knows"}))
    assert [line for line in lines if line.startswith("known failure that")] == [
        "known failure that passes now, take it off the list: text: it does not",
        "known failure that was not judged: audio: who knows",
    ]
