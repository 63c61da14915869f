"""The gate lets nothing through that is not finite and within every limit."""

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from core.calendar import session
from core.money import Price, Rates
from core.settings import LimitSettings
from core.types import Order, OrderType, Side
from risk.account import AccountState, History, Valuation
from risk.gate import check_constraints
from risk.limits import is_restricted

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
MONDAY = date(2026, 6, 15)
ORDER = Order(
    con_id=1,
    symbol="ACME",
    side=Side.BUY,
    quantity=500,
    order_type=OrderType.LIMIT,
    limit_price=101.0,
    time_in_force="DAY",
    order_ref="ref-1",
)


def account(*values, stop="active", **changes):
    """An account with one net asset value for each session before Monday, the newest last."""
    days = [MONDAY - timedelta(days=len(values) - number) for number in range(len(values))]
    as_of = session(MONDAY).decision_time
    found = tuple(Valuation(day, as_of, value) for day, value in zip(days, values, strict=True))
    return AccountState(stop, History(found, **changes))


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
        "rates": Rates("USD"),
        "net_asset_value": 1e6,
        "coverage": 1.0,
        "optimiser_status": "optimal",
        "account": account(),
    }
    return check_constraints(
        {1: 0.05, 2: 0.02} if current is None else current,
        {1: 0.10, 2: 0.05, 3: -0.02} if targets is None else targets,
        **(terms | changes | {"prices": in_dollars((terms | changes)["prices"])}),
    )


def in_dollars(prices):
    return {name: Price(price, "USD") for name, price in prices.items()}


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
        "largest sector",
        "unknown sector",
        "historical VaR 95",
        "parametric VaR 95",
        "historical CVaR 95",
        "parametric CVaR 95",
        "beta",
        "short beta",
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
        "emergency stop",
        "orders this session",
        "account history",
        "daily loss",
        "drawdown",
        "losing days",
    ]
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
    "emergency stop": {"account": account(stop="halted")},
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


def test_reducing_lets_only_smaller_positions_pass():
    reducing = {"account": account(stop="reducing")}
    assert verdict({1: 0.10, 2: -0.05}, {1: 0.08, 2: -0.05}, **reducing).passed
    assert verdict({1: 0.10}, {}, **reducing).passed
    for targets in ({1: 0.11}, {1: 0.05, 2: 0.01}, {1: -0.01}):
        assert failed(verdict({1: 0.10}, targets, **reducing)) == {"emergency stop"}
    by_hand = verdict({1: 0.10}, {1: 0.05}, foreign=[(1, 0.06)], **reducing)
    assert failed(by_hand) == {"emergency stop"}


@pytest.mark.parametrize("stop", ["halted", "", "ACTIVE", None, 1])
def test_whatever_does_not_say_active_stops_everything(stop):
    assert failed(verdict({1: 0.1}, {}, account=account(stop=stop))) == {"emergency stop"}


def test_a_first_day_has_no_history_and_passes():
    found = verdict(account=account())
    told = {check.name: check.detail for check in found.checks}
    assert told["daily loss"] == told["drawdown"] == told["losing days"] == "no history yet"


ACCOUNT = {"account history", "daily loss", "drawdown", "losing days"}


@pytest.mark.parametrize("worth", [math.nan, 0.0, -1.0, math.inf, None])
def test_a_record_that_is_no_net_asset_value_fails_all_that_rests_on_it(worth):
    assert failed(verdict(account=account(1e6, worth, 1e6))) == ACCOUNT
    assert failed(verdict(account=account(1e6, unreadable="no JSON"))) == ACCOUNT


def test_a_day_is_measured_from_one_decision_to_the_next():
    morning, evening = session(MONDAY).decision_time, session(MONDAY).close
    friday = MONDAY - timedelta(days=3)
    twice = (Valuation(friday, evening, 2e6), Valuation(friday, morning, 1e6))
    found = verdict(account=AccountState("active", History(twice)))
    assert value(found, "daily loss") == 0.0
    assert value(found, "drawdown") == 0.5  # but every record makes a high


def test_five_losing_days_pass_and_a_flat_one_ends_them():
    values = [1.05e6, 1.04e6, 1.03e6, 1.02e6, 1.01e6]
    assert value(verdict(account=account(*values)), "losing days") == 5.0
    assert verdict(account=account(*values)).passed
    assert value(verdict(account=account(*values, 1e6)), "losing days") == 0.0


def test_a_restricted_name_may_be_held_but_not_traded():
    for entry in ("3", "c"):
        limits = LIMITS.model_copy(update={"restricted": (entry,)})
        known = {"limits": limits, "names": {1: "A", 2: "B", 3: "C"}}
        assert failed(verdict(**known)) == {"restricted"}
        assert verdict({3: 0.05}, {1: 0.05, 3: 0.05}, **known).passed
    assert failed(verdict(limits=limits)) == {"restricted"}  # whose symbol is that?


@pytest.mark.parametrize(
    ("entry", "restricted"),
    [(" acme ", True), ("1", True), ("ACM", False), ("11", False), ("", False)],
)
def test_a_name_is_restricted_by_symbol_or_conid(entry, restricted):
    assert is_restricted(1, "ACME", ["ZZZ", entry]) == restricted
    assert not is_restricted(7, "", [entry])


def test_beta_is_measured_against_the_market_that_is_given():
    returns = returns_of()
    market = returns[1] * 2.0
    assert value(verdict(market=market), "beta") == pytest.approx(0.065)
    for unknown in (market * 0.0, market.iloc[:59], market * math.nan):
        assert failed(verdict(market=unknown)) == {"beta", "short beta"}


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


LOSSES = {
    "historical VaR 95",
    "parametric VaR 95",
    "historical CVaR 95",
    "parametric CVaR 95",
    "beta",
    "short beta",
}


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


@pytest.mark.parametrize("size", [1e308, -1e308, 1e-320, 5e-11])
def test_absurd_and_vanishing_numbers_raise_nothing(size):
    found = verdict(
        {1: size}, {1: size, 2: -size}, returns=returns_of(1e300), net_asset_value=1e308
    )
    assert found.passed == (abs(size) < 1.0)
