"""The figures a day is reported by: read from the gate's own checks, never measured again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from risk.limits import Check
from risk.measures import VAR_LEVEL

VALUE_AT_RISK = {"historical": "historical VaR 95", "parametric": "parametric VaR 95"}
EXPECTED_SHORTFALL = {"historical": "historical CVaR 95", "parametric": "parametric CVaR 95"}


@dataclass(frozen=True, slots=True)
class Measured:
    """The worse of several measurements of one risk, and the method that found it.

    ``value`` is None, and ``method`` names the first method that failed, where any of them could
    not measure: the other one alone would flatter.
    """

    value: float | None
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the gate measured of the portfolio after the orders that would be sent.

    Fractions of net asset value, risks per day, the worst of what others' open orders may make of
    it; None is "could not be measured".
    """

    gross: float | None
    net: float | None  # long minus short
    cash: float | None  # short proceeds not counted, as limits.cash_buffer counts
    turnover: float | None  # both ways
    value_at_risk: Measured
    expected_shortfall: Measured
    volatility: float | None  # the one that the parametric value at risk rests on
    passed: int  # checks
    checks: int


def figures(checks: Sequence[Check]) -> Figures:
    """Return the figures of one verdict of `risk.gate`; a check that is missing is unknown."""
    values = {check.name: check.value for check in checks}
    invested, parametric = values.get("invested"), values.get(VALUE_AT_RISK["parametric"])
    return Figures(
        gross=values.get("gross"),
        net=values.get("net"),
        cash=None if invested is None else 1.0 - invested,
        turnover=values.get("turnover"),
        value_at_risk=_worse(values, VALUE_AT_RISK.items()),
        expected_shortfall=_worse(values, EXPECTED_SHORTFALL.items()),
        volatility=None if parametric is None else parametric / NormalDist().inv_cdf(VAR_LEVEL),
        passed=sum(check.passed for check in checks),
        checks=len(checks),
    )


def _worse(values: Mapping[str, float | None], names: Iterable[tuple[str, str]]) -> Measured:
    found: list[tuple[float, str]] = []
    for method, name in names:
        value = values.get(name)
        if value is None:
            return Measured(None, method)
        found.append((value, method))
    return Measured(*max(found))
