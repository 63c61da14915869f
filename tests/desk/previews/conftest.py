import pytest

from tests.desk.previews.strategy_harness import StrategyStage


@pytest.fixture
def stage(tmp_path):
    built = StrategyStage(tmp_path)
    yield built
    built.close()
