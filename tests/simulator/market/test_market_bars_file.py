from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import ConfigurationError, DataError, NoData
from simulator.market.bars_file import BarsFileMarket, read_constituents
from simulator.market.bars_table import read_bars

SHARED = Path(__file__).resolve().parents[3] / "../shared/data"
REAL = SHARED / "sp500_daily_2025_2026_yahoo.parquet"
END = date(2026, 12, 31)


def rows(**changes):
    """Return four sound bars of two stocks, with some cells changed."""
    columns = {
        "date": pd.to_datetime(["2026-01-05", "2026-01-06"] * 2),
        "symbol": ["AAA", "AAA", "BRK-B", "BRK-B"],
        "open": [10.0, 10.5, 20.0, 21.0],
        "high": [11.0, 11.5, 22.0, 22.0],
        "low": [9.0, 9.5, 19.0, 20.0],
        "close": [10.5, 11.0, 21.0, 21.5],
        "volume": [1000, 1100, 2000, 2100],
        "adj_close": [10.5, 11.0, 21.0, 21.5],
    }
    return pd.DataFrame(columns | changes)


@pytest.fixture
def save(tmp_path):
    def saved(frame, name="bars.parquet"):
        frame.to_parquet(tmp_path / name)
        return tmp_path / name

    return saved


def by_symbol(market):
    return {instrument.symbol: instrument for instrument in market.instruments}


def test_bars_come_out_as_they_went_in(save):
    market = BarsFileMarket(save(rows()), None)
    bars = market.bars(by_symbol(market)["AAA"].con_id, until=END)
    assert [bar.close for bar in bars] == [10.5, 11.0]
    assert bars[0].session == market.first_session == date(2026, 1, 5)
    assert market.last_session == date(2026, 1, 6)
    assert market.warnings == ()


def test_a_column_of_plain_dates_will_do(save):
    frame = rows(date=[date(2026, 1, 5), date(2026, 1, 6)] * 2)
    assert BarsFileMarket(save(frame), None).first_session == date(2026, 1, 5)


def test_symbols_are_spelt_as_ibkr_does(save):
    assert set(by_symbol(BarsFileMarket(save(rows()), None))) == {"AAA", "BRK B"}


def test_a_bar_in_another_share_unit_is_scaled_whole_and_its_volume_inversely(save):
    # Before a 4:1 split that the window's vendor did not know of: 42 is 10.50 of today's.
    frame = rows(
        open=[40.0, 10.5, 20, 21],
        high=[44.0, 11.5, 22, 22],
        low=[36.0, 9.5, 19, 20],
        close=[42.0, 11.0, 21, 21.5],
    )
    market = BarsFileMarket(save(frame), None)
    bar = market.bar(by_symbol(market)["AAA"].con_id, date(2026, 1, 5))
    assert bar[1:] == (10.0, 11.0, 9.0, 10.5, 4000)


BAD = {
    "missing, infinite or not above zero": {"open": [10.0, np.nan, 20.0, 21.0]},
    "above zero": {"low": [9.0, 0.0, 19.0, 20.0]},
    "infinite": {"high": [11.0, np.inf, 22.0, 22.0]},
    "high below the low": {"high": [11.0, 9.0, 22.0, 22.0]},
    "open or close outside low to high": {"close": [10.5, 12.0, 21, 21.5], "adj_close": None},
    "volume that is missing or negative": {"volume": [1000.0, -1.0, 2000, 2100]},
    "repeat a symbol and date": {
        "open": [10.0, 10.0, 20.0, 21.0],
        "high": [11.0, 11.0, 22.0, 22.0],
        "low": [9.0, 9.0, 19.0, 20.0],
        "close": [10.5, 10.5, 21.0, 21.5],
        "volume": [1000, 1000, 2000, 2100],
        "adj_close": None,
        "date": pd.to_datetime(["2026-01-05"] * 3 + ["2026-01-06"]),
    },
}


@pytest.mark.parametrize(("said", "changes"), BAD.items(), ids=BAD)
def test_a_bad_row_is_left_out_and_counted(save, said, changes):
    frame = rows(**changes).drop(columns=[name for name, v in changes.items() if v is None])
    market = BarsFileMarket(save(frame), None)
    assert len(market.bars(by_symbol(market)["AAA"].con_id, until=END)) == 1
    (warning,) = market.warnings
    assert "1 row " in warning
    assert said in warning
    assert "left out: AAA 2026-01-0" in warning
    assert warning in market.title  # the first line of a run


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_bars_of_one_day_that_disagree_neither_is_believed(save, order):
    later = rows(date=pd.to_datetime(["2026-01-06"] * 4)).iloc[[0, 1]]
    frame = pd.concat([rows().iloc[[0, 2, 3]], later])[::order]
    market = BarsFileMarket(save(frame), None)
    bars = market.bars(by_symbol(market)["AAA"].con_id, until=END)
    assert [bar.session for bar in bars] == [date(2026, 1, 5)]
    assert "2 rows that contradict another of the same symbol and date" in market.title


def test_a_row_without_a_price_contradicts_no_sound_one(save):
    # As a vendor writes a session twice: once before, and once after it had the close.
    frame = pd.concat([rows(close=[np.nan] * 4), rows()])
    market = BarsFileMarket(save(frame), None)
    assert len(market.bars(by_symbol(market)["AAA"].con_id, until=END)) == 2


