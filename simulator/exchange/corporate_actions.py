"""What happens to orders and positions by itself: splits, dividends, expiration, delisting.

An option that is at least a cent in the money at the close of its last day is exercised, or
assigned, for every contract: shares at the strike, or cash where the underlying is an index. That
is what the clearing house does unless told otherwise. Only the account itself exercises early, and
what it exercises is settled at once. A future is settled in cash. What is delisted is paid out at
its last close.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from math import floor

from simulator.exchange.matching import scaled_limit
from simulator.exchange.order_log import Exercised
from simulator.exchange.orders import OrderRecord
from simulator.exchange.positions import Cause, Positions
from simulator.market.market import Instrument


def split(order: OrderRecord, ratio: float, *, min_tick: float) -> OrderRecord | None:
    """Return a working order in new shares.

    None when not one whole share is left of it, or when it is a combination, whose ratios do not
    fit any more.
    """
    terms = order.terms
    if terms.legs:
        return None
    quantity = floor(terms.quantity * ratio + 1e-9)
    if quantity == 0:
        return None

    def scaled(price: float | None) -> float | None:
        return scaled_limit(price, ratio, min_tick=min_tick)

    terms = replace(
        terms,
        quantity=quantity,
        limit_price=scaled(terms.limit_price),
        stop_price=scaled(terms.stop_price),
        trail_amount=scaled(terms.trail_amount),
        limit_offset=scaled(terms.limit_offset),
        offset=scaled(terms.offset),
    )
    return replace(order, terms=terms, stop=scaled(order.stop), peg=scaled(order.peg))


def pay_dividends(positions: Positions, day: date, now: datetime) -> Iterable[int]:
    """Pay the dividends of a day, on the ex-date; return the conIds that paid."""
    paying = []
    for con_id in sorted(positions.holdings):
        amount = positions.view.dividends_on(con_id, day)
        if amount:
            positions.receive_dividend(con_id, amount, now)
            paying.append(con_id)
    return paying


def exercise(positions: Positions, event: Exercised, now: datetime) -> Iterable[int]:
    """Exercise options, or note that they shall lapse; return the conIds that changed.

    An option on an index is paid out: what it is in the money, times its multiplier. What has been
    sold since it was asked for is exercised no more.
    """
    option = positions.view.instrument(event.con_id)
    quantity = min(event.quantity, positions.unlapsed(option.con_id))
    if quantity == 0:
        return []
    if event.lapse:
        before = positions.lapsing.get(option.con_id, 0)
        positions.lapsing[option.con_id] = before + quantity
        return [option.con_id]
    assert option.underlying is not None
    if positions.view.instrument(option.underlying).sec_type == "IND":
        worth = positions.view.intrinsic(option.con_id, now)
        done = positions.close(option.con_id, worth, Cause.CASH_SETTLED, now, part=quantity)
        return [done.con_id]
    return [done.con_id for done in positions.exercise(option, now, part=quantity)]


def expire(positions: Positions, now: datetime) -> Iterable[int]:
    """Settle every position that has traded for the last time; return the conIds that changed."""
    changed: list[int] = []
    for con_id in sorted(positions.holdings):
        # An exercise can have closed a position that comes later.
        if con_id in positions.holdings and not positions.view.is_listed(con_id, now):
            changed += _settle(positions, positions.view.instrument(con_id), now)
    return changed


def _settle(positions: Positions, instrument: Instrument, now: datetime) -> list[int]:
    con_id = instrument.con_id
    price = positions.view.mark(con_id, now) or 0.0
    if instrument.sec_type != "OPT":
        cause = Cause.CASH_SETTLED if instrument.sec_type == "FUT" else Cause.DELISTED
        return [positions.close(con_id, price, cause, now).con_id]
    assert instrument.underlying is not None
    lapsing = positions.holdings[con_id].quantity - positions.unlapsed(con_id)
    if lapsing > 0 and price > 0.0:
        positions.close(con_id, 0.0, Cause.LAPSED, now, part=lapsing)
        if con_id not in positions.holdings:
            return [con_id]
    if price == 0.0:
        return [positions.close(con_id, price, Cause.EXPIRED, now).con_id]
    if positions.view.instrument(instrument.underlying).sec_type == "IND":
        return [positions.close(con_id, price, Cause.CASH_SETTLED, now).con_id]
    return [settlement.con_id for settlement in positions.exercise(instrument, now)]
