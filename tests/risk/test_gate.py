"""The gate lets nothing through that is not finite and within every limit."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.settings import LimitSettings
from risk.gate import check_constraints

LIMITS = LimitSettings(
    max_gross=1.2,
    max_single=0.12,
    cash_buffer=0.05,
    max_gross_change=1.2,
    max_var=0.03,
    max_adv_share=0.10,
    max_order_value=0.15,
    price_collar=0.10,
)
DAYS = 100


def returns_of(volatility=0.01, names=(1, 2, 3), days=DAYS):
    """Every name moves by the volatility, up and down in turn, all together."""
    moves = np.tile([1.0, -1.0], days // 2) * volatility
    return pd.DataFrame(dict.fromkeys(names, moves))


def verdict(current=None, targets=None, **changes):
    """A sound portfolio's verdict; each test changes what it is about."""
    terms = {
        "limits": LIMITS,
        "returns": returns_of(),
        "adv": dict.fromkeys((1, 2, 3), 1e6),
        "prices": dict.fromkeys((1, 2, 3), 100.0),
        "net_asset_value": 1e6,
        "coverage": 1.0,
        "optimiser_status": "optimal",
    }
    return check_constraints(
        {1: 0.05, 2: 0.02} if current is None else current,
        {1: 0.10, 2: 0.05, 3: -0.02} if targets is None else targets,
        **(terms | changes),
    )


def failed(found):
    return {check.name for check in found.failed}


def value(found, name):
    (check,) = (check for check in found.checks if check.name == name)
    return check.value


def test_a_sound_target_passes_and_every_check_is_listed():
    found = verdict(sectors={1: "Energy", 2: "Energy", 3: "Health"}, names={1: "ACME"})
    assert found.passed
    assert [check.name for check in found.checks] == [
        "finite weights",
        "net asset value",
        "missing data",
        "optimiser",
        "gross",
        "gross change",
        "invested",
        "net",
        "largest single",
        "historical VaR 95",
        "parametric VaR 95",
        "historical CVaR 95",
        "liquidity",
        "largest order",
        "turnover",
        "largest sector",
    ]
    assert value(found, "gross") == pytest.approx(0.17)
    assert value(found, "gross change") == pytest.approx(0.10)
    assert value(found, "invested") == pytest.approx(0.15)
    assert value(found, "net") == pytest.approx(0.13)
    assert value(found, "largest single") == 0.10
    # All names move together: the loss is the net exposure times 1 %.
    assert value(found, "historical VaR 95") == pytest.approx(0.0013)
    assert value(found, "parametric VaR 95") == pytest.approx(0.0013 * 1.6449, rel=0.006)
    # 0.05 of 1,000,000 at 100 is 500 shares of 1,000,000 a day.
    assert value(found, "liquidity") == pytest.approx(500 / 1e6)
    assert value(found, "largest order") == pytest.approx(0.05)
    assert value(found, "turnover") == pytest.approx(0.10)
    assert value(found, "largest sector") == pytest.approx(0.15)
    (single,) = (check for check in found.checks if check.name == "largest single")
    assert single.detail == "ACME: 0.1 within 0.12 of net asset value (limits.max_single)"


EACH_LIMIT = {
    "finite weights": {"targets": {1: math.nan}},
    "net asset value": {"net_asset_value": 0.0},
    "missing data": {"coverage": 0.79},
    "optimiser": {"optimiser_status": "failed"},
    "gross": {"limits": LIMITS.model_copy(update={"max_gross": 0.16})},
    "gross change": {"limits": LIMITS.model_copy(update={"max_gross_change": 0.09})},
    "invested": {"limits": LIMITS.model_copy(update={"cash_buffer": 0.86})},
    "largest single": {"limits": LIMITS.model_copy(update={"max_single": 0.09})},
    "historical VaR 95": {"limits": LIMITS.model_copy(update={"max_var": 0.0012})},
    "parametric VaR 95": {"limits": LIMITS.model_copy(update={"max_var": 0.0020})},
    "liquidity": {"adv": {1: 1e6, 2: 2_000.0, 3: 1e6}},
    "largest order": {"limits": LIMITS.model_copy(update={"max_order_value": 0.04})},
    "turnover": {"max_turnover": 0.09},
}


