"""Files of daily bars as people have them: read alike, or refused with what to do about it."""

import gzip
import os
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import ConfigurationError, DataError
from simulator.market.bars_table import read_bars

DAYS = pd.to_datetime(["2026-01-05", "2026-01-06"])
EXPECTED = [
    ("AAA", date(2026, 1, 5), 10.0, 11.0, 9.0, 10.5, 1000.0),
    ("AAA", date(2026, 1, 6), 10.5, 11.5, 9.5, 11.0, 1100.0),
    ("BRK B", date(2026, 1, 5), 20.0, 22.0, 19.0, 21.0, 2000.0),
    ("BRK B", date(2026, 1, 6), 21.0, 22.0, 20.0, 21.5, 2100.0),
]


def plain(**changes):
    columns = {
        "date": [*DAYS, *DAYS],
        "symbol": ["AAA", "AAA", "BRK-B", "BRK-B"],
        "open": [10.0, 10.5, 20.0, 21.0],
        "high": [11.0, 11.5, 22.0, 22.0],
        "low": [9.0, 9.5, 19.0, 20.0],
        "close": [10.5, 11.0, 21.0, 21.5],
        "volume": [1000, 1100, 2000, 2100],
    }
    return pd.DataFrame(columns | changes)


def read(path):
    table = read_bars(path)
    table.frame["date"] = table.frame["date"].dt.date
    return list(table.frame.astype({"symbol": str})[
        ["symbol", "date", "open", "high", "low", "close", "volume"]
    ].itertuples(index=False, name=None)), table.warnings  # fmt: skip


def wide(order):
    """Return bars as ``yfinance.download`` does, with prices and tickers in the header."""
    long = plain().set_index(["date", "symbol"]).rename(columns=str.capitalize)
    frame = long.unstack("symbol")  # noqa: PD010 - what yfinance returns is unstacked
    frame.columns.names = ["Price", "Ticker"]
    frame.index.name = "Date"
    return frame if order == "price first" else frame.swaplevel(axis=1).sort_index(axis=1)


def as_parquet(path, frame):
    frame.to_parquet(path)


def as_csv(path, frame):
    frame.to_csv(path, index=frame.index.name is not None)


def stooq(path):
    frame = plain()
    pd.DataFrame(
        {
            "<TICKER>": frame["symbol"].str.upper() + ".US",
            "<PER>": "D",
            "<DATE>": frame["date"].dt.strftime("%Y%m%d"),
            "<TIME>": "000000",
            "<OPEN>": frame["open"],
            "<HIGH>": frame["high"],
            "<LOW>": frame["low"],
            "<CLOSE>": frame["close"],
            "<VOL>": frame["volume"],
            "<OPENINT>": 0,
        }
    ).to_csv(path, index=False)


def alpaca(path):
    frame = plain().assign(trade_count=5, vwap=10.0)
    frame["timestamp"] = frame.pop("date").dt.tz_localize("America/New_York").dt.tz_convert("UTC")
    frame.set_index(["symbol", "timestamp"]).to_parquet(path)


def tiingo(path):
    frame = plain().assign(adjClose=1.0, adjVolume=5, divCash=0.0, splitFactor=1.0)
    frame["date"] = frame["date"].dt.strftime("%Y-%m-%dT00:00:00.000Z")
    frame.rename(columns={"symbol": "ticker"}).to_csv(path, index=False)


def duckdb(path):
    frame = plain()
    columns = {name: frame[name] for name in ("symbol", "volume")} | {"date": frame["date"].dt.date}
    decimals = {
        name: pa.array([Decimal(str(each)) for each in frame[name]], pa.decimal128(18, 4))
        for name in ("open", "high", "low", "close")
    }
    pq.write_table(pa.table({name: pa.array(v) for name, v in columns.items()} | decimals), path)


def european(path):
    plain().to_csv(path, sep=";", decimal=",", index=False)


def packed(path):
    path.write_bytes(gzip.compress(plain().to_csv(index=False).encode()))


def shouted(path):
    frame = plain().rename(columns=str.upper).rename(columns={"SYMBOL": "Ticker"})
    frame["VOLUME"] = [f"{each:,}" for each in frame["VOLUME"]]
    frame.to_csv(path, index=False, encoding="utf-8-sig")


