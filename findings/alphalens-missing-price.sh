#!/usr/bin/env bash
# alphalens: a price that is missing counts as a forward return of exactly zero.
#
# Versions   alphalens-reloaded 0.5.1, pandas 3.1.1, Python 3.11
# Guess      A name without a price on the day the return is measured is left out, and counted in the
#            line "Dropped N % entries from factor data".
# Behaviour  Prices are carried forward before returns are taken. A name that stopped trading after its
#            20th day stays in every cross-section with a 1-day return of 0.0 (for the days whose factor is still
#            published), and a single missing price gives 0.0 on its day and the return of two
#            days on the next. Nothing is reported as dropped for it.
# What follows  A delisting is scored as a flat return: information coefficients and quantile returns are
#            biased towards zero, and the survivors' bias cannot be seen in the reported loss.
#            Mask the factor where there is no price on either day before handing it over.
# Output seen
#            rows of the stopped name after its last price: 29, of which exactly 0.0: 29
#            one missing price: 0.0 on its day; the next day 0.0283, which is the return of two days
#            reported loss: 2.0 %, the last day of each name, as without any missing price
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check alphalens-reloaded==0.5.1 pandas==3.1.1
MPLBACKEND=Agg "$work/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io
import re
import sys

import alphalens
import numpy as np
import pandas as pd

days = pd.bdate_range("2026-01-05", periods=50)
names = [f"S{n:02d}" for n in range(20)]
returns = pd.DataFrame(np.random.default_rng(0).normal(0, 0.02, (50, 20)), days, names)
prices = 100 * (1 + returns).cumprod()
factor = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 20)), days, names).stack()
factor.index.names = ["date", "asset"]


def forward(table):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        rows = alphalens.utils.get_clean_factor_and_forward_returns(factor, table, periods=(1,), max_loss=1.0)
    return rows["1D"], re.search(r"Dropped ([\d.]+)%", said.getvalue()).group(1)


whole, loss = forward(prices)
stopped = prices.copy()
stopped.iloc[20:, 0] = np.nan
rows, loss_stopped = forward(stopped)
after = rows.xs("S00", level="asset").loc[days[20] :]
print(f"rows of the stopped name after its last price: {len(after)}, of which exactly 0.0: {(after == 0.0).sum()}")

gap = prices.copy()
gap.iloc[10, 3] = np.nan
rows, loss_gap = forward(gap)
day, following = rows[(days[9], "S03")], rows[(days[10], "S03")]
two_days = prices.iloc[11, 3] / prices.iloc[9, 3] - 1
print(f"one missing price: {day} on its day; the next day {following:.4f}, which is the return of two days")
print(f"reported loss: {loss} % whole, {loss_stopped} % with the stopped name, {loss_gap} % with the gap")

as_seen = (
    len(after) == (after == 0.0).sum() == 29
    and day == 0.0
    and abs(following - two_days) < 1e-12
    and loss == loss_stopped == loss_gap == "2.0"
)
print("as seen" if as_seen else "CHANGED")
sys.exit(not as_seen)
PY
