import pytest

from tests.agent.services import agent_services, serving
from tests.fixtures.pace import hurried


@pytest.fixture(autouse=True)
def without_pace():
    """Tools that a test calls in this process do not wait for IBKR's pace."""
    with hurried():
        yield


@pytest.fixture(scope="package")
def services(tmp_path_factory, warm_daybook):
    """A services that tests only look at, or leave as it was."""
    with agent_services(tmp_path_factory.mktemp("services"), warm_daybook) as built:
        yield built


@pytest.fixture
def fresh_services(tmp_path, warm_daybook):
    """A services of the test's own."""
    with agent_services(tmp_path, warm_daybook) as built:
        yield built


@pytest.fixture(scope="package")
def mcp_address(services):
    """A read-only MCP server over HTTP."""
    with serving(services, "mcp", "--http") as address:
        yield address


@pytest.fixture(scope="package")
def rest_address(services):
    """A read-only REST server."""
    with serving(services, "rest") as address:
        yield address
