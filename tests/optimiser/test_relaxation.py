"""Limits that cannot all be met give way by name and amount, or are refused."""

import numpy as np
import pandas as pd
import pytest

from core.errors import ConfigurationError, DataError
from optimiser.target import mean_variance_cvar


def some_inputs(n=10, days=80, seed=0):
    random = np.random.default_rng(seed)
    names = [f"S{i}" for i in range(n)]
    returns = pd.DataFrame(random.normal(0.0, 0.01, (days, n)), columns=names)
    return pd.Series(random.normal(0.0, 5e-4, n), index=names), returns


def held_gross(gross, n=20):
    """Alternating long and short holdings of this gross exposure."""
    signs = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    return pd.Series(signs * gross / n, index=[f"S{i}" for i in range(n)])


def test_too_small_a_turnover_gives_way_by_just_what_is_needed():
    # Gross 1.6 must come down to 1.2: at least 0.4 of trading, 0.1 is allowed.
    alpha, returns = some_inputs(20)
    target = mean_variance_cvar(alpha, returns, held_gross(1.6), max_turnover=0.1)
    assert target.status == "optimal_relaxed"
    assert target.relaxations == {"turnover": pytest.approx(0.3001)}
    assert target.gross <= 1.2
    assert target.turnover == pytest.approx(0.4, abs=2e-4)


def test_raise_names_the_limit_and_the_amount():
    alpha, returns = some_inputs(20)
    with pytest.raises(DataError, match=r"no portfolio meets the limits: turnover needs \+0\.3001"):
        mean_variance_cvar(alpha, returns, held_gross(1.6), max_turnover=0.1, on_infeasible="raise")


def test_hold_keeps_the_current_weights_and_says_so():
    alpha, returns = some_inputs(20)
    held = held_gross(1.6)
    target = mean_variance_cvar(alpha, returns, held, max_turnover=0.1, on_infeasible="hold")
    assert target.status == "hold"
    assert target.gap is None
    assert target.turnover == 0.0
    pd.testing.assert_series_equal(
        target.weights, held.sort_index(), check_names=False, check_index_type=False
    )


def test_an_untradable_holding_stays_to_the_last_digit():
    alpha, returns = some_inputs()
    target = mean_variance_cvar(
        alpha, returns, pd.Series({"S0": 0.0123456789123}), tradable=pd.Series({"S0": False})
    )
    assert target.weights["S0"] == 0.0123456789123
    assert target.dropped["S0"] == "not tradable"
    assert target.status == "optimal"


def test_an_untradable_name_that_is_not_held_is_not_bought():
    alpha, returns = some_inputs()
    best = alpha.idxmax()
    target = mean_variance_cvar(alpha, returns, tradable=pd.Series({best: False}))
    assert target.weights[best] == 0.0


def test_an_untradable_holding_beyond_its_limits_is_named():
    alpha, returns = some_inputs()
    frozen = pd.Series({"S0": False, "S1": False})
    target = mean_variance_cvar(
        alpha, returns, pd.Series({"S0": 0.2, "S1": -0.05}), tradable=frozen, long_only=True
    )
    assert target.relaxations == {
        "single S0": pytest.approx(0.08),
        "long only S1": pytest.approx(0.05),
    }
    assert target.weights["S0"] == 0.2
    assert target.weights["S1"] == -0.05
    assert (target.weights.drop(["S0", "S1"]) >= 0.0).all()


def test_untradable_holdings_beyond_gross_and_cash_are_named():
    alpha, returns = some_inputs()
    held = pd.Series(0.11, index=alpha.index)  # 1.1 long, 0.95 may be invested
    only_s9 = pd.Series(held.index == "S9", index=held.index)
    target = mean_variance_cvar(alpha, returns, held, tradable=only_s9)
    # S9 alone can be sold: 0.99 remains, 0.04 over.
    assert target.relaxations == {"cash": pytest.approx(0.0401)}
    assert target.weights["S9"] == pytest.approx(0.0, abs=2e-4)


