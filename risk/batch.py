"""The checks of what is traded: how much of it, in which orders, and in which names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from core.money import Price, Rates
from core.settings import LimitSettings
from core.text.counts import count
from core.types import Order
from risk import measures
from risk.limits import TOLERANCE, Check, Limits, check, information, is_restricted, number
from risk.order import check_order
from risk.outcomes import Portfolio, Weights


def _trades(portfolio: Portfolio, rules: Limits) -> Iterator[Check]:
    """Hold what is to be traded against the market's volume and the account's size."""
    sizes = portfolio.sizes()
    name, share = _least_liquid(portfolio, sizes)
    yield check("liquidity", share, rules.adv_share, portfolio.name(name))

    name, size = measures.largest(sizes)
    yield check("largest order", size, rules.order_value, portfolio.name(name))

    amount = measures.turnover(portfolio.current, portfolio.targets)
    amount += measures.gross(weight for _, weight in portfolio.foreign)
    yield check("turnover", amount, rules.turnover, f"{count(len(sizes), 'name')} traded")


def _least_liquid(portfolio: Portfolio, sizes: Mapping[int, float]) -> tuple[int | None, float]:
    """Return the traded name with the largest share of its daily volume; unknown is the worst."""
    worst: tuple[int | None, float] = (None, 0.0)
    for name, size in sizes.items():
        price = portfolio.prices.get(name, math.nan)
        quantity = size * portfolio.net_asset_value / price if 0.0 < price < math.inf else math.nan
        share = measures.adv_share(quantity, portfolio.adv.get(name, math.nan))
        if math.isnan(share):
            return name, share
        if share > worst[1]:
            worst = name, share
    return worst


_LEAD = "orders lead to targets"
Judged = Sequence[tuple[str, tuple[Check, ...]]]
"""Each order's symbol, and its own checks."""


def judge_orders(
    portfolio: Portfolio,
    orders: Sequence[Order],
    *,
    references: Mapping[int, Price],
    rates: Rates,
    limits: LimitSettings,
) -> Judged:
    """Hold each order against its own limits. The only place that does."""
    return [
        (
            order.symbol,
            check_order(
                order,
                reference=references.get(order.con_id),
                net_asset_value=portfolio.net_asset_value,
                rates=rates,
                adv=portfolio.adv.get(order.con_id, math.nan),
                limits=limits,
            ),
        )
        for order in orders
    ]


def single_checks(judged: Judged) -> Iterator[Check]:
    """List every check of every order, under the order's symbol."""
    for symbol, checks in judged:
        for one in checks:
            yield replace(one, name=f"{symbol} {one.name}")


def batch_checks(
    portfolio: Portfolio,
    orders: Sequence[Order] | None,
    judged: Judged,
    limits: LimitSettings,
    before_orders: Mapping[int, float],
) -> Iterator[Check]:
    """Measure what is traded, count the orders, and list the worst of them for each limit.

    Then who else trades their names, what must not be traded at all, and whether the orders lead
    from the weights before them to the targets; see `risk.gate.check_constraints`.
    """
    batch = orders or ()
    rules = Limits.of(limits)
    yield from _trades(portfolio, rules)
    yield check("order count", float(len(batch)), rules.orders)
    for number_, name in enumerate(("quantity", "order value", "price collar", "share of volume")):
        yield _worst_order(f"orders: {name}", [(who, found[number_]) for who, found in judged])
    ordered = {order.con_id for order in batch}
    same = sorted({portfolio.name(name) for name, _ in portfolio.foreign if name in ordered})
    told = f"in names of this batch: {', '.join(same)}" if same else "none in a name of this batch"
    yield information("open orders of others", float(len(portfolio.foreign)), told)
    yield _restricted(portfolio, batch, limits.restricted)
    yield _destination(portfolio, orders, before_orders)


def _worst_order(name: str, found: Sequence[tuple[str, Check]]) -> Check:
    """Return the check of the order that is worst, failed ones first."""
    if not found:
        return Check(name, None, None, passed=True, detail="no orders")
    failed = sum(not one.passed for _, one in found)
    who, worst = max(found, key=lambda pair: (not pair[1].passed, pair[1].value or 0.0))
    more = f"{failed} of {count(len(found), 'order')} failed; " if failed else ""
    limit = worst.limit
    return Check(name, worst.value, limit, passed=not failed, detail=f"{more}{who}: {worst.detail}")


def _restricted(portfolio: Portfolio, orders: Sequence[Order], restricted: Sequence[str]) -> Check:
    """Refuse to trade what is on the restricted list, by symbol or conId."""
    symbols = dict.fromkeys(portfolio.traded(), "") | {order.con_id: "" for order in orders}
    symbols |= {name: known for name, known in portfolio.names.items() if name in symbols}
    pairs = [*symbols.items(), *((order.con_id, order.symbol) for order in orders)]
    hit = sorted(
        {portfolio.name(name) for name, symbol in pairs if is_restricted(name, symbol, restricted)}
    )
    # Without its symbol nobody can tell whether a name is on a list of symbols.
    nameless = sorted(
        name for name in symbols if restricted and not any(s for n, s in pairs if n == name)
    )
    detail = f"none of {count(len(restricted), 'restricted name')} is traded"
    if hit:
        detail = f"{', '.join(hit)} must not be traded (limits.restricted)"
    elif nameless:
        detail = f"the symbol of conId {nameless[0]} is not known, and limits.restricted names some"
    amiss = len(hit) + len(nameless)
    return Check("restricted", float(amiss), 0.0, passed=not amiss, detail=detail)


def _destination(
    portfolio: Portfolio, orders: Sequence[Order] | None, start: Mapping[int, float]
) -> Check:
    """Hold what the orders make of ``start`` against the targets, name by name.

    Every figure of a portfolio is of the targets, and what is sent are the orders: if one did not
    lead to the other, the verdict would be about a portfolio that does not come about. What is told
    is the name that is missed most.
    """
    if orders is None:
        return Check(_LEAD, None, None, passed=True, detail="no orders yet: the targets alone")
    reached = _reached(portfolio, orders, start)
    missed = {
        name: abs(reached.get(name, 0.0) - portfolio.targets.get(name, 0.0))
        for name in sorted({*reached, *portfolio.targets})
    }
    odd = {name: gap for name, gap in missed.items() if not gap <= TOLERANCE}
    if not odd:
        return Check(_LEAD, 0.0, 0.0, passed=True, detail=f"{len(missed)} names, none missed")
    name, gap = max(odd.items(), key=lambda pair: (math.isnan(pair[1]), pair[1]))
    found = "is not known" if math.isnan(gap) else f"misses its target by {gap:.4%}"
    told = f"{len(odd)} of {len(missed)} names missed; what the orders make of "
    return Check(
        _LEAD,
        gap if math.isfinite(gap) else None,
        0.0,
        passed=False,
        detail=f"{told}{portfolio.name(name)} {found} of net asset value",
    )


def _reached(portfolio: Portfolio, orders: Sequence[Order], start: Mapping[int, float]) -> Weights:
    value = _known(portfolio.net_asset_value)
    reached = {name: number(weight) for name, weight in start.items()}
    for order in orders:
        worth = _known(portfolio.prices.get(order.con_id, math.nan))
        change = order.side.sign * number(order.quantity) * worth / value
        reached[order.con_id] = reached.get(order.con_id, 0.0) + change
    return reached


def _known(amount: float) -> float:
    return amount if 0.0 < amount < math.inf else math.nan
