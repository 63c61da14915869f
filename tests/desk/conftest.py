import pytest

from desk import store
from tests.desk.desk_stage import Stage


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(request, monkeypatch):
    # Only a loss of power tells the difference, and no test cuts the power.
    if not request.node.get_closest_marker("durable"):
        monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")


@pytest.fixture
def desk(tmp_path):
    stage = Stage(tmp_path)
    yield stage
    stage.close()
