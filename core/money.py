"""Amounts, prices and exchange rates that know their currency, so that two cannot be mixed.

An amount is `Money`, what a share costs is a `Price`; neither adds to, nor compares with, a plain
number or one of another currency. `Rates` turns both into the account's base currency.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from core.errors import DataError

# Quotations in a hundredth of a currency: London's pence, Johannesburg's cents, Tel Aviv's agorot.
MINOR_UNITS = {"GBX": "GBP", "GBp": "GBP", "ZAC": "ZAR", "ILA": "ILS"}
MINOR_PER_UNIT = 100
BASE = "BASE"  # IBKR's word for the account's own currency, where it does not name it


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency. Arithmetic between two currencies raises `DataError`."""

    amount: float
    currency: str  # ISO 4217

    def __str__(self) -> str:
        """Write it with two decimals."""
        return f"{self.amount:,.2f} {self.currency}"

    def __add__(self, other: Money) -> Money:
        """Return the sum, in the same currency."""
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Return the difference, in the same currency."""
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        """Return the amount with its sign changed."""
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: float) -> Money:
        """Return so many times the amount."""
        _refuse_unless_number(factor)
        return Money(self.amount * factor, self.currency)

    def __truediv__(self, other: Money) -> float:
        """Return how many times another amount of the same currency it is; NaN for none."""
        divisor = self._same(other)
        return self.amount / divisor if divisor != 0.0 else math.nan

    def __lt__(self, other: Money) -> bool:
        """Tell whether it is less."""
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Tell whether it is not more."""
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        """Tell whether it is more."""
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        """Tell whether it is not less."""
        return self.amount >= self._same(other)

    def _same(self, other: Money) -> float:
        _refuse_unless_alike(self, other)
        return other.amount


@dataclass(frozen=True, slots=True)
class Price:
    """What one share costs, as its market quotes it: in pence, in yen, in dollars."""

    amount: float  # in ``1 / magnifier`` of the currency
    currency: str  # ISO 4217
    magnifier: int = 1  # the parts of the currency that it is quoted in: 100 for pence

    @classmethod
    def quoted(cls, amount: float, currency: str) -> Price:
        """Return a price in a currency as vendors write it: GBX and GBp are pence."""
        if currency in MINOR_UNITS:
            return cls(amount, MINOR_UNITS[currency], MINOR_PER_UNIT)
        return cls(amount, currency)

    def __str__(self) -> str:
        """Write it with its unit."""
        parts = f" in 1/{self.magnifier}" if self.magnifier != 1 else ""
        return f"{self.amount:g} {self.currency}{parts}"

    def at(self, amount: float) -> Price:
        """Return another amount in the same quotation, an order's limit for example."""
        return replace(self, amount=amount)

    def __mul__(self, shares: float) -> Money:
        """Return what so many shares cost."""
        _refuse_unless_number(shares)
        return Money(shares * self.per_share, self.currency)

    def __truediv__(self, other: Price) -> float:
        """Return how many times another price of the same quotation it is; NaN for none."""
        divisor = self._same(other)
        return self.amount / divisor if divisor != 0.0 else math.nan

    def __lt__(self, other: Price) -> bool:
        """Tell whether it is lower."""
        return self.amount < self._same(other)

    def __gt__(self, other: Price) -> bool:
        """Tell whether it is higher."""
        return self.amount > self._same(other)

    @property
    def per_share(self) -> float:
        """What one share costs in the currency itself: pounds where the quotation is in pence."""
        return self.amount / self.magnifier

    def _same(self, other: Price) -> float:
        _refuse_unless_alike(self, other)
        if self.magnifier != other.magnifier:
            raise DataError(f"the prices {self} and {other} are in different units")
        return other.amount


@dataclass(frozen=True, slots=True)
class Rates:
    """What one unit of each currency is worth in the base currency; the base itself is 1.

    What has no rate is worth nothing we know of, never 1: it is refused by name when it is asked
    for. Rates of currencies that nobody asks for may be anything.
    """

    base: str
    known: Mapping[str, float] = field(default_factory=dict)

    def of(self, currency: str) -> float:
        """Return the base currency for one unit. Raises `DataError` that names the currency."""
        rate = 1.0 if currency in {self.base, BASE} else self.known.get(currency, math.nan)
        if not (math.isfinite(rate) and rate > 0.0):
            stated = f"is {rate:g}" if currency in self.known else "is not known"
            raise DataError(f"the rate of {currency} in {self.base} {stated}")
        return rate

    def in_base(self, money: Money) -> Money:
        """Return an amount in the base currency. Raises `DataError` without its rate."""
        return Money(money.amount * self.of(money.currency), self.base)

    def per_share(self, price: Price) -> float:
        """Return what one share costs in the base currency. Raises `DataError` without a rate."""
        return price.per_share * self.of(price.currency)


_Quantity = TypeVar("_Quantity", Money, Price)


def _refuse_unless_alike(left: _Quantity, right: _Quantity) -> None:
    if type(left) is not type(right):  # what mypy has not seen: JSON, a shell, another program
        raise DataError(f"{left!r} and {right!r} are not of one kind: an amount, a price, a number")
    if left.currency != right.currency:
        raise DataError(f"{left} and {right} are in two currencies; it takes a rate to join them")


def _refuse_unless_number(factor: object) -> None:
    if isinstance(factor, Money | Price):
        raise DataError(f"{factor} is an amount or a price; multiply by a plain number")
