"""Makes cassettes: collected with ``--record``, and then alone."""

import pytest

from conformance.marks import over
from conformance.plan import CaseOf
from conformance.recording_session import RecordingSession
from mock_server.cassette import CassetteError


@over("recordings")
def test_record(recording: CaseOf, recording_session: RecordingSession) -> None:
    try:
        recording_session.record(recording.of_case)
    except CassetteError as error:
        pytest.fail(str(error), pytrace=False)
