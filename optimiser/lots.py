"""From weights to whole shares in round lots, still inside every limit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.errors import DataError
from optimiser.book import TOLERANCE, Book, Wish, wish_for

# Regulation NMS, 17 CFR 242.600(b)(93), in force since 3 November 2025. The exchange sets the
# tier twice a year from the average close; the price of today is the best a daily run knows.
ROUND_LOTS = ((250.0, 100), (1_000.0, 40), (10_000.0, 10))
SMALLEST_LOT = 1


@dataclass(frozen=True, slots=True)
class Lots:
    """Positions to hold, in whole shares. An order is the difference to what is held now."""

    quantities: dict[int, int]  # by conId, every name with a target, sorted; negative = short
    weights: dict[int, float]  # what these positions are worth, fractions of net asset value
    skipped: dict[int, str]  # names left as they are although the target differs, and why


def round_lot(price: float) -> int:
    """Return the US round lot in shares for a price in USD. Raises `DataError` for no price."""
    if not (math.isfinite(price) and price > 0.0):
        raise DataError(f"a price of {price:g} has no round lot")
    return next((lot for most, lot in ROUND_LOTS if price <= most), SMALLEST_LOT)


def target_quantities(  # noqa: PLR0913 - one term each, all by name
    weights: Mapping[int, float],
    *,
    net_asset_value: float,
    prices: Mapping[int, float],
    current: Mapping[int, float],
    even_lots: bool,
    min_trade: float,
    max_single: float,
    max_gross: float,
    cash_buffer: float,
) -> Lots:
    """Turn target weights into positions whose trades are round lots, by largest remainder.

    1. Every trade is rounded to lots so that the position ends nearer to 0 than wanted.
    2. Changes below ``min_trade`` are left alone, as far as the limits permit.
    3. Lots are added where the largest part of one was cut off, while that brings the long or
       short total nearer to what was wanted and no limit breaks.
    4. Trades that rounding made smaller than ``min_trade`` are left alone, likewise.

    A target of 0 always exits whole, odd lots included; so does the old side of a position that
    changes sign. A limit that the given weights already break is not broken further.

    Parameters
    ----------
    weights
        By conId, fractions of net asset value. Every holding needs one, if only 0.
    current
        Shares held by conId, negative = short.
    cash_buffer
        Long positions may be worth at most 1 - cash_buffer: short proceeds buy nothing.

    Raises
    ------
    DataError
        A number is missing or not finite, or a holding is not in whole shares; all of them are
        named.
    """
    problems = list(_problems(weights, net_asset_value, prices, current))
    if problems:
        raise DataError("; ".join(problems))
    wishes = [
        wish_for(
            con_id,
            weights[con_id],
            unit=prices[con_id] / net_asset_value,
            held=int(current.get(con_id, 0.0)),
            lot=round_lot(prices[con_id]) if even_lots else SMALLEST_LOT,
        )
        for con_id in sorted(weights)
    ]
    book = Book(wishes, max_single=max_single, max_gross=max_gross, max_long=1.0 - cash_buffer)
    small = [wish for wish in wishes if not wish.exits and abs(wish.change) < min_trade]
    kept = {
        wish.con_id
        for wish in sorted(small, key=lambda w: (abs(w.held) * w.unit, w.con_id))
        if book.place(wish, wish.held)
    }
    book.hand_out([wish for wish in wishes if wish.con_id not in kept])
    for wish in wishes:
        traded = abs(book.shares[wish.con_id] - wish.held) * wish.unit
        if not wish.exits and 0.0 < traded < min_trade:
            book.place(wish, wish.held)
    return Lots(
        quantities=dict(book.shares),
        weights={wish.con_id: book.weight(wish) for wish in wishes},
        skipped=dict(_skipped(wishes, book, min_trade)),
    )


def _skipped(wishes: list[Wish], book: Book, min_trade: float) -> Iterator[tuple[int, str]]:
    for wish in wishes:
        if book.shares[wish.con_id] != wish.held or abs(wish.ideal - wish.held) < TOLERANCE:
            continue
        if abs(wish.change) < min_trade:
            why = f"a change of {wish.change:+.2%} is below {min_trade:.2%}"
        else:
            shares = wish.ideal - wish.held
            why = f"a change of {shares:+.1f} shares does not make a lot of {wish.lot}"
        yield wish.con_id, why


def _problems(
    weights: Mapping[int, float],
    net_asset_value: float,
    prices: Mapping[int, float],
    current: Mapping[int, float],
) -> Iterator[str]:
    if not (math.isfinite(net_asset_value) and net_asset_value > 0.0):
        yield f"net asset value is {net_asset_value:g}"
    for con_id in sorted(weights):
        price = prices.get(con_id, math.nan)
        if not math.isfinite(weights[con_id]):
            yield f"conId {con_id}: target weight is {weights[con_id]:g}"
        if not (math.isfinite(price) and price > 0.0):
            yield f"conId {con_id}: price is {price:g}"
        if not float(current.get(con_id, 0.0)).is_integer():
            yield f"conId {con_id}: {current[con_id]:g} shares held; orders trade whole shares only"
    for con_id in sorted(set(current) - set(weights)):
        # Not a target of 0: that would sell whatever the universe forgot.
        if current[con_id] != 0.0:
            yield f"conId {con_id}: {current[con_id]:g} shares held but no target weight"