@pytest.mark.parametrize(("name", "change"), EACH_LIMIT.items(), ids=EACH_LIMIT)
def test_each_limit_can_fail_by_its_own_name(name, change):
    found = verdict(**change)
    assert not found.passed
    assert name in failed(found)


ALONE = set(EACH_LIMIT) - {"finite weights", "net asset value", "historical VaR 95"}


@pytest.mark.parametrize("name", sorted(ALONE))
def test_a_broken_limit_fails_no_other_check(name):
    assert failed(verdict(**EACH_LIMIT[name])) == {name}


AT_THE_LIMIT = {
    "gross": ("max_gross", 0.17),
    "gross change": ("max_gross_change", 0.10),
    "invested": ("cash_buffer", 0.85),
    "largest single": ("max_single", 0.10),
    "historical VaR 95": ("max_var", 0.0013),
    "largest order": ("max_order_value", 0.05),
    "liquidity": ("max_adv_share", 0.0005),
}


@pytest.mark.parametrize(("name", "limit"), AT_THE_LIMIT.items(), ids=AT_THE_LIMIT)
def test_exactly_at_the_limit_passes_and_a_hair_beyond_does_not(name, limit):
    setting, at = limit
    hair = 1e-8 * (1 if setting == "cash_buffer" else -1)
    assert name not in failed(verdict(limits=LIMITS.model_copy(update={setting: at})))
    assert name in failed(verdict(limits=LIMITS.model_copy(update={setting: at + hair})))


def test_twelve_percent_is_allowed_as_the_optimiser_writes_it():
    assert verdict(targets={1: 0.1 + 0.02}).passed


@pytest.mark.parametrize("coverage", [math.nan, math.inf, -0.1, 1.1, None])
def test_a_coverage_that_is_no_fraction_fails(coverage):
    assert failed(verdict(coverage=coverage)) == {"missing data"}


@pytest.mark.parametrize("status", ["hold", "failed", "", "OPTIMAL", "optimal_inaccurate"])
def test_only_an_optimum_goes_to_the_broker(status):
    assert failed(verdict(optimiser_status=status)) == {"optimiser"}


def test_an_unknown_volume_fails_a_traded_name_and_only_a_traded_one():
    for unknown in ({}, {2: math.nan}, {2: 0.0}, {2: -5.0}, {2: None}):
        adv = {1: 1e6, 3: 1e6} | unknown
        assert failed(verdict(adv=adv)) == {"liquidity"}
        assert verdict({2: 0.05}, {1: 0.05, 2: 0.05}, adv=adv).passed


@pytest.mark.parametrize("price", [math.nan, 0.0, -1.0, None])
def test_a_traded_name_without_a_price_fails(price):
    assert failed(verdict(prices={1: 100.0, 2: price, 3: 100.0})) == {"liquidity"}


def test_the_least_liquid_name_is_reported():
    found = verdict(adv={1: 1e6, 2: 5_000.0, 3: 4_000.0}, names={3: "TINY"})
    assert value(found, "liquidity") == pytest.approx(0.06)  # 300 of 5,000 against 200 of 4,000
    assert value(verdict(adv={1: 1e6, 2: 1e6, 3: 2_500.0}), "liquidity") == pytest.approx(0.08)


LOSSES = {"historical VaR 95", "parametric VaR 95"}


def test_a_position_without_returns_has_no_measurable_risk():
    assert failed(verdict(returns=returns_of(names=(1, 2)))) == LOSSES
    hidden = returns_of()
    hidden[3] = np.nan
    assert failed(verdict(returns=hidden)) == LOSSES


def test_a_missing_day_is_left_out_and_not_counted_as_calm():
    returns = returns_of(0.05)
    returns.iloc[:40, 2] = np.nan
    found = verdict(returns=returns)
    (check,) = (check for check in found.checks if check.name == "historical VaR 95")
    assert check.value == pytest.approx(0.05 * 0.13)
    assert "over 60 of 100 days" in check.detail
    returns.iloc[40, 2] = np.nan
    assert failed(verdict(returns=returns)) >= LOSSES


def test_an_empty_target_is_a_sale_of_everything_and_may_pass():
    found = verdict({1: 0.05}, {1: 0.0}, returns=returns_of(names=(), days=0))
    assert found.passed
    assert value(found, "gross change") == pytest.approx(0.05)


def test_a_name_missing_from_the_target_counts_as_sold():
    assert value(verdict({1: 0.05, 2: 0.05}, {1: 0.05}), "largest order") == pytest.approx(0.05)


