"""Nothing of the future may reach a decision: two ways to notice, and a peek planted for each."""

from dataclasses import replace
from datetime import date
from math import sqrt

import numpy as np
import pytest

from core.calendar import session, sessions_between
from core.types import Contract
from ibkr.replay import source as replay_source
from ibkr.replay.source import ReplaySource
from ibkr.replay.world import Account, open_replay
from simulator.market.market import DailyBar
from simulator.market.synthetic import SyntheticMarket
from simulator.prices import market_view
from simulator.tws.queries import bar_queries
from tests.flows.replay.replays import FIRST, LAST, SESSIONS, replayed, settings_at, tickets

CUT = SESSIONS[-2]  # the first session whose bars are not what they were
CANARY_SESSIONS = sessions_between(date(2026, 1, 5), date(2026, 6, 12))


class AnotherFuture:
    """The same market up to a session, and from there on one in which everything fell."""

    def __init__(self, market, cut):
        self._market, self._cut = market, cut

    def __getattr__(self, name):
        return getattr(self._market, name)

    def bar(self, con_id, session):
        return self._fallen(self._market.bar(con_id, session))

    def bars(self, con_id, *, until):
        bars = self._market.bars(con_id, until=until)
        return bars if until < self._cut else [self._fallen(bar) for bar in bars]

    def _fallen(self, bar):
        if bar is None or bar.session < self._cut:
            return bar
        fall = 0.5 + 0.4 * (bar.volume % 7) / 7  # not the same for all
        prices = (round(price * fall, 2) for price in bar[1:5])
        return DailyBar(bar.session, *prices, bar.volume * 3)


@pytest.fixture
def tickets_of_another_future(monkeypatch, tmp_path):
    """Return a function that replays sessions with another future from the cut on."""

    def replay(first=FIRST, last=LAST):
        market = AnotherFuture(SyntheticMarket(7, 30), CUT)
        monkeypatch.setattr(replay_source, "open_market", lambda _: market)
        return tickets(replayed(tmp_path, first, last))

    return replay


@pytest.fixture
def peek(monkeypatch):
    """Return a function that plants the bug: the session to come passes for a complete one."""
    honest = market_view.phase

    def phase(now):
        where = honest(now)
        return replace(where, last_complete=max(where.last_complete, where.day))

    def plant():
        monkeypatch.setattr(market_view, "phase", phase)
        monkeypatch.setattr(bar_queries, "phase", phase)

    return plant


def test_no_decision_changes_when_the_future_does(whole, tickets_of_another_future):
    here, there = tickets(whole), tickets_of_another_future()
    assert [day for day in SESSIONS if here[day] == there[day]] == [d for d in SESSIONS if d <= CUT]
    assert there[LAST] != here[LAST]  # what has come to pass does count


def test_a_planted_peek_changes_a_decision_with_the_future(
    tickets_of_another_future, peek, tmp_path
):
    peek()
    here = tickets(replayed(tmp_path / "here", CUT, CUT))
    there = tickets_of_another_future(CUT, CUT)
    assert here[CUT] != there[CUT]


# A canary: buy what fell yesterday, sell what rose. Its Sharpe ratio is a few units at most; one
# bar of the future makes it lose every day. Slow signals such as momentum hardly notice a peek.


def reversal_sharpe(folder):
    settings = settings_at(folder)
    source = ReplaySource(settings.simulator)
    wanted = [
        Contract(i.con_id, i.symbol) for i in source.market.instruments if i.currency == "USD"
    ]
    account = Account(1_000_000.0)
    earned = []
    with open_replay(source, session(CANARY_SESSIONS[0])) as world:
        for day in map(session, CANARY_SESSIONS):
            world.begin(day, account, state=folder / str(day.day))
            with world.open_gateway(settings) as gateway:
                bars = gateway.market.history(wanted, duration="2 D").bars
            closes = bars.groupby("con_id")["close"]
            last = closes.last() / closes.first() - 1.0
            weights = last.mean() - last
            weights /= weights.abs().sum()
            earned.append(sum(weights[i] * from_open(source, i, day.day) for i in weights.index))
            world.settle(day, universe=list(weights.index))
    return np.mean(earned) / np.std(earned, ddof=1) * sqrt(252)


def from_open(source, con_id, day):
    """Return what a share bought at the open had earned at the close."""
    bar = source.market.bar(con_id, day)
    return bar.close / bar.open - 1.0


def test_a_one_day_reversal_earns_nothing_that_only_the_future_could_tell(tmp_path):
    assert abs(reversal_sharpe(tmp_path)) < 6.0


def test_a_planted_peek_shows_in_the_reversal(tmp_path, peek):
    peek()
    assert reversal_sharpe(tmp_path) < -18.0


def test_the_canary_sees_a_hundred_sessions():
    assert len(CANARY_SESSIONS) > 100
    assert FIRST not in CANARY_SESSIONS
