#!/usr/bin/env bash
# ib_async: the host stamps tick-by-tick trades with its clock, and fills with its zone.
#
# Versions   ib_async 2.1.0, Python 3.11
# Guess      TickByTickAllLast.time is the time in the broker's message; Execution.time is the same moment
#            on every host, as the library converts it to UTC.
# Behaviour  The decoder reads the time of a tick and hands it on, and the wrapper puts the time at which the
#            packet arrived in its place: two trades five seconds apart in one packet are simultaneous, and
#            what comes late, or replayed, happens now. (Historical ticks keep theirs.) The time of a fill
#            written 20260824-20:00:12, the form TWS uses for UTC, is read as local time of the host.
# What follows  Bars built from ticks, latencies and the order of trades rest on arrival. A fill in New York at
#            the close is before it in Bucharest and on the next day in Chicago, with its trade date. For fills,
#            set IB.TimezoneTWS to "UTC"; for ticks there is no setting.
# Output seen
#            America/Chicago   fill at 20:00:12 UTC read as 2026-08-25 01:00:12 UTC
#            Europe/Bucharest  fill at 20:00:12 UTC read as 2026-08-24 17:00:12 UTC
#            TimezoneTWS UTC   fill at 20:00:12 UTC read as 2026-08-24 20:00:12 UTC
#            two trades of 2026-06-15, 5 seconds apart: 0 seconds apart, both at the time of arrival
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check ib_async==2.1.0
cat > "$work/stamps.py" <<'PY'
import asyncio
import datetime as dt
import sys

from ib_async import IB, Stock
from ib_async.decoder import Decoder

stock = Stock("KES", "SMART", "USD", conId=123456)
opened = dt.datetime(2026, 6, 15, 13, 30, tzinfo=dt.UTC)


def fill(decoder):
    """The one fill of an execDetails message (11) at server version 178."""
    what = ["123456", "KES", "STK", "", "0", "", "", "ARCA", "USD", "KES", "KES"]
    how = ["0001", "20260824-20:00:12", "DU1", "ARCA", "BOT", "10", "100.5", "1", "1", "0", "10", "100.5"]
    decoder.interpret(["11", "-1", "1", *what, *how, "", "", "", "", "1", "0"])
    ((_, done),) = decoder.wrapper.fills.items()
    return done.execution.time


def ticks(decoder):
    """Two trades of tickByTick messages (99) that arrive in one packet."""
    ticker = decoder.wrapper.startTicker(7, stock, "Last")
    decoder.wrapper.tcpDataArrived()
    for seconds in (0, 5):
        moment = str(int(opened.timestamp()) + seconds)
        decoder.interpret(["99", "7", "1", moment, "100.5", "10", "0", "ARCA", ""])
    return [tick.time for tick in ticker.tickByTicks]


async def main(question, zone):
    ib = IB()
    ib.TimezoneTWS = zone
    decoder = Decoder(ib.wrapper, 178)
    if question == "fill":
        return f"fill at 20:00:12 UTC read as {fill(decoder):%Y-%m-%d %H:%M:%S %Z}"
    started = dt.datetime.now(dt.UTC)
    first, second = ticks(decoder)
    when = "at the time of arrival" if started <= first else f"at {first}"
    return f"two trades of {opened:%Y-%m-%d}, 5 seconds apart: {(second - first).seconds} seconds apart, both {when}"


print(asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")))
PY
look() { "$work/venv/bin/python" -W ignore "$work/stamps.py" "$@"; }
{
    echo "America/Chicago   $(TZ=America/Chicago look fill)"
    echo "Europe/Bucharest  $(TZ=Europe/Bucharest look fill)"
    echo "TimezoneTWS UTC   $(TZ=America/Chicago look fill UTC)"
    look ticks
} | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
America/Chicago   fill at 20:00:12 UTC read as 2026-08-25 01:00:12 UTC
Europe/Bucharest  fill at 20:00:12 UTC read as 2026-08-24 17:00:12 UTC
TimezoneTWS UTC   fill at 20:00:12 UTC read as 2026-08-24 20:00:12 UTC
two trades of 2026-06-15, 5 seconds apart: 0 seconds apart, both at the time of arrival
SEEN
