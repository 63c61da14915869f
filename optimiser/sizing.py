"""What one share is worth in the account's own money, and how many of them make a lot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.errors import DataError

# Regulation NMS, 17 CFR 242.600(b)(93), in force since 3 November 2025. The exchange sets the
# tier twice a year from the average close; the price of today is the best a daily run knows.
ROUND_LOTS = ((250.0, 100), (1_000.0, 40), (10_000.0, 10))
ROUND_LOT_CURRENCY = "USD"
SMALLEST_LOT = 1

# Quotations in a hundredth of a currency: London's pence, Johannesburg's cents, Tel Aviv's agorot.
MINOR_UNITS = {"GBX": "GBP", "GBp": "GBP", "ZAC": "ZAR", "ILA": "ILS"}
MINOR_PER_UNIT = 100.0


@dataclass(frozen=True, slots=True)
class Listing:
    """How one name is quoted. ``currency`` is that of the price: GBX and GBp are pence."""

    price: float  # per share, in ``currency``
    currency: str = "USD"
    multiplier: float = 1.0  # what one unit traded is worth, in prices
    lot: int | None = None  # as the contract says; None: the rule of its market

    def round_lot(self, *, even: bool) -> int:
        """Return how many units trade together; ``even`` follows the US tiers for prices in USD."""
        if self.lot is not None:
            return self.lot
        if even and self.currency == ROUND_LOT_CURRENCY:
            return round_lot(self.price)
        return SMALLEST_LOT


def round_lot(price: float) -> int:
    """Return the US round lot in shares for a price in USD. Raises `DataError` for no price."""
    if not (math.isfinite(price) and price > 0.0):
        raise DataError(f"a price of {price:g} has no round lot")
    return next((lot for most, lot in ROUND_LOTS if price <= most), SMALLEST_LOT)


def rate_of(currency: str, rates: Mapping[str, float], *, base: str) -> float:
    """Return what one unit of a quotation is worth in the base currency, by the stored rates.

    ``rates`` holds the base currency for one unit of each; the base currency itself is 1.
    Raises `DataError` naming the currency: what has no rate is worth nothing we know of, never 1.
    """
    whole = MINOR_UNITS.get(currency, currency)
    rate = 1.0 if whole == base else rates.get(whole, math.nan)
    if not (math.isfinite(rate) and rate > 0.0):
        stated = f"is {rate:g}" if whole in rates else "is not known"
        raise DataError(f"the rate of {whole} in {base} {stated}")
    return rate / MINOR_PER_UNIT if currency in MINOR_UNITS else rate


def base_price(listing: Listing, rates: Mapping[str, float], *, base: str) -> float:
    """Return what one share, or contract, is worth in the base currency.

    Raises `DataError` when price, multiplier or rate is no positive number.
    """
    if problems := list(listing_problems(listing)):
        raise DataError("; ".join(problems))
    return listing.price * listing.multiplier * rate_of(listing.currency, rates, base=base)


def listing_problems(listing: Listing) -> Iterator[str]:
    """Yield what makes a listing unusable, whatever the rates."""
    for what, number in (("price", listing.price), ("multiplier", listing.multiplier)):
        if not (math.isfinite(number) and number > 0.0):
            yield f"{what} is {number:g}"
    if listing.lot is not None and not listing.lot >= 1:
        yield f"lot is {listing.lot}"
