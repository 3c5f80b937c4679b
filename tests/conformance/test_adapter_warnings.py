"""What an adapter's libraries warn of is shown, and not judged.

Whoever runs the suite may turn warnings into errors for their own code, as many projects do."""

from pathlib import Path

import pytest
from test_plugin import run

ADAPTER = """
import warnings
from llm_sdk.registry import get_model

def create(*, base_url, api_key, model_id, http_client):
    model = get_model("openai", model_id, api_key=api_key, base_url=base_url, http_client=http_client)
    ask = model.generate
    async def generate(input):
        warnings.warn("the library below is old", FutureWarning)
        return await ask(input)
    model.generate = generate
    return model
"""


@pytest.mark.timeout(120)
def test_an_adapter_may_warn(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    (tmp_path / "warner.py").write_text(ADAPTER, encoding="utf-8")
    done = run(tmp_path, "--adapter", "warner:create", "--case", "text", "-k", "test_content")
    assert "2 passed" in done.stdout, done.stdout
    assert "the library below is old" in done.stdout
