"""The day as a deployment: server, worker and run, all real, all on loopback."""

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flows.run.watchdog import watch
from tests.fixtures.tiers import size
from tests.flows.days.days import command_environment, environment_at, settings_for
from tests.flows.prefect.deployments import (
    OVER,
    answered,
    asked,
    begin_run,
    deployed_day,
    deployed_run,
    due,
    ended,
    free_port,
    named,
    newest_entry,
    scheduled,
    started,
    state_names,
    until,
    wait_until_healthy,
)

ROOT = Path(__file__).resolve().parents[3]
PREFECT = str(Path(sys.executable).with_name("prefect"))
STAGES = {
    "1-universe", "1-market", "1-fundamentals", "1-news", "1-macro", "1-earnings", "1-features",
    "2-signals",
    "3-snapshot", "4-optimise", "5-overlay", "6-risk-gate", "7-what-if", "8-order-ticket", "8-desk",
    "8-standing",
    "9-journal", "9-notify",
}  # fmt: skip

BUCHAREST = ZoneInfo("Europe/Bucharest")
WEEKDAYS, SATURDAY = range(5), (5,)
# Deployment, hour and minutes in Bucharest, days of the week.
SCHEDULES = [
    ("daily-portfolio/daily", [(14, 0)], WEEKDAYS),
    ("close/close", [(23, 30)], WEEKDAYS),
    ("watch/watch", [(14, 20), (15, 20), (16, 20), (23, 50)], WEEKDAYS),
    ("weekly-replay/weekly-replay", [(8, 0)], SATURDAY),
]
AHEAD = 10  # runs of each schedule the server is asked to hold; by itself it holds three

# Services of the server that none of these runs uses.
NOT_NEEDED = ("CANCELLATION_CLEANUP", "CLEANUP_RECONCILER", "EVENT_PERSISTER", "FOREMAN",
              "LATE_RUNS", "PAUSE_EXPIRATIONS", "REPOSSESSOR", "TRIGGERS")  # fmt: skip

EMBEDDED = {
    "DAYBOOK_SIMULATOR__SYMBOLS": "15",
    "DAYBOOK_UNIVERSE__HISTORY": "1 Y",
    "DAYBOOK_OPTIMISER__CVAR_AVERSION": "0",
}

KEY, TOKEN = "canary-key-of-the-worker", "canary-token-of-the-worker"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def slack():
    """A Slack that takes alerts and refuses every other message, with what it was sent."""
    heard = []

    class Slack(BaseHTTPRequestHandler):
        def do_POST(self):
            said = json.loads(self.rfile.read(int(self.headers["content-length"])))["text"]
            heard.append(said)
            self.send_response(200 if said.startswith("⚠ daybook") else 503)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slack) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.alerts = lambda: [said for said in heard if said.startswith("⚠ daybook")]
        yield server
        server.shutdown()


def deploy_all(warm_daybook, env):
    deploy = ("-m", "tests.flows.prefect.warm_prefect", "--no-prompt", "deploy", "--all")
    with warm_daybook.start(deploy, folder=ROOT, environment=env) as deploying:
        said = deploying.communicate(timeout=180)[0]
    assert deploying.returncode == 0, said


