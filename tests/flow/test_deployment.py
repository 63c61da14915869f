"""The day as a deployment: server, worker and run, all real, all on loopback."""

import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.flow.days import command_environment

ROOT = Path(__file__).resolve().parents[2]
PREFECT = str(Path(sys.executable).with_name("prefect"))
STAGES = {
    "1-universe", "1-market", "1-fundamentals", "1-news", "1-macro", "1-features", "2-signals",
    "3-snapshot", "4-optimise", "5-overlay", "6-risk-gate", "7-what-if", "8-orders", "8-desk",
    "9-journal", "9-message",
}  # fmt: skip

KEY, TOKEN = "canary-key-of-the-worker", "canary-token-of-the-worker"

pytestmark = pytest.mark.slow


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def started(*command, log, env, cwd):
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=env, cwd=cwd
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
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


def deployed_run(prefect, day):
    prefect(
        "deployment", "run", "daily-portfolio/daily", "--param", f"session_date={day}",
        "--watch", "--watch-interval", "2",
    )  # fmt: skip


def asked(prefect, path, **body):
    answer = httpx.post(f"{prefect.api}/{path}", json=body, timeout=30, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def test_the_schedule_is_weekdays_at_14_00_in_bucharest(prefect):
    (daily,) = [d for d in asked(prefect, "deployments/filter") if d["name"] == "daily"]
    (schedule,) = daily["schedules"]
    assert schedule["active"]
    assert schedule["schedule"]["cron"] == "0 14 * * 1-5"
    assert schedule["schedule"]["timezone"] == "Europe/Bucharest"


def test_a_deployed_day_completes_with_one_artifact_for_each_stage(prefect, worker):
    deployed_run(prefect, "2026-06-15")
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
    deployed_run(prefect, "2026-11-26")
    names = {r["name"]: r["state_name"] for r in asked(prefect, "flow_runs/filter")}
    assert names["2026-11-26"] == "Skipped", worker.read_text()
