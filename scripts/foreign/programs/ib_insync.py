"""ib_insync, the archived predecessor of ib_async: what its users call, call by call."""

from datetime import UTC, datetime

from foreign import (
    ACCOUNT,
    FUND,
    FUTURE,
    INDEX,
    OPEN,
    PORT,
    STOCK,
    Features,
    move,
)
from ib_insync import (
    IB,
    BarDataList,
    Contract,
    ExecutionCondition,
    ExecutionFilter,
    Forex,
    Future,
    Index,
    LimitOrder,
    MarketOrder,
    Option,
    Order,
    PriceCondition,
    ScannerSubscription,
    Stock,
    TagValue,
    TimeCondition,
)  # fmt: skip

feature = Features()
ib = IB()
ib.RequestTimeout = 30
DONE = ("Filled", "Cancelled", "ApiCancelled", "Inactive")


def settled(trade, status):
    """Wait until an order has come to a status, and say why not."""
    said = lambda: trade.orderStatus.status  # noqa: E731
    end = datetime.now(UTC).timestamp() + 15
    while said() != status and datetime.now(UTC).timestamp() < end:
        ib.sleep(0.05)
    assert said() == status, f"{said()}: {[entry.message for entry in trade.log if entry.message]}"
    return trade


def working(contract, order):
    """Place an order that rests, see it working, and cancel it."""
    trade = ib.placeOrder(contract, order)
    end = datetime.now(UTC).timestamp() + 15
    while trade.orderStatus.status == "PendingSubmit" and datetime.now(UTC).timestamp() < end:
        ib.sleep(0.05)
    said = [entry.message for entry in trade.log if entry.message]
    assert trade.orderStatus.status in {"Submitted", "PreSubmitted"}, (trade.orderStatus, said)
    ib.cancelOrder(order)
    return settled(trade, "Cancelled")


def account():
    with feature("account, summary, positions, PnL"):
        assert ib.managedAccounts() == [ACCOUNT]
        values = {value.tag: value.value for value in ib.accountSummary()}
        assert float(values["NetLiquidation"]) > 0
        assert ib.positions() == []
        pnl = ib.reqPnL(ACCOUNT)
        ib.sleep(1)
        assert pnl.dailyPnL == 0


def contracts():
    with feature("contracts: stock with ISIN, fund, index, currencies, future, option"):
        found = ib.qualifyContracts(
            stock, fund, index, pair, future := Future(FUTURE, "20260918", "CME")
        )
        assert len(found) == 5
        details = ib.reqContractDetails(stock)[0]
        assert [value.tag for value in details.secIdList] == ["ISIN"]
        by_isin = Contract(secIdType="ISIN", secId=details.secIdList[0].value, exchange="SMART")
        assert ib.reqContractDetails(by_isin)[0].contract.conId == stock.conId
        assert ib.reqMarketRule(int(details.marketRuleIds.split(",")[0]))
        assert future.multiplier == "50"
    with feature("option chains of index (two classes) and fund, an option by its terms"):
        chains = ib.reqSecDefOptParams(INDEX, "", "IND", index.conId)
        assert {chain.tradingClass for chain in chains} == {"DBOOK", "DBOOKW"}
        assert ib.qualifyContracts(option)
    with feature("scanner and its parameters"):
        scan = ScannerSubscription(
            instrument="STK", locationCode="STK.US.MAJOR", scanCode="MOST_ACTIVE"
        )
        assert ib.reqScannerData(scan)[0].contractDetails.contract.symbol == STOCK
        assert "TOP_PERC_GAIN" in ib.reqScannerParameters()


def history():
    with feature("bars of a day and a minute, head time stamp, schedule, histogram, past ticks"):
        assert len(ib.reqHistoricalData(stock, "", "1 M", "1 day", "TRADES", useRTH=True)) > 19
        assert len(ib.reqHistoricalData(stock, "", "1 D", "1 min", "MIDPOINT", useRTH=True)) > 300
        assert ib.reqHeadTimeStamp(stock, "TRADES", useRTH=True, formatDate=1)
        assert ib.reqHistoricalSchedule(stock, 5).sessions
        assert ib.reqHistogramData(stock, useRTH=True, period="3 days")
        ticks = ib.reqHistoricalTicks(stock, "20260612 15:00:00 UTC", "", 20, "TRADES", useRth=True)
        assert len(ticks) >= 20
    with feature("news and articles, calendar of events"):
        providers = "+".join(each.code for each in ib.reqNewsProviders())
        told = ib.qualifyContracts(Stock("CKRTH", "SMART", "USD"))[0]
        news = ib.reqHistoricalNews(told.conId, providers, "", "", 10)
        assert ib.reqNewsArticle(news[0].providerCode, news[0].articleId).articleText
        assert "meta" in ib.getWshMetaData()
    with feature("fundamentals: snapshot, summary, statements, estimates, owners"):
        for report in ("ReportSnapshot", "ReportsFinSummary", "ReportsFinStatements", "RESC",
                       "ReportsOwnership"):  # fmt: skip
            assert ib.reqFundamentalData(stock, report).startswith("<?xml"), report


