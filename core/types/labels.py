"""What an instrument is called where people read: one label for one instrument.

A symbol is no identity: two exchanges list different companies under one, and one company trades
under the same symbol in two currencies. Everything is kept by conId; a label is what stands beside
it in tables, tickets, pages and messages, and is derived here alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Protocol

_LISTING, _CURRENCY, _NUMBER = "@", ":", "#"


class Listed(Protocol):
    """What tells instruments of one symbol apart."""

    @property
    def con_id(self) -> int:
        """IBKR's number."""

    @property
    def symbol(self) -> str:
        """IBKR's symbol, or a label that was given before."""

    @property
    def primary_exchange(self) -> str:
        """IBKR's code; empty where it is not known."""

    @property
    def currency(self) -> str:
        """ISO 4217."""


def labels(instruments: Iterable[Listed]) -> dict[int, str]:
    """Return a label for each instrument, by conId; no two are alike.

    The first of a symbol is called by it. Another is called as it would be asked for,
    ``VOD@LSE:GBP``, and by its conId where even that is taken or there is no symbol at all.
    """
    found: dict[int, str] = {}
    taken: set[str] = set()
    for one in instruments:
        if one.con_id not in found:
            found[one.con_id] = next(name for name in _names(one) if name not in taken)
            taken.add(found[one.con_id])
    return found


def symbol_of(label: str) -> str:
    """Return the broker's symbol of a label.

    >>> symbol_of("VOD@LSE:GBP"), symbol_of("BRK B"), symbol_of("WEAT#1234")
    ('VOD', 'BRK B', 'WEAT')
    """
    return label.partition(_LISTING)[0].partition(_NUMBER)[0].partition(_CURRENCY)[0]


def _names(one: Listed) -> Iterator[str]:
    """Yield what an instrument may be called, the best first; there is always one more."""
    if one.symbol:
        yield one.symbol
        yield _listing(one)
    # What stands beside no name on a page would be nobody's.
    numbered = f"{one.symbol}{_NUMBER}{one.con_id}" if one.symbol else f"conId {one.con_id}"
    yield numbered
    yield from (f"{numbered}.{number}" for number in count(2))


def _listing(one: Listed) -> str:
    exchange = f"{_LISTING}{one.primary_exchange}" if one.primary_exchange else ""
    return f"{one.symbol}{exchange}{_CURRENCY}{one.currency}"
