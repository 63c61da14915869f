import pytest

from tests.faults.fault_harness import FaultHarness


@pytest.fixture
def harness(tmp_path):
    harness = FaultHarness(tmp_path)
    yield harness
    harness.close()
