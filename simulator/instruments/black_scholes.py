"""Black and Scholes (1973): the price of a European option and its sensitivities. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, exp, isfinite, log, pi, sqrt

from simulator.market.market import Right

DAYS_A_YEAR = 365.0
_ROOT_2 = sqrt(2.0)
_DENSITY = 1.0 / sqrt(2.0 * pi)


@dataclass(frozen=True, slots=True)
class Greeks:
    """An option's model value per share and how it moves, as TWS reports them.

    ``vega`` is per point of volatility (0.01), ``theta`` per calendar day.
    """

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float


def greeks(
    right: Right, strike: float, *, spot: float, years: float, volatility: float, rate: float
) -> Greeks:
    """Value an option on something that pays nothing. At expiration only its intrinsic value."""
    sign = 1.0 if right == "C" else -1.0
    spread = volatility * sqrt(max(years, 0.0))
    if spread <= 0.0:
        inside = sign * (spot - strike)
        return Greeks(max(inside, 0.0), sign if inside > 0 else 0.0, 0.0, 0.0, 0.0)
    d1 = log(spot / strike) / spread + (rate * years) / spread + spread / 2
    d2 = d1 - spread
    discounted = strike * exp(-rate * years)
    density = _DENSITY * exp(-d1 * d1 / 2)
    decay = -spot * density * volatility / (2 * sqrt(years)) - (
        sign * rate * discounted * _normal(sign * d2)
    )
    return Greeks(
        price=max(sign * (spot * _normal(sign * d1) - discounted * _normal(sign * d2)), 0.0),
        delta=sign * _normal(sign * d1),
        gamma=density / (spot * spread),
        vega=spot * density * sqrt(years) / 100,
        theta=decay / DAYS_A_YEAR,
    )


def implied_volatility(
    right: Right, strike: float, *, spot: float, years: float, price: float, rate: float
) -> float | None:
    """Return the volatility that gives this price, None when no volatility up to 500 % does."""
    low, high = 1e-4, 5.0

    def error(volatility: float) -> float:
        value = greeks(
            right, strike, spot=spot, years=years, volatility=volatility, rate=rate
        ).price
        return value - price

    if not isfinite(price) or years <= 0 or error(low) > 0 or error(high) < 0:
        return None
    for _ in range(80):  # halves 5.0 to below the last bit of a double
        middle = (low + high) / 2
        low, high = (middle, high) if error(middle) < 0 else (low, middle)
    return (low + high) / 2


def _normal(x: float) -> float:
    return 0.5 * (1.0 + erf(x / _ROOT_2))
