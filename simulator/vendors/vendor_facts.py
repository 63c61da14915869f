"""What the vendors know, for the parts of the gateway that tell of it as well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from simulator.market.market import Instrument
from simulator.prices.market_view import MarketView, phase
from simulator.vendors.archives import fundamentals_archive
from simulator.vendors.figures.fundamentals import Figures
from simulator.vendors.figures.fundamentals_invented import InventedFundamentals
from simulator.vendors.figures.statements_invented import QUARTERS, Accounts, quarters, years
from simulator.vendors.news import Headline, headlines


class VendorFacts:
    """Headlines and fundamentals as of a moment: the same as the vendors serve over HTTP."""

    def __init__(
        self, view: MarketView, *, seed: int = 0, fundamentals: Path | None = None
    ) -> None:
        self._view, self._seed = view, seed
        self._source = fundamentals_archive(view, fundamentals, seed=seed)
        self._headlines = lru_cache(maxsize=2)(self._all_headlines)
        self._days: dict[object, Mapping[str, Figures]] = {}

    @property
    def has_news(self) -> bool:
        """Whether anybody writes about the companies: only about synthetic ones."""
        return not self._view.is_real

    def headlines(self, now: datetime) -> list[Headline]:
        """Return the headlines of the last 72 hours, newest first; none of real companies."""
        return self._headlines(now)

    def figures(self, now: datetime) -> Mapping[str, Figures]:
        """Return the newest figures of every company that has any, by symbol."""
        where = phase(now)
        key = where.day, where.last_complete
        if key not in self._days:
            known = self._source.figures(now) if self._source else ()
            self._days = {key: {one.symbol: one for one in known}}
        return self._days[key]

    def accounts(
        self, instrument: Instrument, now: datetime
    ) -> tuple[list[Accounts], list[Accounts]]:
        """Return a company's newest quarters and fiscal years, oldest first; none of real ones."""
        if not isinstance(self._source, InventedFundamentals):
            return [], []
        reported, shares = self._source.history(instrument, now, quarters=QUARTERS + 4)
        return quarters(reported, shares), years(reported, shares)

    def _all_headlines(self, now: datetime) -> list[Headline]:
        return [] if self._view.is_real else headlines(self._view, self._seed, now)
