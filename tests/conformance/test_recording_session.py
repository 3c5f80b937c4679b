"""Cassettes are made of what a case says, or not at all."""

from pathlib import Path

import pytest

from conformance.case import Case
from conformance.recording_session import RecordingSession
from mock_server.cassette import CassetteError

IMAGE = {"type": "image", "mime_type": "image/png", "data": "iVBORw0KGgo="}


def test_an_error_in_place_of_the_reply_is_not_recorded(tmp_path: Path) -> None:
    stage = {"input": {"messages": [{"role": "user", "content": "Paint"}]}, "reply": {"content": [IMAGE]}}
    case = Case.model_validate({"name": "painted", "area": "core", "requirements": ["CORE-01"], "stages": [stage]})
    session = RecordingSession("openai-chat-completion", tmp_path, model_id="m", recorded_at="2026-11-22T00:00:00Z")
    with session, pytest.raises(CassetteError, match="painted: stage 1 brought an error of status 4"):
        session.record(case)
    assert list(tmp_path.iterdir()) == []
