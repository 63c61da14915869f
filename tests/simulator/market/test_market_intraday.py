from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calendar import session
from simulator.clock import NEW_YORK
from simulator.market.market import DailyBar, Dividend
from simulator.prices.bar_kinds import without_dividends
from simulator.prices.bar_sizes import BAR_SIZES, SECONDS, Paths, longer_bars
from simulator.prices.intraday import MINUTE, TimedBar, cut, join
from tests.simulator.tiny_market import ACME, MONDAY

HALF_DAY = date(2026, 11, 27)
BAR = DailyBar(MONDAY, 100.0, 104.0, 96.0, 102.0, 5_000_001)
PATHS = Paths(ACME, 0.01)


@st.composite
def daily_bars(draw):
    prices = sorted(draw(st.lists(st.integers(1, 50_000), min_size=4, max_size=4)))
    opened, closed = draw(st.permutations(prices[1:3]))
    low, high = prices[0] / 100, prices[3] / 100
    return DailyBar(MONDAY, opened / 100, high, low, closed / 100, draw(st.integers(0, 10**9)))


@given(daily_bars(), st.sampled_from(["1 min", "5 mins", "30 mins", "1 hour", "8 hours"]))
@settings(max_examples=80)
def test_bars_of_a_day_make_up_its_daily_bar_exactly(daily, size):
    bars = PATHS.bars(daily, size)
    whole = join(bars)
    assert whole[1:] == daily[1:]
    for bar in bars:
        assert daily.low <= bar.low <= min(bar.open, bar.close)
        assert max(bar.open, bar.close) <= bar.high <= daily.high
        assert bar.volume >= 0


def test_each_bar_opens_where_the_one_before_closed():
    bars = PATHS.bars(BAR, "1 min")
    assert [bar.open for bar in bars[1:]] == [bar.close for bar in bars[:-1]]
    assert len(bars) == 390


@pytest.mark.parametrize(("smaller", "larger"), [("1 secs", "1 min"), ("5 mins", "1 hour")])
def test_longer_bars_are_made_of_shorter_ones(smaller, larger):
    since = session(MONDAY).close - timedelta(hours=1)
    pieces = PATHS.bars(BAR, smaller, since=since)
    for bar in PATHS.bars(BAR, larger, since=since):
        end = bar.begin + timedelta(seconds=SECONDS[larger])
        inside = [piece for piece in pieces if bar.begin <= piece.begin < end]
        assert join(inside) == bar


def test_the_first_hour_of_the_day_ends_at_ten_and_bars_start_on_the_clock():
    begins = [f"{bar.begin.astimezone(NEW_YORK):%H:%M}" for bar in PATHS.bars(BAR, "1 hour")]
    assert begins == ["09:30", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00"]


def test_a_half_day_has_half_the_bars():
    bars = PATHS.bars(BAR._replace(session=HALF_DAY), "1 min")
    assert len(bars) == 210
    assert join(bars)[1:] == BAR[1:]


def test_the_same_bar_has_the_same_path_and_another_contract_another():
    assert PATHS.bars(BAR, "5 mins") == Paths(ACME, 0.01).bars(BAR, "5 mins")
    assert PATHS.bars(BAR, "5 mins") != Paths(ACME + 1, 0.01).bars(BAR, "5 mins")


def test_a_bar_without_any_move_stays_where_it_is():
    still = TimedBar(session(MONDAY).open, 5.0, 5.0, 5.0, 5.0, 60)
    parts = cut(still, 60, MINUTE, tick=0.01, key="still")
    assert {part[1:5] for part in parts} == {(5.0, 5.0, 5.0, 5.0)}
    assert sum(part.volume for part in parts) == 60


def test_weeks_and_months_join_their_days():
    days = [
        DailyBar(date(2026, 5, 28), 1.0, 2.0, 0.5, 1.5, 10),
        DailyBar(date(2026, 5, 29), 1.5, 3.0, 1.0, 2.0, 20),
        DailyBar(date(2026, 6, 1), 2.0, 2.5, 0.4, 1.0, 30),
    ]
    weeks, months = (longer_bars(days, size) for size in ("1 week", "1 month"))
    assert weeks == [DailyBar(date(2026, 5, 29), 1.0, 3.0, 0.5, 2.0, 30), days[2]]
    assert months == weeks


def test_a_dividend_lowers_everything_before_it_by_its_share_of_the_close():
    bars = [DailyBar(date(2026, 6, day), 100.0, 100.0, 100.0, 100.0, 1) for day in (11, 12)]
    paid = Dividend(date(2026, 6, 12), date(2026, 6, 26), 5.0)
    adjusted = without_dividends(bars, [paid])
    assert [bar.close for bar in adjusted] == [95.0, 100.0]


def test_every_size_tws_knows_is_known():
    assert len(BAR_SIZES) == 21
