#!/usr/bin/env bash
# exchange_calendars 4.13.2 with pandas 3.0.6 and with pandas 3.1.1, both allowed by its metadata.
#
# Expected guess: the same calendars, or an error. pandas 3.1 is a minor release.
# Seen: with 3.1.1 the Bombay and Moscow calendars are built without complaint and have lost every
# session on a Saturday (special sessions that did take place); four calendars with the Orthodox
# Easter (Bucharest, Athens, Belgrade, Cyprus) raise NotImplementedError and Tel Aviv ValueError.
#
#   pandas 3.0.6: Saturdays XBOM 2 XMOS 4; cannot be built: none
#   pandas 3.1.1: Saturdays XBOM 0 XMOS 0; cannot be built: ASEX XBEL XBSE XCYS XTAE
#
# Exits non-zero when that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

look() {
    python3 -m venv "$folder/$1"
    "$folder/$1/bin/pip" install --quiet --disable-pip-version-check \
        exchange_calendars==4.13.2 "pandas==$1"
    "$folder/$1/bin/python" -W ignore - <<'PYTHON'
import exchange_calendars
import pandas

def build(name):
    return exchange_calendars.get_calendar(name, start="2021-01-01", end="2026-12-31")

def saturdays(name):
    return f"{name} {sum(day.weekday() == 5 for day in build(name).sessions)}"

failed = []
for name in ("ASEX", "XBEL", "XBSE", "XCYS", "XNYS", "XTAE"):
    try:
        build(name)
    except (NotImplementedError, ValueError):
        failed.append(name)
print(f"pandas {pandas.__version__}: Saturdays {saturdays('XBOM')} {saturdays('XMOS')}; "
      f"cannot be built: {' '.join(failed) or 'none'}")
PYTHON
}

{ look 3.0.6; look 3.1.1; } | tee "$folder/seen"
diff "$folder/seen" - <<'SEEN'
pandas 3.0.6: Saturdays XBOM 2 XMOS 4; cannot be built: none
pandas 3.1.1: Saturdays XBOM 0 XMOS 0; cannot be built: ASEX XBEL XBSE XCYS XTAE
SEEN
