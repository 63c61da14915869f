"""What the model says of an option at a moment: implied volatility and greeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.calendar import session
from simulator.instruments import options
from simulator.instruments.black_scholes import Greeks, greeks, implied_volatility
from simulator.instruments.options import OptionKey
from simulator.prices.market_view import MarketView, phase


@dataclass(frozen=True, slots=True)
class Computation:
    """An option's model at a moment. Prices per share."""

    volatility: float  # implied, a year
    greeks: Greeks
    underlying: float  # the price it was worked out from


@dataclass(frozen=True, slots=True)
class _Terms:
    key: OptionKey
    spot: float  # what exercising is measured against, per share of the option's terms
    underlying: float
    years: float
    base: float


def computation(view: MarketView, con_id: int, now: datetime) -> Computation | None:
    """Value an option at the prices known by ``now``.

    Time to expiration counts from the moment those prices are of, now in a session, else the last
    close, so that the model agrees with the option's own bars. None when the underlying has no
    price, or the option has expired.
    """
    terms = _terms(view, con_id, now)
    if terms is None:
        return None
    implied, value = options.model(terms.key, spot=terms.spot, base=terms.base, years=terms.years)
    return Computation(implied, value, terms.underlying)


def implied_at(
    view: MarketView, con_id: int, now: datetime, *, price: float, underlying: float | None = None
) -> tuple[float, Greeks] | None:
    """Return the volatility that explains a price, and the greeks at it; None when none does.

    ``underlying`` takes the place of the price the underlying has.
    """
    terms = _terms(view, con_id, now)
    if terms is None:
        return None
    key = terms.key
    spot = terms.spot if underlying is None else terms.spot * underlying / terms.underlying
    volatility = implied_volatility(
        key.right, key.strike, spot=spot, years=terms.years, price=price, rate=options.RATE
    )
    if volatility is None:
        return None
    return volatility, _value(terms, spot, volatility)


def value_at(
    view: MarketView, con_id: int, now: datetime, *, volatility: float, underlying: float
) -> Greeks | None:
    """Return an option's value at a volatility and a price of its underlying."""
    terms = _terms(view, con_id, now)
    if terms is None:
        return None
    return _value(terms, terms.spot * underlying / terms.underlying, volatility)


def _value(terms: _Terms, spot: float, volatility: float) -> Greeks:
    return greeks(
        terms.key.right, terms.key.strike, spot=spot, years=terms.years, volatility=volatility,
        rate=options.RATE,
    )  # fmt: skip


def _terms(view: MarketView, con_id: int, now: datetime) -> _Terms | None:
    item = view.instrument(con_id)
    assert item.underlying is not None
    under = view.mark(item.underlying, now)
    if under is None or not view.is_listed(con_id, now):
        return None
    where, key = phase(now), view.securities.key(con_id)
    priced_at = now if where.running else session(where.last_complete).close
    return _Terms(
        key=key,
        spot=under * view.securities.shares_for_one(item, where.day),
        underlying=under,
        years=options.years_left(key, priced_at),
        base=view.securities.base_volatility(item.underlying, phase(priced_at).day),
    )
