"""The official client, at its old version and at newer ones: what it asks and what comes back.

Names of calls and callbacks have changed between the versions; the few differences are told here.
"""

import inspect
import threading
import time

from foreign import ACCOUNT, FUND, FUTURE, INDEX, OPEN, PORT, STOCK, Features, move, wait
from ibapi.client import EClient
from ibapi.contract import ComboLeg, Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.scanner import ScannerSubscription
from ibapi.tag_value import TagValue
from ibapi.wrapper import EWrapper

feature = Features()
ENDED = {
    "contractDetails": "contractDetailsEnd", "historicalData": "historicalDataEnd",
    "position": "positionEnd", "accountSummary": "accountSummaryEnd",
    "securityDefinitionOptionParameter": "securityDefinitionOptionParameterEnd",
    "scannerData": "scannerDataEnd", "execDetails": "execDetailsEnd",
    "completedOrder": "completedOrdersEnd", "openOrder": "openOrderEnd",
}  # fmt: skip


class App(EWrapper, EClient):
    """Keeps every callback: name, values by their parameters' names, in order."""

    def __init__(self):
        EClient.__init__(self, self)
        self.heard = []
        for name, method in inspect.getmembers(EWrapper, inspect.isfunction):
            if not name.startswith("_") and not name.endswith("ProtoBuf"):
                names = list(inspect.signature(method).parameters)[1:]
                setattr(self, name, self.keeper(name, names))
        self.id = 100

    def keeper(self, name, names):
        """Return what keeps the values of a callback."""

        def keep(*values):
            self.heard.append((name, dict(zip(names, values, strict=False))))

        return keep

    def get(self, name, number=None):
        """Return what a callback has brought, of one request or order."""
        return [
            values
            for heard, values in list(self.heard)
            if heard == name
            and (number is None or values.get("reqId", values.get("orderId")) == number)
        ]

    def ask(self, method, *arguments, for_="", number=True, most=15):
        """Send a request and return its answers once they have come; an error is raised."""
        self.id += 1
        mine, before = self.id, len(self.heard)
        getattr(self, method)(*((mine,) if number else ()), *arguments)
        key = mine if number else None

        def come():
            errors = [e for e in self.get("error", mine) if e["errorCode"] not in {2104, 10167}]
            assert not errors, (errors[0]["errorCode"], errors[0]["errorString"])
            names = {name for name, values in self.heard[before:]}
            return ENDED[for_] in names if for_ in ENDED else self.get(for_, key)

        wait(come, seconds=most, what=f"{for_} after {method}")
        return self.get(for_, key)

    def stop(self, method, number):
        """Cancel an order or all: new versions want an object with it."""
        known = inspect.signature(getattr(EClient, method)).parameters
        arguments = [] if number is None else [number]
        if "orderCancel" in known:
            from ibapi.order_cancel import OrderCancel  # noqa: PLC0415 - only new versions have it

            arguments.append(OrderCancel())
        getattr(self, method)(*arguments)


def contract(kind, symbol, exchange="SMART", currency="USD", **more):
    """Return a contract."""
    found = Contract()
    found.secType, found.symbol, found.exchange, found.currency = kind, symbol, exchange, currency
    for name, value in more.items():
        setattr(found, name, value)
    return found


def order(action, quantity, kind="MKT", **more):
    """Return an order."""
    made = Order()
    made.action, made.totalQuantity, made.orderType, made.tif = action, quantity, kind, "DAY"
    made.eTradeOnly = made.firmQuoteOnly = False  # old versions send true, which TWS refuses
    for name, value in more.items():
        setattr(made, name, value)
    return made


def place(app, what, how):
    """Place an order under the next number, and return that."""
    app.id += 1
    app.placeOrder(app.id, what, how)
    return app.id


def until(app, number, *states):
    """Wait until an order is in one of some states."""

    def there():
        wrong = [e for e in app.get("error", number) if e["errorCode"] not in {202, 399, 2109}]
        assert not wrong, (wrong[0]["errorCode"], wrong[0]["errorString"])
        return [s for s in app.get("orderStatus", number) if s["status"] in states]

    return wait(there, what=f"order {number}: {' or '.join(states)}")[-1]


