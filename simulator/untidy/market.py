"""A market with an untidiness of its own: the same prices, told less tidily."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core.settings import SimulatorSettings
from simulator.market.market import DailyBar, Instrument, Market, Split
from simulator.untidy.holdings import YOUNG, spun_off
from simulator.untidy.increments import with_odd_increments
from simulator.untidy.oddities import TIDY, Untidiness, untidiness


class UntidyMarket:
    """A market, and how untidily its world tells of it: the same world, with the same accounts."""

    def __init__(self, market: Market, untidy: Untidiness) -> None:
        self._market, self.untidy = market, untidy
        self.world_id = market.world_id
        self._instruments = tuple(with_odd_increments(one, untidy) for one in market.instruments)
        self.assumed_spread = market.assumed_spread
        self._spun_off = spun_off(market, untidy)
        self.title = f"{market.title}, untidy ({', '.join(sorted(untidy.names))})"

    @property
    def first_session(self) -> date:
        """Day of the first bar."""
        return self._market.first_session

    @property
    def last_session(self) -> date:
        """Day of the last bar."""
        return self._market.last_session

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """All instruments, sorted by symbol, then conId."""
        return self._instruments

    def bars(self, con_id: int, *, until: date) -> Sequence[DailyBar]:
        """Return the bars up to ``until``, in the shares of that day, as they were."""
        bars = self._market.bars(con_id, until=until)
        return bars[-YOUNG:] if con_id == self._spun_off else bars

    def bar(self, con_id: int, session: date) -> DailyBar | None:
        """Return one session's bar as it traded on that day, or None when there was no trading."""
        return self._market.bar(con_id, session)

    def splits(self, con_id: int) -> tuple[Split, ...]:
        """Return all splits of an instrument, oldest first."""
        return self._market.splits(con_id)


def untidied(market: Market, settings: SimulatorSettings) -> Market:
    """Return the market as untidy as the settings ask. Raises `ConfigurationError`."""
    asked = untidiness(settings.untidy, settings.seed)
    return UntidyMarket(market, asked) if asked.names else market


def untidiness_of(market: Market) -> Untidiness:
    """Return how untidily the world of a market tells of it."""
    return market.untidy if isinstance(market, UntidyMarket) else TIDY
