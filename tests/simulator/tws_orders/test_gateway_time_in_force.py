"""How long orders work, and when: IOC, FOK, GTD, good after a time, outside the session."""

from datetime import UTC, datetime, timedelta

import pytest
from ib_async import LimitOrder, MarketOrder, Order, PriceCondition

from core.calendar import session
from tests.simulator.gateway_harness import place, run_scenario, settle
from tests.simulator.tiny_market import ACME, BEFORE_OPEN, CLOSE, MONDAY, OPEN, TUESDAY, TinyMarket

TUESDAY_OPEN, TUESDAY_CLOSE = session(TUESDAY).open, session(TUESDAY).close
NOON = OPEN + timedelta(hours=2, minutes=30)
EIGHT_IN_THE_EVENING = CLOSE + timedelta(hours=4)


def status(trade):
    return trade.orderStatus.status


def limit(price, **changes):
    return LimitOrder("BUY", 100, price, **{"tif": "DAY"} | changes)


@pytest.mark.parametrize("tif", ["IOC", "FOK"])
@pytest.mark.parametrize(("price", "ends"), [(101.0, "Filled"), (99.0, "Cancelled")])
def test_an_order_for_one_moment_fills_then_or_never(tmp_path, tif, price, ends):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, limit(price, tif=tif))
        assert status(trade) == ends
        assert harness.codes() == ([] if ends == "Filled" else [202])
        (done,) = await ib.reqCompletedOrdersAsync(apiOnly=False)
        assert (done.order.tif, done.orderStatus.status) == (tif, ends)

    run_scenario(tmp_path, scenario, at=OPEN)


