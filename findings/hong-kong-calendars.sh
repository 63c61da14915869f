#!/usr/bin/env bash
# Hong Kong's sessions: two maintained calendars, and neither holds what the other knows.
#
# Versions   exchange-calendars 4.13.2 (XHKG), pandas-market-calendars 5.5.0 (HKEX), pandas 3.1.1, Python 3.11
# Guess      Both give the same sessions and closes: pandas-market-calendars also re-exports
#            exchange-calendars' own exchanges under their MIC codes.
# Behaviour  HKEX of pandas-market-calendars has no half days at all: Christmas Eve, New Year's Eve and
#            Lunar New Year's Eve close at 08:00 UTC (16:00 local) instead of 04:00 UTC (noon local).
#            Full-day closures for weather: exchange-calendars knows 2024-09-06 only,
#            pandas-market-calendars knows 2023-09-01 and 2023-09-08 only.
# What follows  An order cut-off or a day order's life taken from one of them is four hours wrong on
#            the half days; a replay over 2023-2024 holds sessions that never were with either.
# Output seen
#            2025-12-24 exchange_calendars 04:00, pandas_market_calendars 08:00
#            half days 2024-2025: exchange_calendars 6, pandas_market_calendars 0
#            session only in exchange_calendars: 2023-09-01 2023-09-08
#            session only in pandas_market_calendars: 2024-09-06
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    exchange-calendars==4.13.2 pandas-market-calendars==5.5.0 pandas==3.1.1
"$work/venv/bin/python" -W ignore - <<'PY'
import datetime as dt
import sys

import exchange_calendars
import pandas_market_calendars

FIRST, LAST = "2023-01-01", "2025-12-31"
one = exchange_calendars.get_calendar("XHKG", start=FIRST, end=LAST).schedule["close"]
two = pandas_market_calendars.get_calendar("HKEX").schedule(FIRST, LAST)["market_close"]
closes = [{day.date(): close.time() for day, close in each.items()} for each in (one, two)]

eve = dt.date(2025, 12, 24)
print(f"{eve} exchange_calendars {closes[0][eve]:%H:%M}, pandas_market_calendars {closes[1][eve]:%H:%M}")
halves = [
    [day for day, close in each.items() if day.year > 2023 and close != dt.time(8)] for each in closes
]
print(f"half days 2024-2025: exchange_calendars {len(halves[0])}, pandas_market_calendars {len(halves[1])}")
only = [sorted(set(closes[0]) - set(closes[1])), sorted(set(closes[1]) - set(closes[0]))]
print("session only in exchange_calendars:", *only[0])
print("session only in pandas_market_calendars:", *only[1])

as_seen = (
    closes[0][eve] == dt.time(4)
    and closes[1][eve] == dt.time(8)
    and [len(each) for each in halves] == [6, 0]
    and only == [[dt.date(2023, 9, 1), dt.date(2023, 9, 8)], [dt.date(2024, 9, 6)]]
)
print("as seen" if as_seen else "CHANGED")
sys.exit(not as_seen)
PY
