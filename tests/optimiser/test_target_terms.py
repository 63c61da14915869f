"""Every further term of the objective and every further limit, by worked examples."""

import numpy as np
import pandas as pd
import pytest

from core.errors import ConfigurationError, DataError
from optimiser.model.covariance import FactorCovariance
from optimiser.target import mean_variance_cvar
from tests.optimiser.references import independent_returns
from tests.optimiser.test_target import a_market

NO_TAIL = {"cvar_aversion": 0.0, "cost": 0.0}


def test_impact_alone_matches_the_closed_form():
    # alpha = 1.5 b sqrt(w), so w = (alpha / 1.5 b)^2.
    returns = independent_returns([0.01, 0.01])
    alpha = pd.Series({"A": 3e-4, "B": -1.5e-4})
    target = mean_variance_cvar(alpha, returns, risk_aversion=0.0, impact=1e-3, **NO_TAIL)
    assert target.weights["A"] == pytest.approx((3e-4 / 1.5e-3) ** 2, abs=1e-7)
    assert target.weights["B"] == pytest.approx(-((1.5e-4 / 1.5e-3) ** 2), abs=1e-7)
    spent = (1e-3 * target.weights.abs() ** 1.5).sum()
    assert target.expectation.trading_cost == pytest.approx(spent)


def test_impact_is_paid_on_the_change_and_not_on_the_position():
    returns = independent_returns([0.01, 0.01])
    held = pd.Series({"A": 0.06})
    target = mean_variance_cvar(
        pd.Series({"A": 3e-4, "B": 0.0}), returns, held, risk_aversion=0.0, impact=1e-3, **NO_TAIL
    )
    assert target.weights["A"] == pytest.approx(0.06 + (3e-4 / 1.5e-3) ** 2, abs=1e-7)


def test_an_alpha_within_its_uncertainty_is_not_acted_on():
    returns = independent_returns([0.01, 0.01])
    target = mean_variance_cvar(
        pd.Series({"A": 3e-4, "B": 3e-4}),
        returns,
        risk_aversion=0.01,
        alpha_uncertainty=pd.Series({"A": 2e-4, "B": 4e-4}),
        **NO_TAIL,
    )
    assert target.weights.to_dict() == {"A": 0.12, "B": 0.0}


def test_each_name_pays_its_own_cost():
    returns = independent_returns([0.01, 0.01])
    cost = pd.Series({"A": 1e-4, "B": 5e-4})
    target = mean_variance_cvar(
        pd.Series({"A": 3e-4, "B": 3e-4}), returns, risk_aversion=0.01, cvar_aversion=0.0, cost=cost
    )
    assert target.weights.to_dict() == {"A": 0.12, "B": 0.0}
    with pytest.raises(DataError, match=r"cost is not known for 1 name.*'B'"):
        mean_variance_cvar(pd.Series({"A": 3e-4, "B": 3e-4}), returns, cost=cost[:1])


def some_sectors(alpha):
    return pd.Series(["banks", "energy", "health"] * 100, dtype=object)[: len(alpha)].set_axis(
        alpha.index
    )


def test_a_group_holds_at_most_its_cap_long_and_short_together():
    alpha, returns, held = a_market(1, n=30)
    sectors = some_sectors(alpha)
    target = mean_variance_cvar(alpha, returns, held, groups=sectors, group_caps=0.2)
    per_sector = target.weights.abs().groupby(sectors).sum()
    assert (per_sector <= 0.2 + 1e-9).all()
    assert per_sector.max() == pytest.approx(0.2, abs=1e-6)
    assert any(limit.name.startswith("group ") and limit.price > 0.0 for limit in target.binding)


def test_only_the_groups_named_are_capped_and_a_strange_name_is_an_error():
    alpha, returns, held = a_market(1, n=30)
    sectors = some_sectors(alpha)
    target = mean_variance_cvar(alpha, returns, held, groups=sectors, group_caps={"banks": 0.05})
    per_sector = target.weights.abs().groupby(sectors).sum()
    assert per_sector["banks"] <= 0.05 + 1e-9
    assert per_sector["energy"] > 0.2
    with pytest.raises(ConfigurationError, match="no name is in the capped group 'bank'"):
        mean_variance_cvar(alpha, returns, held, groups=sectors, group_caps={"bank": 0.05})
    with pytest.raises(ConfigurationError, match="group_caps need groups"):
        mean_variance_cvar(alpha, returns, held, group_caps=0.2)


