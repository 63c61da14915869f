"""A session while it runs: what is known of it is what its path has come to, and nothing more."""

from datetime import date, timedelta

import numpy as np
import pytest

from core.types import Side
from simulator.broker.valuation import value
from simulator.instruments.futures import con_id_of
from simulator.market.benchmarks import FUND, INDEX
from simulator.prices.bar_sizes import SECONDS
from simulator.prices.intraday import join
from simulator.prices.market_view import MarketView
from simulator.prices.quotes import quote
from tests.simulator.derivatives import TradingDesk
from tests.simulator.tiny_market import (
    ACME,
    CLOSE,
    MONDAY,
    OPEN,
    TinyMarket,
    limit_order,
    market_order,
)

VIEW = MarketView(TinyMarket())
MOMENTS = [timedelta(seconds=1), timedelta(minutes=61, seconds=7), timedelta(hours=6, minutes=29)]
CALL, PUT = (
    VIEW.securities.option(ACME, date(2026, 7, 17), 100.0, right, day=MONDAY).con_id
    for right in "CP"
)
FUTURE = con_id_of(date(2026, 9, 18))


def whole(con_id, size):
    """Return the bars of the session once it has closed."""
    return VIEW.running_bars(con_id, CLOSE - timedelta(seconds=1), size)


@pytest.mark.parametrize("passed", MOMENTS)
@pytest.mark.parametrize("size", ["1 secs", "5 secs", "1 min", "1 hour"])
def test_bars_of_a_running_session_are_those_of_the_closed_one_cut_at_the_moment(passed, size):
    now, length = OPEN + passed, timedelta(seconds=SECONDS[size])
    seconds = [bar for bar in whole(ACME, "1 secs") if bar.begin < now]
    *complete, last = VIEW.running_bars(ACME, now, size)
    # An hour of the exchange begins on the clock, half an hour after the open.
    assert complete == [bar for bar in whole(ACME, size) if bar.begin < last.begin]
    assert last == join([bar for bar in seconds if bar.begin >= last.begin])
    assert last.begin < now <= last.begin + length
    assert VIEW.so_far(ACME, now)[1:] == join(seconds)[1:]


@pytest.mark.parametrize("passed", MOMENTS)
def test_the_quote_of_a_running_session_is_that_of_its_path(passed):
    now = OPEN + passed
    known, seconds = quote(VIEW, ACME, now), VIEW.running_bars(ACME, now, "1 secs")
    assert (known.last, known.open) == (seconds[-1].close, 100.0)
    assert known.high == max(bar.high for bar in seconds)
    assert known.low == min(bar.low for bar in seconds)
    assert known.volume == sum(bar.volume for bar in seconds)
    assert known.bid < known.last < known.ask


def test_a_session_ends_where_its_daily_bar_does():
    almost = VIEW.so_far(ACME, CLOSE - timedelta(seconds=1))
    bar = VIEW.closed_bar(ACME, MONDAY, CLOSE)
    assert (almost.high, almost.low) == (bar.high, bar.low)
    assert almost.close == pytest.approx(bar.close, abs=0.1)


def moves(con_id):
    return np.diff([bar.close for bar in whole(con_id, "1 min")])


@pytest.mark.parametrize(
    ("con_id", "leader", "least"),
    [(CALL, ACME, 0.9), (PUT, ACME, -0.9), (FUTURE, INDEX, 0.9), (FUND, INDEX, 0.9)],
)
def test_what_is_derived_goes_with_what_it_is_derived_from(con_id, leader, least):
    together = np.corrcoef(moves(con_id), moves(leader))[0, 1]
    assert together > least if least > 0 else together < least


def test_an_option_is_worth_what_exercising_it_is_worth_at_least():
    spots, calls = (whole(con_id, "5 mins") for con_id in (ACME, CALL))
    for spot, option in zip(spots, calls, strict=True):
        assert option.close > spot.close - 100.0 - 0.1


def test_a_market_order_pays_the_price_of_the_moment_and_the_account_is_valued_at_it(tmp_path):
    now = OPEN + timedelta(hours=3)
    desk = TradingDesk(tmp_path, now=now)
    desk.trade(market_order(ACME, 100))
    last = VIEW.so_far(ACME, now).close
    assert last != 100.0
    (execution,) = desk.exchange.executions
    assert 0 < execution.price - last < 0.05
    (row,) = value(desk.exchange).rows
    assert row.market_price == last


@pytest.mark.parametrize("side", Side)
def test_an_order_is_not_filled_by_a_price_that_was_before_it(tmp_path, side):
    sign = side.sign
    extremes = {bar.begin: bar.low if sign > 0 else bar.high for bar in whole(ACME, "1 min")}
    furthest = min(extremes, key=lambda begin: sign * extremes[begin])
    limit = round(extremes[furthest] + sign * 0.05, 2)
    filled = []
    for now in (OPEN, furthest + timedelta(minutes=30)):
        desk = TradingDesk(tmp_path / f"{now:%H%M}", now=now)
        order = desk.trade(limit_order(ACME, 10, limit, side=side))
        desk.exchange.advance_to(CLOSE)
        filled.append(desk.broker.exchange.orders[order.perm_id].filled)
    assert filled == [10, 0]


def test_where_bars_are_real_a_running_session_tells_its_open_only():
    class RealMarket(TinyMarket):
        assumed_spread = 0.001

    view, now = MarketView(RealMarket()), OPEN + timedelta(hours=3)
    assert view.running_bars(ACME, now, "1 min") == []
    assert view.so_far(ACME, now)[1:] == (100.0, 100.0, 100.0, 100.0, 0)
    assert view.mark(ACME, now) == 100.0
