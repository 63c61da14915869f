import csv
import io
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from core.errors import ConfigurationError, DataError
from simulator.clock import VirtualClock
from simulator.market.bars_file import BarsFileMarket
from simulator.market.market import DailyBar, Instrument
from simulator.market.synthetic import SyntheticMarket
from simulator.vendors import build_vendors

SHARED = Path(__file__).resolve().parents[3] / "../shared/data"
NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)
YESTERDAY = date(2026, 6, 12)  # the session before Monday the 15th
KEY = {"apikey": "any"}
BULK = ("ratios-ttm-bulk", "key-metrics-ttm-bulk", "scores-bulk")
ASKED = (
    "sp500-constituent",
    *BULK,
    "income-statement-growth-bulk?year=2025&period=FY",
    "treasury-rates",
    "historical-price-eod/light?symbol=^VIX",
)


@pytest.fixture(scope="module")
def market():
    return SyntheticMarket(7, 60)


class Desk:
    """A client of the vendors of one market."""

    def __init__(self, market, now=NOW, **files):
        self.clock = VirtualClock(now)
        self._client = TestClient(build_vendors(market, self.clock, seed=7, **files))

    def get(self, path, **query):
        return self._client.get(f"/stable/{path}", params={**KEY, **query} if query else None)

    def raw(self, path):
        joint = "&" if "?" in path else "?"
        return self._client.get(f"/stable/{path}{joint}apikey=any").content

    def rows(self, path, **query):
        answer = self._client.get(f"/stable/{path}", params=KEY | query)
        assert answer.status_code == 200, answer.text
        if answer.headers["content-type"].startswith("text/csv"):
            return list(csv.DictReader(io.StringIO(answer.text)))
        return answer.json()


@pytest.fixture(scope="module")
def desk(market):
    return Desk(market)


@pytest.mark.parametrize("path", ASKED)
def test_without_a_key_nothing_is_served(desk, path):
    answer = desk.get(path)
    assert answer.status_code == 401
    assert answer.json()["Error Message"].startswith("Invalid API KEY.")


def test_the_key_may_come_in_a_header(market):
    client = TestClient(build_vendors(market, VirtualClock(NOW)))
    answer = client.get("/stable/sp500-constituent", headers={"apikey": "any"})
    assert answer.status_code == 200


def test_the_constituents_are_the_index_members_of_the_day(market, desk):
    rows = desk.rows("sp500-constituent")
    members = {
        i.symbol for i in market.instruments if i.member_since and i.member_since < NOW.date()
    }
    assert {row["symbol"] for row in rows} == members
    assert [row["symbol"] for row in rows] == sorted(row["symbol"] for row in rows)
    assert set(rows[0]) == {
        "symbol", "name", "sector", "subSector", "headQuarter", "dateFirstAdded", "cik", "founded",
    }  # fmt: skip
    assert {row["sector"] for row in rows} >= {"Technology", "Healthcare", "Financial Services"}


def test_a_late_member_is_not_named_before_its_day(market):
    late = max((i for i in market.instruments if i.member_since), key=lambda i: i.member_since)
    noon = datetime.combine(late.member_since, datetime.min.time(), UTC).replace(hour=12)
    for days, expected in ((0, False), (4, True)):
        rows = Desk(market, noon + timedelta(days=days)).rows("sp500-constituent")
        assert (late.symbol in {row["symbol"] for row in rows}) is expected


class Stopped:
    """A market with one stock that trades and one that has stopped."""

    world_id, title = "0123456789ab", "two stocks"
    assumed_spread = None
    first_session, last_session = date(2026, 3, 2), date(2026, 6, 12)
    instruments = tuple(
        Instrument(con_id=n, symbol=s, name=s, member_since=date(2026, 3, 2))
        for n, s in ((1, "ALIVE"), (2, "GONE"))
    )

    def bars(self, con_id, *, until):
        last = {1: date(2026, 6, 12), 2: date(2026, 5, 1)}[con_id]
        days = pd.bdate_range(self.first_session, min(last, until))
        return [DailyBar(day.date(), 10.0, 11.0, 9.0, 10.0, 1000) for day in days]

    def bar(self, con_id, session):
        return next((b for b in self.bars(con_id, until=session) if b.session == session), None)

    def splits(self, con_id):
        return ()