LAYOUTS = {
    "plain.csv": lambda path: as_csv(path, plain()),
    "lower.csv": lambda path: as_csv(path, plain(symbol=["aaa", "aaa", "brk/b", "brk/b"])),
    "shouted.csv": shouted,
    "european.csv": european,
    "packed.csv.gz": packed,
    "long.parquet": lambda path: as_parquet(path, plain().set_index("date")),
    "wide.parquet": lambda path: as_parquet(path, wide("price first")),
    "wide-by-ticker.parquet": lambda path: as_parquet(path, wide("ticker first")),
    "wide.csv": lambda path: wide("price first").to_csv(path),
    "stooq.txt": stooq,
    "alpaca.parquet": alpaca,
    "tiingo.csv": tiingo,
    "duckdb.parquet": duckdb,
    "seconds.csv": lambda path: as_csv(
        path, plain(date=[int(day.timestamp()) for day in [*DAYS, *DAYS]])
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_the_same_bars(tmp_path, name):
    LAYOUTS[name](tmp_path / name)
    found, warnings = read(tmp_path / name)
    assert found == EXPECTED
    assert [one for one in warnings if "left out" in one] == []


@pytest.mark.parametrize("name", ["AAA.csv", "aaa_daily.csv", "aaa.us.txt"])
def test_a_file_of_one_symbol_that_does_not_name_it_is_named_after_the_file(tmp_path, name):
    frame = plain().iloc[:2].drop(columns="symbol").rename(columns=str.capitalize)
    frame.assign(**{"Adj Close": 9.0, "Dividends": 0.0}).to_csv(tmp_path / name, index=False)
    found, warnings = read(tmp_path / name)
    assert found == EXPECTED[:2]
    assert any("adjusted for dividends are not used" in one for one in warnings)


SPLIT = {  # a 10:1 split on the second day
    "open": [100.0, 10.5, 20.0, 21.0],
    "high": [110.0, 11.5, 22.0, 22.0],
    "low": [90.0, 9.5, 19.0, 20.0],
    "close": [105.0, 11.0, 21.0, 21.5],
    "volume": [100, 1100, 2000, 2100],
}


@pytest.mark.parametrize(
    "split",
    [
        {"split_factor": [0.1, 1.0, 1.0, 1.0]},  # Vibe-Trading pull request #1287
        {"split_factor": [10.0, 1.0, 1.0, 1.0]},  # the other way round
        {"splitFactor": [1.0, 10.0, 1.0, 1.0]},  # an event, as Tiingo tells it
        {"Stock Splits": [0.0, 10.0, 0.0, 0.0]},  # an event, as yfinance tells it
    ],
    ids=str,
)
def test_split_factors_and_split_events_put_prices_in_one_unit(tmp_path, split):
    plain(**SPLIT, **split).to_parquet(tmp_path / "bars.parquet")
    found, warnings = read(tmp_path / "bars.parquet")
    assert found == EXPECTED
    assert any("prices put in one share unit" in one and "AAA" in one for one in warnings)


def test_a_split_factor_of_prices_that_are_adjusted_already_is_refused(tmp_path):
    plain(split_factor=[0.1, 1.0, 1.0, 1.0]).to_parquet(tmp_path / "bars.parquet")
    with pytest.raises(DataError, match="the prices are adjusted"):
        read(tmp_path / "bars.parquet")


def test_a_jump_of_a_simple_ratio_is_named(tmp_path):
    plain(**SPLIT).to_parquet(tmp_path / "bars.parquet")
    _, (warning,) = read(tmp_path / "bars.parquet")
    assert "1 close jumped as by a split" in warning
    assert "AAA 2026-01-06 (105 to 11)" in warning


def test_weekends_holidays_and_doubled_days_are_left_out_by_name(tmp_path):
    days = ["2026-01-03", "2026-01-19", "2026-01-20", "2026-01-20"]  # Saturday, King's day
    frame = plain(date=pd.to_datetime(days), symbol=["AAA"] * 4)
    frame.iloc[3, 2:] = frame.iloc[2, 2:]
    frame.to_parquet(tmp_path / "bars.parquet")
    found, warnings = read(tmp_path / "bars.parquet")
    assert [row[1] for row in found] == [date(2026, 1, 20)]
    assert (
        "2 rows of a day without a session, left out: AAA 2026-01-03, AAA 2026-01-19"
        in (warnings[0])
    )
    assert "1 row that repeat" in warnings[1]


def test_times_in_a_wrong_zone_are_refused_and_not_moved_by_a_day(tmp_path):
    # Midnight of Bucharest, stored in UTC, is the evening of the day before.
    days = pd.date_range("2026-01-05", "2026-01-30", freq="B", tz="Europe/Bucharest")
    frame = pd.DataFrame({"date": days.tz_convert("UTC"), "symbol": "AAA", "volume": 1.0})
    frame[["open", "high", "low", "close"]] = 10.0
    frame.to_parquet(tmp_path / "bars.parquet")
    with pytest.raises(DataError, match=r"20% of the rows fall on Sundays.*wrong zone"):
        read(tmp_path / "bars.parquet")


@pytest.mark.parametrize("stamp", ["05:00", "14:30", "21:00"])  # midnight, open, close: New York
def test_a_bar_stamped_within_its_session_is_of_that_day(tmp_path, stamp):
    hours, minutes = map(int, stamp.split(":"))
    stamps = [datetime(2026, 1, day, hours, minutes, tzinfo=UTC) for day in (5, 6)]
    plain(date=stamps * 2).to_parquet(tmp_path / "bars.parquet")
    assert read(tmp_path / "bars.parquet")[0] == EXPECTED


def test_intraday_bars_are_refused_with_what_to_do(tmp_path):
    stamps = pd.date_range("2026-01-05 14:30", periods=40, freq="min", tz="UTC")
    frame = pd.DataFrame({"date": stamps, "symbol": "AAA", "volume": 1.0})
    frame = frame.assign(**dict.fromkeys(["open", "high", "low", "close"], np.linspace(10, 11, 40)))
    frame.to_parquet(tmp_path / "bars.parquet")
    with pytest.raises(DataError, match="intraday bars, 40 for each symbol and day: make daily"):
        read(tmp_path / "bars.parquet")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        ("date,symbol\n".encode("utf-16"), "text in UTF-16"),
        (b"date,symbol,open,high,low,close,volume\n", "no usable bar: it is empty"),
        (b"PK\x03\x04rest", "an Excel or zip file, not parquet or CSV"),
        (b"ARROW1\x00\x00", "a Feather file"),
        (b"\x00\x01\x02", "binary"),
        (b"PAR1 and no more", "cannot be read as parquet"),
        (b"a,b\n1,2\n", "no column 'open'"),
    ],
)
def test_other_files_are_refused_by_what_they_are(tmp_path, content, said):
    path = tmp_path / "bars.dat"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read(path)


def test_what_is_no_plain_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("pipe", "loop", "nothing", "."):
        with pytest.raises(ConfigurationError, match="cannot read the bars"):
            read(tmp_path / name)
