import shutil
import signal
import time
from datetime import date, timedelta
from itertools import pairwise

import pytest

from core.calendar import next_session, previous_session, session
from core.errors import ConfigurationError
from core.settings import Mode
from core.storage.locks import lock_file
from desk.tickets.order_ticket import TicketStatus, read_ticket
from flows.replay.replay import ReplayStopped
from ibkr.replay.source import ReplaySource
from ibkr.replay.world import Account, Held, open_replay
from simulator.prices.exchange_rates import rate
from simulator.prices.market_view import MarketView
from tests.fixtures.tiers import size
from tests.flows.days.days import command_environment
from tests.flows.replay.replays import (
    FIRST,
    LAST,
    SESSIONS,
    content,
    replayed,
    settings_at,
    tickets,
)


def days(done):
    return [done.home.get(day) for day in done.sessions]


def copied(done, home):
    """Return a home in which the replay was done before."""
    folder = home / "data" / "sim" / "replay" / done.replay_id
    shutil.copytree(done.home.folder, folder)
    return folder


def test_every_session_has_a_ticket_and_a_record(whole):
    assert whole.sessions == SESSIONS
    for day, record in zip(SESSIONS, days(whole), strict=True):
        ticket = read_ticket(whole.home.ticket(day).read_bytes())
        assert ticket.session == record.session == day
        assert ticket.sha256 == record.ticket_sha256
        assert ticket.decided_at == session(day).decision_time
        assert ticket.status is TicketStatus.PROPOSED
        assert record.orders == len(ticket.lines)
        assert not record.held_back
    assert days(whole)[0].orders > 0


def test_each_session_begins_with_the_account_that_the_last_one_left(whole):
    records = days(whole)
    assert records[0].net_asset_value == 1_000_000.0
    for before, after in pairwise(records):
        held = {one.con_id for one in before.settlement.account.holdings}
        assert held
        # Nothing trades between the close and the decision: the value is the close's, in cents.
        assert after.net_asset_value == round(before.settlement.equity, 2)


def test_the_close_adds_up_to_what_was_traded_and_paid(whole):
    first = days(whole)[0].settlement
    assert first.fills > 0
    assert first.commissions >= first.fills * 0.3
    assert 0.0 < first.spread < 0.001 * first.traded
    spent = sum(one.quantity * one.average_cost for one in first.account.holdings)
    # The cost of a short position is net of its commission, that of a long one includes it.
    assert first.account.cash == pytest.approx(1_000_000.0 - spent)


