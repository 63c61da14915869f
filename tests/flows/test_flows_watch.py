"""Watch, day and replay as flows: whose day they are, and what people are told when one fails."""

import socket
import threading
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from prefect.runtime import flow_run

from core import clock
from core.errors import DaybookError
from core.settings import load_settings
from core.storage.attempts import begun
from core.storage.paths import Paths
from flows.daily import daily_portfolio
from flows.run.watchdog import watch
from flows.watch import watch_day
from flows.weekly import weekly_replay
from tests.flows.days.days import clean_environment

DAY = date(2026, 6, 15)
SATURDAY = datetime(2026, 6, 13, 5, tzinfo=UTC)
AT_14_19, AT_14_20 = (datetime(2026, 6, 15, 11, minute, tzinfo=UTC) for minute in (19, 20))
LATE = datetime(2026, 6, 15, 20, 30, tzinfo=UTC)
SLACK = "DAYBOOK_VENDORS__SLACK_WEBHOOK"


@pytest.fixture
def home(tmp_path):
    """A home in which a flow's body is called, and a function that says when and for what day."""
    with clean_environment() as patch:
        patch.chdir(tmp_path)

        def at(now, *, scheduled=None, **variables):
            patch.setitem(flow_run.FIELDS, "scheduled_start_time", lambda: scheduled or now)
            patch.setattr(clock, "now", lambda: now)
            for name, value in variables.items():
                patch.setenv(name, value)

        yield at


@pytest.fixture
def slack():
    """The address of a Slack that keeps what it was sent, and that."""
    heard = []

    class Slack(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Slack) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a-token-of-the-tests", heard
        server.shutdown()


def nowhere():
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}/a-token-of-the-tests"


@pytest.mark.parametrize(
    ("now", "day", "name", "said"),
    [
        (AT_14_19, None, "NoAlerts", "no alerts"),
        (AT_14_20, None, "NeedsAttention", "run did not start"),
        (LATE, date(2026, 6, 12), "NeedsAttention", "no run of session 2026-06-12 had begun"),
        (LATE, date(2026, 6, 13), "Skipped", "no session"),  # a Saturday
    ],
)
def test_the_watch_flow_ends_in_the_state_of_what_it_found(tmp_path, home, now, day, name, said):
    home(now)
    state = watch_day.fn(day)
    assert (state.name, state.is_failed()) == (name, name == "NeedsAttention")
    assert said in state.message
    assert list(tmp_path.iterdir()) == []  # to look writes nothing


def test_a_scheduled_flow_that_comes_a_day_late_belongs_to_the_day_it_was_scheduled_for(
    home, slack
):
    address, heard = slack
    next_morning = AT_14_20 + timedelta(hours=19)
    home(next_morning, scheduled=AT_14_20, DAYBOOK_MODE="paper", **{SLACK: address})
    skipped = daily_portfolio.fn()
    assert skipped.name == "Skipped"
    assert f"scheduled for {DAY}" in skipped.message
    assert watch_day.fn().name == "NeedsAttention"
    (text,) = heard
    assert "run did not start" in text
    assert f"no run of session {DAY} had begun" in text


@pytest.mark.parametrize("slack_is", ["up", "down"])
def test_a_weekly_replay_that_fails_is_told_once_at_the_latest_by_the_next_sessions_watch(
    slack_is, home, slack, tmp_path
):
    address, heard = slack
    home(SATURDAY, **{SLACK: address if slack_is == "up" else nowhere()})
    for _ in range(2):
        with pytest.raises(DaybookError, match="too early"):
            weekly_replay.fn(first=date(2001, 1, 2), last=date(2001, 1, 5))
    assert len(heard) == (slack_is == "up")
    home(AT_14_20, **{SLACK: address})
    settings = load_settings(home=tmp_path)
    with begun(Paths.of(settings), "run", DAY) as run:
        run.ended("done")
    ((alert, note),) = watch(settings, DAY).alerts
    assert alert.title == "replay failed"
    assert note == ("sent before" if slack_is == "up" else "sent to Slack")
    (text,) = heard
    assert "2026-06-13" in text
    assert "Orders: none; a replay does not touch the live account" in text
    assert "or: daybook replay --from 2001-01-02 --to 2001-01-05" in text


def test_wrong_settings_of_the_weekly_replay_are_told_on_a_saturday(home, slack):
    address, heard = slack
    home(SATURDAY, DAYBOOK_LIMITS__MAX_SINGLE="12", **{SLACK: address})
    with pytest.raises(DaybookError):
        weekly_replay.fn()
    (text,) = heard
    assert "replay could not start" in text
