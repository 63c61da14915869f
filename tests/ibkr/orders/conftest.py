import pytest

from ibkr.orders.tools import OrderTools
from ibkr.orders.trading import TradingTools


@pytest.fixture
def trading(connected):
    def connect(answers=None, **kinds):
        gateway, connection = connected(answers, for_orders=True, **kinds)
        return gateway, TradingTools(connection)

    return connect


@pytest.fixture
def orders(connected):
    def connect(answers=None, **kinds):
        gateway, connection = connected(answers, **({"for_orders": True} | kinds))
        return gateway, OrderTools(connection)

    return connect