def test_a_replay_that_is_done_is_not_done_again(whole, tmp_path):
    folder = copied(whole, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    seen = []
    replayed(tmp_path, progress=lambda *told: seen.append(told))
    assert seen == [("sessions", len(SESSIONS), len(SESSIONS))]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_replay_goes_on_after_the_last_session_that_is_done(whole, tmp_path):
    folder = copied(whole, tmp_path)
    done = size(2, 1)
    for day in SESSIONS[done:]:
        (folder / "days" / f"{day}.json").unlink()
    # What a process leaves that was killed in the middle of a session:
    (folder / "work" / "exchange").mkdir(parents=True)
    (folder / "work" / "exchange" / "ledger.jsonl").write_text("torn")
    (folder / "tickets" / f"order_ticket_{SESSIONS[done]}.json").write_text("old")
    seen = []
    again = replayed(tmp_path, progress=lambda _, number, __: seen.append(number))
    assert seen == [*range(done, len(SESSIONS) + 1)]
    assert content(again.home.folder) == content(whole.home.folder)


def test_a_fresh_replay_forgets_the_old_one_and_is_the_same_to_the_byte(whole, tmp_path):
    folder = copied(whole, tmp_path)
    (folder / "days" / f"{FIRST}.json").write_text("spoilt")
    seen = []
    again = replayed(tmp_path, fresh=True, progress=lambda _, done, __: seen.append(done))
    assert seen == [*range(len(SESSIONS) + 1)]
    assert again.replay_id == whole.replay_id
    assert content(again.home.folder) == content(whole.home.folder)


@pytest.mark.slow
def test_a_replay_killed_at_any_moment_comes_to_the_same(whole, warm_daybook, tmp_path):
    folder = tmp_path / "data" / "sim" / "replay" / whole.replay_id
    same = {"DAYBOOK_SIMULATOR__SYMBOLS": "30", "DAYBOOK_UNIVERSE__HISTORY": "1 Y"}
    for wanted in size((2, 0), (1,)):
        process = warm_daybook.start(
            ("replay", "--from", str(FIRST), "--to", str(LAST)),
            folder=tmp_path,
            environment=command_environment(tmp_path, **same),
        )
        deadline = time.monotonic() + 90
        # Killed while the session after the wanted number is under way.
        while not (
            len(list(folder.glob("days/*.json"))) >= wanted
            and (folder / "work" / "data" / "sim" / "staging").is_dir()
        ):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        with process:
            assert process.wait() == -signal.SIGKILL
        assert len(list(folder.glob("days/*.json"))) < len(SESSIONS)
    again = replayed(tmp_path)
    assert content(again.home.folder) == content(whole.home.folder)


@pytest.fixture(scope="module")
def beside_a_live_run(tmp_path_factory):
    """A session replayed beside a live desk: what was in the home folder before, and after it."""
    home = tmp_path_factory.mktemp("live")
    settings = settings_at(
        home,
        mode=Mode.PAPER,
        gateway={"port": 4002, "account": "DU999"},
        vendors={"fundamentals_url": "https://vendor.invalid", "news_urls": ("https://n.invalid",)},
    )
    for mode in ("sim", "paper"):
        live = home / "data" / mode / "desk"
        live.mkdir(parents=True)
        (live / "desk.sqlite").write_bytes(b"the live desk")
    before = content(home)
    done = replayed(home, FIRST, FIRST, settings=settings)
    return before, content(home), done


def test_a_replay_touches_nothing_but_its_own_home(beside_a_live_run):
    before, after, _ = beside_a_live_run
    assert {name: after[name] for name in before} == before
    made = {tuple(name.split("/")[:3]) for name in set(after) - set(before)}
    assert made == {("data", "sim", "replay")}
    assert not any("/work/" in name for name in after)


def test_whatever_the_live_run_is_connected_to_a_replay_is_simulated(whole, beside_a_live_run):
    *_, done = beside_a_live_run
    assert tickets(done) == {FIRST: tickets(whole)[FIRST]}


def test_other_settings_are_another_replay(whole, tmp_path):
    settings = settings_at(tmp_path, optimiser={"long_only": True})
    done = replayed(tmp_path, FIRST, FIRST, settings=settings)
    assert done.replay_id.rsplit("_", 1)[1] != whole.replay_id.rsplit("_", 1)[1]
    assert all(one.quantity > 0 for one in days(done)[0].settlement.account.holdings)


def test_two_processes_never_share_a_replay(whole, tmp_path):
    lock = tmp_path / "data" / "sim" / "replay" / f"{whole.replay_id}.lock"
    another = pytest.raises(ConfigurationError, match="another process")
    with lock_file(lock, busy=ConfigurationError("held")), another:
        replayed(tmp_path)
    assert content(tmp_path).keys() == {lock.relative_to(tmp_path).as_posix()}


def test_a_session_whose_limits_fail_trades_nothing_and_the_next_goes_on(tmp_path):
    settings = settings_at(tmp_path, limits={"max_var": 1e-6})
    done = replayed(tmp_path, FIRST, SESSIONS[1], settings=settings)
    refused, following = days(done)
    assert refused.verdict == TicketStatus.RECOMMENDATION_ONLY
    assert "historical VaR 95" in refused.failed_checks
    for record in (refused, following):
        assert record.orders == record.settlement.fills == 0
        assert record.settlement.equity == 1_000_000.0


def test_a_session_that_cannot_be_decided_stops_the_replay_and_names_itself(tmp_path):
    settings = settings_at(tmp_path, universe={"watchlist": ("NOSUCH",), "include_movers": False})
    with pytest.raises(ReplayStopped, match=f"stopped at {FIRST}(.|\n)*NOSUCH(.|\n)*again"):
        replayed(tmp_path, settings=settings)


def test_a_record_that_cannot_be_read_is_an_error_and_never_a_fresh_account(whole, tmp_path):
    folder = copied(whole, tmp_path)
    (folder / "days" / f"{LAST}.json").unlink()
    (folder / "days" / f"{SESSIONS[-2]}.json").write_text("{}")
    with pytest.raises(Exception, match="--fresh"):
        replayed(tmp_path)


# The world between two sessions


def test_positions_are_split_between_two_sessions(tmp_path):
    settings = settings_at(tmp_path)
    source = ReplaySource(settings.simulator)
    con_id, split = next(
        (item.con_id, one)
        for item in source.market.instruments
        for one in source.market.splits(item.con_id)
        if one.ratio > 1 and one.session > date(2025, 1, 1)
    )
    day = session(split.session)
    held = Account(0.0, (Held(con_id, 100, average_cost=50.0),))
    with open_replay(source, day) as world:
        world.begin(day, held, state=tmp_path / "state")
        with world.open_gateway(settings) as gateway:
            (position,) = gateway.portfolio.snapshot().positions
        world.settle(day, universe=[con_id])
    assert position.quantity == 100 * split.ratio
    assert position.average_cost == pytest.approx(50.0 / split.ratio)


def test_equal_weight_is_the_mean_of_those_that_traded_on_both_days(tmp_path):
    source = ReplaySource(settings_at(tmp_path).simulator)
    day = session(FIRST)
    before = previous_session(FIRST)
    names = [item.con_id for item in source.market.instruments]
    view = MarketView(source.market)
    expected = []
    for item in source.market.instruments:
        bars = source.market.bars(item.con_id, until=FIRST)
        if len(bars) > 1 and bars[-2].session == before.day:
            # In dollars: one name is London's, and moved with the pound as well.
            was, now = (rate(view, item.currency, each.close) for each in (before, day))
            expected.append(bars[-1].close * now / (bars[-2].close * was) - 1)
    with open_replay(source, day) as world:
        world.begin(day, Account(1000.0), state=tmp_path / "state")
        settled = world.settle(day, universe=names)
    assert len(expected) < len(names)  # one member never traded
    assert settled.equal_weight_return == pytest.approx(sum(expected) / len(expected))
    assert settled.equity == 1000.0


def test_a_world_stays_where_the_clock_is_until_it_is_moved(tmp_path):
    settings = settings_at(tmp_path)
    day = session(FIRST)
    source = ReplaySource(settings.simulator)
    with open_replay(source, day) as world:
        world.begin(day, Account(1000.0), state=tmp_path / "one")
        assert world.open_gateway(settings).server_time() == day.decision_time
        world.settle(day, universe=[item.con_id for item in source.market.instruments])
        following = next_session(FIRST)
        world.begin(following, Account(1000.0), state=tmp_path / "two")
        assert world.open_gateway(settings).server_time() == following.decision_time
        assert following.decision_time - day.close < timedelta(days=1)
