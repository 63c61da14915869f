"""The options listed on an underlying at a moment: classes, expirations, strikes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from simulator.instruments.dense_options import SECOND_CLASS, STEPS
from simulator.instruments.expirations import (
    dailies_listed,
    monthly,
    options_listed,
    weeklies_listed,
)
from simulator.instruments.strikes import fine_strikes, strikes_listed
from simulator.market.benchmarks import FUND, INDEX
from simulator.market.market import Instrument
from simulator.prices.market_view import MarketView, phase

STRIKES_FROM = 60  # sessions whose closes decide which strikes are listed
FINE = {INDEX: STEPS[0], FUND: STEPS[1]}  # between the strikes near the money


@dataclass(frozen=True, slots=True)
class Chain:
    """The options of one class: each expiration has every strike."""

    trading_class: str
    is_second: bool
    expirations: tuple[date, ...]
    strikes: tuple[float, ...]


def chains_of(view: MarketView, underlying: Instrument, now: datetime) -> list[Chain]:
    """Return the chains on an instrument, none when there are no options on it."""
    con_id = underlying.con_id
    if not view.securities.has_options(con_id):
        return []
    closes = [bar.close for bar in view.daily(con_id, now)[-STRIKES_FROM:]]
    if not closes:
        return []
    lowest, highest = min(closes), max(closes)
    strikes = {*strikes_listed(lowest, highest)}
    if con_id in FINE:
        strikes |= {*fine_strikes(lowest, highest, FINE[con_id])}
    where = phase(now)
    chains = []
    for trading_class, is_second, days in _classes(underlying, where.day):
        # What expires today is gone from the close on.
        open_days = sorted({day for day in days if day > where.last_complete})
        chains.append(Chain(trading_class, is_second, tuple(open_days), tuple(sorted(strikes))))
    return chains


def _classes(underlying: Instrument, day: date) -> list[tuple[str, bool, tuple[date, ...]]]:
    """Return each class, whether it is the second one, and its expirations."""
    symbol, usual = underlying.symbol, options_listed(day)
    if underlying.con_id == INDEX:
        months = tuple(one for one in usual if one in monthly())
        return [
            (symbol, False, months),
            (SECOND_CLASS, True, (*dailies_listed(day), *weeklies_listed(day))),
        ]
    if underlying.con_id == FUND:
        return [(symbol, False, (*usual, *dailies_listed(day)))]
    return [(symbol, False, usual)]
