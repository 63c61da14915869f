"""What a currency is worth in the account's own, by the pairs that trade."""

from __future__ import annotations

from datetime import datetime

from core.errors import NoData
from simulator.prices.market_view import Tape


def rate(tape: Tape, currency: str, now: datetime) -> float:
    """Return what one unit of a currency is worth in the base currency of the account.

    Raises `NoData` when nobody knows.
    """
    if currency == tape.base:
        return 1.0
    dollars = in_dollars(tape, currency, now)
    return dollars if tape.base == "USD" else dollars / in_dollars(tape, tape.base, now)


def in_dollars(tape: Tape, currency: str, now: datetime) -> float:
    """Return the USD that one unit of a currency is worth. Raises `NoData` when nobody knows."""
    if currency == "USD":
        return 1.0
    for pair in tape.securities.companions.instruments.values():
        if pair.sec_type == "CASH" and currency in {pair.symbol, pair.currency}:
            price = tape.mark(pair.con_id, now)
            if price is not None:
                return price if pair.currency == "USD" else 1 / price
    raise NoData(f"no exchange rate of {currency} is known by {now:%Y-%m-%d}")
