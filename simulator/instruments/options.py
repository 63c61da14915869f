"""Options on the shares and the index of a market: their names, numbers and prices.

A conId says everything about an option, so that a position can be priced years later without a
list of all options ever made: underlying, expiration, strike, right, and how many splits the
underlying had seen when it was listed. After a split a contract stays as it is and delivers more
or fewer shares, as the exchanges adjust options; fresh contracts are listed beside it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import prod

from core.calendar import session
from simulator.instruments import dense_options
from simulator.instruments.black_scholes import DAYS_A_YEAR, Greeks, greeks
from simulator.instruments.expirations import WEEKS, expirations, first_listed
from simulator.instruments.strikes import STRIKES
from simulator.instruments.volatility_smile import volatility
from simulator.market.market import DailyBar, Instrument, Right, Split

FIRST_CON_ID = 1_000_000_000
MOST_UNDERLYINGS, MOST_STRIKES, MOST_EPOCHS = 800, 256, 4
MULTIPLIER, TICK, CHEAPEST = 100, 0.01, 0.01
RATE = 0.04  # a year
RIGHTS: tuple[Right, Right] = ("C", "P")
SECONDS_A_YEAR = DAYS_A_YEAR * 86400


@dataclass(frozen=True, slots=True)
class OptionKey:
    """What a conId says."""

    place: int  # of the underlying
    expiry: date
    strike: float
    right: Right
    epoch: int  # splits of the underlying before the listing, modulo 4
    is_second: bool = False  # of the two classes on the index

    @property
    def con_id(self) -> int:
        """The number these terms have for ever."""
        week = bisect_left(expirations(), self.expiry)
        strike = bisect_left(STRIKES, self.strike)
        on_grid = expirations()[week : week + 1] + STRIKES[strike : strike + 1]
        if self.is_second or on_grid != (self.expiry, self.strike):
            return dense_options.number_of(
                self.place, self.expiry, self.strike,
                is_put=self.right == "P", is_second=self.is_second,
            )  # fmt: skip
        number = (self.place * WEEKS + week) * MOST_STRIKES + strike
        return FIRST_CON_ID + (number * 2 + RIGHTS.index(self.right)) * MOST_EPOCHS + self.epoch


def key_of(con_id: int) -> OptionKey | None:
    """Return the terms of an option's conId, None when no option can have it."""
    if dense_options.FIRST_CON_ID <= con_id < dense_options.END:
        terms = dense_options.terms_of(con_id)
        if terms is None:
            return None
        series, expiry, price, is_put = terms
        return OptionKey(series.place, expiry, price, RIGHTS[is_put], 0, series.is_second)
    rest, epoch = divmod(con_id - FIRST_CON_ID, MOST_EPOCHS)
    rest, right = divmod(rest, 2)
    rest, strike = divmod(rest, MOST_STRIKES)
    place, week = divmod(rest, WEEKS)
    if not (0 <= place < MOST_UNDERLYINGS and strike < len(STRIKES)):
        return None
    return OptionKey(place, expirations()[week], STRIKES[strike], RIGHTS[right], epoch)


def instrument(key: OptionKey, underlying: Instrument) -> Instrument:
    """Describe an option on an underlying."""
    return Instrument(
        key.con_id, underlying.symbol, underlying.name, "OPT", "CBOE", underlying.currency,
        underlying.sector, underlying.industry, TICK, "", multiplier=MULTIPLIER,
        expiry=key.expiry, strike=key.strike, right=key.right,
        trading_class=dense_options.SECOND_CLASS if key.is_second else underlying.symbol,
        underlying=underlying.con_id,
    )  # fmt: skip


def listed_epoch(key: OptionKey, splits: tuple[Split, ...], day: date) -> int:
    """Return how many of the underlying's splits came before the option's listing.

    Below zero for an option of a split that has not come yet.
    """
    seen = sum(split.session <= day for split in splits)
    return seen - (seen - key.epoch) % MOST_EPOCHS


def shares_for_one(key: OptionKey, splits: tuple[Split, ...], day: date) -> float:
    """Return how many shares stand for each share of the option's terms on a day."""
    first = listed_epoch(key, splits, day)
    return prod(split.ratio for split in splits[max(first, 0) :] if split.session <= day)


def first_day(key: OptionKey, splits: tuple[Split, ...], day: date) -> date:
    """Return since when an option is listed, as seen from a day; `date.max` for not yet."""
    first = first_listed(key.expiry)
    epoch = listed_epoch(key, splits, day)
    if epoch < 0:
        return date.max
    return max(first, splits[epoch - 1].session) if epoch > 0 else first


def years_left(key: OptionKey, now: datetime) -> float:
    """Return the time to the close of the expiration day."""
    left = (_hours(key.expiry)[1] - now).total_seconds()
    return max(left, 0.0) / SECONDS_A_YEAR


def model(key: OptionKey, *, spot: float, base: float, years: float) -> tuple[float, Greeks]:
    """Return the implied volatility of an option and its value at it."""
    implied = volatility(base, strike=key.strike, spot=spot, years=years, rate=RATE)
    value = greeks(key.right, key.strike, spot=spot, years=years, volatility=implied, rate=RATE)
    return implied, value


def intrinsic(key: OptionKey, spot: float) -> float:
    """Return what exercising is worth, per share of the option's terms."""
    return max(spot - key.strike if key.right == "C" else key.strike - spot, 0.0)


@dataclass(frozen=True, slots=True)
class OptionBars:
    """Prices of one option from the bars of its underlying."""

    key: OptionKey
    base: Callable[[date], float]  # volatility at the money, known before a session

    def price(self, spot: float, base: float, now: datetime) -> float:
        """Return the price per share: the model's, but never below intrinsic or one cent."""
        years = years_left(self.key, now)
        _, value = model(self.key, spot=spot, base=base, years=years)
        return max(round(max(value.price, intrinsic(self.key, spot)), 2), CHEAPEST)

    def bar(self, under: DailyBar, ratio: float) -> DailyBar:
        """Return the option's bar of a session; ``ratio`` as of `shares_for_one`."""
        (opened, closed), base = _hours(under.session), self.base(under.session)
        spots = [price * ratio for price in under[1:5]]
        open_ = self.price(spots[0], base, opened)
        close = self.price(spots[3], base, closed)
        extremes = [self.price(spot, base, opened) for spot in spots[1:3]]
        traded = [open_, close, *extremes]
        volume = round(0.00002 * under.volume)
        return DailyBar(under.session, open_, max(traded), min(traded), close, volume)


@lru_cache(maxsize=2048)
def _hours(day: date) -> tuple[datetime, datetime]:
    hours = session(day)
    return hours.open, hours.close
