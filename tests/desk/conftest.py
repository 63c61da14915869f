import pytest

from tests.desk.desk_harness import Stage


@pytest.fixture
def desk(tmp_path):
    stage = Stage(tmp_path)
    yield stage
    stage.close()
