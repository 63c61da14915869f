#!/usr/bin/env bash
# quantstats: on a day that the benchmark does not trade, its next day's move is booked one day early.
#
# Versions   quantstats 0.0.86, pandas 3.0.6, Python 3.11
# Guess      A strategy in Bucharest or London held against a US benchmark: on a US holiday the benchmark
#            returns 0, and its move over the gap stands on the next US session.
# Behaviour  Where the two sets of dates differ, the benchmark's prices are filled backwards: the holiday
#            gets the price of the session after it. The move appears on the holiday, before it
#            happened, and the day on which it happened gets exactly 0.0. All statistics against a
#            benchmark (greeks, r_squared, information ratio, the comparison plots) rest on it.
# What follows  With a strategy of exactly 1.5 times the market and three holidays in 60 days, R² is 0.883
#            (1.0 on equal dates), and a look-ahead of one day is in the benchmark. Align the two series before.
# Output seen
#            equal dates:     beta 1.500, r squared 1.000
#            three holidays:  beta 1.472, r squared 0.883
#            2026-01-19 (holiday) -0.00582, 2026-01-20 (the session that moved by -0.00582) 0.00000
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check quantstats==0.0.86 pandas==3.0.6
MPLBACKEND=Agg "$work/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
import pandas as pd
import quantstats

days = pd.bdate_range("2026-01-05", periods=60)
market = pd.Series(np.random.default_rng(0).normal(0, 0.01, 60), days)
strategy = 1.5 * market


def against(benchmark):
    beta = quantstats.stats.greeks(strategy, benchmark)["beta"]
    return round(float(beta), 3), round(float(quantstats.stats.r_squared(strategy, benchmark)), 3)


holidays = days[[10, 25, 40]]
closed = (1 + market).cumprod().drop(holidays).pct_change()
closed.iloc[0] = market.iloc[0]
equal, differing = against(market), against(closed)
print("equal dates:     beta {:.3f}, r squared {:.3f}".format(*equal))
print("three holidays:  beta {:.3f}, r squared {:.3f}".format(*differing))
used = quantstats.utils._prepare_benchmark(closed, strategy.index)
moved = closed[days[11]]
print(f"{holidays[0]:%Y-%m-%d} (holiday) {used[days[10]]:.5f}, "
      f"{days[11]:%Y-%m-%d} (the session that moved by {moved:.5f}) {used[days[11]]:.5f}")
as_seen = (
    equal == (1.5, 1.0)
    and differing == (1.472, 0.883)
    and abs(used[days[10]] - moved) < 1e-12
    and used[days[11]] == 0.0
)
print("as seen" if as_seen else "CHANGED")
sys.exit(not as_seen)
PY
