"""The day as a deployment: server, worker and run, all real, all on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import journal
from tests.flow.days import command_environment

ROOT = Path(__file__).resolve().parents[2]
PREFECT = str(Path(sys.executable).with_name("prefect"))
STAGES = {
    "1-universe", "1-market", "1-fundamentals", "1-news", "1-macro", "1-earnings", "1-features",
    "2-signals",
    "3-snapshot", "4-optimise", "5-overlay", "6-risk-gate", "7-what-if", "8-orders", "8-desk",
    "8-state",
    "9-journal", "9-message",
}  # fmt: skip

OVER = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
RUN_SECONDS = 180

KEY, TOKEN = "canary-key-of-the-worker", "canary-token-of-the-worker"

pytestmark = pytest.mark.slow


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def started(*command, log, env, cwd):
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=env, cwd=cwd,
            start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            # The server waits half a minute for its own services; nothing of it is needed again.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_healthy(api, server, log, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            if httpx.get(f"{api}/health", timeout=2, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    pytest.fail(f"no Prefect server within {seconds} s:\n{log.read_text()}")


@pytest.fixture(scope="module")
def prefect(tmp_path_factory):
    """A Prefect server with the deployments of prefect.yaml, and the environment to reach it."""
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
        PREFECT_WORKER_QUERY_SECONDS="1",
        DAYBOOK_SIMULATOR__SYMBOLS="30",
        DAYBOOK_VENDORS__FUNDAMENTALS_KEY=KEY,
        DAYBOOK_VENDORS__SLACK_WEBHOOK=f"http://127.0.0.1:9/slack/{TOKEN}",
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

        call("work-pool", "create", "daybook", "--type", "process")
        call("deploy", "--all")
        call.api, call.env, call.home, call.folder = api, env, home, folder
        yield call


@pytest.fixture(scope="module")
def worker(prefect):
    """A worker of the pool, started elsewhere than in the checkout."""
    command = (PREFECT, "worker", "start", "--pool", "daybook", "--type", "process")
    log = prefect.folder / "worker.log"
    with started(*command, log=log, env=prefect.env, cwd=prefect.folder):
        yield log


def deployed_run(prefect, deployment, **parameters):
    """Let the worker run a deployment, as the schedule does, and wait until it has completed."""
    found = answered(prefect, "GET", f"deployments/name/{deployment}")
    created = f"deployments/{found['id']}/create_flow_run"
    run = answered(prefect, "POST", created, parameters=parameters, state={"type": "SCHEDULED"})
    deadline = time.monotonic() + RUN_SECONDS
    while run["state_type"] not in OVER:
        assert time.monotonic() < deadline, run["state_name"]
        time.sleep(0.2)
        run = answered(prefect, "GET", f"flow_runs/{run['id']}")
    assert run["state_type"] == "COMPLETED", run["state"]


def deployed_day(prefect, day):
    deployed_run(prefect, "daily-portfolio/daily", session_date=day)


def state_names(prefect):
    """The name of the final state of each flow run, by the run's name."""
    return {run["name"]: run["state_name"] for run in asked(prefect, "flow_runs/filter")}


def asked(prefect, path, **body):
    return answered(prefect, "POST", path, **body)


def answered(prefect, method, path, **body):
    url = f"{prefect.api}/{path}"
    answer = httpx.request(method, url, json=body or None, timeout=30, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def newest_entry(prefect):
    return list(journal.entries(prefect.home / "data/sim/decision_log"))[-1].entry


def test_the_schedule_is_weekdays_at_14_00_in_bucharest(prefect):
    (daily,) = [d for d in asked(prefect, "deployments/filter") if d["name"] == "daily"]
    (schedule,) = daily["schedules"]
    assert schedule["active"]
    assert schedule["schedule"]["cron"] == "0 14 * * 1-5"
    assert schedule["schedule"]["timezone"] == "Europe/Bucharest"


def test_a_deployed_day_completes_with_one_artifact_for_each_stage(prefect, worker):
    deployed_day(prefect, "2026-06-15")
    (run,) = [r for r in asked(prefect, "flow_runs/filter") if r["state_type"] != "SCHEDULED"]
    assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Proposed"), worker.read_text()
    assert run["name"] == "2026-06-15"
    keys = [artifact["key"] for artifact in asked(prefect, "artifacts/filter")]
    assert set(keys) == STAGES | {"world"}
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


def test_a_holiday_is_skipped_not_failed(prefect, worker):
    deployed_day(prefect, "2026-11-26")
    assert state_names(prefect)["2026-11-26"] == "Skipped", worker.read_text()


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


def test_the_close_deployment_seals_the_session(prefect, worker):
    deployed_run(prefect, "close/close", session_date="2026-06-15")
    name = state_names(prefect)["close-2026-06-15"]
    assert name in {"Filled", "PartlyFilled"}, worker.read_text()
    assert newest_entry(prefect).kind == "close"


def test_the_weekly_replay_is_deployed_and_leaves_its_row_of_metrics(prefect, worker):
    deployed_run(prefect, "weekly-replay/weekly-replay", first="2026-06-10", last="2026-06-12")
    replays = [r for r in asked(prefect, "flow_runs/filter") if r["state_name"] == "Replayed"]
    assert len(replays) == 1, worker.read_text()
    assert (prefect.home / "data/sim/metrics/rolling_backtest.csv").is_file()
