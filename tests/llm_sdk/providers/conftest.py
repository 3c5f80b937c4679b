"""The published schemas of the provider whose folder a test stands in, where they are at hand."""

import pytest

from conformance.published import DEFAULT_FOLDER, PublishedSchemas, load_schemas


@pytest.fixture(scope="module")
def schemas(request: pytest.FixtureRequest) -> PublishedSchemas:
    """For tests that ask other questions too: without the files it accepts everything."""
    return load_schemas(request.path.parent.name.replace("_", "-"), DEFAULT_FOLDER)


@pytest.fixture(scope="module")
def published(schemas: PublishedSchemas) -> PublishedSchemas:
    """For tests that ask nothing else."""
    if not schemas.kinds:
        pytest.skip("the published schemas are not at hand: there is no ../shared/specs beside this checkout")
    return schemas
