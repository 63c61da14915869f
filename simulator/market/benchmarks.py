"""What every market has besides its shares: an index, its fund, currencies, bonds, three fates.

Where the bars are real there is none of it: a company, a fund or an exchange rate that nobody
recorded would stand among real ones.

All of it is made from the market's own sessions and its world id, so that a market that knows
only shares, synthetic or from a file, becomes a whole one. Nothing here is a constituent, and no
bar of the market's own shares depends on it.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property

import numpy as np

from core.calendar import sessions_between
from simulator.market import bonds
from simulator.market.composite import index_series
from simulator.market.market import Dividend, Instrument, Market
from simulator.market.random_walk import on_grid, random_walk
from simulator.market.series import BarSeries

FIRST_CON_ID = 2_110_000_000
INDEX, FUND, PAYER, RENAMED, DELISTED = range(FIRST_CON_ID, FIRST_CON_ID + 5)
FIRST_PAIR = FIRST_CON_ID + 100
INDEX_SYMBOL = "DBOOK"

POINTS_A_SHARE = 10.0  # index points in one share of the fund
PIP = 0.00005
# base, quote, start, volatility a year, tick; quoted as one unit of the first in the second
PAIRS = (
    ("EUR", "USD", 1.10, 0.075, PIP),
    ("GBP", "USD", 1.27, 0.085, PIP),
    ("AUD", "USD", 0.67, 0.105, PIP),
    ("USD", "JPY", 148.0, 0.095, 0.005),
    ("USD", "CHF", 0.90, 0.075, PIP),
    ("USD", "CAD", 1.36, 0.065, PIP),
    ("USD", "RON", 4.35, 0.075, PIP),
    ("USD", "HUF", 340.0, 0.115, 0.005),
)
RENAMED_AT, DELISTED_AT = 0.50, 0.75  # of the market's sessions
PAYING_MONTHS = (3, 6, 9, 12)
PAID_AFTER = 10  # sessions


class Benchmarks:
    """The instruments besides a market's shares, and their bars and dividends."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._series: dict[int, BarSeries] = {}

    @cached_property
    def sessions(self) -> list[date]:
        """The sessions of the market, first to last."""
        return sessions_between(self._market.first_session, self._market.last_session)

    @cached_property
    def instruments(self) -> dict[int, Instrument]:
        """All benchmarks by conId, ascending; none beside real bars."""
        if self._market.assumed_spread is not None:
            return {}
        day = self.sessions[int(RENAMED_AT * len(self.sessions))]
        last = self.sessions[int(DELISTED_AT * len(self.sessions))]
        listed = [
            Instrument(
                INDEX, INDEX_SYMBOL, "Daybook Thirty Index", "IND", "CBOE", stock_type=""
            ),
            Instrument(
                FUND, "DBETF", "Daybook Thirty Index Fund", "STK", "ARCA", stock_type="ETF"
            ),
            Instrument(PAYER, "STDYE", "Steady Water Works Inc.", "STK", "NYSE",
                       sector="Utilities", industry="Water Utilities"),
            Instrument(RENAMED, "OLDNE", "Renamed Freight Inc.", "STK", "NYSE",
                       sector="Industrials", industry="Cargo Ground Transportation",
                       renamed=(day, "NEWNE")),
            Instrument(DELISTED, "GONEE", "Vanished Steel Inc.", "STK", "NYSE",
                       sector="Materials", industry="Steel", listed_until=last),
            *bonds.instruments(),
            *_pairs(),
        ]  # fmt: skip
        return {item.con_id: item for item in listed}

    def series(self, con_id: int) -> BarSeries:
        """Return the bars of a companion."""
        if con_id not in self._series:
            self._series[con_id] = self._made(con_id)
        return self._series[con_id]

    def dividends(self, con_id: int) -> tuple[Dividend, ...]:
        """Return what a companion pays, oldest first."""
        amount = {PAYER: 0.45, FUND: 0.35}.get(con_id) if con_id in self.instruments else None
        return () if amount is None else _quarterly(self.sessions, amount)

    def _made(self, con_id: int) -> BarSeries:
        key = f"{self._market.world_id}/{self.instruments[con_id].local_symbol}"
        match con_id:
            case _ if con_id >= FIRST_PAIR:
                *_, start, volatility, tick = PAIRS[con_id - FIRST_PAIR]
                return random_walk(
                    key, self.sessions, start=start, volatility=volatility, tick=tick
                )
            case _ if con_id in bonds.BY_CON_ID:
                return random_walk(
                    key, self.sessions, start=bonds.BY_CON_ID[con_id].price,
                    volatility=bonds.VOLATILITY, tick=bonds.TICK, volume=bonds.VOLUME,
                )  # fmt: skip
            case _ if con_id == INDEX:
                return index_series(self._market, self.sessions)
            case _ if con_id == FUND:
                return self._fund()
        sessions = self.sessions
        if con_id == DELISTED:
            sessions = sessions[: int(DELISTED_AT * len(sessions)) + 1]
        return random_walk(
            key, sessions, start=60.0, volatility=0.24, tick=0.01, volume=1_500_000,
            dividends=self.dividends(con_id),
        )  # fmt: skip

    def _fund(self) -> BarSeries:
        index = self.series(INDEX)
        paid = np.zeros(len(index.sessions))
        for dividend in self.dividends(FUND):
            paid[index.sessions.index(dividend.ex_date) :] += dividend.amount
        prices = np.maximum(index.prices / POINTS_A_SHARE - paid, 1.0)
        moves = np.abs(np.log(index.prices[3] / index.prices[0]))
        volumes = np.rint(20e6 * (1 + 25 * moves)).astype(np.int64)
        return BarSeries(index.sessions, on_grid(prices, 0.01), volumes)


def _pairs() -> list[Instrument]:
    return [
        Instrument(
            FIRST_PAIR + number, base, f"{base} against {quote}", "CASH", "IDEALPRO", quote,
            min_tick=tick, stock_type="", trading_class=f"{base}.{quote}",
        )
        for number, (base, quote, _, _, tick) in enumerate(PAIRS)
    ]  # fmt: skip


def _quarterly(sessions: list[date], amount: float) -> tuple[Dividend, ...]:
    """Pay on the first session after the 14th of every third month, if it can be paid at all."""
    found = []
    for at in range(1, len(sessions) - PAID_AFTER):
        before, day = sessions[at - 1], sessions[at]
        if day.month in PAYING_MONTHS and day.day > 14 and (
            before.month != day.month or before.day <= 14
        ):  # fmt: skip
            found.append(Dividend(day, sessions[at + PAID_AFTER], amount))
    return tuple(found)