def test_a_stock_that_has_stopped_trading_is_no_constituent():
    assert [row["symbol"] for row in Desk(Stopped()).rows("sp500-constituent")] == ["ALIVE"]
    in_april = Desk(Stopped(), NOW - timedelta(days=50)).rows("sp500-constituent")
    assert [row["symbol"] for row in in_april] == ["ALIVE", "GONE"]


def test_a_quote_is_of_the_last_closed_session(market, desk):
    symbol = desk.rows("sp500-constituent")[0]["symbol"]
    instrument = next(i for i in market.instruments if i.symbol == symbol)
    bar, before = market.bar(instrument.con_id, YESTERDAY), date(2026, 6, 11)
    (quote,) = desk.rows("batch-quote", symbols=symbol)
    assert quote["price"] == bar.close
    assert quote["previousClose"] == market.bar(instrument.con_id, before).close
    assert quote["change"] == pytest.approx(quote["price"] - quote["previousClose"])
    assert quote["changePercentage"] == pytest.approx(
        100 * (quote["price"] / quote["previousClose"] - 1), abs=1e-4
    )
    assert (quote["dayLow"], quote["dayHigh"], quote["open"]) == (bar.low, bar.high, bar.open)
    assert quote["yearLow"] <= quote["dayLow"] <= quote["dayHigh"] <= quote["yearHigh"]
    assert datetime.fromtimestamp(quote["timestamp"], UTC) == datetime(2026, 6, 12, 20, tzinfo=UTC)
    assert quote["marketCap"] > 1e8


def test_quotes_leave_out_what_is_unknown_or_never_traded(market, desk):
    never = next(
        i.symbol for i in market.instruments if not market.bars(i.con_id, until=market.last_session)
    )
    some = desk.rows("sp500-constituent")[0]["symbol"]
    quotes = desk.rows("batch-quote", symbols=f"{some},{never},XXXXX")
    assert [quote["symbol"] for quote in quotes] == [some]


def test_ratios_agree_with_price_and_market_value(market, desk):
    ratios = {row["symbol"]: row for row in desk.rows("ratios-ttm-bulk")}
    metrics = {row["symbol"]: row for row in desk.rows("key-metrics-ttm-bulk")}
    scores = {row["symbol"]: row for row in desk.rows("scores-bulk")}
    assert ratios.keys() == metrics.keys() == scores.keys()
    assert len(ratios) > 50
    checked = 0
    for quote in desk.rows("batch-quote", symbols=",".join(ratios)):
        row = ratios[quote["symbol"]]
        if row["priceToEarningsRatioTTM"]:
            implied = float(row["priceToEarningsRatioTTM"]) * float(row["netIncomePerShareTTM"])
            assert implied == pytest.approx(quote["price"], rel=1e-4)
            checked += 1
        sales = float(scores[quote["symbol"]]["revenue"]) * float(row["priceToSalesRatioTTM"])
        assert sales == pytest.approx(quote["marketCap"], rel=1e-4)
        assert float(metrics[quote["symbol"]]["marketCap"]) == quote["marketCap"]
    assert checked > 40


def test_fundamentals_are_plausible_and_sometimes_missing(market):
    desk = Desk(SyntheticMarket(7, 250))
    ratios = pd.DataFrame(desk.rows("ratios-ttm-bulk")).set_index("symbol")
    ratios = ratios.apply(pd.to_numeric)
    assert 10 < ratios["priceToEarningsRatioTTM"].median() < 35
    assert 1 < ratios["priceToBookRatioTTM"].median() < 6
    assert ratios["dividendYieldTTM"].between(0, 0.3).sum() > 120
    missing = ratios.isna().mean()
    assert 0.1 < missing["dividendYieldTTM"] < 0.4
    assert 0 < missing["priceToEarningsRatioTTM"] < 0.1
    scores = pd.DataFrame(desk.rows("scores-bulk"))
    piotroski = pd.to_numeric(scores["piotroskiScore"]).dropna()
    assert piotroski.between(0, 9).all()
    assert piotroski.nunique() > 6
    growth = desk.rows("income-statement-growth-bulk", year="2025", period="FY")
    assert len(growth) > 230
    assert abs(np.median([float(row["growthRevenue"]) for row in growth])) < 0.25


