"""Days on damaged bars: what may not be traded on is named, and nothing rests on it."""

from datetime import date

import pandas as pd
import pytest

from core.calendar import session
from core.settings import SimulatorSettings
from simulator.market.synthetic import SyntheticMarket
from simulator.process import start
from tasks.decide.risk_gate import risk_gate
from tasks.ingest.market import market
from tasks.record.journal import journal
from tests.fixtures.tiers import every
from tests.flows.days.days import DAY, TRADING, run, settings_at, settings_for, ticket_of, typing_at

pytestmark = pytest.mark.slow

YESTERDAY, BEFORE = pd.Timestamp(2026, 6, 12), pd.Timestamp(2026, 6, 11)
BAR = ["open", "high", "low", "close", "volume"]


@pytest.fixture(scope="session")
def sound_bars():
    """A year of bars of twenty names as a vendor's file has them, names sorted by their price."""
    market = SyntheticMarket(seed=7, symbols=24)
    # Keyed by symbol: some are listed twice.
    stocks = {i.symbol: i for i in market.instruments if i.stock_type == "COMMON"}
    bars = pd.DataFrame(
        {
            "symbol": item.symbol, "date": pd.Timestamp(bar.session), "open": bar.open,
            "high": bar.high, "low": bar.low, "close": bar.close, "volume": float(bar.volume),
        }
        for item in list(stocks.values())[:20]
        for bar in market.bars(item.con_id, until=DAY)
        if bar.session >= date(2025, 5, 1)
    )  # fmt: skip
    last = bars[bars["date"] == YESTERDAY].set_index("symbol")["close"]
    return bars, last.sort_values().index.to_list()


def at(bars, symbols, day=YESTERDAY):
    return bars["symbol"].isin([symbols] if isinstance(symbols, str) else symbols) & (
        bars["date"] == day
    )


def a_day_behind(bars, names):
    return bars[bars["date"] != YESTERDAY]  # the file goes on after the day, as at the vendor


def copies_of_earlier_days(bars, names):
    """Return bars whose newest are those of the day before, or of three sessions before."""
    bars = bars.copy()
    for some, day in ((names[::2], BEFORE), (names[1::2], pd.Timestamp(2026, 6, 9))):
        bars.loc[at(bars, some), BAR] = bars.loc[at(bars, some, day), BAR].to_numpy()
    return bars


def most_names_missing(bars, names):
    return bars[~at(bars, names[:12])]


def untidy_session(bars, names):
    """Return bars of two weeks' gap in the whole market and volumes of a session's first hours."""
    bars = bars[~bars["date"].between(pd.Timestamp(2026, 5, 29), BEFORE)].copy()
    bars.loc[at(bars, names), "volume"] *= 0.1
    bars.loc[at(bars, names[:3]), "volume"] = 0.0
    return bars


def wrong_prices(bars, names):
    """Return bars with a point misplaced up and down, a split missed, and two rows swapped."""
    bars = bars.copy()
    for name, ratio in zip(names[1:4], (10.0, 0.1, 0.25), strict=True):
        bars.loc[at(bars, name), BAR[:4]] *= ratio
    one, other = at(bars, names[0]), at(bars, names[-1])
    for column in BAR:
        mine, its = float(bars.loc[one, column].iloc[0]), float(bars.loc[other, column].iloc[0])
        bars.loc[one, column], bars.loc[other, column] = its, mine
    return bars


def day_of(bars, home, **sections):
    path = home.parent / "bars.parquet"
    bars.to_parquet(path)
    return run(settings_for(home, simulator={"bars": path}, **{**TRADING, **sections}), DAY)


def failed(outcome):
    return {check.name for check in outcome.records[risk_gate].result.checks
            if not check.passed}  # fmt: skip


@pytest.mark.parametrize(
    ("damaged", "refused_by"),
    every(
        5,
        [
            (a_day_behind, {"newest bars", "missing data"}),
            (copies_of_earlier_days, {"repeated bars", "missing data"}),
            (
                untidy_session,
                {"missing sessions", "volume of the market", "quarantined names"},
            ),
            (most_names_missing, {"quarantined names", "missing data"}),
            (wrong_prices, {"suspect prices", "quarantined names"}),
        ],
    ),
)
def test_no_damaged_file_of_bars_ends_in_a_proposal(sound_bars, tmp_path, damaged, refused_by):
    bars, names = sound_bars
    outcome = day_of(damaged(bars, names), tmp_path / "home")
    assert outcome.exit_code == 3
    assert refused_by <= failed(outcome)
    assert ticket_of(outcome)["status"] == "recommendation_only"
    if damaged is wrong_prices:
        suspect = outcome.records[market].result.quality.suspect
        assert set(suspect) == {*names[:4], names[-1]}


def test_quiet_faults_cost_their_names_and_the_day_goes_on(sound_bars, tmp_path):
    bars, names = sound_bars
    untraded, dead, damaged = names[2:5]
    bars = bars.copy()
    bars.loc[at(bars, damaged), BAR[:4]] *= 10.0
    silent = (bars["symbol"] == untraded) & (bars["date"] > pd.Timestamp(2026, 5, 27))
    bars.loc[silent, BAR[:4]] = float(bars.loc[silent, "close"].iloc[0])
    bars.loc[silent, "volume"] = 0.0
    bars.loc[at(bars, names[5], pd.Timestamp(2026, 5, 4)), "close"] = float("nan")
    bars.loc[at(bars, names[6], pd.Timestamp(2026, 5, 5)), "close"] *= -1.0
    bars = bars[~((bars["symbol"] == dead) & (bars["date"] > pd.Timestamp(2026, 6, 8)))]
    path, home = tmp_path / "bars.parquet", tmp_path / "home"
    bars.to_parquet(path)
    lenient = {"suspect_price": "quarantine", "max_quarantined": 0.2}
    with start(SimulatorSettings(bars=path), day=date(2026, 6, 8), state=tmp_path) as world:
        world.fault("manual_order", symbol=dead, quantity=137)
        world.advance_to(session(DAY).decision_time)
        outcome = run(settings_at(world, home, quality=lenient))
    checks = {check.name: check for check in outcome.records[risk_gate].result.checks}
    assert checks["quarantined names"].detail.startswith(f"{dead} (held, frozen)")
    assert 137 in outcome.records[risk_gate].result.quantities.values()  # no round lot
    assert outcome.exit_code == 0
    ordered = {line["order"]["symbol"] for line in ticket_of(outcome)["lines"]}
    assert ordered
    assert not ordered & {untraded, dead, damaged}
    note = outcome.records[market].notes
    assert all(name in note for name in (untraded, dead, damaged))
    page = (home / outcome.records[journal].artefacts["page"].path).read_text()
    assert "symbols quarantined" in page
    returns = outcome.records[market].result.quality.left_out
    assert [day for _, day in returns] == [date(2026, 6, 12)]
    assert "2 rows with a price that is missing" in world.title
    assert all(f"{name} 2026-05-0" in world.title for name in names[5:7])
    with typing_at(home) as daybook:
        why = daybook("why", damaged, "--date", str(DAY))
    assert "in quarantine on 2026-06-15: jump" in why.err
