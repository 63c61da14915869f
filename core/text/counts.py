"""How counts are written wherever people read them, in every room alike."""

from __future__ import annotations


def count(quantity: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun, whose plural is given where it does not only take an s.

    >>> count(1, "order"), count(1200, "order"), count(2, "entry", "entries")
    ('1 order', '1,200 orders', '2 entries')
    """
    return f"{quantity:,} {noun if quantity == 1 else plural or f'{noun}s'}"
