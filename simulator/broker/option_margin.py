"""The margin of options on one underlying: Regulation T, as IBKR publishes it.

Source: IBKR's pages "US options margin requirements" and "Iron condor". What is recognised: long
options (paid for, no margin), short calls covered by shares, short puts covered by short shares,
spreads whose long side lives as long as the short one (verticals, calendars, diagonals), two
spreads that cannot both lose (iron condors and butterflies), straddles and strangles; what is left
is naked. IBKR searches for the cheapest such grouping, here each short option takes the cheapest
partner left, so that the requirement may be higher, never lower.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isclose

from simulator.market.market import Right

NAKED = 0.20  # of the underlying, less what the option is out of the money
NAKED_LEAST = 0.10  # of the underlying for a call, of the strike for a put


@dataclass(frozen=True, slots=True)
class OptionHeld:
    """A position in one option. Prices are per share of the option's terms."""

    right: Right
    strike: float
    expiry: date
    quantity: int  # contracts, negative for short
    price: float
    spot: float  # of the underlying
    multiplier: int
    deliverable: float  # shares for one contract

    @property
    def in_the_money(self) -> float:
        """How far it is in the money per share, below zero for out of it."""
        return self.spot - self.strike if self.right == "C" else self.strike - self.spot

    @property
    def naked(self) -> float:
        """What one contract sold short requires without cover, its own value included."""
        outside = max(-self.in_the_money, 0.0)
        least = NAKED_LEAST * (self.spot if self.right == "C" else self.strike)
        return (self.price + max(NAKED * self.spot - outside, least)) * self.multiplier


@dataclass(slots=True)
class _Lot:
    """Contracts of one option that are not yet grouped."""

    option: OptionHeld
    left: int


@dataclass(frozen=True, slots=True)
class _Spread:
    """A short option with a long one behind it."""

    right: Right
    short_strike: float
    expiry: date
    width: float  # what one contract can lose
    lot: int


@dataclass(slots=True)
class _Grouping:
    shorts: list[_Lot]
    longs: list[_Lot]
    spreads: list[_Spread] = field(default_factory=list)


def options_requirement(options: Iterable[OptionHeld], *, shares: int) -> float:
    """Return the margin of all options on one underlying beside the shares held of it.

    Initial and maintenance are the same. The margin of the shares themselves is not included.
    """
    held = sorted(options, key=lambda one: (one.expiry, one.right, one.strike))
    grouping = _Grouping(
        [_Lot(one, -one.quantity) for one in held if one.quantity < 0],
        [_Lot(one, one.quantity) for one in held if one.quantity > 0],
    )
    required = _covered(grouping.shorts, shares)
    _pair(grouping)
    return required + _of_spreads(grouping.spreads) + _of_naked(grouping.shorts)


def _covered(shorts: Sequence[_Lot], shares: int) -> float:
    """Cover short calls by shares held, short puts by shares owed; in the money counts."""
    right = "C" if shares > 0 else "P"
    free, required = float(abs(shares)), 0.0
    for lot in shorts:
        if lot.option.right != right:
            continue
        contracts = min(lot.left, int(free / lot.option.deliverable))
        required += contracts * max(lot.option.in_the_money, 0.0) * lot.option.multiplier
        lot.left -= contracts
        free -= contracts * lot.option.deliverable
    return required


def _pair(grouping: _Grouping) -> None:
    for short in grouping.shorts:
        partners = [long for long in grouping.longs if _covers(long.option, short.option)]
        for long in sorted(partners, key=lambda lot: _width(lot.option, short.option)):
            width = _width(long.option, short.option)
            contracts = min(short.left, long.left)
            if not contracts or width >= short.option.naked:
                continue
            short.left -= contracts
            long.left -= contracts
            option = short.option
            grouping.spreads.append(
                _Spread(option.right, option.strike, option.expiry, width, contracts)
            )


def _covers(long: OptionHeld, short: OptionHeld) -> bool:
    same = (long.right, long.multiplier, long.deliverable)
    alike = same == (short.right, short.multiplier, short.deliverable)
    return alike and long.expiry >= short.expiry


def _width(long: OptionHeld, short: OptionHeld) -> float:
    between = long.strike - short.strike if short.right == "C" else short.strike - long.strike
    return max(between, 0.0) * short.multiplier


def _of_spreads(spreads: Sequence[_Spread]) -> float:
    """Add up what spreads can lose; a call and a put spread of one width lose one at a time."""
    required = sum(spread.width * spread.lot for spread in spreads)
    puts = [[spread, spread.lot] for spread in spreads if spread.right == "P"]
    for call in (spread for spread in spreads if spread.right == "C"):
        left = call.lot
        for entry in puts:
            put, free = entry
            assert isinstance(put, _Spread)
            assert isinstance(free, int)
            if not _one_at_a_time(call, put):
                continue
            both = min(left, free)
            required -= both * call.width
            left, entry[1] = left - both, free - both
    return required


def _one_at_a_time(call: _Spread, put: _Spread) -> bool:
    return (
        call.expiry == put.expiry
        and isclose(call.width, put.width)
        and put.short_strike <= call.short_strike
    )


def _of_naked(shorts: Sequence[_Lot]) -> float:
    """Require what naked options need; of a call with a put the larger, and the other's value."""
    calls = [lot for lot in shorts if lot.option.right == "C" and lot.left]
    puts = [lot for lot in shorts if lot.option.right == "P" and lot.left]
    required = 0.0
    for call in calls:
        for put in puts:
            both = min(call.left, put.left)
            required += both * _straddle(call.option, put.option)
            call.left -= both
            put.left -= both
    return required + sum(lot.left * lot.option.naked for lot in calls + puts)


def _straddle(call: OptionHeld, put: OptionHeld) -> float:
    larger, other = sorted((call, put), key=lambda option: -option.naked)
    return larger.naked + other.price * other.multiplier
