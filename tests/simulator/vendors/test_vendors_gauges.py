from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from simulator.clock import VirtualClock
from simulator.prices.market_view import MarketView
from simulator.vendors import build_vendors
from simulator.vendors.figures.gauges import EURUSD, SPY, VIX, WTI, released
from simulator.vendors.figures.gauges_invented import InventedGauges
from simulator.vendors.figures.gauges_recorded import RecordedGauges
from tests.simulator.synthetic_markets import synthetic_market

NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)


@pytest.fixture(scope="module")
def gauges():
    return InventedGauges(MarketView(synthetic_market(7, 60)), 7)


def a_macro_file(tmp_path, **changes):
    columns = {
        "date": pd.to_datetime(["2026-06-11", "2026-06-12", "2026-06-15"]),
        "vix": [20.0, 21.0, 22.0],
        "wti": [-36.98, np.nan, 80.0],
        "brent": [70.0, 71.0, 72.0],
        "eurusd": [1.1, 1.2, 1.3],
        "us10y": [4.0, 4.1, 4.2],
        "us2y": [3.0, np.nan, 3.2],
    }
    frame = pd.DataFrame(columns | changes)
    frame.to_parquet(tmp_path / "macro.parquet")
    return tmp_path / "macro.parquet"


def test_recorded_values_are_released_a_day_late(tmp_path):
    recorded = RecordedGauges(a_macro_file(tmp_path))
    assert recorded.prices(VIX, NOW)[-1] == (date(2026, 6, 12), 21.0)
    assert recorded.prices(VIX, NOW + timedelta(days=1))[-1] == (date(2026, 6, 15), 22.0)


def test_a_day_without_a_value_is_left_out_and_a_negative_oil_price_is_not(tmp_path):
    recorded = RecordedGauges(a_macro_file(tmp_path))
    assert recorded.prices(WTI, NOW) == [(date(2026, 6, 11), -36.98)]
    assert recorded.rates(NOW)[-1] == (date(2026, 6, 12), None, 4.1)


def test_what_the_file_does_not_hold_is_unknown(tmp_path, gauges):
    assert RecordedGauges(a_macro_file(tmp_path)).prices(SPY, NOW) is None
    assert gauges.prices("DXUSD", NOW) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"date": ["a", "b", "c"]}, "'date' holds")],
)
def test_a_file_without_dates_is_refused(tmp_path, changes, said):
    with pytest.raises(DataError, match=said):
        RecordedGauges(a_macro_file(tmp_path, **changes))


def test_a_macro_file_without_its_columns_is_refused_by_the_vendors(tmp_path):
    pd.DataFrame({"date": pd.to_datetime(["2026-06-11"])}).to_parquet(tmp_path / "m.parquet")
    with pytest.raises(DataError, match=r"no column \['vix', 'wti'"):
        build_vendors(synthetic_market(7, 3), VirtualClock(NOW), macro=tmp_path / "m.parquet")


@pytest.mark.parametrize("symbol", [VIX, WTI, EURUSD, SPY])
def test_a_made_up_gauge_keeps_its_past(gauges, symbol):
    later = gauges.prices(symbol, NOW + timedelta(days=200))
    now = gauges.prices(symbol, NOW)
    assert later[: len(now)] == now
    assert now[-1][0] == date(2026, 6, 12)


def test_made_up_rates_keep_their_past(gauges):
    now = gauges.rates(NOW)
    assert gauges.rates(NOW + timedelta(days=200))[: len(now)] == now


def test_there_is_a_year_of_gauges_on_the_first_day_of_the_market(gauges):
    first = datetime(2022, 1, 4, 12, tzinfo=UTC)
    for symbol in (VIX, WTI, EURUSD):
        assert len(gauges.prices(symbol, first)) > 300


def test_long_before_the_market_there_is_no_gauge(gauges):
    assert gauges.prices(VIX, datetime(2016, 1, 5, 12, tzinfo=UTC)) == []
    assert gauges.rates(datetime(2016, 1, 5, 12, tzinfo=UTC)) == []


def test_the_volatility_index_follows_what_the_market_does(gauges):
    vix = dict(gauges.prices(VIX, NOW))
    spy = gauges.prices(SPY, NOW)
    days = [day for day, _ in spy]
    moves = np.diff(np.log([price for _, price in spy]))
    realised = [moves[i - 20 : i].std() for i in range(20, len(moves))]
    implied = [vix[days[i]] for i in range(20, len(moves))]
    assert np.corrcoef(realised, implied)[0, 1] > 0.7
    assert 9 <= min(implied) <= np.median(implied) <= 30
    assert max(implied) <= 90


def test_made_up_values_are_those_of_the_real_gauges(gauges):
    for symbol, low, high in ((WTI, 20, 250), (EURUSD, 0.7, 1.7)):
        values = [value for _, value in gauges.prices(symbol, NOW)]
        assert low < min(values)
        assert max(values) < high
    assert all(0 < r.year2 < 15 and 0 < r.year10 < 15 for r in gauges.rates(NOW))


def test_the_newest_released_day_is_yesterday():
    assert released(NOW) == date(2026, 6, 14)