def live():
    with feature("live quotes with generic ticks, snapshot, depth"):
        ticker = ib.reqMktData(stock, "100,101,104,106,165,221,225,233,236,258", "", "")
        ib.sleep(1)
        assert ticker.bid > 0
        assert ticker.ask > ticker.bid
        assert ib.reqTickers(fund)[0].last > 0
        book = ib.reqMktDepth(stock, isSmartDepth=True)
        ib.sleep(1)
        assert book.domBids
    with feature("option: greeks, open interest (101), calculations"):
        ticker = ib.reqMktData(option, "100,101,106", "", "")
        ib.sleep(1)
        assert ticker.modelGreeks.delta > 0
        assert ticker.callOpenInterest >= 0
        assert ib.calculateImpliedVolatility(option, 5, 140)
        assert ib.calculateOptionPrice(option, 0.2, 140)
    with feature("real-time bars of five seconds"):
        bars = ib.reqRealTimeBars(stock, 5, "TRADES", useRTH=True)
        move(by="PT30S")
        ib.sleep(1)
        assert len(bars) >= 5
    with feature("tick by tick: Last, BidAsk, MidPoint"):
        seen: set[str] = set()
        for kind in ("Last", "BidAsk", "MidPoint"):
            ticker = ib.reqTickByTickData(stock, kind)  # the same one each time
        # Its list of ticks holds those of one packet only.
        ticker.updateEvent += lambda told: seen.update(type(t).__name__ for t in told.tickByTicks)
        ib.reqCurrentTime()  # once it is answered, the requests before it have arrived
        move(by="PT30S")
        ib.sleep(1)
        assert seen == {"TickByTickAllLast", "TickByTickBidAsk", "TickByTickMidPoint"}, seen
    with feature("bars kept up to date within the session"):
        bars: BarDataList = ib.reqHistoricalData(
            stock, "", "1 D", "1 min", "TRADES", useRTH=True, keepUpToDate=True
        )
        before = len(bars)
        move(by="PT3M")
        ib.sleep(1)
        assert len(bars) >= before + 3, (before, len(bars))


def simple_orders():
    with feature("what-if", fails="1.79", because=(
        "takes the first openOrder for the answer; TWS, and ib_async allows for it, sends one "
        "without figures first"
    )):  # fmt: skip
        state = ib.whatIfOrder(stock, MarketOrder("BUY", 100))
        assert float(state.initMarginChange) < 1e9, state.initMarginChange
    with feature("market order fills, with commission"):
        trade = settled(ib.placeOrder(stock, MarketOrder("BUY", 100)), "Filled")
        ib.sleep(0.5)
        assert trade.fills[0].commissionReport.commission > 0
        assert ib.positions()[0].position == 100
        assert ib.reqExecutions(ExecutionFilter())
    with feature("limit order is changed and cancelled"):
        order = LimitOrder("BUY", 10, round(price * 0.9, 2))
        trade = ib.placeOrder(stock, order)
        ib.sleep(0.5)
        order.lmtPrice = round(price * 0.91, 2)
        ib.placeOrder(stock, order)
        ib.sleep(0.5)
        assert trade.order.lmtPrice == round(price * 0.91, 2)
        ib.cancelOrder(order)
        settled(trade, "Cancelled")
    low, high = round(price * 0.9, 2), round(price * 1.1, 2)
    for kind, terms in {
        "STP": {"action": "SELL", "auxPrice": low},
        "STP LMT": {"action": "SELL", "auxPrice": low, "lmtPrice": low},
        "TRAIL": {"action": "SELL", "trailingPercent": 10},
        "MIT": {"action": "BUY", "auxPrice": low},
        "LIT": {"action": "BUY", "auxPrice": low, "lmtPrice": low},
        "MOC": {"action": "SELL"},
        "LOC": {"action": "SELL", "lmtPrice": high},
        "REL": {"action": "BUY", "auxPrice": 0.05, "lmtPrice": low},
        "PEG MKT": {"action": "SELL", "auxPrice": 5},
    }.items():
        with feature(f"order type {kind}"):
            working(stock, Order(orderType=kind, totalQuantity=10, tif="DAY", **terms))
    with feature("order type MIDPRICE"):
        order = Order(orderType="MIDPRICE", action="BUY", totalQuantity=10, tif="DAY")
        settled(ib.placeOrder(stock, order), "Filled")


