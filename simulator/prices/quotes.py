"""Quotes at a moment, made from the market view: the spread narrows with liquidity.

Where the bars are real no file says what was bid, so nothing is drawn: the spread is the one that
the settings assume for every name, around the last close or the open, for a round lot.

Elsewhere shares before the open stand around the last close; so do options, whose spread is then
twice as wide. Futures and currencies trade around the clock, but the view knows them by sessions.
An index has a level and nobody who would trade at it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor, sqrt

from simulator.market.market import DailyBar, Instrument
from simulator.prices.market_view import MarketView, Summary, phase

NOTHING = -1.0  # how TWS writes "no bid" and "no ask", with size 0
SPREAD_AT_ONE_MILLION = 40.0  # basis points, for a million traded a day; falls with the root
NARROWEST, WIDEST = 1.0, 80.0  # basis points
PRE_MARKET_DRIFT = 0.002  # the mid lies at most this far from the previous close
ILLIQUID_BELOW = 20e6  # traded a day; such a name sometimes has no quote before the open
ILLIQUID_SILENT = 0.10  # how often
BOND_SPREAD = 0.2  # percent of what a bond pays back
OPTION_SPREAD = 0.03  # of the option's price, at least a tick
LOTS = {"CASH": 100_000}  # units; elsewhere contracts


@dataclass(frozen=True, slots=True)
class Quote:
    """One instrument's market. Prices per share, sizes in shares; None is not sent at all."""

    bid: float
    ask: float
    bid_size: int
    ask_size: int
    last: float
    close: float | None  # of the session before the one `last` is of
    volume: int | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None


def quote(view: MarketView, con_id: int, now: datetime) -> Quote | None:
    """Return the quote at ``now``, None when the instrument has never traded.

    Before the open it stands around the last close; in a session around the last price; after the
    close around the close, with the whole bar.
    """
    summary = view.summary(con_id, now)
    if summary is None:
        return None
    where = phase(now)
    if view.instrument(con_id).sec_type != "STK":
        return _quote_of_other(view, con_id, summary, now)
    draws = _draws(view, con_id, now)
    running = view.so_far(con_id, now)
    tick = view.instrument(con_id).min_tick
    if running is not None:
        sides = _around(running.close, summary, tick, draws, drift=0.0)
        return _in_session(view, sides, running, summary)
    if summary.bar.session == where.day:
        bar = summary.bar
        sides = _around(bar.close, summary, tick, draws, drift=0.0)
        return Quote(
            *sides, last=bar.close, close=summary.previous_close, volume=bar.volume,
            open=bar.open, high=bar.high, low=bar.low,
        )  # fmt: skip
    sides = _around(summary.bar.close, summary, tick, draws, drift=PRE_MARKET_DRIFT)
    is_illiquid = not view.is_real and summary.average_value < ILLIQUID_BELOW
    if is_illiquid and draws[3] < ILLIQUID_SILENT:
        sides = (NOTHING, NOTHING, 0, 0)
    return Quote(*sides, last=summary.bar.close, close=summary.bar.close, volume=0)


def _quote_of_other(view: MarketView, con_id: int, summary: Summary, now: datetime) -> Quote | None:
    """Quote what is no share: a spread by its kind instead of by liquidity."""
    if not view.is_listed(con_id, now):
        return None
    where, item = phase(now), view.instrument(con_id)
    running = view.so_far(con_id, now)
    price = summary.bar.close if running is None else running.close
    draws = _draws(view, con_id, now)
    sides = _sides(item, price, draws, is_open=where.running is not None)
    if running is not None:
        return _in_session(view, sides, running, summary)
    bar, closed_today = summary.bar, summary.bar.session == where.day
    if closed_today:
        return Quote(
            *sides, last=bar.close, close=summary.previous_close, volume=bar.volume,
            open=bar.open, high=bar.high, low=bar.low,
        )  # fmt: skip
    return Quote(*sides, last=bar.close, close=bar.close, volume=0)


