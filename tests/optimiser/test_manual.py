"""The call of the operating manual, word for word."""

import numpy as np
import pandas as pd
import pytest

from core.errors import ConfigurationError, DataError
from optimiser.day_api import Optimiser
from optimiser.target import mean_variance_cvar
from signals.normalise import CLIP_AT


def a_day(n=30, days=120):
    random = np.random.default_rng(5)
    symbols = [f"S{i:02d}" for i in range(n)]
    returns = pd.DataFrame(random.standard_t(4, (days, n)) * 0.01, columns=symbols)
    features = pd.DataFrame({"symbol": symbols, "alpha_score": random.uniform(-1.0, 1.0, n)})
    return features, returns


def test_the_manual_s_call_works_as_it_is_written():
    feature_df, returns = a_day()
    optimiser = Optimiser(returns)
    targets = optimiser.mean_variance_cvar(
        universe=feature_df.symbol,
        alpha_scores=feature_df.alpha_score,
        risk_model="shrunk_cov",
        max_gross=1.2,
        max_single=0.12,
        cash_buffer=0.05,
    )
    assert 0 < len(targets) <= 30
    assert sum(abs(weight) for weight in targets.values()) <= 1.2
    assert max(abs(weight) for weight in targets.values()) <= 0.12
    assert optimiser.ex_ante_return > 0.0
    assert optimiser.ex_ante_vol > 0.0


def test_it_is_the_same_optimiser_over_scores_times_volatility():
    features, returns = a_day()
    held = pd.Series({"S03": 0.05, "S29": -0.02})
    scores = features.set_index("symbol")["alpha_score"]
    bound = Optimiser(returns, held, information_coefficient=0.05)
    targets = bound.mean_variance_cvar(features.symbol, features.alpha_score, long_only=True)
    alpha = 0.05 * returns.std().clip(lower=0.005) * CLIP_AT * scores
    straight = mean_variance_cvar(alpha, returns, held, long_only=True)
    assert targets == straight.weights[straight.weights != 0.0].to_dict()
    assert bound.result.inputs_sha256 == straight.inputs_sha256


def test_symbols_outside_the_universe_are_not_bought_and_holdings_stay_in_sight():
    features, returns = a_day()
    optimiser = Optimiser(returns, pd.Series({"S29": 0.05}))
    few = features[:5]
    targets = optimiser.mean_variance_cvar(few.symbol, few.alpha_score)
    assert set(targets) <= {*few.symbol, "S29"}
    assert "S29" in optimiser.result.weights.index


def test_what_cannot_be_meant_is_refused():
    features, returns = a_day()
    optimiser = Optimiser(returns)
    with pytest.raises(DataError, match="no target yet"):
        optimiser.ex_ante_return  # noqa: B018 - reading it is the test
    with pytest.raises(ConfigurationError, match="risk_model = 'sample'"):
        optimiser.mean_variance_cvar(features.symbol, features.alpha_score, risk_model="sample")
    with pytest.raises(DataError, match="30 symbols but 29 scores"):
        optimiser.mean_variance_cvar(features.symbol, features.alpha_score[:-1])
    with pytest.raises(DataError, match=r"scores? beyond -1 to \+1"):
        optimiser.mean_variance_cvar(features.symbol, 100.0 * features.alpha_score)
