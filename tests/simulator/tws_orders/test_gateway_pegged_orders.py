"""Orders that are touched, or follow the quote, over the socket.

ACME opens at 100, trades between 96 and 104, closes at 102; half its spread is two basis points.
"""

import pytest
from ib_async import Contract, Order, OrderState

from tests.simulator.derivatives import FUTURE, option
from tests.simulator.gateway_harness import place, run_scenario, settle, stock
from tests.simulator.tiny_market import (
    ACME,
    BEFORE_OPEN,
    CLOSE,
    MONDAY,
    OPEN,
    TUESDAY,
    TinyMarket,
    split,
)


def an_order(kind, side="BUY", **changes):
    plain = {"action": side, "totalQuantity": 100, "orderType": kind, "tif": "DAY"}
    return Order(**plain | changes)


def stands(trade):
    return trade.orderStatus.status, trade.orderStatus.avgFillPrice


def ended(price):
    return ("Cancelled", 0.0) if price is None else ("Filled", price)


TOUCHED = [
    (an_order("MIT", auxPrice=98.0), 98.02),  # the market fell to it
    (an_order("MIT", "SELL", auxPrice=103.0), 102.97),
    (an_order("MIT", auxPrice=95.0), None),
    (an_order("MIT", "SELL", auxPrice=105.0), None),
    (an_order("MIT", auxPrice=101.0), 100.02),  # was there already
    (an_order("LIT", auxPrice=98.0, lmtPrice=98.5), 98.02),
    (an_order("LIT", auxPrice=98.0, lmtPrice=97.0), None),  # the close is above its limit
    (an_order("LIT", "SELL", auxPrice=101.0, lmtPrice=101.5), 101.5),  # and here as well
]


