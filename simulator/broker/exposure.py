"""Positions as the margin model sees them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from simulator.broker.margin import Exposure
from simulator.broker.option_margin import OptionHeld
from simulator.market.market import Instrument
from simulator.prices.exchange_rates import rate
from simulator.prices.market_view import MarketView


def exposure_of(
    view: MarketView, con_id: int, quantity: float, price: float, now: datetime
) -> Exposure:
    """Return a position at a price per share, its value in base currency."""
    instrument = view.instrument(con_id)
    worth = quantity * price * instrument.multiplier * rate(view, instrument.currency, now)
    option = None
    if instrument.sec_type == "OPT":
        in_base = rate(view, instrument.currency, now)
        option = _option(view, instrument, int(quantity), price, now, in_base=in_base)
    return Exposure(instrument, quantity, worth, option)


def foreign_value(view: MarketView, balances: Mapping[str, float], now: datetime) -> float:
    """Return what all foreign balances are worth, owed ones without sign, in base currency."""
    return sum(abs(amount) * rate(view, name, now) for name, amount in sorted(balances.items()))


def _option(
    view: MarketView,
    instrument: Instrument,
    quantity: int,
    price: float,
    now: datetime,
    *,
    in_base: float,
) -> OptionHeld:
    """Return an option as its margin is reckoned: every price in base currency."""
    assert instrument.strike is not None
    assert instrument.right is not None
    assert instrument.expiry is not None
    assert instrument.underlying is not None
    deliverable = view.deliverable(instrument.con_id, now)
    spot = (view.mark(instrument.underlying, now) or 0.0) * deliverable / instrument.multiplier
    return OptionHeld(
        instrument.right, instrument.strike * in_base, instrument.expiry, quantity,
        price * in_base, spot * in_base,
        instrument.multiplier, deliverable,
    )  # fmt: skip
