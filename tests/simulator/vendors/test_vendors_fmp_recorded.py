from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import ConfigurationError, DataError
from simulator.market.bars_file import BarsFileMarket
from simulator.market.market import Instrument
from tests.simulator.vendors.fmp_client import NOW, FmpClient, Stopped

SHARED = Path(__file__).resolve().parents[3] / "../shared/data"


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
    vendors = FmpClient(market, fundamentals=a_fundamentals_file(tmp_path))
    rows = {row["symbol"]: row for row in vendors.rows("ratios-ttm-bulk")}
    assert rows.keys() == {"AAA", "BRK-B"}
    assert float(rows["AAA"]["priceToEarningsRatioTTM"]) == 10.0
    assert rows["BRK-B"]["priceToEarningsRatioTTM"] == ""
    vendors.clock.advance_to(NOW + timedelta(hours=2))
    (row,) = vendors.rows("ratios-ttm-bulk")
    assert float(row["priceToEarningsRatioTTM"]) == 11.0


def test_recorded_ebitda_comes_back_from_enterprise_value_over_its_multiple(market, tmp_path):
    rows = FmpClient(market, fundamentals=a_fundamentals_file(tmp_path)).rows(
        "key-metrics-ttm-bulk"
    )
    back = [float(row["enterpriseValueTTM"]) / float(row["evToEBITDATTM"]) for row in rows]
    assert back == pytest.approx([1e8, 3e8])


def test_before_the_first_record_there_is_a_header_and_no_row(market, tmp_path):
    vendors = FmpClient(market, NOW - timedelta(days=9), fundamentals=a_fundamentals_file(tmp_path))
    assert vendors.rows("ratios-ttm-bulk") == []
    assert vendors.raw("ratios-ttm-bulk").startswith(b"symbol,")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ebitda": None, "price_book": None}, r"no column \['price_book', 'ebitda'\]"),
        ({"as_of": ["yesterday"] * 3}, "'as_of' holds no times"),
    ],
)
def test_a_wrong_fundamentals_file_is_refused(market, tmp_path, changes, said):
    with pytest.raises(DataError, match=said):
        FmpClient(market, fundamentals=a_fundamentals_file(tmp_path, **changes))


def test_a_missing_fundamentals_file_is_named(market, tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.parquet"):
        FmpClient(market, fundamentals=tmp_path / "nowhere.parquet")


class WithFund(Stopped):
    """A market in which a fund of the index trades."""

    instruments = (*Stopped.instruments, Instrument(con_id=1, symbol="SPY", name="SPY"))


def test_a_fund_that_trades_is_not_invented_as_well():
    rows = FmpClient(WithFund()).rows("historical-price-eod/light", symbol="SPY")
    assert {row["price"] for row in rows} == {10.0}
    assert {row["volume"] for row in rows} == {1000}


@pytest.mark.real_data
def test_the_real_files_feed_the_vendors():
    if not SHARED.is_dir():
        pytest.skip("no real data beside the checkout")
    market = BarsFileMarket(
        SHARED / "sp500_daily_2025_2026_yahoo.parquet", SHARED / "sp500_constituents_2026-08.csv"
    )
    vendors = FmpClient(
        market,
        fundamentals=SHARED / "sp500_fundamentals_pit_daily_2026.parquet",
        macro=SHARED / "macro_daily_1990_2026.parquet",
    )
    members = {row["symbol"] for row in vendors.rows("sp500-constituent")}
    assert len(members) >= 500
    assert "BRK-B" in members
    ratios = {row["symbol"]: row for row in vendors.rows("ratios-ttm-bulk")}
    assert len(members & ratios.keys()) > 450
    assert "BRK-B" in ratios
    vix = vendors.rows("historical-price-eod/light", symbol="^VIX", **{"from": "2026-06-01"})
    assert vix[0] == {"symbol": "^VIX", "date": "2026-06-12", "price": 17.68, "volume": 0}
    quotes = vendors.rows("batch-quote", symbols="AAPL,BRK-B")
    assert [quote["symbol"] for quote in quotes] == ["AAPL", "BRK-B"]