def reads(app):
    with feature("account summary, positions"):
        app.ask("reqAccountSummary", "All", "NetLiquidation,BuyingPower", for_="accountSummary")
        app.reqPositions()
        wait(lambda: app.get("positionEnd"))
        assert app.get("managedAccounts")[0]["accountsList"] == ACCOUNT
    with feature("contracts: stock with ISIN, index, currencies, future, option, symbol search"):
        found = app.ask("reqContractDetails", stock, for_="contractDetails")[0]["contractDetails"]
        assert [value.tag for value in found.secIdList] == ["ISIN"]
        stock.conId = found.contract.conId
        for what in (index, pair, future, option):
            found = app.ask("reqContractDetails", what, for_="contractDetails")
            what.conId = found[0]["contractDetails"].contract.conId
        app.ask("reqMatchingSymbols", STOCK, for_="symbolSamples")
    with feature("option chains"):
        chains = app.ask("reqSecDefOptParams", INDEX, "", "IND", index.conId,
                         for_="securityDefinitionOptionParameter")  # fmt: skip
        assert {chain["tradingClass"] for chain in chains} == {"DBOOK", "DBOOKW"}
    with feature("history: bars, head time stamp, histogram, ticks"):
        bars = app.ask("reqHistoricalData", stock, "", "1 M", "1 day", "TRADES", 1, 1, False, [],
                       for_="historicalData")  # fmt: skip
        assert len(bars) > 19
        app.ask("reqHeadTimeStamp", stock, "TRADES", 1, 1, for_="headTimestamp")
        app.ask("reqHistogramData", stock, 1, "3 days", for_="histogramData")
        app.ask("reqHistoricalTicks", stock, "20260612 15:00:00 UTC", "", 20, "TRADES", 1, False,
                [], for_="historicalTicksLast")  # fmt: skip
    gone = "" if hasattr(EClient, "reqFundamentalData") else "no attribute 'reqFundamentalData'"
    with feature("fundamentals", fails=gone, because="this version has lost the call"):
        app.ask("reqFundamentalData", stock, "ReportsFinStatements", [], for_="fundamentalData")
    with feature("scanner"):
        scan = ScannerSubscription()
        scan.instrument, scan.locationCode, scan.scanCode = "STK", "STK.US.MAJOR", "MOST_ACTIVE"
        app.ask("reqScannerSubscription", scan, [], [], for_="scannerData")


def streams(app):
    with feature("quotes with generic ticks; an option's greeks and open interest"):
        app.ask("reqMktData", stock, "165,221,233,236", False, False, [], for_="tickPrice")
        app.ask("reqMktData", option, "100,101,106", False, False, [], for_="tickOptionComputation")
        wait(lambda: [t for t in app.get("tickSize") if t["tickType"] == 27], what="tick type 27")
    with feature("depth"):
        app.ask("reqMktDepth", stock, 5, True, [], for_="updateMktDepthL2")
    for name, method, arguments, heard in (
        ("real-time bars", "reqRealTimeBars", (stock, 5, "TRADES", True, []), "realtimeBar"),
        ("tick by tick Last", "reqTickByTickData", (stock, "Last", 0, False), "tickByTickAllLast"),
        ("tick by tick BidAsk", "reqTickByTickData", (stock, "BidAsk", 0, False),
         "tickByTickBidAsk"),
        ("tick by tick MidPoint", "reqTickByTickData", (stock, "MidPoint", 0, False),
         "tickByTickMidPoint"),
        ("bars kept up to date", "reqHistoricalData",
         (stock, "", "1 D", "1 min", "TRADES", 1, 1, True, []), "historicalDataUpdate"),
    ):  # fmt: skip
        with feature(name):
            before = len(app.get(heard))
            app.id += 1
            getattr(app, method)(app.id, *arguments)
            time.sleep(0.5)
            move(by="PT20S")
            wait(lambda heard=heard, before=before: len(app.get(heard)) > before, what=heard)


def orders(app):
    quotes = [t["price"] for t in app.get("tickPrice") if t["tickType"] == 4 and t["price"] > 0]
    low, high = round(quotes[0] * 0.9, 2), round(quotes[0] * 1.1, 2)
    with feature("what-if"):
        number = place(app, stock, order("BUY", 100, whatIf=True))
        wait(lambda: [o for o in app.get("openOrder", number)
                      if 0 < abs(float(o["orderState"].initMarginChange or 0)) < 1e9])  # fmt: skip
    with feature("market order fills: execution and commission"):
        filled = until(app, place(app, stock, order("BUY", 100)), "Filled")
        assert float(filled["filled"]) == 100
        wait(lambda: app.get("commissionReport") + app.get("commissionAndFeesReport"))
        assert app.ask("reqExecutions", ExecutionFilter(), for_="execDetails")
    with feature("limit order is changed and cancelled"):
        number = place(app, stock, how := order("BUY", 10, "LMT", lmtPrice=low))
        until(app, number, "Submitted", "PreSubmitted")
        how.lmtPrice = low - 1
        app.placeOrder(number, stock, how)
        wait(lambda: app.get("openOrder", number)[-1]["order"].lmtPrice == low - 1)
        app.stop("cancelOrder", number)
        until(app, number, "Cancelled")
    order_kinds(app, low)
    with feature("bracket"):
        parent = place(app, stock, order("BUY", 10, "LMT", lmtPrice=low, transmit=False))
        place(app, stock, order("SELL", 10, "LMT", lmtPrice=high, parentId=parent, transmit=False))
        last = place(app, stock, order("SELL", 10, "STP", auxPrice=low - 9, parentId=parent))
        until(app, last, "PreSubmitted")
        app.stop("cancelOrder", parent)
        until(app, last, "Cancelled")
    other_instruments(app)


