import pytest

from tests.agent.services import a_house, serving
from tests.fixtures.pace import hurried


@pytest.fixture(autouse=True)
def without_pace():
    """Tools that a test calls in this process do not wait for IBKR's pace."""
    with hurried():
        yield


@pytest.fixture(scope="package")
def house(tmp_path_factory):
    """A house that tests only look at, or leave as it was."""
    with a_house(tmp_path_factory.mktemp("house")) as built:
        yield built


@pytest.fixture
def fresh_house(tmp_path):
    """A house of the test's own."""
    with a_house(tmp_path) as built:
        yield built


@pytest.fixture(scope="package")
def mcp_address(house):
    """A read-only MCP server over HTTP."""
    with serving(house, "mcp", "--http") as address:
        yield address


@pytest.fixture(scope="package")
def rest_address(house):
    """A read-only REST server."""
    with serving(house, "rest") as address:
        yield address
