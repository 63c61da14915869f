import pytest

from simulator.market.synthetic import SyntheticMarket
from tests.simulator.vendors.fmp_client import FmpClient


@pytest.fixture(scope="module")
def market():
    return SyntheticMarket(7, 60)


@pytest.fixture(scope="module")
def vendors(market):
    return FmpClient(market)
