"""Order books, made from the quote: sizes grow and prices step away from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulator.prices.market_view import MarketView, phase
from simulator.prices.quotes import NOTHING, drawn, quote

MOST_ROWS = 10
MAKERS = ("ARCA", "NSDQ", "NYSE", "BATS", "IEX")
ASK, BID = 0, 1


@dataclass(frozen=True, slots=True)
class Book:
    """An order book that somebody watches."""

    con_id: int
    rows: int
    is_smart: bool  # collected over all exchanges, which each row then names


@dataclass(frozen=True, slots=True)
class Row:
    """One price of one side of a book."""

    position: int
    side: int  # ASK or BID
    price: float
    size: int
    maker: str


def rows_of(view: MarketView, book: Book, now: datetime) -> list[Row]:
    """Return the rows of both sides, best first, from the quote outwards; none without one."""
    known = quote(view, book.con_id, now)
    if known is None:
        return []
    tick = view.instrument(book.con_id).min_tick
    rows = []
    for side, best, size in ((ASK, known.ask, known.ask_size), (BID, known.bid, known.bid_size)):
        if best == NOTHING:
            continue
        away = 1 if side == ASK else -1
        price, shares = best, size
        for position in range(book.rows):
            step, grow, maker, _ = drawn(
                view.market.world_id, book.con_id, phase(now).day, side, position
            )
            if position:
                price = round(price + away * tick * (1 + int(3 * step)), 6)
                shares = round(shares * (1 + grow))
            if price <= 0:
                break
            rows.append(Row(position, side, price, shares, MAKERS[int(maker * len(MAKERS))]))
    return rows
