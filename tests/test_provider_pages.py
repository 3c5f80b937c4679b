"""The pages of the documentation that follow from the code say what the code does."""

import pytest

from docs.provider_page import FOLDER, pages
from llm_sdk.registry import PROVIDERS

PAGES = pages()


def test_every_provider_has_a_page_and_no_other_is_there() -> None:
    assert set(PAGES) == {"README.md", *(f"{provider}.md" for provider in PROVIDERS)}
    assert {file.name for file in FOLDER.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    """Where it is not: ``python -m docs`` writes it again."""
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name]
