"""The optimiser on the real market: holes, late listings, false jumps and all."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimiser.target import mean_variance_cvar

BARS = Path(__file__).resolve().parents[2] / "../shared/data/sp500_daily_2025_2026_yahoo.parquet"


@pytest.fixture(scope="module")
def returns():
    if not BARS.is_file():
        pytest.skip("the real market data is not beside the checkout")
    bars = pd.read_parquet(BARS, columns=["date", "symbol", "adj_close"])
    bars = bars[pd.to_datetime(bars["date"]) < "2026-06-15"]
    closes = bars.pivot_table(index="date", columns="symbol", values="adj_close").sort_index()
    return closes.pct_change(fill_method=None).iloc[-252:]


@pytest.mark.real_data
def test_five_hundred_real_symbols_get_a_target_within_every_limit(returns):
    random = np.random.default_rng(7)
    alpha = 0.03 * random.uniform(-1.0, 1.0, returns.shape[1]) * returns.std()
    target = mean_variance_cvar(alpha, returns)
    w = target.weights
    assert target.status == "optimal"
    assert len(w) - len(target.dropped) >= 500
    assert w.abs().max() <= 0.12
    assert w.abs().sum() <= 1.2
    assert w.clip(lower=0.0).sum() <= 0.95
    assert (w[list(target.dropped)] == 0.0).all()
    assert all("newest day" in why or "known" in why for why in target.dropped.values())
    assert target.gap <= 1e-6 * abs(target.objective) + 1e-8
    assert any("shorter history" in warning for warning in target.warnings)