def test_one_row_is_counted_once(save):
    frame = rows(open=[10.0, np.nan, 20, 21], volume=[1000.0, np.nan, 2000, 2100])
    assert len(BarsFileMarket(save(frame), None).warnings) == 1


def test_a_wrong_file_is_refused_with_every_problem(save):
    frame = rows(close=["a", "b", "c", "d"]).drop(columns=["low", "adj_close"])
    frame["date"] = ["noon"] * 4
    with pytest.raises(DataError) as caught:
        BarsFileMarket(save(frame), None)
    for said in ("no column 'low'", "'close' holds", "'date' holds"):
        assert said in str(caught.value)


def test_a_file_without_one_sound_row_is_refused(save):
    with pytest.raises(DataError, match=r"no usable bar.*4 rows"):
        read_bars(save(rows(open=[np.nan] * 4)))


def test_an_empty_file_is_refused(save):
    with pytest.raises(DataError, match="it is empty"):
        read_bars(save(rows().iloc[:0]))


def test_a_text_file_is_no_parquet(tmp_path):
    path = tmp_path / "bars.parquet"
    path.write_text("date,symbol\n")
    with pytest.raises(DataError, match=r"bars\.parquet is not a file of daily bars"):
        BarsFileMarket(path, None)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.parquet"):
        BarsFileMarket(tmp_path / "nowhere.parquet", None)


def test_the_tickers_na_and_null_are_companies(save, tmp_path):
    path = tmp_path / "constituents.csv"
    path.write_text(
        "Symbol,Security,GICS Sector,GICS Sub-Industry\n"
        "NA,Nano Ltd,Financials,Regional Banks\nNULL,Null Inc,Energy,Drilling\n"
        "BRK.B,Berkshire,Financials,Holdings\n"
    )
    market = BarsFileMarket(save(rows(symbol=["NA", "NA", "BRK-B", "NULL"])), path)
    found = by_symbol(market)
    assert found["NA"].name == "Nano Ltd"
    assert found["NULL"].sector == "Energy"
    assert found["BRK B"].name == "Berkshire"
    assert found["BRK B"].member_since == date(2026, 1, 5)


def test_a_list_of_something_else_is_no_list_of_constituents(tmp_path):
    path = tmp_path / "constituents.csv"
    path.write_text("Symbol,Price\nA,1\n")
    with pytest.raises(DataError, match=r"no column.*Security.*GICS Sector"):
        read_constituents(path)


def test_funds_are_tradable_and_no_constituents(save):
    etfs = save(rows(symbol=["SPY", "SPY", "AAA", "AAA"]), "etfs.parquet")
    market = BarsFileMarket(save(rows()), None, etfs=etfs)
    found = by_symbol(market)
    assert set(found) == {"AAA", "BRK B", "SPY"}
    assert found["SPY"].member_since is None
    assert found["AAA"].member_since == date(2026, 1, 5)
    assert market.warnings == ("AAA is in both bars files; the fund of that name is left out",)


def test_a_file_that_grows_or_is_corrected_later_stays_the_same_world(save):
    first = BarsFileMarket(save(rows()), None)
    cut = BarsFileMarket(save(rows().iloc[[0, 2]], "cut.parquet"), None)
    corrected = BarsFileMarket(save(rows(volume=[1000, 1100, 2000, 2101])), None)
    assert first.world_id == cut.world_id == corrected.world_id
    assert len(first.world_id) == 12


def test_a_file_that_begins_otherwise_is_another_world(save):
    first = BarsFileMarket(save(rows()), None)
    other = BarsFileMarket(save(rows(volume=[1001, 1100, 2000, 2100])), None)
    assert first.world_id != other.world_id
    assert first.instruments == other.instruments


def test_an_unknown_con_id_is_no_empty_history(save):
    with pytest.raises(NoData, match="conId 1"):
        BarsFileMarket(save(rows()), None).bars(1, until=END)


@pytest.fixture(scope="module")
def real():
    if not REAL.is_file():
        pytest.skip("no real data beside the checkout")
    return BarsFileMarket(
        REAL,
        SHARED / "sp500_constituents_2026-08.csv",
        etfs=SHARED / "us_etfs_daily_2025_2026_yahoo.parquet",
    )


@pytest.mark.real_data
def test_the_real_file_gives_its_symbols_and_funds(real):
    found = by_symbol(real)
    assert sum(i.member_since is not None for i in real.instruments) == 570
    assert {"SPY", "QQQ", "BRK B"} <= set(found)
    assert found["BRK B"].sector == "Financials"
    assert found["SPY"].member_since is None
    assert real.last_session == date(2026, 8, 7)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "symbol", ["AMCR", "BKNG", "CRWD", "CVNA", "DD", "KLAC", "NFLX", "NOW", "TPL"]
)
def test_the_known_false_jumps_are_gone(real, symbol):
    close = [bar.close for bar in real.bars(by_symbol(real)[symbol].con_id, until=END)]
    assert np.abs(np.diff(np.log(close))).max() < 0.35


@pytest.mark.real_data
def test_every_real_bar_is_consistent(real):
    for instrument in real.instruments:
        bars = np.array([bar[1:5] for bar in real.bars(instrument.con_id, until=END)]).T
        assert (bars[2] <= np.minimum(bars[0], bars[3])).all()
        assert (bars[1] >= np.maximum(bars[0], bars[3])).all()
