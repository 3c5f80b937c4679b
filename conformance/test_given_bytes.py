"""The streams in the bytes that ``--cuts`` and ``--transform`` give: the repetition of a failure, and nothing else."""

from conformance.marks import lane_shows, over, requirement
from conformance.plan import Call
from conformance.settings import Settings
from conformance.subject import Subject
from conformance.test_streaming import check_bytes, check_truncations
from conformance.verdict import Verdict


@requirement("STREAM-02", "STREAM-14", "STREAM-15", "STREAM-16")
@over("streams")
@lane_shows("chunks", "endings")
def test_given_bytes(call: Call, subject: Subject, verdict: Verdict, settings: Settings) -> None:
    if "truncate@" in settings.transform:
        check_truncations(call, subject, verdict, [settings.transform], "complete", settings.cuts)
        check_truncations(call, subject, verdict, [settings.transform], "reset", settings.cuts)
    else:
        check_bytes(call, subject, verdict, [settings.cuts], settings.transform)
