"""The provider's published schemas, where they are at hand."""

import pytest

from conformance.published import DEFAULT_FOLDER, PublishedSchemas, load_schemas


@pytest.fixture(scope="session")
def published() -> PublishedSchemas:
    schemas = load_schemas("cohere", DEFAULT_FOLDER)
    if not schemas.kinds:
        pytest.skip("the published schemas are not at hand: there is no ../shared/specs beside this checkout")
    return schemas
