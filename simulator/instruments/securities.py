"""Every instrument of a market, by conId: its shares, the benchmarks, and derivatives.

Where `simulator.market.market` ends, this begins: it answers the same questions (bars, one bar,
splits) for every kind, and what only some kinds have: dividends, expiration, deliverable, greeks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

from simulator.instruments import futures, options
from simulator.instruments.expirations import first_future_listed
from simulator.instruments.futures import FutureBars
from simulator.instruments.options import MOST_UNDERLYINGS, OptionBars, OptionKey
from simulator.instruments.volatility_smile import base_volatility
from simulator.market.benchmarks import FUND, INDEX, PAYER, Benchmarks
from simulator.market.market import DailyBar, Dividend, Instrument, Market, Right, Split
from simulator.market.series import DerivedBars

FIRST_UNDERLYINGS = (INDEX, FUND, PAYER)  # before the shares of the market
RESERVED = 20  # places for what comes before the shares


class Securities:
    """All instruments of a market. Prices as traded unless a method says otherwise."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.shares = {item.con_id: item for item in market.instruments}
        self.benchmarks = Benchmarks(market)
        self._derivatives: dict[int, Instrument] = {}
        self._is_real = market.assumed_spread is not None
        in_dollars = [item.con_id for item in market.instruments if item.currency == "USD"]
        self._underlyings = dict(enumerate(FIRST_UNDERLYINGS))
        self._underlyings |= dict(enumerate(in_dollars[: MOST_UNDERLYINGS - RESERVED], RESERVED))
        if self._is_real:  # what an option on a real company traded at, no file says
            self._underlyings = {}
        self._places = {con_id: place for place, con_id in self._underlyings.items()}
        self.base_volatility = lru_cache(maxsize=4096)(self._base_volatility)

    def find(self, con_id: int) -> Instrument | None:
        """Return the instrument of a conId, None when nothing has it."""
        found = self.shares.get(con_id) or self._derivatives.get(con_id)
        return found or self.benchmarks.instruments.get(con_id) or self._derivative(con_id)

    def named(self, con_id: int, day: date) -> Instrument | None:
        """Return an instrument under the symbol it has on a day."""
        found = self.find(con_id)
        if found is None or found.renamed is None or day < found.renamed[0]:
            return found
        return replace(found, symbol=found.renamed[1])

    def has_options(self, con_id: int) -> bool:
        """Return whether options on an instrument are listed."""
        return con_id in self._places

    def option(
        self, underlying: int, expiry: date, strike: float, right: Right,
        *, day: date, is_second: bool = False,
    ) -> Instrument:  # fmt: skip
        """Return the option with these terms as it is listed on a day."""
        epoch = sum(split.session <= day for split in self.splits(underlying))
        key = OptionKey(
            self._places[underlying], expiry, strike, right, epoch % options.MOST_EPOCHS, is_second
        )
        found = self.find(key.con_id)
        assert found is not None, "terms from the grid have a conId"
        return found

    def key(self, con_id: int) -> OptionKey:
        """Return the terms of an option that is known to be one."""
        key = options.key_of(con_id)
        assert key is not None, "asked of options only"
        return key

    def shares_for_one(self, option: Instrument, day: date) -> float:
        """Return how many shares of the underlying one share of an option's terms is."""
        assert option.underlying is not None
        splits = self.splits(option.underlying)
        return options.shares_for_one(self.key(option.con_id), splits, day)

    def bars(self, con_id: int, *, until: date) -> Sequence[DailyBar]:
        """Return bars up to and including ``until``, adjusted for the splits effective then."""
        if con_id in self.shares:
            return self.market.bars(con_id, until=until)
        if con_id in self.benchmarks.instruments:
            return self.benchmarks.series(con_id).until(until)
        return self._derived_bars(con_id, until)

    def bar(self, con_id: int, session: date) -> DailyBar | None:
        """Return one session's bar as it traded, or None."""
        if con_id in self.shares:
            return self.market.bar(con_id, session)
        if con_id in self.benchmarks.instruments:
            return self.benchmarks.series(con_id).on(session)
        item = self._known(con_id)
        assert item.expiry is not None
        if session > item.expiry:
            return None
        return self._derived_bar(item, session)

    def splits(self, con_id: int) -> tuple[Split, ...]:
        """Return all splits, oldest first; derivatives are never split."""
        return self.market.splits(con_id) if con_id in self.shares else ()

    def dividends(self, con_id: int) -> tuple[Dividend, ...]:
        """Return all dividends, oldest first. Only funds and shares among the benchmarks pay."""
        return self.benchmarks.dividends(con_id)

    def _known(self, con_id: int) -> Instrument:
        found = self.find(con_id)
        assert found is not None, f"conId {con_id} is unknown"
        return found

    def _derivative(self, con_id: int) -> Instrument | None:
        if self._is_real:
            return None
        found = futures.instrument(con_id) or self._option(con_id)
        if found is not None:
            self._derivatives[con_id] = found
        return found

    def _option(self, con_id: int) -> Instrument | None:
        key = options.key_of(con_id)
        underlying = self._underlyings.get(key.place) if key else None
        if key is None or underlying is None:
            return None
        return options.instrument(key, self._known(underlying))

    def _base_volatility(self, con_id: int, day: date) -> float:
        """Return the volatility at the money that is known before a day's session."""
        bars = self.bars(con_id, until=day)
        return base_volatility(bars[:-1] if bars and bars[-1].session == day else bars)

    def _derived_bars(self, con_id: int, until: date) -> Sequence[DailyBar]:
        item = self._known(con_id)
        assert item.underlying is not None
        assert item.expiry is not None
        under = self.bars(item.underlying, until=min(until, item.expiry))
        first = self._first_day(item, until)
        start = bisect_left(under, first, key=lambda bar: bar.session)
        return DerivedBars(under, start, lambda day: self._derived_bar(item, day))

    def _first_day(self, item: Instrument, until: date) -> date:
        assert item.expiry is not None
        assert item.underlying is not None
        if item.sec_type == "FUT":
            return first_future_listed(item.expiry)
        return options.first_day(self.key(item.con_id), self.splits(item.underlying), until)

    def _derived_bar(self, item: Instrument, day: date) -> DailyBar | None:
        assert item.underlying is not None
        assert item.expiry is not None
        under = self.bar(item.underlying, day)
        if under is None:
            return None
        if item.sec_type == "FUT":
            return FutureBars(item.expiry).bar(under)
        known = item.underlying
        prices = OptionBars(
            self.key(item.con_id), lambda session: self.base_volatility(known, session)
        )
        return prices.bar(under, self.shares_for_one(item, day))
