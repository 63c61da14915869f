"""Whatever a client asks, two worlds that only part later must answer with the same bytes."""

from datetime import date, timedelta

import pytest

from simulator.market.benchmarks import FUND, INDEX
from simulator.prices.market_view import MarketView
from simulator.tws.queries.scans import SCANS
from tests.simulator.gateway_harness import run_scenario
from tests.simulator.tiny_market import (
    ACME,
    BEFORE_OPEN,
    BOLT,
    CALM,
    CLOSE,
    DUAL,
    MONDAY,
    OPEN,
    TUESDAY,
    TinyMarket,
    market_order,
    split,
)

WILD = (9.0, 9_000.0, 0.01, 777.0, 987_654_321)
LATER = {(con_id, TUESDAY): WILD for con_id in (ACME, BOLT, CALM, DUAL)}
# The opens of TinyMarket's Monday, with another high, low, close and volume.
IN_SESSION = {
    (con_id, MONDAY): (opened, *WILD[1:])
    for con_id, opened in ((ACME, 100.0), (BOLT, 50.0), (CALM, 20.0), (DUAL, 10.0))
}
OPTION = (
    MarketView(TinyMarket())
    .securities.option(ACME, date(2026, 7, 17), 100.0, "C", day=MONDAY)
    .con_id
)
NOW = "20260612-20:00:00"


def contract(con_id):
    return (con_id, "", "", "", 0.0, "", "", "SMART", "", "", "", "")


def questions():
    """Return requests for everything the gateway knows of prices, each with its last answer."""
    yield (61, 1), "62"
    yield (6, 2, 1, ""), "54"
    yield (62, 1, 2, "All", "NetLiquidation,InitMarginReq,$LEDGER"), "64"
    for number, con_id in enumerate((ACME, BOLT, CALM, DUAL), start=10):
        yield (9, 8, number, *contract(con_id), 0, "", "", ""), "52"
        yield (1, 11, number, *contract(con_id), 0, "", 1, 0, ""), "57"
        yield history(number, con_id, end="20991231 16:00:00"), "17"
        yield (87, number, *contract(con_id), 0, 1, "TRADES", 1), "88"
        yield history(number, con_id, end="20991231 16:00:00", size="1 hour", span="3 D"), "17"
        yield (96, number, *contract(con_id), 0, "", NOW, 20, "TRADES", 1, 0, ""), "98"
        yield (88, number, *contract(con_id), 0, 1, "2 days"), "89"
        yield (10, 5, number, *contract(con_id), 1, 0, ""), "12"
        yield (11, 1, number, 0), None
    yield (78, 70, "ACME", "", "STK", ACME), "76"
    for number, con_id in enumerate((OPTION, INDEX, FUND), start=40):
        yield (9, 8, number, *contract(con_id), 0, "", "", ""), "52"
        yield (1, 11, number, *contract(con_id), 0, "", 1, 0, ""), "57"
        yield history(number, con_id, end="", span="5 D"), "17"
    for number, code in enumerate(sorted(SCANS), start=20):
        yield (22, number, 50, "STK", "STK.US.MAJOR", code, *[""] * 17, "", ""), "20"
        yield (23, 1, number), None
    yield (7, 3, 30, 0, "", "", "", "", "", ""), "55"
    yield (16, 1), "53"
    yield (99, 0), "102"


def history(number, con_id, *, end, size="1 day", span="1 Y"):
    asked = (end, size, span, 1, "TRADES", 1, 0, "")
    return (20, number, *contract(con_id), 0, *asked)


def everything_known(folder, market, at):
    heard = []

    async def scenario(harness):
        broker = harness.gateway.broker
        broker.place(market_order(ACME, 300), order_id=1, client_id=1)
        broker.place(market_order(BOLT, 10), order_id=2, client_id=1)
        await harness.gateway.advance_to(at)
        wire = await harness.started()
        for request, last in questions():
            wire.send(*request)
            answer = [last] if last is None else []
            while answer[:1] != [last]:
                answer = await wire.receive()
                heard.append(answer)

    run_scenario(folder, scenario, market=market)
    return heard


@pytest.mark.parametrize(
    ("at", "future"),
    [
        (BEFORE_OPEN, LATER | IN_SESSION),
        (OPEN - timedelta(seconds=1), LATER | IN_SESSION | {(ACME, MONDAY): WILD}),
        (OPEN, LATER | IN_SESSION),
        # In the session its path is known as it goes: see test_market_running_session.py.
        (CLOSE - timedelta(seconds=1), LATER),
        (CLOSE, LATER),
        (CLOSE + timedelta(hours=4), LATER),
    ],
)
def test_nothing_served_depends_on_what_comes_later(tmp_path, at, future):
    parted = TinyMarket(future, splits={ACME: [split(7.0)]})
    served = everything_known(tmp_path / "usual", TinyMarket(), at)
    assert served == everything_known(tmp_path / "parted", parted, at)
    assert not [answer for answer in served if answer[0] == "4"]


def test_from_the_close_on_the_worlds_can_be_told_apart(tmp_path):
    served = everything_known(tmp_path / "usual", TinyMarket(), CLOSE)
    assert served != everything_known(tmp_path / "parted", TinyMarket(IN_SESSION), CLOSE)
