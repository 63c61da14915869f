"""The orders of a replay are those of the day through the socket, to the byte."""

from contextlib import closing
from datetime import date

import pytest

from core.settings import Settings, Submit
from core.storage.paths import Paths
from desk.tickets.order_ticket import read_ticket
from flows.run.day import run_session
from flows.run.runner import Threads
from tasks.day import silent
from tests.fixtures.pace import hurried
from tests.fixtures.tiers import size
from tests.flows.days.bars_files import REAL_BARS, real_world
from tests.flows.replay.replays import replayed, settings_at

SESSIONS = (date(2026, 6, 15), date(2026, 6, 16), date(2026, 6, 17))[: size(3, 2)]
SYMBOLS = size(60, 20)  # of the real market


class Nobody:
    def begins(self, world):
        pass

    def started(self, title):
        pass

    def finished(self, title, record):
        pass


def over_socket(settings, sessions):
    """Run the sessions one after the other through the embedded simulator, orders sent."""
    with closing(Threads()) as threads, hurried():
        for day in sessions:
            run_session(
                settings, day, start=threads, watch=Nobody(), resume="again", progress=silent
            )
    return {day: Paths.of(settings).ticket(day).read_bytes() for day in sessions}


def replay_of(settings, sessions):
    done = replayed(settings.home, sessions[0], sessions[-1], settings=settings)
    assert done.sessions == sessions
    return {day: done.home.ticket(day).read_bytes() for day in sessions}


def auto(home, **changes):
    return settings_at(home, submit=Submit.AUTO, gateway={"messages_per_second": 50.0}, **changes)


@pytest.mark.slow
def test_a_replay_of_an_invented_market_is_the_day_through_the_socket(tmp_path):
    sessions = SESSIONS[: size(2, 1)]
    world = {"symbols": 20}
    sent = over_socket(auto(tmp_path / "socket", simulator=world), sessions)
    assert replay_of(settings_at(tmp_path / "replay", simulator=world), sessions) == sent


@pytest.fixture
def real_settings(tmp_path):
    """Return the settings of a world of real bars, with some of the symbols."""
    if not REAL_BARS.is_file():
        pytest.skip("the real data lies not beside the checkout")
    world = real_world(tmp_path, SYMBOLS)
    return lambda home: auto(home, simulator=world)


@pytest.mark.slow
@pytest.mark.real_data
def test_a_replay_of_real_bars_is_the_day_through_the_socket(real_settings, tmp_path):
    settings: Settings = real_settings(tmp_path / "socket")
    sent = over_socket(settings, SESSIONS)
    assert replay_of(real_settings(tmp_path / "replay"), SESSIONS) == sent
    tickets = [read_ticket(content) for content in sent.values()]
    assert all(ticket.orders for ticket in tickets)
    assert any(line.weight_before for line in tickets[-1].lines)  # orders of before have filled
