"""What the broker refuses before an order reaches the exchange."""

from __future__ import annotations

from datetime import datetime

from core.errors import RequestRefused
from simulator.broker.what_if import ROUNDING, MarginPreview, commitments, preview
from simulator.exchange.exchange import Exchange
from simulator.exchange.matching import on_tick
from simulator.exchange.orders import OrderRecord, OrderTerms
from simulator.instruments.market_rules import increment_at
from simulator.prices.market_view import MarketView

BAD_TICK, REJECTED, CANCELLED, BAD_SIZE = 110, 201, 202, 355
WAS_CANCELLED = "Order Canceled - reason:"
OFF_LOT = "Order size does not conform to market rule."
OFF_GRID = "The price does not conform to the minimum price variation for this contract."


def refuse_unpriced(view: MarketView, terms: OrderTerms, now: datetime) -> None:
    """Refuse an order for something that has no price or trades no more (201)."""
    for con_id, _ in terms.trades:
        instrument = view.instrument(con_id, now)
        if not view.is_listed(con_id, now):
            raise rejected(f"{instrument.local_symbol} trades no more")
        if view.mark(con_id, now) is None:
            raise rejected(f"{instrument.symbol} has not traded yet, it has no price")


def refuse_unsendable(view: MarketView, terms: OrderTerms, *, tick: float) -> None:
    """Refuse prices off the contract's grid (110), and sizes that are not in its lots (355)."""
    for price in (terms.limit_price, terms.stop_price, terms.trail_amount, terms.offset):
        if price is not None and not on_tick(price, tick):
            raise RequestRefused(OFF_GRID, code=BAD_TICK)
    if terms.legs:
        return
    instrument = view.instrument(terms.con_id)
    for price in (terms.limit_price, terms.stop_price):
        if price is not None and not on_tick(price, increment_at(instrument, price)):
            raise RequestRefused(OFF_GRID, code=BAD_TICK)
    if terms.quantity % instrument.lot:
        raise RequestRefused(OFF_LOT, code=BAD_SIZE)


def refuse_without_margin(effect: MarginPreview) -> None:
    """Refuse what raises the initial margin above the equity with loan value (201)."""
    if effect.is_covered:
        return
    raise rejected(
        "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH "
        f"LOAN VALUE [{effect.equity_after:.2f} USD] MUST EXCEED THE INITIAL MARGIN "
        f"[{effect.initial_after:.2f} USD]"
    )


def refuse_beyond_margin(
    exchange: Exchange, terms: OrderTerms, *, instead_of: OrderRecord | None = None
) -> None:
    """Refuse an order the account could not carry if everything that works filled as well."""
    without = preview(exchange, commitments(exchange, instead_of=instead_of))
    with_it = preview(exchange, commitments(exchange, instead_of=instead_of, also=terms))
    if with_it.shortfall > without.shortfall + ROUNDING:
        refuse_without_margin(with_it)


def rejected(reason: str) -> RequestRefused:
    """Return a rejection in the words of TWS."""
    return RequestRefused(f"Order rejected - reason:{reason}", code=REJECTED)
