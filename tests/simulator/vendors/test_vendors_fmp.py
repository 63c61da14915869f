from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from simulator.clock import VirtualClock
from simulator.vendors import build_vendors
from tests.simulator.synthetic_markets import synthetic_market
from tests.simulator.vendors.fmp_client import NOW, FmpClient, Stopped

YESTERDAY = date(2026, 6, 12)  # the session before Monday the 15th
BULK = ("ratios-ttm-bulk", "key-metrics-ttm-bulk", "scores-bulk")
ASKED = (
    "sp500-constituent",
    *BULK,
    "income-statement-growth-bulk?year=2025&period=FY",
    "treasury-rates",
    "historical-price-eod/light?symbol=^VIX",
)


@pytest.mark.parametrize("path", ASKED)
def test_without_a_key_nothing_is_served(vendors, path):
    answer = vendors.get(path)
    assert answer.status_code == 401
    assert answer.json()["Error Message"].startswith("Invalid API KEY.")


def test_the_key_may_come_in_a_header(market):
    client = TestClient(build_vendors(market, VirtualClock(NOW)))
    answer = client.get("/stable/sp500-constituent", headers={"apikey": "any"})
    assert answer.status_code == 200


def test_the_constituents_are_the_index_members_of_the_day(market, vendors):
    rows = vendors.rows("sp500-constituent")
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
        rows = FmpClient(market, noon + timedelta(days=days)).rows("sp500-constituent")
        assert (late.symbol in {row["symbol"] for row in rows}) is expected


def test_a_stock_that_has_stopped_trading_is_no_constituent():
    assert [row["symbol"] for row in FmpClient(Stopped()).rows("sp500-constituent")] == ["ALIVE"]
    in_april = FmpClient(Stopped(), NOW - timedelta(days=50)).rows("sp500-constituent")
    assert [row["symbol"] for row in in_april] == ["ALIVE", "GONE"]


def test_a_quote_is_of_the_last_closed_session(market, vendors):
    symbol = vendors.rows("sp500-constituent")[0]["symbol"]
    instrument = next(i for i in market.instruments if i.symbol == symbol)
    bar, before = market.bar(instrument.con_id, YESTERDAY), date(2026, 6, 11)
    (quote,) = vendors.rows("batch-quote", symbols=symbol)
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


def test_quotes_leave_out_what_is_unknown_or_never_traded(market, vendors):
    never = next(
        i.symbol for i in market.instruments if not market.bars(i.con_id, until=market.last_session)
    )
    some = vendors.rows("sp500-constituent")[0]["symbol"]
    quotes = vendors.rows("batch-quote", symbols=f"{some},{never},XXXXX")
    assert [quote["symbol"] for quote in quotes] == [some]


def test_ratios_agree_with_price_and_market_value(market, vendors):
    ratios = {row["symbol"]: row for row in vendors.rows("ratios-ttm-bulk")}
    metrics = {row["symbol"]: row for row in vendors.rows("key-metrics-ttm-bulk")}
    scores = {row["symbol"]: row for row in vendors.rows("scores-bulk")}
    assert ratios.keys() == metrics.keys() == scores.keys()
    assert len(ratios) > 50
    checked = 0
    for quote in vendors.rows("batch-quote", symbols=",".join(ratios)):
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
    vendors = FmpClient(synthetic_market(7, 250))
    ratios = pd.DataFrame(vendors.rows("ratios-ttm-bulk")).set_index("symbol")
    ratios = ratios.apply(pd.to_numeric)
    assert 10 < ratios["priceToEarningsRatioTTM"].median() < 35
    assert 1 < ratios["priceToBookRatioTTM"].median() < 6
    assert ratios["dividendYieldTTM"].between(0, 0.3).sum() > 120
    missing = ratios.isna().mean()
    assert 0.1 < missing["dividendYieldTTM"] < 0.4
    assert 0 < missing["priceToEarningsRatioTTM"] < 0.1
    scores = pd.DataFrame(vendors.rows("scores-bulk"))
    piotroski = pd.to_numeric(scores["piotroskiScore"]).dropna()
    assert piotroski.between(0, 9).all()
    assert piotroski.nunique() > 6
    growth = vendors.rows("income-statement-growth-bulk", year="2025", period="FY")
    assert len(growth) > 230
    assert abs(np.median([float(row["growthRevenue"]) for row in growth])) < 0.25