def test_an_order_if_touched_trades_where_the_market_is_better(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trades = [await place(ib, order) for order, _ in TOUCHED]
        assert [trade.orderStatus.whyHeld for trade in trades] == [
            "" if order.auxPrice == 101.0 and order.action == "BUY" else "trigger"
            for order, _ in TOUCHED
        ]
        await harness.advance(CLOSE)
        assert [stands(trade) for trade in trades] == [ended(price) for _, price in TOUCHED]

    run_scenario(tmp_path, scenario, at=OPEN)


AT_ONCE = [
    (an_order("MIDPRICE"), 100.0),
    (an_order("MIDPX", "SELL"), 100.0),  # its other name
    (an_order("PEG MID"), 100.0),
    (an_order("PEGMID", "SELL"), 100.0),
    (an_order("PEG MKT"), 100.02),  # pays what is asked
    (an_order("MTL"), 100.02),
    (an_order("PEG MKT", "SELL"), 99.98),
    (an_order("REL", auxPrice=0.05), 100.02),  # beyond the spread, but not beyond the offer
    (an_order("REL", percentOffset=0.0002), 100.0),  # two basis points: the middle
]


def test_a_peg_that_reaches_the_middle_trades_at_once(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trades = [await place(ib, order) for order, _ in AT_ONCE]
        assert [stands(trade) for trade in trades] == [ended(price) for _, price in AT_ONCE]

    run_scenario(tmp_path, scenario, at=OPEN)


RESTING = [
    (an_order("REL"), 99.98),
    (an_order("REL", "SELL"), 100.02),
    (an_order("REL", auxPrice=0.01), 99.99),
    (an_order("PEG MKT", auxPrice=1.0), 99.02),
    (an_order("PEG MID", auxPrice=2.0), 98.0),
    (an_order("PEG MID", "SELL", auxPrice=5.0), None),  # 105: the range ends before
    (an_order("MIDPRICE", lmtPrice=97.5), 97.5),  # capped below the middle
    (an_order("PEG MKT", lmtPrice=96.0), None),  # the range only touched its cap
]


def test_a_peg_short_of_the_middle_rests_where_it_stands(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trades = [await place(ib, order) for order, _ in RESTING]
        assert {trade.orderStatus.status for trade in trades} == {"Submitted"}
        await harness.advance(CLOSE)
        assert [stands(trade) for trade in trades] == [ended(price) for _, price in RESTING]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_peg_follows_the_market_from_open_to_open_and_over_a_split_and_a_restart(tmp_path):
    bars = {(ACME, TUESDAY): (112.0, 114.0, 111.9, 113.0, 5_000_000)}
    market = TinyMarket(bars, splits={ACME: (split(2.0),)})

    async def before(harness):
        ib = await harness.connect()
        await place(ib, an_order("PEG MID", auxPrice=6.0, tif="GTC"))
        await harness.advance(CLOSE)
        (order,) = harness.gateway.broker.working
        assert (order.peg, order.filled) == (94.0, 0)

    async def after(harness):
        (order,) = harness.gateway.broker.working
        assert (order.peg, order.terms.offset, order.terms.quantity) == (109.0, 3.0, 200)

    run_scenario(tmp_path, before, market=market, at=OPEN)
    run_scenario(tmp_path, after, market=market, at=OPEN.replace(day=16))


@pytest.mark.parametrize("kind", ["MIT", "LIT", "MIDPRICE", "REL", "PEG MKT", "PEG MID"])
def test_every_type_is_previewed_shown_as_sent_recovered_and_changed(tmp_path, kind):
    sent = {
        "MIT": {"auxPrice": 90.0},
        "LIT": {"auxPrice": 90.0, "lmtPrice": 91.0},
        "MIDPRICE": {"lmtPrice": 90.0},
        "REL": {"auxPrice": 0.01, "lmtPrice": 90.0},
        "PEG MKT": {"auxPrice": 9.0, "lmtPrice": 95.0},
        "PEG MID": {"auxPrice": 9.0},
    }[kind]

    async def scenario(harness):
        first = await harness.connect()
        assert isinstance(await first.whatIfOrderAsync(stock(), an_order(kind, **sent)), OrderState)
        await place(first, an_order(kind, tif="GTC", **sent))
        first.disconnect()
        await settle()
        ib = await harness.connect()
        (trade,) = ib.openTrades()
        shown = {"auxPrice": 0.0, "lmtPrice": 0.0} | sent
        assert trade.order.orderType == kind
        assert {name: getattr(trade.order, name) for name in shown} == shown
        trade.order.totalQuantity = 50
        ib.placeOrder(trade.contract, trade.order)
        await settle()
        (working,) = harness.gateway.broker.working
        assert working.terms.quantity == 50
        assert harness.codes() == []

    run_scenario(tmp_path, scenario, at=OPEN)


REFUSED = [
    (an_order("MIT"), stock(), 110),
    (an_order("MIT", auxPrice=98.005), stock(), 110),
    (an_order("LIT", auxPrice=98.0), stock(), 110),
    (an_order("MIDPRICE", lmtPrice=98.005), stock(), 110),
    (an_order("MIDPRICE", outsideRth=True), stock(), 321),
    (an_order("REL", auxPrice=-0.01), stock(), 321),
    (an_order("REL", auxPrice=0.01, percentOffset=0.01), stock(), 321),
    (an_order("PEG MKT", auxPrice=0.005), stock(), 110),
    (an_order("TRAIL LIMIT", auxPrice=1.0, lmtPriceOffset=0.1), stock(), 321),  # no stop
    (an_order("TRAIL LIMIT", auxPrice=1.0, trailStopPrice=105.0), stock(), 321),  # no limit
    (
        an_order(
            "TRAIL LIMIT",
            auxPrice=1.0,
            trailStopPrice=105.0,
            lmtPrice=106.0,
            lmtPriceOffset=1.0,
        ),
        stock(),
        321,
    ),
    (an_order("REL"), Contract(conId=option(100), exchange="SMART"), 114),
    (an_order("MIDPRICE"), Contract(conId=FUTURE, exchange="CME"), 387),
]


def test_a_peg_or_a_trigger_that_cannot_be_is_refused(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        for order, contract, _ in REFUSED:
            ib.placeOrder(contract, order)
            await settle()
        assert harness.codes() == [code for _, _, code in REFUSED]
        assert harness.gateway.broker.ledger.events == ()

    run_scenario(tmp_path, scenario, at=OPEN)


def test_outside_the_session_a_relative_order_joins_the_quote_of_the_last_price(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, an_order("REL", outsideRth=True))
        assert trade.orderStatus.status == "Submitted"
        (order,) = harness.gateway.broker.working
        assert order.peg == 101.97  # Friday's close, less half the spread

    run_scenario(tmp_path, scenario, at=BEFORE_OPEN)


@pytest.mark.parametrize(
    ("beyond", "first_limit", "ends"),
    [
        ({"lmtPriceOffset": 0.5}, 97.5, ("Filled", 101.87)),  # its limit is 101.50 by then
        ({"lmtPrice": 97.5}, 97.5, ("Filled", 101.87)),
        ({"lmtPriceOffset": 0.0}, 98.0, ("Submitted", 0.0)),
    ],
)
def test_the_limit_of_a_trailing_order_follows_its_stop(tmp_path, beyond, first_limit, ends):
    quiet = {(ACME, MONDAY): (100.0, 104.0, 99.0, 103.0, 5_000_000)}
    falls = {(ACME, TUESDAY): (101.9, 102.0, 95.0, 96.0, 5_000_000)}

    async def scenario(harness):
        ib = await harness.connect()
        order = an_order(
            "TRAIL LIMIT", "SELL", tif="GTC", auxPrice=2.0, trailStopPrice=98.0, **beyond
        )
        trade = await place(ib, order)
        (known,) = await (await harness.connect(8)).reqAllOpenOrdersAsync()
        shown = known.order
        assert (shown.lmtPrice, shown.lmtPriceOffset) == (first_limit, 98.0 - first_limit)
        assert (shown.trailStopPrice, shown.auxPrice) == (98.0, 2.0)
        await harness.advance(CLOSE)
        (moved,) = harness.gateway.broker.working
        assert (moved.stop, moved.terms.limit_price) == (102.0, 102.0 - (98.0 - first_limit))
        await harness.advance(OPEN.replace(day=16))
        assert stands(trade) == ends

    run_scenario(tmp_path, scenario, market=TinyMarket(quiet | falls), at=OPEN)
