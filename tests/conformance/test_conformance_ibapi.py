"""The official client at version 157, where it is installed: it may not be shipped with daybook.

Its licence is IBKR's own, so it is nobody's dependency here. To run this check, install it into
the environment by hand (``pip install ibapi==9.81.1.post1``) and run ``make conformance``.
"""

import threading
import time
from datetime import date, timedelta

import pytest

from core.calendar import session
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
            "accountSummary", "accountSummaryEnd", "symbolSamples", "error", "realtimeBar",
            "tickByTickAllLast", "tickByTickBidAsk", "tickByTickMidPoint", "historicalDataUpdate",
            "updateNewsBulletin", "bondContractDetails", "fundamentalData", "tickSize",
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
        app.simulator = simulator
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


def test_the_official_client_reads_what_comes_second_by_second(app):
    stock, bond = a_stock(), Contract()
    bond.symbol, bond.secType, bond.exchange = "STDYE", "BOND", "SMART"
    opened = session(MONDAY).open
    app.simulator.advance_to(opened + timedelta(minutes=30))
    app.reqContractDetails(1, bond)
    app.reqContractDetails(2, stock)
    app.reqRealTimeBars(3, stock, 5, "TRADES", YES, [])
    for number, kind in enumerate(("Last", "BidAsk", "MidPoint"), start=4):
        app.reqTickByTickData(number, stock, kind, 0, NO)
    app.reqHistoricalData(7, stock, "", "1 D", "1 min", "TRADES", 1, 1, YES, [])
    app.reqFundamentalData(8, stock, "ReportsFinStatements", [])
    app.reqNewsBulletins(YES)
    app.wait_for("historicalDataEnd")
    app.wait_for("fundamentalData")
    app.simulator.advance_to(opened + timedelta(minutes=30, seconds=12))
    for name in ("realtimeBar", "tickByTickAllLast", "tickByTickBidAsk", "tickByTickMidPoint",
                 "historicalDataUpdate", "bondContractDetails", "contractDetails"):  # fmt: skip
        app.wait_for(name)
    ((_, details), _), *_ = app.calls["contractDetails"]
    assert [pair.tag for pair in details.secIdList] == ["ISIN"]
    app.cancelRealTimeBars(3)
    for number in (4, 5, 6):
        app.cancelTickByTickData(number)
    app.cancelHistoricalData(7)
    app.simulator.advance_to(session(date(2026, 6, 18)).close + timedelta(hours=16))
    app.wait_for("updateNewsBulletin")