def order_kinds(app, low):
    for name, how in {
        "stop, trail, MIT, MOC": [
            order("SELL", 10, "STP", auxPrice=low), order("SELL", 10, "TRAIL", trailingPercent=9),
            order("BUY", 10, "MIT", auxPrice=low), order("SELL", 10, "MOC"),
        ],
        "GTC outside regular hours, GTD": [
            order("BUY", 10, "LMT", lmtPrice=low, tif="GTC", outsideRth=True),
            order("BUY", 10, "LMT", lmtPrice=low, tif="GTD", goodTillDate="20260616 19:00:00 UTC"),
        ],
        "algorithm Adaptive": [
            order("BUY", 10, "LMT", lmtPrice=low, algoStrategy="Adaptive",
                  algoParams=[TagValue("adaptivePriority", "Normal")]),
        ],
    }.items():  # fmt: skip
        with feature(f"orders: {name}"):
            for each in how:
                number = place(app, stock, each)
                until(app, number, "Submitted", "PreSubmitted")


def other_instruments(app):
    with feature("option, future, currencies and a combination fill; the option is exercised"):
        for what, quantity in ((option, 2), (future, 1), (pair, 25_000), (spread(app), 1)):
            until(app, place(app, what, order("BUY", quantity)), "Filled")
        app.id += 1
        app.exerciseOptions(app.id, option, 1, 1, ACCOUNT, 1, *exercise_rest())
        app.heard = [each for each in app.heard if each[0] not in {"position", "positionEnd"}]
        app.reqPositions()
        wait(lambda: any(
            p["contract"].symbol == FUND and p["contract"].secType == "STK" and p["position"] == 100
            for p in app.get("position")
        ), what="a hundred shares of the fund")  # fmt: skip
    with feature("global cancel; completed orders"):
        app.stop("reqGlobalCancel", None)
        app.ask("reqCompletedOrders", False, for_="completedOrder", number=False)


def spread(app):
    """Return a call spread on the fund."""
    both = Contract()
    both.symbol, both.secType, both.exchange, both.currency, both.comboLegs = (
        FUND, "BAG", "SMART", "USD", [],
    )  # fmt: skip
    for strike, action in ((140, "BUY"), (145, "SELL")):
        what = contract("OPT", FUND, strike=strike, right="C",
                        lastTradeDateOrContractMonth="20260717")  # fmt: skip
        found = app.ask("reqContractDetails", what, for_="contractDetails")[-1]["contractDetails"]
        leg = ComboLeg()
        leg.conId, leg.ratio, leg.action, leg.exchange = found.contract.conId, 1, action, "SMART"
        both.comboLegs.append(leg)
    return both


def exercise_rest():
    """Return what newer versions want to know of an exercise besides."""
    known = list(inspect.signature(EClient.exerciseOptions).parameters)[7:]
    return ["" if "Time" in name or "customer" in name.lower() else False for name in known]


stock, index, pair = contract("STK", STOCK), contract("IND", INDEX, "CBOE"), None
pair = contract("CASH", "EUR", "IDEALPRO")
future = contract("FUT", FUTURE, "CME", lastTradeDateOrContractMonth="202609")
option = contract("OPT", FUND, strike=140, right="C", lastTradeDateOrContractMonth="20260717")
app = App()
app.connect("127.0.0.1", PORT, 5)
threading.Thread(target=app.run, daemon=True).start()
wait(lambda: app.get("nextValidId"), what="the next order id")
app.id = max(100, app.get("nextValidId")[0]["orderId"])
reads(app)
move(to=OPEN)
move(by="PT10M")
streams(app)
orders(app)
with feature("news bulletins: the holiday of 3 July, a week ahead"):
    app.reqNewsBulletins(True)
    move(to="2026-06-26T22:00:00Z")
    wait(lambda: any("03 July 2026" in str(each) for each in app.get("updateNewsBulletin")))
feature.end()