def time_in_force():
    low = round(price * 0.9, 2)
    limit = lambda **terms: LimitOrder("BUY", 10, low, **terms)  # noqa: E731
    for name, terms in {
        "GTC": {"tif": "GTC"},
        "GTD": {"tif": "GTD", "goodTillDate": "20260616 19:00:00 UTC"},
        "goodAfterTime": {"tif": "DAY", "goodAfterTime": "20260615 19:00:00 UTC"},
        "outside regular hours": {"tif": "GTC", "outsideRth": True},
        "algorithm Adaptive": {
            "tif": "DAY", "algoStrategy": "Adaptive",
            "algoParams": [TagValue("adaptivePriority", "Normal")],
        },
        "algorithm VWAP": {
            "tif": "DAY", "algoStrategy": "Vwap",
            "algoParams": [TagValue("maxPctVol", "0.1"), TagValue("noTakeLiq", "0")],
        },
        "conditions of price, time and execution": {
            "tif": "DAY",
            "conditions": [
                PriceCondition(conId=stock.conId, exch="SMART", isMore=False, price=low),
                TimeCondition(isMore=True, time="20260615 19:00:00 UTC", conjunction="o"),
                ExecutionCondition(secType="STK", exch="SMART", symbol=FUND),
            ],
        },
    }.items():  # fmt: skip
        with feature(name):
            working(stock, limit(**terms))
    with feature("IOC"):
        settled(ib.placeOrder(stock, limit(tif="IOC")), "Cancelled")


def linked_orders():
    with feature("bracket: the children wait, and go with their parent"):
        low, high = round(price * 0.9, 2), round(price * 1.1, 2)
        bracket = ib.bracketOrder("BUY", 10, low, high, round(price * 0.8, 2))
        trades = [ib.placeOrder(stock, order) for order in bracket]
        ib.sleep(0.5)
        ib.cancelOrder(bracket.parent)
        for trade in trades:
            settled(trade, "Cancelled")
    with feature("OCA: what fills cancels the other"):
        one, other = ib.oneCancelsAll(
            [LimitOrder("BUY", 10, round(price * 1.05, 2)), LimitOrder("BUY", 10, 1.0)], "two", 1
        )
        rests = ib.placeOrder(stock, other)
        settled(ib.placeOrder(stock, one), "Filled")
        settled(rests, "Cancelled")
    with feature("an option, a future, currencies are bought; the option is exercised"):
        for contract, quantity in ((option, 2), (ib.qualifyContracts(
            Future(FUTURE, "20260918", "CME"))[0], 1), (pair, 25_000)):  # fmt: skip
            settled(ib.placeOrder(contract, MarketOrder("BUY", quantity)), "Filled")
        ib.exerciseOptions(option, 1, 1, ACCOUNT, 1)
        ib.sleep(1)
        held = {each.contract.conId: each.position for each in ib.reqPositions()}
        assert held[option.conId] == 1
        assert held[fund.conId] == 100
    with feature("global cancel, open and completed orders"):
        ib.placeOrder(stock, LimitOrder("BUY", 10, 1.0))
        ib.sleep(0.5)
        ib.reqGlobalCancel()
        ib.sleep(0.5)
        assert ib.reqAllOpenOrders() == []
        assert ib.reqCompletedOrders(apiOnly=False)


ib.connect("127.0.0.1", PORT, clientId=1)
stock, fund, index = Stock(STOCK, "SMART", "USD"), Stock(FUND, "SMART", "USD"), Index(INDEX, "CBOE")
pair, option = Forex("EURUSD"), Option(FUND, "20260717", 140, "C", "SMART", currency="USD")
account()
contracts()
history()
move(to=OPEN)
move(by="PT10M")
live()
price = ib.reqTickers(stock)[0].marketPrice()
simple_orders()
time_in_force()
linked_orders()
with feature("news bulletins: the holiday of 3 July, a week ahead"):
    ib.reqNewsBulletins(allMessages=True)
    move(to="2026-06-26T22:00:00Z")
    ib.sleep(1)
    assert any("03 July 2026" in bulletin.message for bulletin in ib.newsBulletins())
feature.end()