def test_before_the_open_an_order_for_one_moment_waits_for_the_open(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        fills, fails = [await place(ib, limit(price, tif="IOC")) for price in (101.0, 99.0)]
        assert [status(fills), status(fails)] == ["PreSubmitted"] * 2
        await harness.advance(OPEN)
        assert [status(fills), status(fails)] == ["Filled", "Cancelled"]

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("text", "shown", "warned"),
    [
        ("20260615 12:00:00 US/Eastern", "20260615 12:00:00 US/Eastern", False),
        ("20260615 19:00:00 Europe/Bucharest", "20260615 12:00:00 US/Eastern", False),
        ("20260615-16:00:00", "20260615 12:00:00 US/Eastern", False),  # UTC, by its dash
        ("12:00:00 EST5EDT", "20260615 12:00:00 US/Eastern", False),  # today
        ("20260615 12:00:00", "20260615 12:00:00 US/Eastern", True),  # pst-group/pysystemtrade 1028
    ],
)
def test_an_order_good_till_a_moment_ends_then_in_whatever_form_it_is_written(
    tmp_path, text, shown, warned
):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, limit(90.0, tif="GTD", goodTillDate=text))
        assert harness.codes() == ([2174] if warned else [])
        (known,) = await (await harness.connect(8)).reqAllOpenOrdersAsync()
        assert (known.order.tif, known.order.goodTillDate) == ("GTD", shown)
        await harness.advance(NOON - timedelta(seconds=1))
        assert status(trade) == "Submitted"
        await harness.advance(TUESDAY_OPEN)
        assert status(trade) == "Cancelled"
        (order,) = harness.gateway.broker.exchange.orders.done_since(OPEN)
        assert order.done_at == NOON

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_order_good_till_the_close_takes_part_in_the_session(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        at_the_close = f"{CLOSE.astimezone(UTC):%Y%m%d-%H:%M:%S}"
        trades = [
            await place(ib, limit(price, tif="GTD", goodTillDate=at_the_close))
            for price in (97.0, 90.0)
        ]
        await harness.advance(CLOSE)
        assert [status(trade) for trade in trades] == ["Filled", "Cancelled"]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_order_good_till_next_week_outlives_the_session_and_a_restart(tmp_path):
    async def before(harness):
        ib = await harness.connect()
        await place(ib, limit(90.0, tif="GTD", goodTillDate="20260622 12:00:00 US/Eastern"))
        await harness.advance(CLOSE)

    async def after(harness):
        ib = await harness.connect()
        (trade,) = ib.openTrades()
        assert trade.order.goodTillDate == "20260622 12:00:00 US/Eastern"
        trade.order.lmtPrice = 91.0  # what was recovered can be sent back
        ib.placeOrder(trade.contract, trade.order)
        await settle()
        assert harness.codes() == []
        await harness.advance(datetime(2026, 6, 22, 16, tzinfo=UTC))
        assert status(trade) == "Cancelled"

    run_scenario(tmp_path, before, at=OPEN)
    run_scenario(tmp_path, after, at=TUESDAY_OPEN)


REFUSED = [
    ({"tif": "GTD"}, 391, "End Time: The date, time"),  # erdewit/ib_insync 660
    ({"tif": "GTD", "goodTillDate": "20260615"}, 391, "End Time"),
    ({"tif": "GTD", "goodTillDate": "20260615 25:00:00 UTC"}, 391, "End Time"),
    ({"tif": "GTD", "goodTillDate": "20260615 12:00:00 America"}, 391, "End Time"),
    ({"tif": "GTD", "goodTillDate": "20260615 12:00:00 GMT+25"}, 391, "End Time"),
    ({"tif": "GTD", "goodTillDate": "20260612 12:00:00 UTC"}, 334, "Invalid Good Till Date"),
    ({"tif": "DAY", "goodTillDate": "20260622 12:00:00 UTC"}, 334, "Invalid Good Till Date"),
    ({"goodAfterTime": "noon"}, 337, "Start Time"),
    ({"tif": "GTC", "orderType": "LOC"}, 113, "should be set to DAY"),  # QuantConnect/Lean 1432
    ({"tif": "OPG", "orderType": "LIT", "auxPrice": 101.0}, 111, "incompatible"),
    ({"tif": "IOC", "orderType": "STP LMT", "auxPrice": 101.0}, 111, "incompatible"),
]


def test_a_time_that_is_none_or_does_not_fit_is_refused(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        plain = {"action": "BUY", "totalQuantity": 1, "orderType": "LMT", "lmtPrice": 99.0}
        for changes, code, said in REFUSED:
            await place(ib, Order(**{"tif": "DAY"} | plain | changes))
            assert harness.codes()[-1] == code, changes
            assert said in harness.text(code)
        assert len(harness.codes()) == len(REFUSED)
        assert harness.gateway.broker.ledger.events == ()

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_order_good_after_a_time_sleeps_until_then(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        order = MarketOrder("BUY", 100, tif="DAY", goodAfterTime="20260615 12:00:00 US/Eastern")
        trade = await place(ib, order)
        assert (status(trade), trade.orderStatus.whyHeld) == ("PreSubmitted", "trigger")
        await harness.advance(NOON - timedelta(seconds=1))
        assert status(trade) == "PreSubmitted"
        await harness.advance(NOON)
        assert status(trade) == "Filled"
        assert trade.fills[0].execution.time == NOON

    run_scenario(tmp_path, scenario, at=OPEN)


@pytest.mark.parametrize(
    ("moment", "price"),
    [
        (BEFORE_OPEN, 102.03),  # around the close of Friday
        (CLOSE + timedelta(hours=1), 102.03),
    ],
)
def test_an_order_that_may_work_outside_the_session_does(tmp_path, moment, price):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, limit(103.0, outsideRth=True))
        assert (status(trade), trade.orderStatus.avgFillPrice) == ("Filled", price)
        assert trade.order.outsideRth
        assert harness.codes() == []
        inside = await place(ib, limit(103.0))
        assert status(inside) == "PreSubmitted"

    run_scenario(tmp_path, scenario, at=moment)


def test_at_night_such_an_order_waits_for_four_in_the_morning(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, limit(103.0, outsideRth=True))
        assert status(trade) == "PreSubmitted"
        assert "until 2026-06-16 04:00:00" in harness.text(399)
        await harness.advance(TUESDAY_OPEN - timedelta(hours=5, minutes=30))
        assert status(trade) == "Filled"

    run_scenario(tmp_path, scenario, at=EIGHT_IN_THE_EVENING)


def test_a_day_order_that_may_work_outside_ends_at_eight_and_others_at_the_close(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        late = await place(ib, limit(90.0, outsideRth=True))
        early = await place(ib, limit(90.0))
        kept = await place(ib, limit(90.0, outsideRth=True, tif="GTC"))
        await harness.advance(CLOSE)
        assert [status(late), status(early), status(kept)] == [
            "Submitted",
            "Cancelled",
            "Submitted",
        ]
        await harness.advance(EIGHT_IN_THE_EVENING)
        assert [status(late), status(kept)] == ["Cancelled", "PreSubmitted"]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_what_cannot_work_outside_the_session_is_placed_without_it(tmp_path):
    asked = [
        {"orderType": "MKT"},
        {"orderType": "STP", "auxPrice": 110.0},
        {"orderType": "MIT", "auxPrice": 90.0},
        {"orderType": "LOC", "lmtPrice": 90.0},
        {"orderType": "LMT", "lmtPrice": 90.0, "tif": "OPG"},
    ]

    async def scenario(harness):
        ib = await harness.connect()
        plain = {"action": "BUY", "totalQuantity": 1, "tif": "DAY", "outsideRth": True}
        trades = [await place(ib, Order(**plain | changes)) for changes in asked]
        assert [code for code in harness.codes() if code != 399] == [2109] * len(asked)
        assert "PlaceOrder is now being processed." in harness.text(2109)
        assert {status(trade) for trade in trades} == {"PreSubmitted"}
        known = await (await harness.connect(8)).reqAllOpenOrdersAsync()
        # As erdewit/ib_insync 141 saw them come back.
        assert [trade.order.outsideRth for trade in known] == [False] * len(asked)

    run_scenario(tmp_path, scenario)


def test_what_is_decided_outside_the_session_is_decided_alike_after_a_restart(tmp_path):
    market = TinyMarket({(ACME, TUESDAY): (90.0, 93.0, 89.0, 92.0, 5_000_000)})
    seen = []

    async def before(harness):
        ib = await harness.connect()
        await place(ib, limit(103.0, outsideRth=True))
        await place(ib, limit(91.0, outsideRth=True, tif="GTC"))
        await place(ib, limit(91.5, tif="GTD", goodTillDate="20260616 12:00:00 US/Eastern"))
        await harness.advance(TUESDAY_CLOSE)
        seen.append(harness.gateway.broker.exchange.executions)

    async def after(harness):
        await harness.advance(TUESDAY_CLOSE)
        assert [harness.gateway.broker.exchange.executions] == seen
        assert [one.price for one in seen[0]] == [102.03, 90.02, 90.02]

    run_scenario(tmp_path, before, market=market)
    run_scenario(tmp_path, after, market=market, at=session(MONDAY).open)


# ACME reaches both ends of its range, 96 and 104, by half past ten; from noon on it trades between
# 99.53 and 102.56.


def test_an_order_gets_what_the_session_came_to_by_its_end(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        until_noon = {"tif": "GTD", "goodTillDate": "20260615 12:00:00 US/Eastern"}
        reached, touched = [await place(ib, limit(price, **until_noon)) for price in (97.0, 96.0)]
        await harness.advance(NOON)
        assert (status(reached), reached.orderStatus.avgFillPrice) == ("Filled", 97.0)
        assert reached.fills[0].execution.time == NOON
        assert status(touched) == "Cancelled"

    run_scenario(tmp_path, scenario, at=OPEN)


def test_what_the_session_had_before_an_order_worked_fills_nothing(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        waits = await place(
            ib, limit(97.0, tif="GTC", goodAfterTime="20260615 12:00:00 US/Eastern")
        )
        changed = await place(ib, limit(90.0, tif="GTC"))
        family = ib.bracketOrder("BUY", 100, 103.0, 103.0, 96.5, tif="GTC")
        family.parent.goodAfterTime = "20260615 12:00:00 US/Eastern"
        parent, target, stop = [await place(ib, order) for order in family]
        await harness.advance(NOON)
        changed.order.lmtPrice = 98.0
        ib.placeOrder(changed.contract, changed.order)
        later = MarketOrder("BUY", 100, tif="GTC")
        later.conditions = [PriceCondition(conId=ACME, exch="SMART", price=103.0)]
        conditional = await place(ib, later)
        await harness.advance(CLOSE)
        assert status(parent) == "Filled"
        waiting = (waits, changed, target, stop, conditional)
        assert [status(trade) for trade in waiting] == ["PreSubmitted"] * 5

    run_scenario(tmp_path, scenario, at=OPEN)
