"""Files of bars for tests: a made-up market written down, and some names of the real one."""

from datetime import date
from pathlib import Path

import pandas as pd

from core.calendar import sessions_between
from simulator.market.synthetic import SyntheticMarket

FROM, CUT, TO = date(2025, 11, 3), date(2026, 6, 16), date(2026, 7, 10)
REAL_DATA = Path(__file__).resolve().parents[4] / "shared/data"
REAL_BARS = REAL_DATA / "sp500_daily_2025_2026_yahoo.parquet"
COLUMNS = ("date", "open", "high", "low", "close", "volume")


def bars_of(symbols=30, *, seed=7, first=FROM, last=TO):
    """Return the daily bars of the made-up companies, in the share unit of the last day."""
    market = SyntheticMarket(seed, symbols)
    frames = [
        pd.DataFrame(market.bars(each.con_id, until=last), columns=COLUMNS).assign(
            symbol=each.symbol
        )
        for each in market.instruments
        if each.member_since is not None and market.bars(each.con_id, until=first)
    ]
    bars = pd.concat(frames, ignore_index=True)
    bars = bars[bars["date"] >= sessions_between(first, last)[0]]
    return bars.assign(date=pd.to_datetime(bars["date"]))


def until(bars, last):
    """Return the bars up to a day."""
    return bars[bars["date"] <= pd.Timestamp(last)]


def saved(bars, folder):
    """Write bars into a folder of their own and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bars.parquet"
    bars.to_parquet(path, index=False)
    return path


def real_world(folder, symbols):
    """Return the settings of a simulator of the real bars of at least so many symbols."""
    bars = pd.read_parquet(REAL_BARS)
    names = sorted(set(bars["symbol"]))
    chosen = bars[bars["symbol"].isin(names[:: len(names) // symbols])]
    return {
        "bars": saved(chosen, folder),
        "constituents": REAL_DATA / "sp500_constituents_2026-08.csv",
        "fundamentals": REAL_DATA / "sp500_fundamentals_pit_daily_2026.parquet",
        "macro": REAL_DATA / "macro_daily_1990_2026.parquet",
    }
