import pytest

from tests.simulator.derivatives import TradingDesk


@pytest.fixture
def desk(tmp_path):
    made = TradingDesk(tmp_path)
    yield made
    made.broker.close()
