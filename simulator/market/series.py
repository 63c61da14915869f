"""One instrument's bars as arrays, and a cheap view of them as a vendor would serve them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import overload

import numpy as np
from numpy.typing import NDArray

from core.errors import NoData
from simulator.market.market import DailyBar, Instrument, Split

# Adjusted prices keep more digits than the tick: after 10:1 and 10:1 again a cent would be coarse.
ADJUSTED_DECIMALS = 6


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries:
    """The bars of one instrument as they traded, T sessions, oldest first.

    Never changed after it was built.
    """

    sessions: Sequence[date]  # (T,)   ascending, without repetition
    prices: NDArray[np.float64]  # (4, T) open, high, low, close; per share, contract currency
    volumes: NDArray[np.int64]  # (T,)   shares
    splits: tuple[Split, ...] = ()  # oldest first

    def on(self, session: date) -> DailyBar | None:
        """Return the bar of one session as it traded, or None."""
        at = bisect_left(self.sessions, session)
        if at == len(self.sessions) or self.sessions[at] != session:
            return None
        open_, high, low, close = self.prices[:, at].tolist()
        return DailyBar(session, open_, high, low, close, int(self.volumes[at]))

    def until(self, day: date) -> BarView:
        """Return the bars up to and including ``day``, adjusted for the splits effective then."""
        length = bisect_right(self.sessions, day)
        ratios = None
        for split in self.splits:
            if split.session <= day:
                ratios = np.ones(length) if ratios is None else ratios
                ratios[: bisect_left(self.sessions, split.session)] *= split.ratio
        return BarView(self, length, ratios)


class BarView(Sequence[DailyBar]):
    """The first bars of a series; a `DailyBar` is only made when it is asked for."""

    def __init__(
        self, series: BarSeries, length: int, ratios: NDArray[np.float64] | None = None
    ) -> None:
        self._series, self._length, self._ratios = series, length, ratios

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> DailyBar: ...
    @overload
    def __getitem__(self, index: slice) -> list[DailyBar]: ...
    def __getitem__(self, index: int | slice) -> DailyBar | list[DailyBar]:
        if isinstance(index, slice):
            return self._bars(range(self._length)[index])
        at = range(self._length)[index]
        return self._bars(range(at, at + 1))[0]

    def __iter__(self) -> Iterator[DailyBar]:
        return iter(self[:])

    def _bars(self, rows: range) -> list[DailyBar]:
        if not rows:
            return []
        stop = rows.stop if rows.stop >= 0 else None
        wanted = slice(rows.start, stop, rows.step)
        prices, volumes = self._series.prices[:, wanted], self._series.volumes[wanted]
        if self._ratios is not None:
            ratios = self._ratios[wanted]
            prices = np.round(prices / ratios, ADJUSTED_DECIMALS)
            volumes = np.rint(volumes * ratios).astype(np.int64)
        columns = (self._series.sessions[wanted], *prices.tolist(), volumes.tolist())
        return list(map(DailyBar._make, zip(*columns, strict=True)))


class DerivedBars(Sequence[DailyBar]):
    """Bars worked out from those of another instrument, each only when it is asked for."""

    def __init__(
        self, under: Sequence[DailyBar], start: int, derive: Callable[[date], DailyBar | None]
    ) -> None:
        self._under, self._start, self._derive = under, start, derive

    def __len__(self) -> int:
        return max(len(self._under) - self._start, 0)

    @overload
    def __getitem__(self, index: int) -> DailyBar: ...
    @overload
    def __getitem__(self, index: slice) -> list[DailyBar]: ...
    def __getitem__(self, index: int | slice) -> DailyBar | list[DailyBar]:
        rows = range(self._start, len(self._under))[index]
        if isinstance(rows, range):
            return [self._bar(row) for row in rows]
        return self._bar(rows)

    def _bar(self, row: int) -> DailyBar:
        bar = self._derive(self._under[row].session)
        assert bar is not None, "a session of the underlying has a bar"
        return bar


class SeriesMarket:
    """The part of a `Market` that looks things up: one `BarSeries` for each instrument."""

    def __init__(
        self,
        title: str,
        world_id: str,
        instruments: Sequence[Instrument],
        series: Mapping[int, BarSeries],
    ) -> None:
        self._title = title
        self._world_id = world_id
        self._instruments = tuple(instruments)
        self._series = series  # by conId

    @property
    def world_id(self) -> str:
        """Twelve hexadecimal digits that name this market, and its accounts with it."""
        return self._world_id

    @property
    def title(self) -> str:
        """One line for people."""
        return self._title

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """All instruments, sorted by symbol, then conId."""
        return self._instruments

    def bars(self, con_id: int, *, until: date) -> Sequence[DailyBar]:
        """Return the bars up to and including ``until``, adjusted for the splits effective then.

        Raises `NoData` for an unknown conId.
        """
        return self._of(con_id).until(until)

    def bar(self, con_id: int, session: date) -> DailyBar | None:
        """Return one session's bar as it traded, or None. Raises `NoData` for an unknown conId."""
        return self._of(con_id).on(session)

    def splits(self, con_id: int) -> tuple[Split, ...]:
        """Return all splits, oldest first. Raises `NoData` for an unknown conId."""
        return self._of(con_id).splits

    def _of(self, con_id: int) -> BarSeries:
        try:
            return self._series[con_id]
        except KeyError:
            raise NoData(f"{self._title}: no instrument has conId {con_id}") from None
