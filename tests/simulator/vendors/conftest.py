import pytest

from tests.simulator.synthetic_markets import synthetic_market
from tests.simulator.vendors.fmp_client import FmpClient


@pytest.fixture(scope="module")
def market():
    return synthetic_market(7, 60)


@pytest.fixture(scope="module")
def vendors(market):
    return FmpClient(market)
