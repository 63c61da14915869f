#!/usr/bin/env bash
# The server of Prefect 3.8.8 with SQLAlchemy 2.0.58 and with 2.1.9, both allowed by its metadata.
#
# Expected guess: a schedule that the server accepts and shows as active creates its runs, or the
# server fails. Prefect asks for SQLAlchemy >=2.0,<3.
# Seen: with 2.1.9 the server is healthy, takes the deployment and shows its schedule as active, and
# creates no run of it, ever. Its log repeats "Can't evaluate bulk DML statement" once a minute; runs
# started by hand work, so nothing else shows it.
#
#   SQLAlchemy 2.0.58: healthy, schedule active, scheduled runs: some
#   SQLAlchemy 2.1.9: healthy, schedule active, scheduled runs: none
#
# Exits non-zero when that has changed. fastapi is pinned because 3.8.8 does not start with the newest.
# Takes some minutes: "none" is said after 60 seconds and an error in the log.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

look() {
    python3 -m venv "$folder/$1"
    "$folder/$1/bin/pip" install --quiet --disable-pip-version-check \
        prefect==3.8.8 fastapi==0.150.0 "sqlalchemy==$1"
    PREFECT_HOME="$folder/home-$1" PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1 \
        PREFECT_SERVER_UI_ENABLED=false "$folder/$1/bin/python" -W ignore - "$folder/$1.log" <<'PYTHON'
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import httpx
import sqlalchemy

START, SCHEDULE = 180, 60  # seconds at most: until it is healthy, until it has made a run
log = pathlib.Path(sys.argv[1])
with socket.create_server(("127.0.0.1", 0)) as taken:
    port = taken.getsockname()[1]
api = httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=60, trust_env=False)
prefect = pathlib.Path(sys.executable).with_name("prefect")


def post(path, **body):
    for _ in range(20):  # a busy server answers 503 while SQLite is locked
        answer = api.post(path, json=body)
        if answer.status_code != 503:
            break
        time.sleep(1)
    return answer.raise_for_status().json()


def healthy():
    try:
        return api.get("/health").is_success
    except httpx.TransportError:
        return False


def scheduled():
    return post("/flow_runs/filter", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}})


def until(found, seconds):
    deadline = time.monotonic() + seconds
    while not (value := found()) and time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        time.sleep(0.5)
    return value


with log.open("w") as output:
    server = subprocess.Popen(
        [prefect, "server", "start", "--host", "127.0.0.1", "--port", str(port)],
        stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
    )
try:
    assert until(healthy, START), log.read_text()
    cron = {"cron": "0 14 * * 1-5", "timezone": "Europe/Bucharest"}
    made = post("/deployments/", name="daily", flow_id=post("/flows/", name="day")["id"],
                schedules=[{"schedule": cron, "active": True}])
    (schedule,) = api.get(f"/deployments/{made['id']}").json()["schedules"]
    runs = until(scheduled, SCHEDULE)
    assert runs or "Can't evaluate bulk DML statement" in log.read_text(), log.read_text()
    print(f"SQLAlchemy {sqlalchemy.__version__}: healthy, schedule "
          f"{'active' if schedule['active'] else 'paused'}, scheduled runs: "
          f"{'some' if runs else 'none'}")
finally:
    os.killpg(server.pid, signal.SIGKILL)  # the group that was started here, and nothing else
    server.wait()
PYTHON
}

{ look 2.0.58; look 2.1.9; } | tee "$folder/seen"
diff "$folder/seen" - <<'SEEN'
SQLAlchemy 2.0.58: healthy, schedule active, scheduled runs: some
SQLAlchemy 2.1.9: healthy, schedule active, scheduled runs: none
SEEN
