"""Whether an order may go on the wire. ib_async checks nothing: it sends NaN as "nan"."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import ib_async

from core.types import ComboOrder, Order, OrderType
from core.types.labels import symbol_of
from ibkr.orders.combinations import bag_of, leg_problems
from ibkr.wire.convert import is_printable

LONGEST_ORDER_REF = 40
LARGEST_QUANTITY = 10_000_000
TIMES_IN_FORCE = frozenset({"DAY", "GTC", "IOC", "OPG"})


def problems(order: Order) -> Iterator[str]:
    """Yield everything that is wrong with one order."""
    if order.con_id < 1:
        yield f"conId {order.con_id}"
    if not is_printable(order.symbol):
        yield f"symbol {order.symbol!r} is not printable ASCII"
    if not is_printable(order.order_ref) or len(order.order_ref) > LONGEST_ORDER_REF:
        yield (
            f"order_ref {order.order_ref!r} is not printable ASCII of 1 to {LONGEST_ORDER_REF} "
            "characters"
        )
    quantity = order.quantity
    if isinstance(quantity, bool) or not 0 < quantity <= LARGEST_QUANTITY or quantity % 1:
        yield f"quantity {quantity} is not a whole number from 1 to {LARGEST_QUANTITY}"
    if order.time_in_force not in TIMES_IN_FORCE:
        # Left empty, a preset of the gateway fills it in, with error 10349 on a live order.
        yield f"time in force {order.time_in_force!r} is none of {sorted(TIMES_IN_FORCE)}"
    if isinstance(order, ComboOrder):
        yield from leg_problems(order.legs)
    yield from _price_problems(order)


def batch_problems(orders: Sequence[Order]) -> list[str]:
    """Return everything that is wrong with orders that are to be sent together."""
    found = [
        f"{order.symbol or order.con_id} {order.side}: {problem}"
        for order in orders
        for problem in problems(order)
    ]
    counts = Counter(order.order_ref for order in orders)
    return found + [f"order_ref {ref!r} {n} times" for ref, n in counts.items() if n > 1]


def to_wire(order: Order, *, account: str, what_if: bool = False) -> ib_async.Order:
    """Return ib_async's order, with account and time in force always explicit."""
    limit = order.limit_price if order.order_type is OrderType.LIMIT else None
    wire = ib_async.Order(
        action=order.side.value,
        totalQuantity=order.quantity,
        orderType=order.order_type.value,
        tif=order.time_in_force,
        orderRef=order.order_ref,
        outsideRth=order.outside_rth,
        account=account,
        whatIf=what_if,
        transmit=True,
    )
    if limit is not None:
        wire.lmtPrice = limit
    return wire


def contract_of(order: Order) -> ib_async.Contract:
    """Return the contract of an order. The symbol goes along, so that a wrong conId is noticed."""
    if isinstance(order, ComboOrder):
        return bag_of(order)
    return ib_async.Contract(conId=order.con_id, symbol=symbol_of(order.symbol), exchange="SMART")


def _price_problems(order: Order) -> Iterator[str]:
    limit = order.limit_price
    if order.order_type is OrderType.MARKET:
        if limit is not None:
            yield f"a market order with the limit price {limit}"
    elif limit is None or not (math.isfinite(limit) and limit > 0):
        yield f"limit price {limit}"
