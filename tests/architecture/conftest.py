import pytest

from tests.architecture import source_tree


@pytest.fixture(scope="package", autouse=True)
def _parsed_once():
    """Keep the syntax trees for the tests of this folder, and no longer."""
    yield
    source_tree.forget()