def _in_session(
    view: MarketView, sides: tuple[float, float, int, int], running: DailyBar, summary: Summary
) -> Quote:
    # At the open nothing is reported yet; where bars are real nothing is before the close.
    volume = None if view.is_real else running.volume or None
    return Quote(
        *sides, last=running.close, close=summary.bar.close, volume=volume,
        open=running.open, high=running.high, low=running.low,
    )  # fmt: skip


def _draws(view: MarketView, con_id: int, now: datetime) -> tuple[float, ...]:
    """Return what a quote's middle, sizes and silence hang on."""
    if view.is_real:
        # The middle of the drift, and a round lot on both sides.
        return 0.5, 0.0, 0.0, 1.0
    where = phase(now)
    return drawn(view.market.world_id, con_id, where.day, where.running is not None)


def sides_in_session(
    view: MarketView, item: Instrument, price: float, at: datetime
) -> tuple[float, float, int, int]:
    """Return bid, ask and their sizes around a price at a moment of a session."""
    summary = view.summary(item.con_id, at)
    draws = _draws(view, item.con_id, at)
    if item.sec_type == "STK" and summary is not None:
        return _around(price, summary, item.min_tick, draws, drift=0.0)
    return _sides(item, price, draws, is_open=True)


def half_spread(item: Instrument, price: float, summary: Summary) -> float:
    """Return how far bid and ask lie from a price in a session, before they are on the tick."""
    if item.sec_type == "STK":
        return price * _spread_of_share(summary) / 2
    return _half_of_other(item, price, is_open=True)


def _sides(
    item: Instrument, price: float, draws: tuple[float, ...], *, is_open: bool
) -> tuple[float, float, int, int]:
    if item.sec_type == "IND":
        return NOTHING, NOTHING, 0, 0
    tick, lot = item.min_tick, LOTS.get(item.sec_type, 1)
    half = _half_of_other(item, price, is_open=is_open)
    bid = _on_tick(price - half, tick, up=False)
    ask = max(_on_tick(price + half, tick, up=True), round(max(bid, 0.0) + tick, 6))
    bid_size, ask_size = (lot * (1 + int(draw * 50)) for draw in draws[1:3])
    if bid < tick:  # a worthless option finds no buyer
        return NOTHING, ask, 0, ask_size
    return bid, ask, bid_size, ask_size


def _around(
    price: float, summary: Summary, tick: float, draws: tuple[float, ...], *, drift: float
) -> tuple[float, float, int, int]:
    spread = _spread_of_share(summary)
    middle = price * (1 + drift * (2 * draws[0] - 1))
    bid = max(_on_tick(middle * (1 - spread / 2), tick, up=False), tick)
    ask = max(_on_tick(middle * (1 + spread / 2), tick, up=True), bid + tick)
    bid_size, ask_size = (100 * (1 + int(draw * 20)) for draw in draws[1:3])
    return bid, round(ask, 6), bid_size, ask_size


def _spread_of_share(summary: Summary) -> float:
    if summary.assumed_spread is not None:
        return summary.assumed_spread
    millions = max(summary.average_value, 1.0) / 1e6
    return min(max(SPREAD_AT_ONE_MILLION / sqrt(millions), NARROWEST), WIDEST) / 1e4


def _half_of_other(item: Instrument, price: float, *, is_open: bool) -> float:
    if item.sec_type == "OPT":
        return max(item.min_tick, OPTION_SPREAD * price) * (1 if is_open else 2) / 2
    return BOND_SPREAD / 2 if item.sec_type == "BOND" else item.min_tick / 2


def _on_tick(price: float, tick: float, *, up: bool) -> float:
    # The tolerance keeps a price that already lies on the grid there.
    steps = ceil(price / tick - 1e-9) if up else floor(price / tick + 1e-9)
    return round(steps * tick, 6)


def drawn(*key: object) -> tuple[float, ...]:
    """Return four numbers in [0, 1) that depend on the key and on nothing else."""
    digest = hashlib.sha256("|".join(map(str, key)).encode()).digest()
    return tuple(int.from_bytes(digest[i : i + 8], "big") / 2**64 for i in range(0, 32, 8))
