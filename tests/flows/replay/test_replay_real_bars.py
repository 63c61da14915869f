"""A replay over a file of bars decides by the bars and by nothing that is drawn."""

import json

import numpy as np
import pandas as pd
import pytest

from core.calendar import session
from core.settings import SimulatorSettings
from flows.replay.results import write_results
from ibkr.replay.source import ReplaySource
from simulator.prices.market_view import MarketView
from simulator.prices.quotes import quote
from tests.fixtures.tiers import every, size
from tests.flows.days.bars_files import CUT, REAL_BARS, bars_of, saved, until
from tests.flows.replay.replays import FIRST, LAST, replayed, settings_at, tickets

END = size(LAST, FIRST)
CHANGED = pd.Timestamp(CUT)  # the first day of which the files tell different things


@pytest.fixture(scope="module")
def bars():
    return bars_of()


@pytest.fixture(scope="module")
def replay_of(tmp_path_factory):
    """A function that replays a file of bars in a home of its own."""

    def replay(frame, first=FIRST, last=END, **simulator):
        home = tmp_path_factory.mktemp("replay")
        settings = settings_at(
            home,
            simulator={"bars": saved(frame, home / "data"), **simulator},
            optimiser={"cvar_aversion": 0.0},  # or the target of so few names is empty
        )
        return settings, replayed(None, first, last, settings=settings)

    return replay


@pytest.fixture(scope="module")
def whole(replay_of, bars):
    return replay_of(bars)


def orders(done):
    found = tickets(done)
    assert json.loads(found[FIRST])["lines"]
    return found


def test_the_seed_of_the_simulator_changes_no_order_on_real_bars(whole, replay_of, bars):
    _, other = replay_of(bars, seed=8)
    assert orders(other) == orders(whole[1])


def cut_off(bars):
    return until(bars, FIRST)


def revised(bars):
    later = bars["date"] >= CHANGED
    prices = ["open", "high", "low", "close"]
    return bars.assign(**{name: bars[name].where(~later, bars[name] * 1.5) for name in prices})


def joined_by_another(bars):
    new = until(bars, LAST)[lambda frame: frame["symbol"] == frame["symbol"].iloc[0]]
    return pd.concat([bars, new[new["date"] >= CHANGED].assign(symbol="ZZNEW")])


@pytest.mark.parametrize("change", every(2, [cut_off, revised, joined_by_another]))
def test_a_file_with_another_future_gives_the_same_ticket_to_the_byte(
    whole, replay_of, bars, change
):
    _, other = replay_of(change(bars), FIRST, FIRST)
    assert orders(other)[FIRST] == orders(whole[1])[FIRST]


def test_a_new_name_changes_the_quote_of_no_other(bars, tmp_path):
    alone = ReplaySource(SimulatorSettings(bars=saved(bars, tmp_path / "a"))).market
    joined = ReplaySource(
        SimulatorSettings(bars=saved(joined_by_another(bars), tmp_path / "b"))
    ).market
    moments = [session(FIRST).decision_time, session(FIRST).open, session(FIRST).close]
    for item in alone.instruments:
        for now in moments:
            assert quote(MarketView(alone), item.con_id, now) == quote(
                MarketView(joined), item.con_id, now
            )


def test_a_tear_sheet_of_real_bars_says_what_is_unknown(whole):
    settings, done = whole
    results = write_results(settings, done)
    page = (settings.home / results.page.path).read_text()
    said = "news, fundamentals, macro, sectors, earnings dates: unknown (not in the file)"
    assert said in page
    assert "Nothing about a real company is synthetic" in done.source.caveat
    assert "unknown, in no file: news" in results.row["environment"]
    assert "quotes 4 bp wide" in results.row["environment"]


@pytest.mark.real_data
@pytest.mark.skipif(not REAL_BARS.exists(), reason="no real market data beside the checkout")
def test_real_bars_cut_at_the_end_of_june_give_the_same_ticket_of_the_middle_of_june(replay_of):
    every = pd.read_parquet(REAL_BARS)
    names = np.sort(every["symbol"].unique())[::14]  # some forty
    bars = every[every["symbol"].isin(names)]
    _, long = replay_of(bars, FIRST, FIRST)
    _, short = replay_of(until(bars, "2026-06-30"), FIRST, FIRST, seed=8)
    assert orders(short) == orders(long)