def test_earnings_stand_still_between_reports_and_move_with_them(market):
    desk = Desk(market, datetime(2026, 3, 2, 12, tzinfo=UTC))
    seen = {}
    for _ in range(20):
        for row in desk.rows("ratios-ttm-bulk"):
            seen.setdefault(row["symbol"], []).append(row["netIncomePerShareTTM"])
        desk.clock.advance_to(desk.clock.now() + timedelta(days=7))
    changes = [sum(a != b for a, b in pairwise(v)) for v in seen.values()]
    assert min(changes) >= 1
    assert max(changes) <= 4


def test_a_year_is_not_known_before_it_was_reported(market):
    asked = {"year": "2025", "period": "FY"}
    for now, expected in (
        (datetime(2025, 12, 31, 12, tzinfo=UTC), 0),
        (datetime(2026, 6, 15, 12, tzinfo=UTC), 50),
    ):
        rows = Desk(market, now).rows("income-statement-growth-bulk", **asked)
        december = [row for row in rows if row["date"] == "2025-12-31"]
        assert bool(december) is bool(expected)
        assert len(rows) >= expected
        assert all(date.fromisoformat(row["date"]) < now.date() for row in rows)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "year is missing"),
        ({"year": "20x5", "period": "FY"}, "not a year"),
        ({"year": "2025"}, "period is missing"),
        ({"year": "2025", "period": "Q1"}, "whole years only"),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_so(desk, query, said):
    answer = desk.get("income-statement-growth-bulk", **(query or {"": ""}))
    assert answer.status_code == 400
    assert said in answer.json()["Error Message"]


def test_a_bad_date_is_told_so(desk):
    answer = desk.get("treasury-rates", **{"from": "June"})
    assert answer.status_code == 400
    assert "from=June" in answer.json()["Error Message"]


def test_an_instruments_own_history_is_served_newest_first(market, desk):
    instrument = next(i for i in market.instruments if market.bar(i.con_id, YESTERDAY))
    rows = desk.rows(
        "historical-price-eod/light",
        symbol=instrument.symbol,
        **{"from": "2026-06-01", "to": "2026-06-30"},
    )
    assert rows[0]["date"] == "2026-06-12"
    assert rows[-1]["date"] == "2026-06-01"
    assert rows[0]["price"] == market.bar(instrument.con_id, YESTERDAY).close
    assert set(rows[0]) == {"symbol", "date", "price", "volume"}


def test_an_unknown_symbol_has_an_empty_history(desk):
    assert desk.rows("historical-price-eod/light", symbol="NOSUCH") == []


def test_the_london_listing_is_not_the_new_york_one(market, desk):
    twice = [i for i in market.instruments if i.member_since is None]
    in_new_york = next(i for i in twice if i.currency == "USD")
    (quote,) = desk.rows("batch-quote", symbols=in_new_york.symbol)
    assert quote["price"] == market.bar(in_new_york.con_id, YESTERDAY).close


@settings(max_examples=12)
@given(days=st.integers(0, 1500), hour=st.integers(0, 23))
def test_no_date_after_the_clock_is_ever_served(market, days, hour):
    now = datetime(2022, 1, 10, hour, tzinfo=UTC) + timedelta(days=days)
    desk = Desk(market, now)
    symbol = market.instruments[0].symbol
    dated = [
        *desk.rows("treasury-rates"),
        *(row for gauge in ("^VIX", "CLUSD", "BZUSD", "EURUSD", "SPY", symbol)
          for row in desk.rows("historical-price-eod/light", symbol=gauge)),
        *desk.rows("income-statement-growth-bulk", year=str(now.year), period="FY"),
    ]  # fmt: skip
    assert all(date.fromisoformat(row["date"]) <= now.date() for row in dated)
    members = desk.rows("sp500-constituent")
    assert all(row["dateFirstAdded"] <= now.date().isoformat() for row in members)
    quotes = desk.rows("batch-quote", symbols=",".join(row["symbol"] for row in members[:5]))
    assert all(quote["timestamp"] <= now.timestamp() for quote in quotes)


@pytest.mark.parametrize("path", ASKED)
def test_the_same_clock_and_seed_give_the_same_bytes(market, path):
    assert Desk(market).raw(path) == Desk(market).raw(path)


