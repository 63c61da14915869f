"""Starts a Prefect server, asks it for deployments and their runs, and waits for those."""

import os
import signal
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

import journal

OVER = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
RUN_SECONDS = 180
LOOK_SECONDS = 0.5  # between two looks: each costs the server as well
# Plain HTTP: to load the authorities for each question would take longer than to ask.
WITHOUT_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
BUCHAREST = ZoneInfo("Europe/Bucharest")


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
            if httpx.get(
                f"{api}/health", timeout=2, trust_env=False, verify=WITHOUT_TLS
            ).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    pytest.fail(f"no Prefect server within {seconds} s:\n{log.read_text()}")


def deployed_run(prefect, deployment, *, ends="COMPLETED", **parameters):
    """Let the worker run a deployment by the API, and wait until it is over."""
    run = begin_run(prefect, deployment, **parameters)
    return ended(prefect, run["id"], ends)


def begin_run(prefect, deployment, **parameters):
    created = f"deployments/{named(prefect, deployment)['id']}/create_flow_run"
    return answered(prefect, "POST", created, parameters=parameters, state={"type": "SCHEDULED"})


def ended(prefect, run_id, ends="COMPLETED"):
    def over():
        run = answered(prefect, "GET", f"flow_runs/{run_id}")
        return run if run["state_type"] in OVER else None

    run = until(over, "the run is not over")
    assert run["state_type"] == ends, run["state"]
    return run


def until(found, otherwise):
    """Look until there is something, and return it."""
    deadline = time.monotonic() + RUN_SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline, otherwise
        time.sleep(LOOK_SECONDS)
    return value


def named(prefect, deployment):
    return answered(prefect, "GET", f"deployments/name/{deployment}")


def scheduled(prefect, deployment):
    """When the server will start a deployment by itself, in UTC."""
    chosen = {"id": {"any_": [named(prefect, deployment)["id"]]}}
    runs = asked(prefect, "flow_runs/filter", deployments=chosen, sort="EXPECTED_START_TIME_ASC",
                 flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}})  # fmt: skip
    assert all(run["auto_scheduled"] for run in runs)
    return [datetime.fromisoformat(run["expected_start_time"]).astimezone(UTC) for run in runs]


def due(times, weekdays, *, after, count):
    """The next moments at which the clock in Bucharest shows one of these times, in UTC."""
    days = (after.astimezone(BUCHAREST).date() + timedelta(days=n) for n in range(count * 8))
    moments = (
        datetime(day.year, day.month, day.day, hour, minute, tzinfo=BUCHAREST).astimezone(UTC)
        for day in days
        for hour, minute in times
        if day.weekday() in weekdays
    )
    return [moment for moment in moments if moment > after][:count]


def deployed_day(prefect, day):
    deployed_run(prefect, "daily-portfolio/daily", session_date=day)


def state_names(prefect):
    """The name of the final state of each flow run, by the run's name."""
    return {run["name"]: run["state_name"] for run in asked(prefect, "flow_runs/filter")}


def asked(prefect, path, **body):
    return answered(prefect, "POST", path, **body)


def answered(prefect, method, path, *, body=None, **fields):
    url = f"{prefect.api}/{path}"

    def asked_once():
        sent = body or fields or None
        answer = httpx.request(
            method, url, json=sent, timeout=30, trust_env=False, verify=WITHOUT_TLS
        )
        # What SQLite had locked was not done; Prefect's own client asks again as well.
        return None if answer.status_code == 503 else (answer,)

    (answer,) = until(asked_once, "the database stays locked")
    answer.raise_for_status()
    return answer.json() if answer.content else None


def newest_entry(prefect):
    return list(journal.entries(prefect.home / "data/sim/decision_log"))[-1].entry
