#!/usr/bin/env bash
# ib_insync: a what-if takes the answer without numbers, and its margin is the text 1.7976931348623157E308.
#
# Versions   ib_insync 0.9.86, ib_async 2.1.0, Python 3.11
# Guess      whatIfOrder returns the margins of the order: the library passes over a state whose margin is
#            not set (the largest double stands for that) and waits for the one with numbers.
# Behaviour  ib_insync compares texts. The broker's Java writes 1.7976931348623157E308, Python
#            1.7976931348623157e+308, so the two are never equal and the first state is the answer. ib_async,
#            its successor, compares numbers and waits.
# What follows  A margin check reads 1.8e308, or skips what looks unset, according to which message came
#            first. Compare float(state.initMarginChange) with the largest double, or change to ib_async.
# Output seen
#            ib_insync after the state without numbers: answered 1.7976931348623157E308
#            ib_async after the state without numbers: waits, then answered 2500.5
# Fails (exit 1) when this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check ib_insync==0.9.86 ib_async==2.1.0
cat > "$work/whatif.py" <<'PY'
import asyncio
import importlib
import sys

name = sys.argv[1]
library = importlib.import_module(name)
UNSET = "1.7976931348623157E308"  # as the gateway writes it


async def main():
    wrapper = library.IB().wrapper
    contract = library.Stock("KES", "SMART", "USD", conId=123456)
    order = library.MarketOrder("BUY", 100, orderId=1, whatIf=True)
    answer = wrapper.startReq(1, contract)
    waited = []
    for margin in (UNSET, "2500.5"):
        if not answer.done():
            wrapper.openOrder(1, contract, order, library.OrderState(initMarginChange=margin))
            waited.append("" if answer.done() else "waits, then ")
    return "".join(waited) + f"answered {(await answer).initMarginChange}"


print(f"{name} after the state without numbers:", asyncio.run(main()))
PY
for library in ib_insync ib_async; do
    "$work/venv/bin/python" -W ignore "$work/whatif.py" "$library"
done | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
ib_insync after the state without numbers: answered 1.7976931348623157E308
ib_async after the state without numbers: waits, then answered 2500.5
SEEN
