#!/usr/bin/env bash
# pydantic: the broker's 20260615 is a moment in August 1970, and 930 is a quarter past midnight.
#
# Versions   pydantic 2.14.4, Python 3.11
# Guess      A date without dashes is read as one, as datetime.fromisoformat does, or it is refused.
# Behaviour  A string of digits is a number of seconds since 1970 (of milliseconds above 2e10), so a datetime
#            field takes 20260615 and 20260615093000 without complaint, as 1970 and 2612; a date field refuses
#            the first, with a message about its time of day. For a time field the number 930 is 930 seconds.
#            20260615T093000, the same with a T, is refused.
# What follows  TWS and Flex write dates in this form: a model of a trade or an expiry validates and is wrong by
#            half a century; an age limit then calls everything old, a check for the future passes.
#            Put a BeforeValidator with strptime on such fields, or declare them date, which fails.
# Output seen
#            datetime  20260615         1970-08-23 11:56:55+00:00
#            datetime  20260615093000   2612-01-13 20:38:13+00:00
#            datetime  20260615T093000  refused
#            date      20260615         refused
#            time      930              00:15:30+00:00
#            fromisoformat reads the first and the third: yes
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pydantic==2.14.4
"$work/venv/bin/python" -W ignore - <<'PY' | tee "$work/seen"
import datetime as dt

from pydantic import TypeAdapter, ValidationError

COMPACT = ("20260615", "20260615093000", "20260615T093000")


def look(kind, value):
    try:
        read = TypeAdapter(kind).validate_python(value)
    except ValidationError:
        read = "refused"
    print(f"{kind.__name__:<9} {value:<16} {read}")


for text in COMPACT:
    look(dt.datetime, text)
look(dt.date, "20260615")
look(dt.time, 930)
years = {dt.datetime.fromisoformat(text).year for text in COMPACT[::2]}
print("fromisoformat reads the first and the third:", "yes" if years == {2026} else "no")
PY
diff "$work/seen" - <<'SEEN'
datetime  20260615         1970-08-23 11:56:55+00:00
datetime  20260615093000   2612-01-13 20:38:13+00:00
datetime  20260615T093000  refused
date      20260615         refused
time      930              00:15:30+00:00
fromisoformat reads the first and the third: yes
SEEN