def test_a_name_without_a_group_is_in_the_group_unknown_and_capped_there():
    alpha, returns, held = a_market(1, n=30)
    sectors = some_sectors(alpha)
    sectors.iloc[:10] = None
    target = mean_variance_cvar(alpha, returns, held, groups=sectors, group_caps=0.1)
    assert target.weights.iloc[:10].abs().sum() <= 0.1 + 1e-9
    assert "group unknown" in target.duals


def test_beta_stays_in_its_range():
    alpha, returns, held = a_market(2, n=30)
    beta = pd.Series(np.linspace(0.5, 1.5, 30), index=alpha.index)
    for low, high in ((0.0, 0.0), (0.3, 0.4), (-0.2, -0.1)):
        target = mean_variance_cvar(alpha, returns, held, beta=beta, beta_range=(low, high))
        assert low - 1e-9 <= beta @ target.weights <= high + 1e-9
        assert target.status == "optimal"
    with pytest.raises(DataError, match=r"beta is not known for 29 names"):
        mean_variance_cvar(alpha, returns, held, beta=beta[:1], beta_range=(0.0, 0.5))
    with pytest.raises(ConfigurationError, match="beta_range needs beta"):
        mean_variance_cvar(alpha, returns, held, beta_range=(0.0, 0.5))
    with pytest.raises(ConfigurationError, match=r"beta_range = 1 to 0: give low <= high"):
        mean_variance_cvar(alpha, returns, held, beta=beta, beta_range=(1.0, 0.0))


def test_net_stays_within_its_limit_either_way():
    alpha, returns, held = a_market(2, n=30)
    for push in (0.005, -0.005):
        target = mean_variance_cvar(alpha + push, returns, held, max_net=0.1)
        assert abs(target.net) == pytest.approx(0.1, abs=1e-6)
        assert abs(target.net) <= 0.1
        (bound,) = (limit for limit in target.binding if limit.name.startswith("net"))
        assert bound.value == pytest.approx(target.net)


def test_scenarios_of_equal_weight_are_the_default_and_a_feared_one_is_avoided():
    alpha, returns, held = a_market(3, n=10, days=80)
    plain = mean_variance_cvar(alpha, returns, held)
    equal = mean_variance_cvar(alpha, returns, held, scenario_weights=np.full(80, 3.0))
    assert equal.objective == pytest.approx(plain.objective, rel=1e-9)
    worst = int(np.argmin(returns.to_numpy() @ plain.weights.to_numpy()))
    feared = np.ones(80)
    feared[worst] = 50.0
    shy = mean_variance_cvar(alpha, returns, held, scenario_weights=feared, cvar_aversion=0.5)
    day = returns.to_numpy()[worst]
    assert day @ shy.weights > day @ plain.weights


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.ones(79), "79 scenario weights for 80 scenarios"),
        (np.full(80, np.nan), "scenario weights are to be finite"),
        (-np.ones(80), "not negative"),
        (np.zeros(80), "not all zero"),
    ],
)
def test_scenario_weights_that_mean_nothing_are_refused(weights, said):
    alpha, returns, held = a_market(3, n=10, days=80)
    with pytest.raises(DataError, match=said):
        mean_variance_cvar(alpha, returns, held, scenario_weights=weights)


def some_factors(names):
    random = np.random.default_rng(0)
    return FactorCovariance(
        pd.DataFrame(random.normal(size=(len(names), 2)), index=names),
        pd.DataFrame([[2e-5, 5e-6], [5e-6, 1e-5]]),
        pd.Series(random.uniform(5e-5, 2e-4, len(names)), index=names),
    )


def test_a_factor_covariance_and_its_matrix_are_the_same_risk():
    alpha, returns, held = a_market(5, n=40)
    factors = some_factors(alpha.index)
    f, omega = factors.exposures.to_numpy(), factors.factors.to_numpy()
    dense = f @ omega @ f.T + np.diag(factors.specific)
    by_factors = mean_variance_cvar(alpha, returns, held, cov=factors)
    by_frame = mean_variance_cvar(
        alpha, returns, held, cov=pd.DataFrame(dense, alpha.index, alpha.index)
    )
    by_array = mean_variance_cvar(alpha, returns, held, cov=dense)
    assert by_factors.objective == pytest.approx(by_frame.objective, rel=1e-9)
    assert by_array.weights.equals(by_frame.weights)
    w = by_factors.weights
    assert by_factors.expectation.volatility**2 == pytest.approx(w @ dense @ w)
    assert by_factors.inputs_sha256 != by_frame.inputs_sha256


