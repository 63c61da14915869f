"""The rules on a year of real bars: the damaged ones are found, the large real moves are not."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.calendar import session, sessions_between
from core.settings import QualitySettings
from signals.bar_quality import judge_bars
from signals.unexplained_jumps import unexplained_jumps
from signals.wide import wide_bars
from simulator.market.bars_table import read_bars
from tests.signals.bars_of_a_year import quotes_of, universe_of

FOLDER = Path(__file__).resolve().parents[3] / "shared/data"
STOCKS = FOLDER / "sp500_daily_2025_2026_yahoo.parquet"
FUNDS = FOLDER / "us_etfs_daily_2025_2026_yahoo.parquet"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not STOCKS.exists(), reason="no real market data beside the checkout"),
]


def bars_of(path):
    frame = read_bars(path).frame
    codes, _ = pd.factorize(frame["symbol"], sort=True)
    return frame.assign(con_id=codes + 1, session=frame["date"].dt.date).drop(columns="date")


@pytest.fixture(scope="module")
def stocks():
    return bars_of(STOCKS)


def judged(bars, day):
    known = bars[bars["session"] < day]
    quotes = quotes_of(known)
    return judge_bars(
        universe_of(known), quotes, known, as_of=session(day).decision_time,
        settings=QualitySettings(),
    )  # fmt: skip


def about(quality, symbol):
    found = [*quality.findings, *quality.spikes]
    return {(one.rule, one.suspect) for one in found if one.symbol == symbol}


def test_of_all_real_moves_only_the_damaged_bars_of_the_file_are_refused(stocks):
    symbols = stocks.drop_duplicates("con_id").set_index("con_id")["symbol"]
    table = wide_bars(stocks, sessions=400)
    moves = np.abs(np.log(table.closes[1:] / table.closes[:-1]))
    assert (moves > np.log1p(0.25)).sum() > 40
    refused = {symbols[jump.con_id] for jump in unexplained_jumps(table, max_jump=0.25)}
    assert refused == {"AZN", "HON"}
    assert unexplained_jumps(wide_bars(bars_of(FUNDS), sessions=400), max_jump=0.25) == []


@pytest.mark.parametrize(
    ("day", "symbol", "found"),
    [
        (date(2026, 4, 20), "HON", {("jump", True)}),
        (date(2026, 4, 21), "HON", {("jump", False)}),
        (date(2026, 4, 22), "HON", {("spike", False)}),
        (date(2026, 2, 3), "AZN", {("jump", True)}),
        (date(2026, 6, 25), "SATS", {("stale", False)}),
        (date(2026, 6, 11), "SMCI", set()),  # -28 % the day before
        (date(2025, 9, 11), "ORCL", set()),  # +36 %
        (date(2025, 10, 30), "FI", set()),  # -44 %
        (date(2026, 2, 9), "MSTR", set()),  # +26 %
    ],
)
def test_a_real_day_is_judged_by_what_was_true_of_it(stocks, day, symbol, found):
    assert about(judged(stocks, day), symbol) == found


def test_ordinary_real_days_lose_no_name_but_those_without_a_new_bar(stocks):
    for day in sessions_between(date(2025, 12, 1), date(2026, 8, 7))[::40]:
        quality = judged(stocks, day)
        assert {one.rule for one in quality.findings} <= {"stale", "jump"}
        assert {one.symbol for one in quality.findings if one.rule == "jump"} <= {"AZN"}
        assert not any(one.suspect for one in quality.findings)
