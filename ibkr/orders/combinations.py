"""Combinations on the wire: one contract BAG with its legs, and what comes back of it.

Their price follows IBKR's "Notes on combination orders": who buys a combination that costs money,
and who sells one that brings money, names a limit above zero.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import ib_async

from core.text.counts import count
from core.types import ComboOrder, Fill, Leg
from ibkr.wire.convert import side

BAG = "BAG"
MOST_LEGS = 4  # of an order that IBKR routes as one; more have to be sent leg by leg
_EXCHANGE, _CURRENCY = "SMART", "USD"
_LARGEST_RATIO = 10_000


def leg_problems(legs: tuple[Leg, ...]) -> Iterator[str]:
    """Yield everything that is wrong with the legs of an order."""
    if not 2 <= len(legs) <= MOST_LEGS:
        yield f"{count(len(legs), 'leg')}, a combination has 2 to {MOST_LEGS}"
    for leg in legs:
        if leg.con_id < 1:
            yield f"a leg with conId {leg.con_id}"
        if isinstance(leg.ratio, bool) or not 0 < leg.ratio <= _LARGEST_RATIO or leg.ratio % 1:
            yield f"leg {leg.con_id}: ratio {leg.ratio} is not a whole number above zero"
    for con_id, times in Counter(leg.con_id for leg in legs).items():
        if times > 1:
            yield f"conId {con_id} is {times} of its legs"


def bag_of(order: ComboOrder) -> ib_async.Contract:
    """Return the contract of a combination. It has no conId of its own: its legs identify it."""
    return ib_async.Contract(
        symbol=order.symbol,
        secType=BAG,
        exchange=_EXCHANGE,
        currency=_CURRENCY,
        comboLegs=[
            ib_async.ComboLeg(
                conId=leg.con_id, ratio=leg.ratio, action=leg.side.value, exchange=_EXCHANGE
            )
            for leg in order.legs
        ],
    )


def legs_of(contract: ib_async.Contract) -> tuple[Leg, ...]:
    """Return the legs of an order that the broker tells of; none for a single instrument."""
    return tuple(
        Leg(con_id=leg.conId, side=side(leg.action), ratio=int(leg.ratio))
        for leg in contract.comboLegs or ()
    )


def quantity_done(legs: tuple[Leg, ...], fills: Iterable[Fill]) -> float:
    """Return how much of an order its fills make up: of a combination, how many whole ones."""
    done: defaultdict[int, float] = defaultdict(float)
    for fill in fills:
        done[fill.con_id] += fill.quantity
    if legs:
        return min(done[leg.con_id] / leg.ratio for leg in legs)
    return sum(done.values(), 0.0)