@pytest.fixture(scope="module")
def prefect(tmp_path_factory, slack, small_process, warm_daybook):
    """A Prefect server with the deployments of prefect.yaml, and the environment to reach it.

    Its runs start their own simulators in the campaign, whose days go on to the close.
    """
    folder = tmp_path_factory.mktemp("prefect")
    home = folder / "home"
    home.mkdir()
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    env = command_environment(
        home,
        PREFECT_API_URL=api,
        PREFECT_SERVER_UI_API_URL=api,
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        DO_NOT_TRACK="1",
        PREFECT_SERVER_UI_ENABLED="false",
        PREFECT_WORKER_QUERY_SECONDS="2",
        **size(EMBEDDED, environment_at(small_process))
        | {
            "DAYBOOK_VENDORS__FUNDAMENTALS_KEY": KEY,
            "DAYBOOK_VENDORS__SLACK_WEBHOOK": f"http://127.0.0.1:{slack.server_port}/slack/{TOKEN}",
        },
        PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS=str(AHEAD),
        PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS="5",  # by itself it looks once a minute
        **{f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in NOT_NEEDED},
    )
    log = folder / "server.log"
    server_command = (PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port))
    with started(*server_command, log=log, env=env, cwd=ROOT) as server:
        wait_until_healthy(api, server, log)

        def call(*arguments):
            done = subprocess.run(
                [PREFECT, "--no-prompt", *arguments],
                env=env, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        call.api, call.env, call.home, call.folder = api, env, home, folder
        answered(call, "POST", "work_pools/", name="daybook", type="process")
        deploy_all(warm_daybook, env)
        yield call


@pytest.fixture(scope="module")
def worker(prefect):
    """A worker of the pool, started elsewhere than in the checkout.

    The deployed schedules are switched off first: at 23:50 in Bucharest the watch would come due.
    """
    for deployment in asked(prefect, "deployments/filter"):
        for schedule in deployment["schedules"]:
            path = f"deployments/{deployment['id']}/schedules/{schedule['id']}"
            answered(prefect, "PATCH", path, active=False)
    command = (PREFECT, "worker", "start", "--pool", "daybook", "--type", "process")
    log = prefect.folder / "worker.log"
    with started(*command, log=log, env=prefect.env, cwd=prefect.folder):
        yield log


@pytest.mark.parametrize(("deployment", "times", "weekdays"), SCHEDULES)
def test_the_server_holds_the_next_ten_scheduled_runs_at_their_time_in_bucharest(
    prefect, deployment, times, weekdays
):
    before = datetime.now(UTC)

    def enough():
        held = scheduled(prefect, deployment)
        return held if len(held) >= AHEAD else None

    held = until(enough, "the server never schedules what is deployed")
    assert held[:AHEAD] == due(times, weekdays, after=before, count=AHEAD)


def test_the_day_keeps_its_time_in_bucharest_when_the_clocks_change(prefect):
    # The last Sunday of March 2027 is the 28th: 14:00 is 12:00 UTC before it and 11:00 after.
    path = f"deployments/{named(prefect, 'daily-portfolio/daily')['id']}/schedule"
    asked(prefect, path, start_time="2027-03-24T00:00:00Z", min_runs=5, max_runs=5)
    march = [m for m in scheduled(prefect, "daily-portfolio/daily") if m.year == 2027]
    days = [f"{moment:%m-%d %H}" for moment in march if moment.month == 3][-5:]
    assert days == ["03-24 12", "03-25 12", "03-26 12", "03-29 11", "03-30 11"]


def test_a_schedule_that_comes_due_runs_the_day_to_its_seal(prefect, worker):
    path = f"deployments/{named(prefect, 'daily-portfolio/daily')['id']}/schedules"
    due_at = datetime.now(UTC) + timedelta(seconds=5)
    # Every half minute: where the server looks too late for the first, it has the second.
    every = {"interval": 30, "anchor_date": due_at.isoformat(), "timezone": "UTC"}
    added = {"schedule": every, "active": True, "parameters": {"session_date": "2026-06-15"}}
    (made,) = answered(prefect, "POST", path, body=[added])

    def begun():
        runs = asked(prefect, "flow_runs/filter", sort="EXPECTED_START_TIME_ASC")
        return [run for run in runs if run["state_type"] in {"RUNNING", *OVER}]

    run = until(begun, "no run of the schedule begins")[0]
    answered(prefect, "DELETE", f"{path}/{made['id']}")  # and with it the runs it would begin
    assert run["auto_scheduled"]
    assert run["parameters"] == {"session_date": "2026-06-15"}
    assert datetime.fromisoformat(run["start_time"]) >= due_at
    ended(prefect, run["id"])
    assert newest_entry(prefect).kind == "decision"
    assert newest_entry(prefect).session.isoformat() == "2026-06-15"


def test_a_deployed_day_completes_with_one_artifact_for_each_stage(prefect, worker):
    assert state_names(prefect)["2026-06-15"] == "Proposed", worker.read_text()
    keys = [artifact["key"] for artifact in asked(prefect, "artifacts/filter")]
    assert set(keys) == STAGES | {"environment"}
    assert len(keys) == len(set(keys))
    ticket = prefect.home / "reports/sim/order_ticket_2026-06-15.json"
    assert json.loads(ticket.read_bytes())["session"] == "2026-06-15"


def test_nothing_that_prefect_keeps_of_a_day_holds_a_secret(prefect, worker):
    kept = ("artifacts/filter", "logs/filter", "flow_runs/filter", "task_runs/filter")
    told = {path: json.dumps(asked(prefect, path)) for path in kept}
    assert "NOT SENT" in told["artifacts/filter"]  # the webhook was tried
    for text in (*told.values(), worker.read_text()):
        assert KEY not in text
        assert TOKEN not in text


@pytest.mark.campaign
def test_a_holiday_is_skipped_not_failed(prefect, worker):
    deployed_day(prefect, "2026-11-26")
    assert state_names(prefect)["2026-11-26"] == "Skipped", worker.read_text()


@pytest.mark.campaign
def test_a_run_that_fails_under_prefect_sends_one_message(prefect, worker, slack):
    before = len(slack.alerts())
    nothing = {"session_date": "2026-06-16", "bars": "/nowhere/bars.parquet"}
    deployed_run(prefect, "daily-portfolio/daily", ends="FAILED", **nothing)
    (told,) = slack.alerts()[before:]
    assert "2026-06-16" in told
    assert "run failed" in told


@pytest.mark.campaign
def test_a_run_that_is_killed_is_told_by_the_watch(prefect, worker, slack):
    before = len(slack.alerts())
    run = begin_run(prefect, "daily-portfolio/daily", session_date="2026-06-17")
    attempts = prefect.home / "data/sim/attempts/2026-06-17"
    until(lambda: list(attempts.glob("*.json")), "the run does not begin")
    found = answered(prefect, "GET", f"flow_runs/{run['id']}")
    os.killpg(int(found["infrastructure_pid"].rpartition(":")[2]), signal.SIGKILL)
    ended(prefect, run["id"], "CRASHED")
    assert slack.alerts()[before:] == []  # it had no time to say anything
    webhook = prefect.env["DAYBOOK_VENDORS__SLACK_WEBHOOK"]
    settings = settings_for(prefect.home, vendors={"slack_webhook": webhook})
    assert [note for _, note in watch(settings, date(2026, 6, 17)).alerts] == ["sent to Slack"]
    (told,) = slack.alerts()[before:]
    assert "run was killed" in told


@pytest.mark.campaign
def test_running_the_execute_deployment_as_somebody_approves_and_sends_once(prefect, worker):
    approval = ("--param", "ticket=2026-06-15", "--param", "approved_by=ann")
    # By the command line, as a person does it.
    prefect("deployment", "run", "execute/execute", *approval, "--watch", "--watch-interval", "1")
    name = state_names(prefect)["execute-2026-06-15"]
    assert name in {"Filled", "PartlyFilled"}, worker.read_text()
    execution = newest_entry(prefect)
    assert execution.kind == "execution"
    assert execution.facts["approved_by"] == "ann"
    assert {row["payload"]["status"] for row in execution.decisions} <= {"filled", "working"}


@pytest.mark.campaign
def test_the_close_deployment_seals_the_session(prefect, worker):
    deployed_run(prefect, "close/close", session_date="2026-06-15")
    name = state_names(prefect)["close-2026-06-15"]
    assert name in {"Filled", "PartlyFilled"}, worker.read_text()
    assert newest_entry(prefect).kind == "close"


@pytest.mark.campaign
def test_the_weekly_replay_is_deployed_and_leaves_its_row_of_metrics(prefect, worker):
    deployed_run(prefect, "weekly-replay/weekly-replay", first="2026-06-11", last="2026-06-12")
    replays = [r for r in asked(prefect, "flow_runs/filter") if r["state_name"] == "Replayed"]
    assert len(replays) == 1, worker.read_text()
    assert (prefect.home / "data/sim/metrics/rolling_backtest.csv").is_file()
