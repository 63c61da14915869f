#!/usr/bin/env bash
# ib_async: a date as the end of a history request means another moment on every host.
#
# Versions   ib_async 2.1.0, Python 3.11
# Guess      reqHistoricalData(endDateTime=date(2026, 6, 15)) ends with that day at the exchange,
#            or at a fixed moment: the library sends "… UTC".
# Behaviour  util.formatIBDatetime takes 23:59:59 of the date in the *host's* zone. The same call asks
#            for the whole New York session from a host in Bucharest (16:59 in New York), cuts it an
#            hour and a half after the open from Tokyo (10:59), and reaches into the next day from Chicago.
# What follows  Bars, and whatever is computed from the "last" one, depend on where the host stands.
#            Give an aware datetime, or the empty string for now.
# Output seen
#            America/Chicago   20260616 04:59:59 UTC
#            Europe/Bucharest  20260615 20:59:59 UTC
#            Asia/Tokyo        20260615 14:59:59 UTC
#            aware datetime    20260615 20:00:00 UTC in all three
# Fails (exit 1) when this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check ib_async==2.1.0
cat > "$work/ends.py" <<'PY'
import datetime as dt
import os
import sys
from zoneinfo import ZoneInfo

from ib_async.util import formatIBDatetime

day = formatIBDatetime(dt.date(2026, 6, 15))
close = formatIBDatetime(dt.datetime(2026, 6, 15, 16, tzinfo=ZoneInfo("America/New_York")))
print(f"{os.environ['TZ']:<17} {day}   (aware datetime: {close})")
sys.exit((day, close) != (sys.argv[1], "20260615 20:00:00 UTC"))
PY
code=0
check() { TZ=$1 "$work/venv/bin/python" "$work/ends.py" "$2" || code=1; }
check America/Chicago  "20260616 04:59:59 UTC"
check Europe/Bucharest "20260615 20:59:59 UTC"
check Asia/Tokyo       "20260615 14:59:59 UTC"
[ "$code" = 0 ] && echo "as seen" || echo "CHANGED"
exit "$code"
