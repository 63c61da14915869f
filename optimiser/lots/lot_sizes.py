"""What one share is worth in the account's own money, and how many of them make a lot."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import DataError
from core.money import Price, Rates

# Regulation NMS, 17 CFR 242.600(b)(93), in force since 3 November 2025. The exchange sets the
# tier twice a year from the average close; the price of today is the best a daily run knows.
ROUND_LOTS = ((250.0, 100), (1_000.0, 40), (10_000.0, 10))
ROUND_LOT_CURRENCY = "USD"
SMALLEST_LOT = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """How one name is quoted, and how many of it trade together."""

    price: Price  # per share
    lot: int | None = None  # as the contract says; None: the rule of its market

    def round_lot(self, *, even: bool) -> int:
        """Return how many units trade together; ``even`` follows the US tiers for prices in USD."""
        if self.lot is not None:
            return self.lot
        if even and self.price.currency == ROUND_LOT_CURRENCY:
            return round_lot(self.price.amount)
        return SMALLEST_LOT


def round_lot(price: float) -> int:
    """Return the US round lot in shares for a price in USD. Raises `DataError` for no price.

    >>> [round_lot(price) for price in (180.0, 600.0, 4_000.0, 600_000.0)]
    [100, 40, 10, 1]
    """
    if not (math.isfinite(price) and price > 0.0):
        raise DataError(f"a price of {price:g} has no round lot")
    return next((lot for most, lot in ROUND_LOTS if price <= most), SMALLEST_LOT)


def base_price(listing: Listing, rates: Rates) -> float:
    """Return what one share is worth in the base currency.

    Raises `DataError` when price or rate is no positive number.

    >>> base_price(Listing(Price(250.0, "GBP", 100)), Rates("USD", {"GBP": 1.25}))  # pence
    3.125
    """
    if problems := list(listing_problems(listing)):
        raise DataError("; ".join(problems))
    return rates.per_share(listing.price)


def listing_problems(listing: Listing) -> Iterator[str]:
    """Yield what makes a listing unusable, whatever the rates."""
    price = listing.price.amount
    if not (math.isfinite(price) and price > 0.0):
        yield f"price is {price:g}"
    if listing.lot is not None and not listing.lot >= 1:
        yield f"lot is {listing.lot}"
