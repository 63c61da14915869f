"""The official client at version 157, where it is installed: it may not be shipped with daybook.

Its licence is IBKR's own, so it is nobody's dependency here. To run this check, install it into
the environment by hand (``pip install ibapi==9.81.1.post1``) and run ``make conformance``.
"""

import threading
import time
from datetime import date

import pytest

from core.settings import SimulatorSettings
from simulator.market.scenarios import open_market
from simulator.process import start

pytest.importorskip("ibapi", reason="the official ibapi client is not installed")

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

SETTINGS = SimulatorSettings(symbols=8)
MONDAY = date(2026, 6, 15)
YES, NO = True, False


class App(EWrapper, EClient):
    """Keeps every callback by name."""

    def __init__(self):
        EClient.__init__(self, self)
        self.calls = {}
        for name in (
            "nextValidId", "managedAccounts", "contractDetails", "contractDetailsEnd",
            "historicalData", "historicalDataEnd", "tickPrice", "tickSnapshotEnd", "openOrder",
            "orderStatus", "completedOrder", "completedOrdersEnd", "position", "positionEnd",
            "accountSummary", "accountSummaryEnd", "symbolSamples", "error",
        ):  # fmt: skip
            setattr(self, name, self._keeper(name))

    def _keeper(self, name):
        return lambda *values, **named: self.calls.setdefault(name, []).append((values, named))

    def wait_for(self, name):
        deadline = time.monotonic() + 5
        while name not in self.calls:
            assert time.monotonic() < deadline, f"no {name}; {self.calls.get('error')}"
            time.sleep(0.01)
        return self.calls[name]


@pytest.fixture
def app(tmp_path):
    with start(SETTINGS, day=MONDAY, state=tmp_path) as simulator:
        app = App()
        app.connect("127.0.0.1", simulator.tws_port, 5)
        thread = threading.Thread(target=app.run, daemon=True)
        thread.start()
        app.wait_for("nextValidId")
        yield app
        app.disconnect()
        thread.join(5)


def a_stock():
    contract = Contract()
    listed = open_market(SETTINGS).instruments
    contract.symbol = next(i.symbol for i in listed if i.sec_type == "STK" and i.currency == "USD")
    contract.secType, contract.exchange, contract.currency = "STK", "SMART", "USD"
    return contract


def test_the_official_client_speaks_157_and_reads_every_answer(app):
    assert app.serverVersion() == 157
    stock = a_stock()
    app.reqContractDetails(1, stock)
    app.reqHistoricalData(2, stock, "", "1 M", "1 day", "TRADES", 1, 1, NO, [])
    app.reqMktData(3, stock, "", YES, NO, [])
    app.reqMatchingSymbols(4, stock.symbol[:1])
    app.reqPositions()
    app.reqAccountSummary(5, "All", "NetLiquidation")
    order = Order()
    order.action, order.totalQuantity, order.orderType, order.lmtPrice = "BUY", 10, "LMT", 1.0
    order.tif, order.orderRef = "DAY", "official"
    order.eTradeOnly = order.firmQuoteOnly = False
    ((order_id, *_),) = [values for values, _ in app.wait_for("nextValidId")]
    app.placeOrder(order_id, stock, order)
    for name in ("contractDetailsEnd", "historicalDataEnd", "tickSnapshotEnd", "symbolSamples",
                 "positionEnd", "accountSummaryEnd", "openOrder", "orderStatus"):  # fmt: skip
        app.wait_for(name)
    app.cancelOrder(order_id)
    app.reqCompletedOrders(NO)
    app.wait_for("completedOrdersEnd")
    assert len(app.calls["historicalData"]) > 15
