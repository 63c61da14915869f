"""The gate between a target and the broker: every limit is checked, every answer listed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from core.settings import LimitSettings
from risk import measures
from risk.limits import Check, Limit, Limits, check, information, number

VAR_LEVEL = 0.95
MIN_DAYS = 60  # days on which every position has a return, below which VaR is not measured
MIN_COVERAGE = 0.8
TRADABLE_STATUS = {"optimal", "optimal_relaxed"}  # what a relaxation let through fails below


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate found. ``checks`` lists every check, passed or failed, in a fixed order."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether the target may go on to the broker."""
        return all(one.passed for one in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(one for one in self.checks if not one.passed)


@dataclass(frozen=True, slots=True, eq=False)
class _Portfolio:
    """What is judged. Every number is a float; what was no number is NaN."""

    current: dict[int, float]
    targets: dict[int, float]
    net_asset_value: float
    prices: dict[int, float]
    adv: dict[int, float]
    names: Mapping[int, str]

    def name(self, con_id: int | None) -> str:
        if con_id is None:
            return "no position"
        return self.names.get(con_id, f"conId {con_id}")


def check_constraints(  # noqa: PLR0913 - what a verdict needs, each by name
    current: Mapping[int, float],
    targets: Mapping[int, float],
    *,
    limits: LimitSettings,
    returns: pd.DataFrame,
    adv: Mapping[int, float],
    prices: Mapping[int, float],
    net_asset_value: float,
    coverage: float,
    optimiser_status: str,
    max_turnover: float | None = None,
    sectors: Mapping[int, str] | None = None,
    names: Mapping[int, str] | None = None,
) -> Verdict:
    """Judge a target against every limit. Never raises over numbers: it fails them.

    Parameters
    ----------
    current, targets
        Weights by conId, fractions of net asset value. Give the targets as they will be traded,
        after rounding to lots.
    returns
        Shape (T, n), daily returns as fractions, one column per conId.
    adv
        Average daily volume in shares by conId; unknown fails every name that is traded.
    prices
        Per share, in the base currency.
    coverage
        Share of the universe with the data the target rests on, 0 to 1.
    sectors, names
        By conId, for information and for messages.
    """
    portfolio = _Portfolio(
        current=_numbers(current),
        targets=_numbers(targets),
        net_asset_value=number(net_asset_value),
        prices=_numbers(prices),
        adv=_numbers(adv),
        names=names or {},
    )
    rules = Limits.of(limits)
    return Verdict(
        (
            *_sanity(portfolio, number(coverage), optimiser_status),
            *_exposure(portfolio, rules),
            *_losses(portfolio, rules, returns),
            *_trading(portfolio, rules, max_turnover),
            *_sectors(portfolio, sectors),
        )
    )


def _numbers(values: Mapping[int, float]) -> dict[int, float]:
    return {name: number(values[name]) for name in sorted(values)}


def _sanity(portfolio: _Portfolio, coverage: float, status: str) -> Iterator[Check]:
    weights = [*portfolio.current.items(), *portfolio.targets.items()]
    odd = [name for name, weight in weights if not math.isfinite(weight)]
    shown = f"{portfolio.name(odd[0])} is not a finite number" if odd else "every weight is finite"
    yield Check("finite weights", float(len(odd)), 0.0, passed=not odd, detail=shown)

    value = portfolio.net_asset_value
    good = math.isfinite(value) and value > 0.0
    yield Check(
        "net asset value",
        value if math.isfinite(value) else None,
        None,
        passed=good,
        detail=f"{value:,.2f}" if good else "not a positive number",
    )
    missing = Limit(1.0 - MIN_COVERAGE, "of the universe", "risk.gate.MIN_COVERAGE")
    inside = 0.0 <= coverage <= 1.0
    yield check("missing data", 1.0 - coverage if inside else math.nan, missing)
    yield Check(
        "optimiser",
        None,
        None,
        passed=status in TRADABLE_STATUS,
        detail=f"status {status}",
    )


def _exposure(portfolio: _Portfolio, rules: Limits) -> Iterator[Check]:
    before, after = portfolio.current.values(), portfolio.targets.values()
    gross = measures.gross(after)
    yield check("gross", gross, rules.gross)
    yield check("gross change", abs(gross - measures.gross(before)), rules.gross_change)
    invested = measures.invested(after)
    cash = f"cash without short proceeds {1.0 - invested:.4f}"
    yield check("invested", invested, rules.invested, cash)
    yield information("net", measures.net(after), "long minus short")
    name, size = measures.largest(portfolio.targets)
    yield check("largest single", size, rules.single, portfolio.name(name))


def _losses(portfolio: _Portfolio, rules: Limits, returns: pd.DataFrame) -> Iterator[Check]:
    profits = measures.profit_and_loss(portfolio.targets, returns)
    if not any(portfolio.targets.values()):
        days, figures = "no positions", (0.0, 0.0, 0.0)
    elif len(profits) < MIN_DAYS:
        days = f"only {len(profits)} of {len(returns)} days known for every position"
        figures = (math.nan, math.nan, math.nan)
    else:
        days = f"over {len(profits)} of {len(returns)} days"
        figures = (
            measures.historical_var(profits, level=VAR_LEVEL),
            measures.parametric_var(profits, level=VAR_LEVEL),
            measures.historical_cvar(profits, level=VAR_LEVEL),
        )
    historical, parametric, cvar = figures
    yield check("historical VaR 95", historical, rules.value_at_risk, days)
    yield check("parametric VaR 95", parametric, rules.value_at_risk, days)
    yield information("historical CVaR 95", cvar, days)


def _trading(portfolio: _Portfolio, rules: Limits, max_turnover: float | None) -> Iterator[Check]:
    traded = {
        name: change
        for name, change in measures.changes(portfolio.current, portfolio.targets).items()
        if not abs(change) <= measures.NO_POSITION
    }
    name, share = _least_liquid(portfolio, traded)
    yield check("liquidity", share, rules.adv_share, portfolio.name(name))

    name, size = measures.largest(traded)
    yield check("largest order", size, rules.order_value, portfolio.name(name))

    amount = measures.turnover(portfolio.current, portfolio.targets)
    if max_turnover is None:
        yield information("turnover", amount, f"{len(traded)} names change, both ways counted")
    else:
        yield check("turnover", amount, Limit(max_turnover, "both ways", "max_turnover"))


def _least_liquid(portfolio: _Portfolio, traded: Mapping[int, float]) -> tuple[int | None, float]:
    """Return the traded name with the largest share of its daily volume; unknown is the worst."""
    worst: tuple[int | None, float] = (None, 0.0)
    for name, change in traded.items():
        price = portfolio.prices.get(name, math.nan)
        quantity = (
            change * portfolio.net_asset_value / price if 0.0 < price < math.inf else math.nan
        )
        share = measures.adv_share(quantity, portfolio.adv.get(name, math.nan))
        if math.isnan(share):
            return name, share
        if share > worst[1]:
            worst = name, share
    return worst


def _sectors(portfolio: _Portfolio, sectors: Mapping[int, str] | None) -> Iterator[Check]:
    if sectors is None:
        return
    totals = measures.sector_weights(portfolio.targets, sectors)
    if totals:
        name = max(totals, key=lambda sector: (totals[sector], sector))
        yield information("largest sector", totals[name], name)