def spoiled(change):
    def cov(names):
        matrix = np.eye(len(names)) * 1e-4
        change(matrix)
        return pd.DataFrame(matrix, names, names)

    return cov


def _lopsided(matrix):
    matrix[0, 1] = 5e-5


def _impossible(matrix):
    matrix[0, 1] = matrix[1, 0] = 2e-4


def _nan(matrix):
    matrix[2, 2] = np.nan


BAD_COVARIANCES = {
    "not symmetric": (spoiled(_lopsided), "not symmetric"),
    "negative variance": (spoiled(_impossible), "negative eigenvalue, -0.0001"),
    "nan": (spoiled(_nan), "does not know 1 of 10 names, for example 'S002'"),
    "a name short": (lambda names: pd.DataFrame(np.eye(9), names[:9], names[:9]), "'S009'"),
    "wrong shape": (lambda _names: np.eye(9), r"shape \(9, 9\), the returns name 10"),
    "factors": (
        lambda names: FactorCovariance(
            pd.DataFrame(np.ones((10, 2)), index=names),
            pd.DataFrame(np.eye(3)),
            pd.Series(1e-4, index=names),
        ),
        "2 factors in the exposures, but their covariance has the shape",
    ),
}


@pytest.mark.parametrize(("cov", "said"), BAD_COVARIANCES.values(), ids=BAD_COVARIANCES)
def test_a_covariance_that_cannot_be_one_is_refused_with_the_reason(cov, said):
    alpha, returns, held = a_market(5, n=10)
    with pytest.raises(DataError, match=said):
        mean_variance_cvar(alpha, returns, held, cov=cov(alpha.index))


def test_a_word_for_a_covariance_that_nobody_knows_is_refused():
    alpha, returns, held = a_market(5, n=10)
    with pytest.raises(ConfigurationError, match="cov = 'oas': give 'ledoit_wolf'"):
        mean_variance_cvar(alpha, returns, held, cov="oas")
    with pytest.raises(ConfigurationError, match="engine = 'scs': give auto, fast, conic, cvxpy"):
        mean_variance_cvar(alpha, returns, held, engine="scs")


SLACK = 2e-4
PRICED = {
    "gross": ({"max_gross": 0.5}, {"max_gross": 0.5 + SLACK}),
    "cash": ({"cash_buffer": 0.8}, {"cash_buffer": 0.8 - SLACK}),
    "turnover": ({"max_turnover": 0.3}, {"max_turnover": 0.3 + SLACK}),
    "group banks": ({"group_caps": {"banks": 0.1}}, {"group_caps": {"banks": 0.1 + SLACK}}),
    "net low": ({"max_net": 0.05}, {"max_net": 0.05 + SLACK}),
    "beta high": ({"beta_range": (-1.0, -0.4)}, {"beta_range": (-1.0, -0.4 + SLACK)}),
    "beta low": ({"beta_range": (0.4, 1.0)}, {"beta_range": (0.4 - SLACK, 1.0)}),
}


@pytest.mark.parametrize("name", PRICED)
def test_a_shadow_price_is_what_a_little_more_room_adds(name):
    alpha, returns, held = a_market(6, n=30, days=150)
    tight, looser = PRICED[name]
    given = {
        "groups": some_sectors(alpha),
        "beta": pd.Series(np.linspace(0.5, 1.5, 30), index=alpha.index),
    }
    less = mean_variance_cvar(alpha, returns, held, **given, **tight)
    more = mean_variance_cvar(alpha, returns, held, **given, **looser)
    gain = (more.objective - less.objective) / SLACK
    assert less.duals[name] > 1e-6, "the example does not bind"
    # The price falls as room grows: between the prices before and after.
    assert more.duals[name] * 0.99 - 1e-8 <= gain <= less.duals[name] * 1.01 + 1e-8


def test_a_single_name_s_price_is_what_more_of_it_would_add():
    alpha, returns, held = a_market(6, n=30, days=150)
    target = mean_variance_cvar(alpha, returns, held, max_single=0.03)
    name = target.single_duals.idxmax()
    assert abs(target.weights[name]) == pytest.approx(0.03)
    assert target.single_duals[name] > 0.0
    (shown,) = (limit for limit in target.binding if limit.name == f"single {name}")
    assert shown.price == target.single_duals[name]
