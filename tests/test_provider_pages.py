"""The pages of the documentation that follow from the code say what the code does."""

from types import ModuleType

import pytest

from docs import mutants_page, requirements_page
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


@pytest.mark.parametrize("page", [requirements_page, mutants_page], ids=["requirements", "mutants"])
def test_the_pages_of_the_judge_are_what_its_files_say(page: ModuleType) -> None:
    """Where they are not: ``python -m docs`` writes them again."""
    assert page.FILE.read_text(encoding="utf-8") == getattr(page, page.FILE.stem + "_page")()
