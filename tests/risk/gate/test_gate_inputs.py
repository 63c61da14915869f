"""The account, what is not known, and what is not a number: none of it is ever a pass."""

import math
from datetime import timedelta

import numpy as np
import pytest

from core.calendar import session
from risk.account import AccountState, History, Valuation
from risk.limits import is_restricted
from tests.risk.gate.gate_verdicts import (
    LIMITS,
    MONDAY,
    account,
    failed,
    returns_of,
    value,
    verdict,
)


def test_reducing_lets_only_smaller_positions_pass():
    reducing = {"account": account(stop="reducing")}
    assert verdict({1: 0.10, 2: -0.05}, {1: 0.08, 2: -0.05}, **reducing).passed
    assert verdict({1: 0.10}, {}, **reducing).passed
    for targets in ({1: 0.11}, {1: 0.05, 2: 0.01}, {1: -0.01}):
        assert failed(verdict({1: 0.10}, targets, **reducing)) == {"kill switch"}
    by_hand = verdict({1: 0.10}, {1: 0.05}, foreign=[(1, 0.06)], **reducing)
    assert failed(by_hand) == {"kill switch"}


@pytest.mark.parametrize("stop", ["halted", "", "ACTIVE", None, 1])
def test_whatever_does_not_say_active_stops_everything(stop):
    assert failed(verdict({1: 0.1}, {}, account=account(stop=stop))) == {"kill switch"}


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
    assert "from 60 of 100 days" in check.detail
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
