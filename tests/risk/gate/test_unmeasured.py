"""What cannot be measured has a limit of its own, and costs its value; a wrong batch is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest

from core.types import Side
from tests.risk.gate.gate_verdicts import LIMITS, ORDER, failed, returns_of, value, verdict

# A spin-off with ten days of history; a dead stock is no column at all.
YOUNG = returns_of(names=(1, 2, 3, 4)).assign(**{"4": math.nan}).rename(columns={"4": 5})
YOUNG.loc[YOUNG.index[:-10], 4] = math.nan
HELD = {1: 0.05, 2: 0.02, 4: 0.01, 5: 0.0000005}
KEPT = {1: 0.10, 2: 0.05, 3: -0.02, 4: 0.01, 5: 0.0000005}
NAMES = {1: "ACME", 4: "SPUN", 5: "GONE"}


def told(found, name):
    (check,) = (check for check in found.checks if check.name == name)
    return check.detail


def test_a_small_holding_without_a_past_is_named_and_counts_as_lost():
    found = verdict(HELD, KEPT, returns=YOUNG, names=NAMES)
    assert found.passed
    assert value(found, "unmeasured holdings") == pytest.approx(0.0100005)
    assert told(found, "unmeasured holdings").startswith("SPUN 1.00%, GONE 0.00%: 0.01 within 0.02")
    # What is measured loses 0.13 times 1 %; the rest is lost whole.
    assert value(found, "historical VaR 95") == pytest.approx(0.0013 + 0.0100005)
    assert value(found, "historical CVaR 95") == pytest.approx(0.0013 + 0.0100005)
    assert "counts as lost, 1.00%" in told(found, "historical VaR 95")
    assert value(found, "beta") == pytest.approx(0.13)


def test_a_large_holding_without_a_past_makes_the_day_a_recommendation_by_its_name():
    found = verdict({4: 0.021}, {1: 0.10, 4: 0.021}, returns=YOUNG, names=NAMES)
    assert failed(found) == {"unmeasured holdings"}
    assert "SPUN 2.10%" in told(found, "unmeasured holdings")


@pytest.mark.parametrize(
    ("current", "targets"),
    [({}, {4: 0.001}), ({4: 0.001}, {4: 0.002}), ({4: 0.001}, {4: -0.001})],
    ids=["bought", "made larger", "turned over"],
)
def test_a_name_without_a_past_that_grows_is_a_risk_that_is_not_known(current, targets):
    found = verdict(current, targets, returns=YOUNG)
    assert {"historical VaR 95", "beta"} <= failed(found)
    assert value(found, "unmeasured holdings") == 0.0


def test_the_name_that_makes_the_loss_immeasurable_is_told():
    found = verdict({}, {1: 0.05, 4: 0.001}, returns=YOUNG, names=NAMES)
    told_of = told(found, "historical VaR 95")
    assert "10 of 100 days with a return of every position, 60 needed (SPUN has 10)" in told_of


def test_a_name_without_a_past_that_is_traded_is_never_set_aside():
    sale = replace(ORDER, con_id=4, side=Side.SELL, quantity=10)
    found = verdict({4: 0.01}, {4: 0.009}, returns=YOUNG, adv={4: 1e6}, prices={4: 100.0},
                    orders=[sale])  # fmt: skip
    assert "historical VaR 95" in failed(found)


def test_what_is_no_part_of_the_portfolio_is_at_stake_with_its_value():
    found = verdict(set_aside={8: 0.004, 9: 0.003}, names={8: "BOND", 9: "ES"})
    assert found.passed
    assert value(found, "unmeasured holdings") == pytest.approx(0.007)
    assert "BOND 0.40%, ES 0.30%" in told(found, "unmeasured holdings")


def test_a_holding_whose_value_nobody_states_is_never_small():
    found = verdict(set_aside={9: math.nan}, names={9: "DEAD"})
    assert {"unmeasured holdings", "historical VaR 95"} <= failed(found)
    assert told(found, "unmeasured holdings").startswith("DEAD of unknown value: could not be")


def test_an_account_of_nothing_else_is_measured_by_what_it_can_lose():
    found = verdict({4: 0.015}, {4: 0.015}, returns=YOUNG, orders=[])
    assert found.passed
    assert value(found, "historical VaR 95") == pytest.approx(0.015)


def test_the_limit_is_a_setting():
    wide = LIMITS.model_copy(update={"max_unmeasured": 0.05, "max_var": 0.08, "max_cvar": 0.08})
    assert verdict(set_aside={9: 0.04}, limits=wide).passed
    assert "unmeasured holdings" in failed(verdict(set_aside={9: 0.051}, limits=wide))


# -- a batch and its targets -----------------------------------------------------------------------
START = {1: 0.05, 2: 0.05, 3: -0.02}


def test_orders_that_lead_to_the_targets_pass():
    assert verdict(orders=[ORDER], before_orders=START).passed


@pytest.mark.parametrize(
    "orders",
    [
        [],
        [replace(ORDER, quantity=499)],
        [replace(ORDER, side=Side.SELL)],
        [ORDER, replace(ORDER, con_id=2, quantity=1)],
        [replace(ORDER, quantity=math.nan)],
    ],
    ids=["none at all", "a share short", "the other way", "a name too many", "of no size"],
)
def test_orders_that_lead_elsewhere_are_refused(orders):
    assert "orders lead to targets" in failed(verdict(orders=orders, before_orders=START))


def test_the_name_that_is_missed_most_is_told():
    found = verdict(orders=[], before_orders=START, names={1: "ACME"})
    assert "ACME misses its target by 5.0000% of" in told(found, "orders lead to targets")


def test_targets_without_orders_yet_are_judged_alone():
    assert verdict().passed
    assert told(verdict(), "orders lead to targets") == "no orders yet: the targets alone"


@pytest.mark.parametrize("endless", [math.inf, -math.inf])
def test_an_infinite_return_of_anything_held_or_wanted_is_refused(endless):
    # A price of 0 the day before: the return after it has no end (polakowo/vectorbt #83).
    returns = returns_of()
    returns.loc[returns.index[3], 2] = endless
    found = verdict(returns=returns, names={2: "BOLT"})
    assert failed(found) == {"finite returns"}
    assert "BOLT" in told(found, "finite returns")
    assert verdict({1: 0.1}, {1: 0.1}, returns=returns).passed
    assert np.isinf(returns[2]).any()