def test_limits_that_can_be_met_never_give_way():
    alpha, returns = some_inputs(20)
    held = held_gross(1.2)
    for turnover in (0.0, 0.05, 2.0):
        target = mean_variance_cvar(alpha, returns, held, max_turnover=turnover)
        assert target.status == "optimal"
        assert target.relaxations == {}
        assert target.turnover <= turnover + 1e-6


def two_sectors():
    return pd.Series(["tech"] * 5 + ["other"] * 5, index=[f"S{i}" for i in range(10)])


def frozen(*names):
    return pd.Series(dict.fromkeys(names, False))


def test_a_sector_of_untradable_holdings_is_named_with_its_excess():
    alpha, returns = some_inputs()
    target = mean_variance_cvar(
        alpha, returns, pd.Series({"S0": 0.1, "S1": 0.1}), tradable=frozen("S0", "S1"),
        groups=two_sectors(), group_caps={"tech": 0.15, "other": 0.15},
    )  # fmt: skip
    assert target.relaxations == {"group tech": pytest.approx(0.0501)}
    assert target.status == "optimal_relaxed"
    assert target.weights[["S5", "S6", "S7", "S8", "S9"]].abs().sum() <= 0.15


def test_a_beta_out_of_reach_is_named_with_what_it_lacks():
    alpha, returns = some_inputs()
    # Gross 1.2 of names with a beta of 1 reaches at most 0.95 long, by the cash buffer.
    target = mean_variance_cvar(
        alpha, returns, beta=pd.Series(1.0, index=alpha.index), beta_range=(1.5, 2.0)
    )
    assert target.relaxations == {"beta low": pytest.approx(0.5501)}


def test_turnover_gives_before_groups_and_groups_before_gross():
    alpha, returns = some_inputs()
    held = pd.Series(0.11, index=[f"S{i}" for i in range(5)])  # 0.55 of tech, 0.2 allowed
    asked = {"groups": two_sectors(), "group_caps": {"tech": 0.2}, "max_turnover": 0.1}
    target = mean_variance_cvar(alpha, returns, held, **asked)
    assert target.relaxations == {"turnover": pytest.approx(0.2501)}
    kept = (("group", "beta", "net"), ("turnover",), ("single",), ("gross", "cash"))
    other = mean_variance_cvar(alpha, returns, held, **asked, priorities=kept)
    assert other.relaxations == {"group tech": pytest.approx(0.2501)}
    assert other.turnover <= 0.1 + 1e-9


def test_a_single_weight_gives_before_gross_where_it_is_asked_to():
    alpha, returns = some_inputs()
    held = pd.Series({"S0": 0.3})  # 0.12 allowed, 0.05 may be traded
    asked = {"max_turnover": 0.05}
    first = mean_variance_cvar(alpha, returns, held, **asked)
    assert first.relaxations == {"turnover": pytest.approx(0.1301)}
    order = (("single",), ("turnover",), ("group", "beta", "net"), ("gross", "cash"))
    other = mean_variance_cvar(alpha, returns, held, **asked, priorities=order)
    assert other.relaxations == {"single S0": pytest.approx(0.1301)}
    assert other.turnover <= 0.05 + 1e-9


def test_priorities_name_every_limit_once():
    alpha, returns = some_inputs()
    with pytest.raises(ConfigurationError, match="name each of beta, cash, gross, group, net"):
        mean_variance_cvar(alpha, returns, priorities=(("turnover",), ("gross",)))


def test_raise_names_every_limit_that_would_have_to_give():
    alpha, returns = some_inputs()
    with pytest.raises(DataError, match=r"group tech needs \+0\.0501; raise the limit"):
        mean_variance_cvar(
            alpha, returns, pd.Series({"S0": 0.1, "S1": 0.1}), tradable=frozen("S0", "S1"),
            groups=two_sectors(), group_caps=0.15, on_infeasible="raise",
        )  # fmt: skip
