"""What the watch finds missing or late, and tells people once."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import clock
from core.calendar import session
from core.storage.paths import Paths
from desk.orders import intents
from desk.records.store import DeskStore
from desk.tickets import approvals, ticket_store
from desk.tickets.ticket_store import TicketState
from flows.run.watchdog import watch
from tests.flows.days.days import DAY, paths_of, run

SESSION = session(DAY)
CUT_OFF = SESSION.finish_line
AT_14_19 = SESSION.decision_time + timedelta(minutes=19)
AT_14_20 = SESSION.decision_time + timedelta(minutes=20)
HOLIDAY = datetime(2026, 11, 26, 20, tzinfo=UTC)  # Thanksgiving
TOKEN = "a-token-of-the-tests"


def test_a_ticket_nobody_answered_is_told_after_the_cut_off_and_only_once(proposed, heard):
    assert watch(proposed, DAY, now=CUT_OFF - timedelta(seconds=1)).alerts == ()
    ((alert, note),) = watch(proposed, DAY, now=CUT_OFF).alerts
    assert note == "sent to Slack"
    assert alert.title == "ticket expired unanswered"
    ((_, again),) = watch(proposed, DAY, now=CUT_OFF + timedelta(hours=1)).alerts
    assert again == "sent before"
    (text,) = heard()
    assert "neither approved nor rejected by the order cut-off, 16:15 Bucharest" in text
    assert "session 2026-06-16 is decided afresh: daybook run" in text


def test_approved_orders_that_never_left_are_told_after_the_cut_off(proposed, heard):
    with DeskStore.of(paths_of(proposed.home)) as store:
        record = ticket_store.find(store, DAY)
        approvals.approve(store, record.sha256, by="ana", only=(), now=AT_14_20)
        record = ticket_store.fetch(store, record.sha256)
        intents.commit_ticket(store, record, now=AT_14_20)  # and then the command was killed
    watch(proposed, DAY, now=CUT_OFF)
    (text,) = [each for each in heard() if "approved orders were not sent" in each]
    orders = len(record.ticket.orders)
    assert f"{orders} orders approved, not all sent: {orders} pending" in text
    assert "its orders can no longer be sent" in text


@pytest.mark.parametrize(
    ("now", "told"),
    [(AT_14_19, []), (AT_14_20, ["run did not start"]), (CUT_OFF, ["run did not start"])],
)
def test_a_run_that_has_not_begun_by_14_20_in_bucharest_is_told(now, told, settings, heard):
    assert [alert.title for alert, _ in watch(settings, DAY, now=now).alerts] == told
    assert len(heard()) == len(told)
    assert not paths_of(settings.home).data.joinpath("desk").exists()  # looking makes nothing


def test_a_holiday_has_nothing_to_watch(settings, heard):
    assert watch(settings, now=HOLIDAY).session is None
    assert heard() == []


def test_a_run_that_was_killed_is_told_although_it_could_say_nothing(settings, heard):
    paths = Paths.of(settings)
    code = (
        "import time; from datetime import date; from pathlib import Path\n"
        "from core.storage.attempts import begun; from core.storage.paths import Paths\n"
        f"with begun(Paths(Path({str(paths.home)!r}), 'sim'), 'run', date(2026, 6, 15)):\n"
        "    print('begun', flush=True); time.sleep(60)\n"
    )
    root = Path(__file__).resolve().parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root
    )
    with process:
        assert process.stdout.readline() == "begun\n"
        assert watch(settings, DAY, now=AT_14_20).alerts == ()  # it is at work
        ((late, _),) = watch(settings, DAY, now=CUT_OFF).alerts
        process.kill()
    ((killed, note),) = watch(settings, DAY, now=CUT_OFF).alerts
    assert (late.title, killed.title, note) == ("run is late", "run was killed", "sent to Slack")
    assert len(heard()) == 2


def test_a_day_that_ends_after_its_cut_off_with_nothing_sent_is_told(proposed, heard, monkeypatch):
    passed = []
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + sum(passed, timedelta()))
    run(proposed, after={"2 signals": lambda: passed.append(CUT_OFF - SESSION.decision_time)})
    (text,) = heard()
    assert "run ended late" in text
    assert "the order cut-off was 16:15" in text


def test_a_close_that_never_began_is_told_where_orders_were_committed_to(proposed, heard):
    with DeskStore.of(Paths.of(proposed)) as store:
        sha256 = ticket_store.find(store, DAY).sha256
        approvals.approve(store, sha256, by="ann", only=(), now=AT_14_20)
        with store.transaction() as connection:
            ticket_store.set_state(connection, sha256, TicketState.COMMITTED)
    late = SESSION.close + timedelta(hours=1)
    assert watch(proposed, DAY, now=SESSION.close).alerts == ()
    assert [alert.title for alert, _ in watch(proposed, DAY, now=late).alerts] == [
        "close did not start"
    ]
    (text,) = heard()
    assert "committed to: " in text
    assert f"daybook close --date {DAY}" in text
