"""The figures a day is reported by are the gate's, and what is unknown never flatters."""

import dataclasses

import pytest

from risk.figures import Measured, figures
from risk.limits import Check

HISTORICAL, PARAMETRIC = "historical VaR 95", "parametric VaR 95"


def a_verdict(**values):
    plain = {"gross": 1.18, "invested": 0.58, "net": 0.03, "turnover": 1.1}
    named = {**plain, HISTORICAL: 0.0048, PARAMETRIC: 0.0067, **values}
    return [Check(name, value, 9.0, passed=True, detail="") for name, value in named.items()]


def test_the_worse_method_is_the_headline_and_is_named():
    assert figures(a_verdict()).value_at_risk == Measured(0.0067, "parametric")
    other = figures(a_verdict(**{HISTORICAL: 0.009}))
    assert other.value_at_risk == Measured(0.009, "historical")


@pytest.mark.parametrize(
    ("name", "method"), [(HISTORICAL, "historical"), (PARAMETRIC, "parametric")]
)
def test_a_method_that_could_not_measure_is_not_replaced_by_the_other(name, method):
    assert figures(a_verdict(**{name: None})).value_at_risk == Measured(None, method)


def test_cash_leaves_out_what_short_sales_bring_in():
    assert figures(a_verdict(invested=0.58, net=-0.03)).cash == pytest.approx(0.42)


def test_without_checks_every_figure_is_unknown():
    empty = dataclasses.asdict(figures([]))
    assert (empty.pop("passed"), empty.pop("checks")) == (0, 0)
    risks = [empty.pop("value_at_risk"), empty.pop("expected_shortfall")]
    assert {risk["value"] for risk in risks} == {*empty.values()} == {None}
