"""How a contract trades where its orders go: hours, increments of price and of size.

The smallest increment that IBKR states of a contract, ``minTick``, is the increment of its lowest
prices only. London, Tokyo, Sydney, Xetra and Euronext have wider ones at higher prices, American
shares narrower ones below a dollar: a market rule says which counts at which price.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from core.types.instruments import Contract

# Prices that a step of a guess begins at, as powers of ten.
_GUESSED = range(-3, 8)


@dataclass(frozen=True, slots=True)
class Hours:
    """One stretch of time in which an instrument trades. Both aware, UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Increment:
    """From this price upwards, prices are multiples of ``increment``."""

    low_edge: float  # per share, as the market quotes it
    increment: float


@dataclass(frozen=True, slots=True)
class Increments:
    """The prices that an order of one contract may have. The first increment begins at 0."""

    steps: tuple[Increment, ...]  # at least one, by low edge

    @classmethod
    def of(cls, steps: Iterable[Increment]) -> Increments:
        """Return these increments, the lowest one of them from 0 on."""
        ordered = sorted(steps, key=lambda one: one.low_edge)
        return cls((Increment(0.0, ordered[0].increment), *ordered[1:]))

    @classmethod
    def flat(cls, increment: float) -> Increments:
        """Return one increment at every price."""
        return cls((Increment(0.0, increment),))

    @classmethod
    def guessed(cls, min_tick: float) -> Increments:
        """Return increments that the contract's own very likely divide, where nobody says which.

        A power of ten, between a thousandth and a hundredth of the price, that is a multiple of
        the smallest increment. Increments are 1, 2, 2.5 or 5 times a power of ten and of liquid
        shares at most a thousandth of the price (Commission Delegated Regulation (EU) 2017/588,
        Tokyo's and Sydney's tables): an order is less close by up to one per cent, and taken.
        """
        smallest = Decimal(repr(min_tick))
        steps = [Increment(0.0, min_tick)]
        for power in _GUESSED:
            wide = Decimal(10) ** (power - 2)
            step = (wide / smallest).to_integral_value(ROUND_CEILING) * smallest
            if step > Decimal(repr(steps[-1].increment)):
                steps.append(Increment(float(Decimal(10) ** power), float(step)))
        return cls(tuple(steps))

    def at(self, price: float) -> Increment:
        """Return the increment that counts at a price."""
        return next((one for one in reversed(self.steps) if one.low_edge <= price), self.steps[0])

    def allow(self, price: float) -> bool:
        """Tell whether an order may have this price."""
        exact = Decimal(repr(price))
        return price > 0.0 and exact % Decimal(repr(self.at(price).increment)) == 0

    def rounded(self, price: Decimal, *, up: bool) -> float:
        """Return the nearest price not below (or above) that an order may have.

        The least is one step of the lowest prices. Exact, because in binary 100 * 1.005 is not
        100.5. A price that is rounded across an edge is a multiple of the increment it gets to.
        """
        rounding = ROUND_CEILING if up else ROUND_FLOOR
        while True:
            step = Decimal(repr(self.at(float(price)).increment))
            found = (price / step).to_integral_value(rounding) * step
            if found <= 0:
                return self.steps[0].increment
            if found == price or self.allow(float(found)):
                return float(found)
            price = found


@dataclass(frozen=True, slots=True)
class TradingTerms:
    """What the broker says of trading one contract where its orders go."""

    con_id: int
    symbol: str
    exchange: str  # where it is listed first
    increments: Increments
    lot: int | None = None  # shares that trade together, and the fewest of them; None: any number
    hours: tuple[Hours, ...] | None = None  # regular ones of the coming days; None: not known
    zone: str = ""  # that the exchange keeps its time in, as the zone database calls it
    closed: tuple[date, ...] = ()  # days of which it says that there are none
    doubt: str = ""  # why increments or hours are not the broker's own; empty: they are


def without_terms(contract: Contract, doubt: str) -> TradingTerms:
    """Return what counts for a contract of which the broker does not say how it trades."""
    return TradingTerms(
        con_id=contract.con_id,
        symbol=contract.symbol,
        exchange=contract.primary_exchange or contract.exchange,
        increments=Increments.guessed(contract.min_tick),
        lot=contract.lot,
        doubt=doubt,
    )


def whole_lot(size_increment: float | None, min_size: float | None) -> int | None:
    """Return how many shares trade together, for example 100 in Tokyo; None: any whole number.

    Where the fewest are more than that, the multiple of it that is at least as many: every
    multiple of a lot is a size that the exchange takes.
    """
    step = _whole(size_increment) or 1
    fewest = math.ceil(min_size) if min_size is not None and math.isfinite(min_size) else 1
    lot = step * max(1, math.ceil(fewest / step))
    return lot if lot > 1 else None


def _whole(increment: float | None) -> int | None:
    if increment is None or not math.isfinite(increment) or increment <= 1:
        return None  # fractional shares, or single ones
    return int(increment) if float(increment).is_integer() else None