def a_fundamentals_file(tmp_path, **changes):
    columns = {
        "symbol": ["AAA", "BRK.B", "AAA"],
        "price_earnings": [10.0, np.nan, 11.0],
        "dividend_yield": [0.02, np.nan, 0.03],
        "earnings_share": [1.0, 2.0, 1.1],
        "market_cap": [1e9, 2e9, 1.1e9],
        "ebitda": [1e8, 3e8, 1.3e8],
        "price_sales": [2.0, 3.0, 2.1],
        "price_book": [1.5, 2.5, 1.6],
        "as_of": ["2026-06-12T20:30:00+00:00"] * 2 + ["2026-06-15T12:00:00+00:00"],
    }
    frame = pd.DataFrame(columns | changes)
    frame = frame.drop(columns=[name for name, value in changes.items() if value is None])
    frame.to_parquet(tmp_path / "fundamentals.parquet")
    return tmp_path / "fundamentals.parquet"


def test_recorded_fundamentals_are_the_newest_at_the_clock(market, tmp_path):
    desk = Desk(market, fundamentals=a_fundamentals_file(tmp_path))
    rows = {row["symbol"]: row for row in desk.rows("ratios-ttm-bulk")}
    assert rows.keys() == {"AAA", "BRK-B"}
    assert float(rows["AAA"]["priceToEarningsRatioTTM"]) == 10.0
    assert rows["BRK-B"]["priceToEarningsRatioTTM"] == ""
    desk.clock.advance_to(NOW + timedelta(hours=2))
    (row,) = desk.rows("ratios-ttm-bulk")
    assert float(row["priceToEarningsRatioTTM"]) == 11.0


def test_recorded_ebitda_comes_back_from_enterprise_value_over_its_multiple(market, tmp_path):
    rows = Desk(market, fundamentals=a_fundamentals_file(tmp_path)).rows("key-metrics-ttm-bulk")
    back = [float(row["enterpriseValueTTM"]) / float(row["evToEBITDATTM"]) for row in rows]
    assert back == pytest.approx([1e8, 3e8])


def test_before_the_first_record_there_is_a_header_and_no_row(market, tmp_path):
    desk = Desk(market, NOW - timedelta(days=9), fundamentals=a_fundamentals_file(tmp_path))
    assert desk.rows("ratios-ttm-bulk") == []
    assert desk.raw("ratios-ttm-bulk").startswith(b"symbol,")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ebitda": None, "price_book": None}, r"no column \['price_book', 'ebitda'\]"),
        ({"as_of": ["yesterday"] * 3}, "'as_of' holds no times"),
    ],
)
def test_a_wrong_fundamentals_file_is_refused(market, tmp_path, changes, said):
    with pytest.raises(DataError, match=said):
        Desk(market, fundamentals=a_fundamentals_file(tmp_path, **changes))


def test_a_missing_fundamentals_file_is_named(market, tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.parquet"):
        Desk(market, fundamentals=tmp_path / "nowhere.parquet")


class WithFund(Stopped):
    """A market in which a fund of the index trades."""

    instruments = (*Stopped.instruments, Instrument(con_id=1, symbol="SPY", name="SPY"))


def test_a_fund_that_trades_is_not_invented_as_well():
    rows = Desk(WithFund()).rows("historical-price-eod/light", symbol="SPY")
    assert {row["price"] for row in rows} == {10.0}
    assert {row["volume"] for row in rows} == {1000}


@pytest.mark.real_data
def test_the_real_files_feed_the_vendors():
    if not SHARED.is_dir():
        pytest.skip("no real data beside the checkout")
    market = BarsFileMarket(
        SHARED / "sp500_daily_2025_2026_yahoo.parquet", SHARED / "sp500_constituents_2026-08.csv"
    )
    desk = Desk(
        market,
        fundamentals=SHARED / "sp500_fundamentals_pit_daily_2026.parquet",
        macro=SHARED / "macro_daily_1990_2026.parquet",
    )
    members = {row["symbol"] for row in desk.rows("sp500-constituent")}
    assert len(members) >= 500
    assert "BRK-B" in members
    ratios = {row["symbol"]: row for row in desk.rows("ratios-ttm-bulk")}
    assert len(members & ratios.keys()) > 450
    assert "BRK-B" in ratios
    vix = desk.rows("historical-price-eod/light", symbol="^VIX", **{"from": "2026-06-01"})
    assert vix[0] == {"symbol": "^VIX", "date": "2026-06-12", "price": 17.68, "volume": 0}
    quotes = desk.rows("batch-quote", symbols="AAPL,BRK-B")
    assert [quote["symbol"] for quote in quotes] == ["AAPL", "BRK-B"]