anything = (
    st.floats(allow_nan=True, allow_infinity=True)
    | st.floats(-0.3, 0.3)
    | st.floats(-0.1, 0.1)
    | st.sampled_from([None, 10**400, True, "0.1", 0.12, -0.12])
)
mappings = st.dictionaries(st.integers(1, 4), anything, max_size=4)


def plain(x):
    """The oracle's own idea of a number."""
    if x is None or isinstance(x, bool | str) or x == 10**400:
        return math.nan
    return float(x)


def oracle(current, targets, *, adv, prices, nav, returns):
    """Whether a target is legal, written the other way round: one big condition on arrays."""
    names = sorted({*current, *targets})
    w = np.array([plain(targets.get(n, 0.0)) for n in names])
    before = np.array([plain(current.get(n, 0.0)) for n in names])
    price = np.array([plain(prices.get(n)) for n in names])
    volume = np.array([plain(adv.get(n)) for n in names])
    with np.errstate(all="ignore"):
        change = w - before
        if not (np.isfinite(w).all() and np.isfinite(before).all()):
            return False
        if not (math.isfinite(nav) and nav > 0):
            return False
        traded = np.abs(change) > 1e-10
        share = np.abs(change) * nav / price / volume
        liquid = (price > 0) & (volume > 0) & np.isfinite(volume) & (share <= 0.1 + 1e-9)
        legal = [
            np.abs(w).sum() <= 1.2 + 1e-9,
            abs(np.abs(w).sum() - np.abs(before).sum()) <= 1.2 + 1e-9,
            w[w > 0].sum() <= 0.95 + 1e-9,
            (np.abs(w) <= 0.12 + 1e-9).all(),
            (np.abs(change) <= 0.15 + 1e-9).all(),
            liquid[traded].all(),
        ]
        held = [n for n, x in zip(names, w, strict=True) if abs(x) > 1e-10]
        if held and not all(n in returns for n in held):
            return False
        if held:
            losses = -(returns[held].to_numpy() @ w[np.abs(w) > 1e-10])
            legal.append(np.sort(losses)[-6] <= 0.03 + 1e-9)
            legal.append(1.6448536269514722 * losses.std(ddof=1) <= 0.03 + 1e-9)
    return all(bool(one) for one in legal)


@settings(max_examples=1000, deadline=None)
@given(
    current=mappings,
    targets=mappings,
    adv=st.dictionaries(st.integers(1, 4), anything | st.just(1e6), max_size=4),
    prices=st.dictionaries(st.integers(1, 4), anything | st.just(50.0), max_size=4),
    nav=anything | st.just(1e6),
    volatility=st.sampled_from([0.0, 0.01, 0.3]),
)
def test_the_gate_agrees_with_an_independent_oracle(current, targets, adv, prices, nav, volatility):
    returns = returns_of(volatility)
    found = verdict(current, targets, adv=adv, prices=prices, net_asset_value=nav, returns=returns)
    expected = oracle(current, targets, adv=adv, prices=prices, nav=plain(nav), returns=returns)
    assert found.passed == expected, [check for check in found.checks if not check.passed]
    assert found.passed == (not found.failed)
    for check in found.checks:
        assert check.value is None or math.isfinite(check.value)


@settings(max_examples=500, deadline=None)
@given(
    weights=st.dictionaries(st.integers(1, 3), st.floats(-0.15, 0.15), min_size=1, max_size=3),
    adv=st.dictionaries(st.integers(1, 3), st.floats(1e2, 1e5), min_size=3, max_size=3),
)
def test_the_gate_agrees_with_the_oracle_where_it_is_close(weights, adv):
    returns = returns_of(0.15)
    given_ = {"adv": adv, "prices": dict.fromkeys((1, 2, 3), 10.0)}
    found = verdict({}, weights, net_asset_value=1e6, returns=returns, **given_)
    assert found.passed == oracle({}, weights, nav=1e6, returns=returns, **given_)


@pytest.mark.parametrize("size", [1e308, -1e308, 1e-320, 5e-11])
def test_absurd_and_vanishing_numbers_raise_nothing(size):
    found = verdict(
        {1: size}, {1: size, 2: -size}, returns=returns_of(1e300), net_asset_value=1e308
    )
    assert found.passed == (abs(size) < 1.0)
