#!/usr/bin/env bash
# ib_async: a bond whose coupon is not a whole number does not exist.
#
# Versions   ib_async 2.1.0, Python 3.11
# Guess      reqContractDetails of a bond gives its details, coupon included, or raises.
# Behaviour  ContractDetails.coupon has the default 0, so the decoder reads the field as int. "7.125" raises
#            inside the decoder, which logs the fields and drops the message; the end of the answer comes
#            as usual and the request returns an empty list, the answer for a contract that is not there.
#            "7" is read; all of this at server version 178, the newest that 2.1.0 speaks.
# What follows  Most bonds cannot be looked up or qualified by conId, and code that takes the empty
#            list as "delisted" or "ambiguous" is wrong. Watch the log of ib_async.Decoder.
# Output seen
#            coupon 7      details 1, errors logged 0
#            coupon 7.125  details 0, errors logged 1
# Fails (exit 1) when this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check ib_async==2.1.0
"$work/venv/bin/python" -W ignore - <<'PY' | tee "$work/seen"
import asyncio
import logging

from ib_async import IB, Bond
from ib_async.decoder import Decoder

logged = []


class Count(logging.Handler):
    def emit(self, record):
        logged.append(record)


def frame(coupon):
    """Fields of bondContractData (18) at server version 178, as the broker sends them: all text."""
    what = ["KES", "BOND", "", coupon, "20301115", "20201115", "", "FIXED", "FIXED", "0", "0", "0", ""]
    market = ["SMART", "USD", "KES", "KES", "123456", "0.001", "LMT", "SMART"]
    rules = ["", "", "0", "", "KESTREL 2030", "", "0", "0", "1", "26", "1", "1", "1"]
    return ["18", "1", *what, *market, *rules]


async def details(coupon):
    ib = IB()
    decoder = Decoder(ib.wrapper, 178)
    answer = ib.wrapper.startReq(1, Bond(conId=123456))
    decoder.interpret(frame(coupon))
    decoder.interpret(["52", "1", "1"])  # contractDataEnd
    return await answer


logging.getLogger("ib_async.Decoder").addHandler(Count())
for coupon in ("7", "7.125"):
    logged.clear()
    found = asyncio.run(details(coupon))
    print(f"coupon {coupon:<6} details {len(found)}, errors logged {len(logged)}")
PY
diff "$work/seen" - <<'SEEN'
coupon 7      details 1, errors logged 0
coupon 7.125  details 0, errors logged 1
SEEN
