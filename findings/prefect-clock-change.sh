#!/usr/bin/env bash
# Prefect: "every day at 03:30" is 04:30 from March to October, and an hourly schedule misses an hour.
#
# Versions   prefect 3.8.8, Python 3.11
# Guess      As the documentation of its IntervalSchedule says: a daily interval keeps its local time, and an
#            hourly one runs in every hour of UTC, twice at the same local time when clocks go back.
# Behaviour  An interval of a day that is anchored at a local time which the change to summer time skips moves
#            to the hour after it and stays there, on every day until clocks go back. The run of a day in late
#            October is at 04:30 when asked for before that, at 03:30 after. An interval of one hour, and a cron
#            of every hour, has no run in the hour that is repeated in autumn: 120 minutes between two runs. A
#            cron at the skipped time runs an hour early by the clock, once.
# What follows  A download set for 03:30 in Bucharest, before an order cut-off or a gateway's restart, is an hour
#            late for seven months, and then runs planned ahead and runs asked for again differ; a watch by the hour
#            is blind once a year. Give such schedules in UTC, or keep them out of the hours in which clocks change.
# Output seen
#            daily from 03:30: 2026-03-28 03:30, 2026-03-29 04:30, 2026-07-15 04:30, 2026-10-27 03:30
#            the run of 2026-10-27, asked on 2026-10-24: 2026-10-27 04:30
#            cron 30 3 * * *: 2026-03-28 03:30, 2026-03-29 02:30, 2026-03-30 03:30
#            longest gap on 2026-10-25: interval of 1 hour 120 minutes, of 1 hour in UTC 60, cron 30 * * * * 120
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check prefect==3.8.8
export PREFECT_HOME="$work/home" PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1
"$work/venv/bin/python" -W ignore - <<'PY' | tee "$work/seen"
import asyncio
import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule

ZONE = "Europe/Bucharest"
local = ZoneInfo(ZONE)
anchor = dt.datetime(2026, 1, 5, 3, 30, tzinfo=local)


def runs(schedule, day, count):
    start = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), local)
    return [run.astimezone(local) for run in asyncio.run(schedule.get_dates(n=count, start=start))]


def said(moments):
    return ", ".join(f"{moment:%Y-%m-%d %H:%M}" for moment in moments)


def longest(schedule):
    seconds = [run.timestamp() for run in runs(schedule, "2026-10-25", 10)]
    return round(max(later - earlier for earlier, later in pairwise(seconds)) / 60)


def hourly(zone):
    return IntervalSchedule(interval=dt.timedelta(hours=1), anchor_date=anchor, timezone=zone)


daily = IntervalSchedule(interval=dt.timedelta(days=1), anchor_date=anchor, timezone=ZONE)
asked = ("2026-03-28", "2026-03-29", "2026-07-15", "2026-10-27")
print("daily from 03:30:", said(runs(daily, day, 1)[0] for day in asked))
print("the run of 2026-10-27, asked on 2026-10-24:", said(runs(daily, "2026-10-24", 4)[3:]))
print("cron 30 3 * * *:", said(runs(CronSchedule(cron="30 3 * * *", timezone=ZONE), "2026-03-28", 3)))
print(f"longest gap on 2026-10-25: interval of 1 hour {longest(hourly(ZONE))} minutes, of 1 hour in UTC "
      f"{longest(hourly('UTC'))}, cron 30 * * * * {longest(CronSchedule(cron='30 * * * *', timezone=ZONE))}")
PY
diff "$work/seen" - <<'SEEN'
daily from 03:30: 2026-03-28 03:30, 2026-03-29 04:30, 2026-07-15 04:30, 2026-10-27 03:30
the run of 2026-10-27, asked on 2026-10-24: 2026-10-27 04:30
cron 30 3 * * *: 2026-03-28 03:30, 2026-03-29 02:30, 2026-03-30 03:30
longest gap on 2026-10-25: interval of 1 hour 120 minutes, of 1 hour in UTC 60, cron 30 * * * * 120
SEEN