def test_earnings_stand_still_between_reports_and_move_with_them(market):
    vendors = FmpClient(market, datetime(2026, 3, 2, 12, tzinfo=UTC))
    seen = {}
    for _ in range(20):
        for row in vendors.rows("ratios-ttm-bulk"):
            seen.setdefault(row["symbol"], []).append(row["netIncomePerShareTTM"])
        vendors.clock.advance_to(vendors.clock.now() + timedelta(days=7))
    changes = [sum(a != b for a, b in pairwise(v)) for v in seen.values()]
    assert min(changes) >= 1
    assert max(changes) <= 4


def test_a_year_is_not_known_before_it_was_reported(market):
    asked = {"year": "2025", "period": "FY"}
    for now, expected in (
        (datetime(2025, 12, 31, 12, tzinfo=UTC), 0),
        (datetime(2026, 6, 15, 12, tzinfo=UTC), 50),
    ):
        rows = FmpClient(market, now).rows("income-statement-growth-bulk", **asked)
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
def test_a_question_that_cannot_be_answered_is_told_so(vendors, query, said):
    answer = vendors.get("income-statement-growth-bulk", **(query or {"": ""}))
    assert answer.status_code == 400
    assert said in answer.json()["Error Message"]


def test_a_bad_date_is_told_so(vendors):
    answer = vendors.get("treasury-rates", **{"from": "June"})
    assert answer.status_code == 400
    assert "from=June" in answer.json()["Error Message"]


def test_an_instruments_own_history_is_served_newest_first(market, vendors):
    instrument = next(i for i in market.instruments if market.bar(i.con_id, YESTERDAY))
    rows = vendors.rows(
        "historical-price-eod/light",
        symbol=instrument.symbol,
        **{"from": "2026-06-01", "to": "2026-06-30"},
    )
    assert rows[0]["date"] == "2026-06-12"
    assert rows[-1]["date"] == "2026-06-01"
    assert rows[0]["price"] == market.bar(instrument.con_id, YESTERDAY).close
    assert set(rows[0]) == {"symbol", "date", "price", "volume"}


def test_an_unknown_symbol_has_an_empty_history(vendors):
    assert vendors.rows("historical-price-eod/light", symbol="NOSUCH") == []


def test_the_london_listing_is_not_the_new_york_one(market, vendors):
    twice = [i for i in market.instruments if i.member_since is None]
    in_new_york = next(i for i in twice if i.currency == "USD")
    (quote,) = vendors.rows("batch-quote", symbols=in_new_york.symbol)
    assert quote["price"] == market.bar(in_new_york.con_id, YESTERDAY).close


@settings(max_examples=12)
@given(days=st.integers(0, 1500), hour=st.integers(0, 23))
def test_no_date_after_the_clock_is_ever_served(market, days, hour):
    now = datetime(2022, 1, 10, hour, tzinfo=UTC) + timedelta(days=days)
    vendors = FmpClient(market, now)
    symbol = market.instruments[0].symbol
    dated = [
        *vendors.rows("treasury-rates"),
        *(row for gauge in ("^VIX", "CLUSD", "BZUSD", "EURUSD", "SPY", symbol)
          for row in vendors.rows("historical-price-eod/light", symbol=gauge)),
        *vendors.rows("income-statement-growth-bulk", year=str(now.year), period="FY"),
    ]  # fmt: skip
    assert all(date.fromisoformat(row["date"]) <= now.date() for row in dated)
    members = vendors.rows("sp500-constituent")
    assert all(row["dateFirstAdded"] <= now.date().isoformat() for row in members)
    quotes = vendors.rows("batch-quote", symbols=",".join(row["symbol"] for row in members[:5]))
    assert all(quote["timestamp"] <= now.timestamp() for quote in quotes)


@pytest.mark.parametrize("path", ASKED)
def test_the_same_clock_and_seed_give_the_same_bytes(market, path):
    assert FmpClient(market).raw(path) == FmpClient(market).raw(path)
