from pathlib import Path

import pandas as pd
import pytest

from core.errors import ConfigurationError
from core.settings import SimulatorSettings
from simulator.market.scenarios import find_files, open_market


@pytest.fixture
def bars(tmp_path):
    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(["2026-01-05"]),
            "symbol": ["AAA"],
            **{name: [10.0] for name in ("open", "high", "low", "close", "volume")},
        }
    )
    frame.to_parquet(tmp_path / "bars.parquet")
    return tmp_path / "bars.parquet"


def test_without_a_file_the_market_is_made_up():
    market = open_market(SimulatorSettings(seed=3, symbols=5))
    assert market.title == "synthetic market, seed 3, 5 symbols"


def test_with_a_bars_file_the_market_is_real(bars):
    assert open_market(SimulatorSettings(bars=bars)).title.startswith("real bars from bars.parquet")


def test_files_beside_the_bars_are_found_the_newest_by_name(bars):
    for name in (
        "sp500_constituents_2026-07.csv",
        "sp500_constituents_2026-08.csv",
        "us_etfs_daily_2026.parquet",
        "my_fundamentals_2026.parquet",
        "macro_daily_1990_2026.parquet",
    ):
        (bars.parent / name).touch()
    files = find_files(SimulatorSettings(bars=bars))
    assert files.constituents.name == "sp500_constituents_2026-08.csv"
    assert files.etfs.name == "us_etfs_daily_2026.parquet"
    assert files.fundamentals.name == "my_fundamentals_2026.parquet"
    assert files.macro.name == "macro_daily_1990_2026.parquet"


def test_nothing_beside_the_bars_is_fine(bars):
    files = find_files(SimulatorSettings(bars=bars))
    assert (files.constituents, files.etfs, files.fundamentals, files.macro) == (None,) * 4


def test_a_file_that_is_set_wins_over_one_that_lies_beside(bars, tmp_path):
    (bars.parent / "macro_daily_2026.parquet").touch()
    other = tmp_path / "other.parquet"
    other.touch()
    assert find_files(SimulatorSettings(bars=bars, macro=other)).macro == other


def test_every_missing_file_is_named_at_once(tmp_path):
    settings = SimulatorSettings(bars=tmp_path / "no.parquet", macro=Path("nor.parquet"))
    with pytest.raises(ConfigurationError, match=r"bars = .*no\.parquet.*macro = nor\.parquet"):
        open_market(settings)
