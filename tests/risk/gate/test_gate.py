"""The gate lets nothing through that is not finite and within every limit."""

import math
from dataclasses import replace

import pytest

from risk.account import AccountState
from tests.risk.gate.gate_verdicts import LIMITS, ORDER, account, failed, value, verdict

EVERY_CHECK = [
    "finite weights",
    "net asset value",
    "missing data",
    "optimiser",
    "finite returns",
    "gross",
    "gross change",
    "invested",
    "net",
    "largest single",
    "largest sector",
    "unknown sector",
    "historical VaR 95",
    "parametric VaR 95",
    "historical CVaR 95",
    "parametric CVaR 95",
    "beta",
    "short beta",
    "unmeasured holdings",
    "liquidity",
    "largest order",
    "turnover",
    "order count",
    "orders: quantity",
    "orders: order value",
    "orders: price collar",
    "orders: share of volume",
    "open orders of others",
    "restricted",
    "orders lead to targets",
    "kill switch",
    "orders this session",
    "account history",
    "daily loss",
    "drawdown",
    "losing days",
]


def test_a_sound_target_passes_and_every_check_is_listed():
    found = verdict(sectors={1: "Energy", 2: "Energy", 3: "Health"}, names={1: "ACME"})
    assert found.passed
    assert [check.name for check in found.checks] == EVERY_CHECK
    assert value(found, "gross") == pytest.approx(0.17)
    assert value(found, "gross change") == pytest.approx(0.10)
    assert value(found, "invested") == pytest.approx(0.15)
    assert value(found, "net") == pytest.approx(0.13)
    assert value(found, "largest single") == 0.10
    # All names move together: the loss is the net exposure times 1 %.
    assert value(found, "historical VaR 95") == pytest.approx(0.0013)
    assert value(found, "parametric VaR 95") == pytest.approx(0.0013 * 1.6449, rel=0.006)
    # phi(1.6449) / 0.05 = 2.0627: how much further the normal's tail is on average.
    assert value(found, "parametric CVaR 95") == pytest.approx(0.0013 * 2.0627, rel=0.006)
    # And the market that is their mean moves as each of them does: beta is the net exposure.
    assert value(found, "beta") == pytest.approx(0.13)
    assert value(found, "short beta") == pytest.approx(-0.13)
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
    "turnover": {"limits": LIMITS.model_copy(update={"max_turnover": 0.09})},
    "net": {"limits": LIMITS.model_copy(update={"max_net": 0.12})},
    "largest sector": {
        "limits": LIMITS.model_copy(update={"max_sector": 0.14}),
        "sectors": {1: "Energy", 2: "Energy"},
    },
    "unknown sector": {
        "limits": LIMITS.model_copy(update={"max_unknown_sector": 0.01}),
        "sectors": {1: "Energy", 2: " "},
    },
    "historical CVaR 95": {"limits": LIMITS.model_copy(update={"max_cvar": 0.0012})},
    "parametric CVaR 95": {"limits": LIMITS.model_copy(update={"max_cvar": 0.0020})},
    "beta": {"limits": LIMITS.model_copy(update={"max_beta": 0.12})},
    "short beta": {"limits": LIMITS.model_copy(update={"min_beta": 0.14})},
    "order count": {
        "limits": LIMITS.model_copy(update={"max_orders": 1}),
        "orders": [ORDER, ORDER],
    },
    "orders: quantity": {"orders": [ORDER, replace(ORDER, quantity=0.5)]},
    "orders: order value": {"orders": [replace(ORDER, quantity=1486)]},
    "orders: price collar": {"orders": [replace(ORDER, limit_price=110.1)]},
    "orders: share of volume": {"orders": [ORDER], "adv": {1: 4_999.0, 2: 1e6, 3: 1e6}},
    "restricted": {
        "limits": LIMITS.model_copy(update={"restricted": (" acme",)}),
        "names": {1: "ACME", 2: "B", 3: "C"},
    },
    "kill switch": {"account": account(stop="halted")},
    "orders this session": {"account": AccountState("active", orders_before=501)},
    "account history": {"account": account(unreadable="positions/2026-06-12.json is no JSON")},
    "daily loss": {"account": account(1e6 / 0.9499)},
    "drawdown": {"account": account(1e6 / 0.799, 1e6)},
    "losing days": {"account": account(1.06e6, 1.05e6, 1.04e6, 1.03e6, 1.02e6, 1.01e6)},
}


