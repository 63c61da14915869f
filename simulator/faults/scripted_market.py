"""A market with splits and halts of one's own choice: otherwise the same bars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from math import prod

from core.calendar import is_session
from core.errors import ConfigurationError
from simulator.clock import NEW_YORK
from simulator.faults.request import FaultRequest
from simulator.market.market import DailyBar, Instrument, Market, Split, in_new_shares


@dataclass(frozen=True, slots=True)
class MarketScript:
    """What happens in a market that would not have happened, by conId."""

    splits: Mapping[int, tuple[Split, ...]] = field(default_factory=dict)
    halts: Mapping[int, frozenset[date]] = field(default_factory=dict)  # sessions without trading

    @property
    def digest(self) -> str:
        """Sixty-four digits that name the script."""
        splits = sorted((i, *split) for i, found in self.splits.items() for split in found)
        halts = sorted((i, day) for i, found in self.halts.items() for day in found)
        return sha256(f"{splits} {halts}".encode()).hexdigest()


class ScriptedMarket:
    """A market in which a script happens. It is another market with an account of its own."""

    def __init__(self, market: Market, script: MarketScript) -> None:
        self._market = market
        self._script = script
        named = f"{market.world_id} {script.digest}"
        self.world_id = sha256(named.encode()).hexdigest()[: len(market.world_id)]
        self.assumed_spread = market.assumed_spread
        self.title = f"{market.title}, with scripted splits and halts"

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
        return self._market.instruments

    def bars(self, con_id: int, *, until: date) -> Sequence[DailyBar]:
        """Return the bars up to ``until``, in the shares of that day."""
        bars = self._market.bars(con_id, until=until)
        if halts := self._script.halts.get(con_id):
            bars = [bar for bar in bars if bar.session not in halts]
        ratio = self._ratio(con_id, until)
        return bars if ratio == 1.0 else [in_new_shares(bar, ratio) for bar in bars]

    def bar(self, con_id: int, session: date) -> DailyBar | None:
        """Return one session's bar as it traded on that day, or None when there was no trading."""
        bar = self._market.bar(con_id, session)
        if bar is None or session in self._script.halts.get(con_id, ()):
            return None
        ratio = self._ratio(con_id, session)
        return bar if ratio == 1.0 else in_new_shares(bar, ratio)

    def splits(self, con_id: int) -> tuple[Split, ...]:
        """Return all splits of an instrument, oldest first."""
        return tuple(sorted(self._market.splits(con_id) + self._script.splits.get(con_id, ())))

    def _ratio(self, con_id: int, until: date) -> float:
        added = self._script.splits.get(con_id, ())
        return prod(split.ratio for split in added if split.session <= until)


def scripted(market: Market, faults: Iterable[FaultRequest]) -> Market:
    """Return the market with the ``split`` and ``halt`` faults of a script, each on its day.

    Raises `ConfigurationError` for a symbol the market has not, or a day without a session.
    """
    splits: dict[int, tuple[Split, ...]] = defaultdict(tuple)
    halts: dict[int, frozenset[date]] = defaultdict(frozenset)
    for fault in faults:
        if fault.fault == "split":
            con_id, day = _place(market, fault)
            splits[con_id] += (Split(day, fault.ratio or 1.0),)
        elif fault.fault == "halt":
            con_id, day = _place(market, fault)
            halts[con_id] |= {day}
    if not splits and not halts:
        return market
    return ScriptedMarket(market, MarketScript(dict(splits), dict(halts)))


def _place(market: Market, fault: FaultRequest) -> tuple[int, date]:
    """Return the conId and the day of a fault of the market."""
    assert fault.at is not None
    day = fault.at.astimezone(NEW_YORK).date()
    found = next((item for item in market.instruments if item.symbol == fault.symbol), None)
    if found is None or not is_session(day):
        raise ConfigurationError(
            f"no {fault.fault} of {fault.symbol} on {day}: the market must list the symbol, and "
            "the day must be a session"
        )
    return found.con_id, day
