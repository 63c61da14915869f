#!/usr/bin/env bash
# PyPortfolioOpt: a name with a short history is nearly riskless, except where it is not.
#
# Versions   PyPortfolioOpt 1.6.0, pandas 3.1.1, Python 3.11
# Guess      A table of prices in which one name (a listing, a spin-off) begins late gives that name about
#            the volatility of its days, or an error.
# Behaviour  Four names of the same true volatility, 504 days; the fourth has the last 20 only. sample_cov
#            says 0.31 for it. CovarianceShrinkage (its default, oracle and single-factor targets)
#            and semicovariance count each missing day as a return of zero: 0.077, 0.077, 0.060, 0.040. The
#            constant-correlation target keeps 0.31. No warning; minimum variance then puts 85 % into it
#            with the default shrinkage (26 % with sample_cov).
# What follows  The shrinkage that is meant to make a portfolio safer concentrates it in the names of which
#            least is known. Cut the table to the common days, or leave such names out, first.
# Output seen
#            sample_cov               volatility 0.311   minimum variance 25.6 %
#            ledoit_wolf              volatility 0.077   minimum variance 85.0 %
#            oracle_approximating     volatility 0.077   minimum variance 84.8 %
#            single_factor            volatility 0.060   minimum variance 90.5 %
#            constant_correlation     volatility 0.311   minimum variance 25.5 %
#            semicovariance           volatility 0.040   minimum variance 96.9 %
# By the way         On its own, the install does not import: scikit-base needs packaging and does not say so.
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pyportfolioopt==1.6.0 pandas==3.1.1 packaging==26.4 scikit-base==0.13.2
"$work/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
import pandas as pd
from pypfopt import EfficientFrontier, risk_models

DAYS = 504
returns = pd.DataFrame(
    np.random.default_rng(0).normal(0.0004, 0.02, (DAYS, 4)),
    pd.bdate_range("2024-01-01", periods=DAYS),
    list("ABCD"),
)
prices = 100 * (1 + returns).cumprod()
prices.iloc[: DAYS - 20, 3] = np.nan
shrinkage = risk_models.CovarianceShrinkage(prices)
estimates = {
    "sample_cov": risk_models.sample_cov(prices),
    "ledoit_wolf": shrinkage.ledoit_wolf(),
    "oracle_approximating": shrinkage.oracle_approximating(),
    "single_factor": shrinkage.ledoit_wolf("single_factor"),
    "constant_correlation": shrinkage.ledoit_wolf("constant_correlation"),
    "semicovariance": risk_models.semicovariance(prices),
}
EXPECTED = {
    "sample_cov": (0.311, 0.256), "ledoit_wolf": (0.077, 0.850), "oracle_approximating": (0.077, 0.848),
    "single_factor": (0.060, 0.905), "constant_correlation": (0.311, 0.255), "semicovariance": (0.040, 0.969),
}
as_seen = True
for name, covariance in estimates.items():
    volatility = float(np.sqrt(covariance.loc["D", "D"]))
    weight = EfficientFrontier(None, covariance).min_volatility()["D"]
    print(f"{name:<24} volatility {volatility:.3f}   minimum variance {weight:.1%}")
    as_seen &= bool(np.allclose((volatility, weight), EXPECTED[name], atol=0.002))
print("as seen" if as_seen else "CHANGED")
sys.exit(not as_seen)
PY