@pytest.mark.parametrize(("name", "change"), EACH_LIMIT.items(), ids=EACH_LIMIT)
def test_each_limit_can_fail_by_its_own_name(name, change):
    found = verdict(**change)
    assert not found.passed
    assert name in failed(found)


# What also breaks a limit of the same thing in its nature.
ALONE = set(EACH_LIMIT) - {
    "finite weights",
    "net asset value",
    "historical VaR 95",
    "historical CVaR 95",
    "orders: quantity",
    "orders: share of volume",
    "account history",
}


@pytest.mark.parametrize("name", sorted(ALONE))
def test_a_broken_limit_fails_no_other_check(name):
    assert failed(verdict(**EACH_LIMIT[name])) == {name}


AT_THE_LIMIT = {
    "turnover": ("max_turnover", 0.10),
    "net": ("max_net", 0.13),
    "unknown sector": ("max_unknown_sector", 0.17),
    "historical CVaR 95": ("max_cvar", 0.0013),
    "beta": ("max_beta", 0.13),
    "missing data": ("min_coverage", 1.0),
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
    hair = 1e-8 * (1 if setting in {"cash_buffer", "min_coverage"} else -1)
    assert name not in failed(verdict(limits=LIMITS.model_copy(update={setting: at})))
    assert name in failed(verdict(limits=LIMITS.model_copy(update={setting: at + hair})))


def test_an_open_order_of_somebody_else_counts_whether_it_fills_or_not():
    # 12 % of ACME would be bought by hand on top of the 10 % wanted.
    found = verdict(foreign=[(1, 0.12)], names={1: "ACME"}, orders=[ORDER])
    assert failed(found) == {"largest single", "largest order"}
    assert value(found, "largest single") == pytest.approx(0.22)
    assert value(found, "gross") == pytest.approx(0.29)
    assert value(found, "turnover") == pytest.approx(0.22)
    (listed,) = (check for check in found.checks if check.name == "open orders of others")
    assert listed.detail == "in names of this batch: ACME"


def test_a_sale_by_hand_makes_no_room_because_it_may_never_fill():
    tight = LIMITS.model_copy(update={"max_gross": 0.16})
    assert failed(verdict(limits=tight, foreign=[(1, -0.05)])) == {"gross"}
    both_ways = verdict(foreign=[(1, 0.03), (1, -0.03)])
    assert value(both_ways, "largest single") == pytest.approx(0.13)
    assert value(both_ways, "net") == pytest.approx(0.16)


def test_a_net_short_portfolio_is_shown_short_and_held_to_the_same_limit():
    tight = LIMITS.model_copy(update={"max_net": 0.12})
    found = verdict(targets={1: -0.10, 2: -0.03}, limits=tight)
    assert value(found, "net") == pytest.approx(-0.13)
    (net,) = (check for check in found.checks if check.name == "net")
    assert not net.passed
    assert net.detail == "-0.13 beyond ±0.12 of net asset value (limits.max_net)"
    # The worst of what others' orders may make of it is the largest either way.
    assert value(verdict(targets={1: 0.02}, foreign=[(2, -0.09)]), "net") == pytest.approx(-0.07)


@pytest.mark.parametrize("weight", [math.nan, math.inf, None, True, "0.1"])
def test_an_open_order_that_cannot_be_valued_fails(weight):
    assert "finite weights" in failed(verdict(foreign=[(3, weight)]))


def test_a_relaxed_optimum_names_what_gave_way_and_the_limits_decide():
    found = verdict(optimiser_status="optimal_relaxed", relaxations={"turnover": 0.05})
    assert found.passed
    (status,) = (check for check in found.checks if check.name == "optimiser")
    assert status.detail == "status optimal_relaxed, gave way: turnover by 0.05"
    beyond = LIMITS.model_copy(update={"max_turnover": 0.09})
    again = verdict(
        optimiser_status="optimal_relaxed", relaxations={"turnover": 0.01}, limits=beyond
    )
    assert failed(again) == {"turnover"}


@pytest.mark.parametrize("amounts", [{}, {"gross": math.nan}, {"gross": -1.0}, {"gross": None}])
def test_a_relaxed_optimum_that_does_not_say_by_how_much_fails(amounts):
    status = {"optimiser_status": "optimal_relaxed", "relaxations": amounts}
    assert failed(verdict(**status)) == {"optimiser"}
