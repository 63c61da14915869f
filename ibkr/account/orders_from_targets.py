"""From target quantities to the orders that lead there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from core.errors import DataError
from core.types import Contract, Increments, Order, OrderType, Side, Snapshot, whole_shares
from risk.limit_price import marketable_limit


def diff_to_orders(
    target_quantities: Mapping[int, int],
    snapshot: Snapshot,
    contracts: Mapping[int, Contract],
    prices: Mapping[int, float],
    *,
    limit_offset: float,
    time_in_force: str,
    order_ref: Callable[[int, Side], str],
    increments: Mapping[int, Increments] | None = None,
) -> tuple[Order, ...]:
    """Return the limit orders whose fills turn the snapshot's positions into the targets.

    Parameters
    ----------
    target_quantities
        Whole shares wanted, by conId; negative is short. Every position held must be named, with
        0 for "sell it all": a name that was forgotten is not a decision. A fraction of a share
        that is held stays beside them: the API of IBKR trades whole shares.
    snapshot
        What is held now.
    contracts, prices
        Contract and reference price per share of every name that trades, by conId.
    limit_offset
        How far beyond the reference price an order may trade, as a fraction of it, in [0, 1).
    order_ref
        Names an order, given its conId and side.
    increments
        The prices that orders may have, by conId. One that is not there has its contract's
        smallest increment at every price, which only few markets have.

    Returns
    -------
    Sales first, then purchases, so that cash comes in before it goes out; each by symbol. A name
    that turns from long to short is one order over the whole distance. Nothing to do, no order.

    Raises `DataError` with everything that is wrong.
    """
    odd = [p for p in snapshot.positions if not math.isfinite(p.quantity)]
    held = {p.con_id: whole_shares(p.quantity) for p in snapshot.positions if p not in odd}
    problems = [
        *(f"conId {p.con_id}: {p.quantity} shares held" for p in odd),
        *_unusable_quantities(target_quantities, held),
        *_unusable_inputs(target_quantities, held, contracts, prices),
    ]
    if not 0.0 <= limit_offset < 1.0:  # also refuses NaN
        problems.append(f"limit_offset is {limit_offset}, not a fraction from 0 to below 1")
    if problems:
        raise DataError(f"orders cannot be derived from these targets: {'; '.join(problems)}")
    orders = [
        _order(
            contracts[con_id],
            int(target) - held.get(con_id, 0),
            prices[con_id],
            increments=(increments or {}).get(con_id),
            limit_offset=limit_offset,
            time_in_force=time_in_force,
            order_ref=order_ref,
        )
        for con_id, target in target_quantities.items()
        if target != held.get(con_id, 0)
    ]
    return tuple(sorted(orders, key=lambda o: (o.side is Side.BUY, o.symbol, o.con_id)))


def _order(
    contract: Contract,
    change: int,
    reference: float,
    *,
    increments: Increments | None,
    limit_offset: float,
    time_in_force: str,
    order_ref: Callable[[int, Side], str],
) -> Order:
    side = Side.BUY if change > 0 else Side.SELL
    return Order(
        con_id=contract.con_id,
        symbol=contract.symbol,
        side=side,
        quantity=abs(change),
        order_type=OrderType.LIMIT,
        limit_price=marketable_limit(
            reference,
            side=side,
            offset=limit_offset,
            increments=increments or Increments.flat(contract.min_tick),
        ),
        time_in_force=time_in_force,
        order_ref=order_ref(contract.con_id, side),
    )


def _unusable_quantities(targets: Mapping[int, int], held: Mapping[int, int]) -> Iterator[str]:
    for con_id in sorted(set(held) - set(targets)):
        yield f"conId {con_id} is held and has no target: name it, with 0 to sell it all"
    for con_id, target in sorted(targets.items()):
        if isinstance(target, bool) or not math.isfinite(target) or target != int(target):
            yield f"conId {con_id}: the target {target} is not a whole number of shares"


def _unusable_inputs(
    targets: Mapping[int, int],
    held: Mapping[int, int],
    contracts: Mapping[int, Contract],
    prices: Mapping[int, float],
) -> Iterator[str]:
    for con_id in sorted(con_id for con_id in targets if targets[con_id] != held.get(con_id, 0)):
        contract, price = contracts.get(con_id), prices.get(con_id, math.nan)
        if contract is None:
            yield f"conId {con_id}: no contract is known"
        elif contract.con_id != con_id:
            yield f"conId {con_id}: the contract given is conId {contract.con_id}"
        elif not (math.isfinite(contract.min_tick) and contract.min_tick > 0):
            yield f"{contract.symbol}: the price increment is {contract.min_tick}"
        if not (math.isfinite(price) and price > 0):
            yield f"conId {con_id}: the reference price is {price}"
