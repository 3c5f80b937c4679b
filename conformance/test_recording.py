"""Makes cassettes: collected with ``--record``, and then alone."""

import pytest

from conformance.marks import over
from conformance.plan import CaseOf
from conformance.recording_review import RECORDED
from conformance.recording_session import RecordingSession
from mock_server.cassette import CassetteError


@over("recordings")
def test_record(recording: CaseOf, recording_session: RecordingSession, request: pytest.FixtureRequest) -> None:
    try:
        review = recording_session.record(recording.of_case)
    except CassetteError as error:
        pytest.fail(str(error), pytrace=False)
    request.node.user_properties.append((RECORDED, (review.kind, review.text())))
