import pytest

from tests.faults.fault_harness import Town


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path)
    yield town
    town.close()
