#!/usr/bin/env bash
# QuantLib's calendars of stock exchanges open on days on which the exchange is closed, and the reverse.
#
# Versions   QuantLib 1.44 (Python wheel), exchange-calendars 4.13.2, pandas 3.1.1, Python 3.11
# Guess      Poland(WSE), Romania(BVB), Germany(Xetra) and France(Exchange) are the sessions of
#            these exchanges, as UnitedStates(NYSE) and UnitedKingdom(Exchange) are.
# Behaviour  NYSE, London, Milan and Tokyo agree day by day for 2024-2026. But Warsaw is open on each (Western)
#            Good Friday and Bucharest on each Orthodox Good Friday; Xetra is open on 31 December;
#            Paris is closed on 24 and 31 December, on which it holds short sessions.
# What follows  Settlement dates and schedules made with these calendars slip by a day around Easter
#            and the year's end; they are no substitute for a calendar of sessions.
# Output seen
#            NYSE, London, Milan, Tokyo: no difference
#            Warsaw: open in QuantLib only 2024-03-29 2025-04-18 2026-04-03
#            Bucharest: open in QuantLib only 2024-05-03 2025-04-18 2026-04-10
#            Xetra: open in QuantLib only 2024-12-31 2025-12-31 2026-12-31
#            Paris: closed in QuantLib only 2024-12-24 2024-12-31 2025-12-24 2025-12-31 2026-12-24 2026-12-31
# Fails (exit 1) when any of this changes.
#
# exchange-calendars cannot build Bucharest with pandas 3.1 (NotImplementedError in a holiday rule of
# pandas), so this one runs it on pandas 2.3.3.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    QuantLib==1.44 exchange-calendars==4.13.2 pandas==2.3.3
"$work/venv/bin/python" -W ignore - <<'PY'
import datetime as dt
import sys

import exchange_calendars
import QuantLib as ql

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2026, 12, 31)
DAYS = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
AGREE = {
    "NYSE": ("XNYS", ql.UnitedStates(ql.UnitedStates.NYSE)),
    "London": ("XLON", ql.UnitedKingdom(ql.UnitedKingdom.Exchange)),
    "Milan": ("XMIL", ql.Italy(ql.Italy.Exchange)),
    "Tokyo": ("XTKS", ql.Japan()),
}
DIFFER = {
    "Warsaw": ("XWAR", ql.Poland(ql.Poland.WSE)),
    "Bucharest": ("XBSE", ql.Romania(ql.Romania.BVB)),
    "Xetra": ("XETR", ql.Germany(ql.Germany.Xetra)),
    "Paris": ("XPAR", ql.France(ql.France.Exchange)),
}


def differences(code, calendar):
    sessions = {
        day.date() for day in exchange_calendars.get_calendar(code, start=FIRST, end=LAST).sessions
    }
    open_days = {day for day in DAYS if calendar.isBusinessDay(ql.Date(day.day, day.month, day.year))}
    return sorted(map(str, open_days - sessions)), sorted(map(str, sessions - open_days))


agree = {name: differences(*pair) for name, pair in AGREE.items()}
print(", ".join(agree) + ":", "no difference" if set(map(str, agree.values())) == {"([], [])"} else agree)
seen = {}
for name, pair in DIFFER.items():
    opened, closed = seen[name] = differences(*pair)
    print(f"{name}:", *(["open in QuantLib only", *opened] if opened else []),
          *(["closed in QuantLib only", *closed] if closed else []))

as_seen = all(each == ([], []) for each in agree.values()) and seen == {
    "Warsaw": (["2024-03-29", "2025-04-18", "2026-04-03"], []),
    "Bucharest": (["2024-05-03", "2025-04-18", "2026-04-10"], []),
    "Xetra": (["2024-12-31", "2025-12-31", "2026-12-31"], []),
    "Paris": ([], [f"{year}-12-{day}" for year in (2024, 2025, 2026) for day in (24, 31)]),
}
print("as seen" if as_seen else "CHANGED")
sys.exit(not as_seen)
PY
