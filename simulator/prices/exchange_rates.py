"""What a currency is worth in the account's own, by the pairs that trade."""

from __future__ import annotations

from datetime import datetime

from core.errors import ConfigurationError, NoData
from simulator.prices.market_view import MarketView


def rate(view: MarketView, currency: str, now: datetime) -> float:
    """Return what one unit of a currency is worth in the base currency of the account.

    Raises `NoData` when it is unknown.
    """
    if currency == view.base:
        return 1.0
    dollars = in_dollars(view, currency, now)
    return dollars if view.base == "USD" else dollars / in_dollars(view, view.base, now)


def in_dollars(view: MarketView, currency: str, now: datetime) -> float:
    """Return the USD that one unit of a currency is worth. Raises `NoData` when it is unknown."""
    if currency == "USD":
        return 1.0
    for pair in view.securities.benchmarks.instruments.values():
        if pair.sec_type == "CASH" and currency in {pair.symbol, pair.currency}:
            price = view.mark(pair.con_id, now)
            if price is not None:
                return price if pair.currency == "USD" else 1 / price
    raise NoData(f"no exchange rate of {currency} is known by {now:%Y-%m-%d}")


def refuse_unknown_base(view: MarketView, now: datetime) -> None:
    """Raise `ConfigurationError` where the account's base currency has no exchange rate."""
    try:
        rate(view, "USD", now)
    except NoData as error:
        raise ConfigurationError(
            f"simulator.base_currency {view.base}: {error}; the synthetic market has one of AUD, "
            "CAD, CHF, EUR, GBP, HUF, JPY, RON and USD, a file of real bars has none"
        ) from error
