"""The gate between a target and the broker: every limit is checked, every answer listed.

What is judged is the whole account: positions, what still works at the broker, and this batch.
Orders that somebody else placed may fill or not, so every figure is the worst of four outcomes:
none of them fills, the purchases, the sales, all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from core.money import Price, Rates
from core.settings import LimitSettings
from core.types import Order
from risk.account import AccountState, account_checks
from risk.batch import batch_checks, judge_orders, single_checks
from risk.exposure_limits import exposure_checks, sector_checks
from risk.limits import Check, Limits, check, in_words, number
from risk.loss_limits import finite_returns, loss_checks, unmeasured, unmeasured_check
from risk.outcomes import Portfolio, Weights, base_prices

OPTIMAL, RELAXED = "optimal", "optimal_relaxed"  # what a relaxation let through fails below


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate found. ``checks`` lists every check, passed or failed, in a fixed order.

    ``orders`` are the checks of each order by itself; ``checks`` has the worst of them.
    """

    checks: tuple[Check, ...]
    orders: tuple[Check, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the target may go on to the broker."""
        return all(one.passed for one in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(one for one in self.checks if not one.passed)


def check_constraints(  # noqa: PLR0913 - what a verdict needs, each by name
    current: Mapping[int, float],
    targets: Mapping[int, float],
    *,
    limits: LimitSettings,
    returns: pd.DataFrame,
    adv: Mapping[int, float],
    prices: Mapping[int, Price],
    rates: Rates,
    net_asset_value: float,
    coverage: float,
    optimiser_status: str,
    account: AccountState,
    relaxations: Mapping[str, float] | None = None,
    orders: Sequence[Order] | None = None,
    before_orders: Mapping[int, float] | None = None,
    references: Mapping[int, Price] | None = None,
    foreign: Iterable[tuple[int, float]] = (),
    market: pd.Series[float] | None = None,
    sectors: Mapping[int, str] | None = None,
    names: Mapping[int, str] | None = None,
    set_aside: Mapping[int, float] | None = None,
) -> Verdict:
    """Judge a target against every limit. Never raises over numbers: it fails them.

    Parameters
    ----------
    current, targets
        Weights by conId, fractions of net asset value. Give the targets as they will be traded,
        after rounding to lots, with what is left of our own working orders.
    returns
        Shape (T, n), daily returns as fractions, one column per conId.
    adv
        Average daily volume in shares by conId; unknown fails every name that is traded.
    prices
        Per share, as each market quotes it; what weights are valued at.
    rates
        What the currencies of the prices are worth in the account's base currency.
    net_asset_value
        In the base currency.
    coverage
        Share of the universe with the data the target rests on, 0 to 1.
    account
        Where the kill switch stands, and what the account was worth before.
    relaxations
        What the optimiser had to give way by, by name; of "optimal_relaxed" there is at least one.
    orders
        The batch that leads to the targets; limit prices in the units of ``references``. None:
        there is none yet, and the targets are judged alone.
    before_orders
        The weights that the batch starts from, valued as the targets are: what is held, with what
        is left of our own working orders. None: ``current``.
    references
        What orders are held against, per share as each market quotes it. None: ``prices``.
    foreign
        Signed weights that orders placed by others would still add, one pair for each order.
    market
        Daily returns of the market, by the days of ``returns``. None: the mean of ``returns``.
    sectors
        By conId; a name without one counts as unknown, which has a limit of its own.
    names
        By conId, for messages and the restricted list.
    set_aside
        What is at stake in holdings that are no part of the portfolio, of net asset value by
        conId; NaN: not known. See `risk.loss_limits`.
    """
    portfolio = Portfolio.of(
        current, targets, foreign=foreign, net_asset_value=net_asset_value,
        prices=base_prices(prices, rates), adv=adv, names=names or {},
    )  # fmt: skip
    rules, batch = Limits.of(limits), tuple(orders or ())
    quoted = prices if references is None else references
    judged = judge_orders(portfolio, batch, references=quoted, rates=rates, limits=limits)
    start = portfolio.current if before_orders is None else before_orders
    beside = unmeasured(portfolio, returns, {one.con_id for one in batch}, set_aside or {})
    checks = (
        *_input_checks(portfolio, rules, returns, coverage, optimiser_status, relaxations or {}),
        *_portfolio_checks(portfolio, rules, sectors or {}, returns, market, beside),
        *batch_checks(portfolio, orders, judged, limits, start),
        *_account(portfolio, rules, account, len(batch)),
    )
    return Verdict(checks, orders=tuple(single_checks(judged)))


def _input_checks(
    portfolio: Portfolio,
    rules: Limits,
    returns: pd.DataFrame,
    coverage: float,
    status: str,
    relaxations: Mapping[str, float],
) -> Iterator[Check]:
    yield from _sanity(portfolio, rules, number(coverage))
    yield _optimiser(status, relaxations)
    yield finite_returns(portfolio, returns)


def _portfolio_checks(
    portfolio: Portfolio,
    rules: Limits,
    sectors: Mapping[int, str],
    returns: pd.DataFrame,
    market: pd.Series[float] | None,
    beside: Weights,
) -> Iterator[Check]:
    yield from exposure_checks(portfolio, rules)
    yield from sector_checks(portfolio, rules, sectors)
    yield from loss_checks(portfolio, rules, returns, market, beside)
    yield unmeasured_check(portfolio, rules, beside)


def _sanity(portfolio: Portfolio, rules: Limits, coverage: float) -> Iterator[Check]:
    weights = [*portfolio.current.items(), *portfolio.targets.items(), *portfolio.foreign]
    odd = [name for name, weight in weights if not math.isfinite(weight)]
    shown = "every weight is finite"
    if odd:
        shown = f"what is held or ordered of {portfolio.name(odd[0])} is not a finite number"
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
    inside = 0.0 <= coverage <= 1.0
    yield check("missing data", 1.0 - coverage if inside else math.nan, rules.missing)


def _optimiser(status: str, relaxations: Mapping[str, float]) -> Check:
    """Judge the status. What a relaxation let through is for the limits to refuse."""
    amounts = {name: number(relaxations[name]) for name in sorted(relaxations)}
    listed = ", ".join(f"{name} by {in_words(amount, 'g')}" for name, amount in amounts.items())
    detail = f"status {status}" + (f", gave way: {listed}" if listed else "")
    passed = status == OPTIMAL and not amounts
    if status == RELAXED:
        passed = bool(amounts) and all(
            math.isfinite(amount) and amount >= 0.0 for amount in amounts.values()
        )
        detail += "" if passed else ", without saying by how much"
    return Check("optimiser", None, None, passed=passed, detail=detail)


def _account(
    portfolio: Portfolio, rules: Limits, account: AccountState, orders: int
) -> Iterator[Check]:
    return account_checks(
        account,
        net_asset_value=portfolio.net_asset_value,
        orders=orders,
        reduces=portfolio.reduces(),
        rules=rules,
    )
