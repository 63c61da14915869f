"""A synthetic market: the same seed and number of symbols give the same bars, for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from core.calendar import sessions_between
from core.errors import ConfigurationError
from core.text.counts import count
from simulator.market.factors import simulate
from simulator.market.listing import Terms, draw_terms, list_companies
from simulator.market.market import Instrument
from simulator.market.names import MOST_COMPANIES, SECTORS, Company, companies, con_ids
from simulator.market.series import BarSeries, SeriesMarket

FIRST_DAY, LAST_DAY = date(2022, 1, 3), date(2030, 12, 31)
FEWEST_SYMBOLS = 3

# Below this number a market is for a small test, where a blemish would be most of what it holds.
BLEMISHED_FROM = 20
NEVER_TRADED = 13  # place of the member without any bar
LATE_SHARE = 40  # one company in so many comes to market within the window
LISTED_BEFORE_MEMBER = 20  # sessions between a company's first bar and its place in the index

STERLING = 1.27  # USD per GBP; fixed, it only tells the two listings apart
_NO_BARS = BarSeries(sessions=(), prices=np.empty((4, 0)), volumes=np.empty(0, dtype=np.int64))


class SyntheticMarket(SeriesMarket):
    """A `Market` of invented companies with daily bars from 2022-01-03 to the end of 2030.

    ``symbols`` companies are in the index. Two more instruments are not: one company whose single
    symbol is listed in USD in New York and in GBP in London, so that asking for it without a
    currency is ambiguous. From twenty symbols on, one member has no bar at all, and about one in
    forty comes to market late.

    Prices are per share in the instrument's currency, on the tick of 0.01; volumes are shares.
    """

    assumed_spread: float | None = None

    def __init__(self, seed: int, symbols: int) -> None:
        if seed < 0 or not FEWEST_SYMBOLS <= symbols < MOST_COMPANIES:
            raise ConfigurationError(
                f"a synthetic market needs a seed >= 0 and {FEWEST_SYMBOLS} to "
                f"{MOST_COMPANIES - 1} symbols, not seed {seed} and {symbols} symbols"
            )
        self._sessions = sessions_between(FIRST_DAY, LAST_DAY)
        invented = companies(seed, symbols + 1)  # the last is the one with two listings
        terms = _terms(seed, symbols)
        order = list(SECTORS)
        sectors = np.array([order.index(company.sector) for company in invented])
        series = list_companies(simulate(seed, sectors, len(self._sessions)), terms, self._sessions)
        if symbols >= BLEMISHED_FROM:
            series[NEVER_TRADED] = _NO_BARS
        instruments, by_id = self._listed(seed, invented, series)
        super().__init__(
            f"synthetic market, seed {seed}, {count(symbols, 'symbol')}",
            _world_id(instruments, by_id),
            instruments,
            by_id,
        )

    def _listed(
        self, seed: int, invented: Sequence[Company], series: list[BarSeries]
    ) -> tuple[list[Instrument], dict[int, BarSeries]]:
        twice = invented[-1]
        ids = con_ids([*(f"{seed}/{c.symbol}/USD" for c in invented), f"{seed}/{twice.symbol}/GBP"])
        numbers = list(ids.values())
        members = [
            replace(
                _instrument(company, con_id),
                sector=company.sector,
                industry=company.industry,
                member_since=_member_since(bars, self._sessions),
            )
            for company, con_id, bars in zip(invented[:-1], numbers[:-2], series[:-1], strict=True)
        ]
        in_new_york = replace(_instrument(twice, numbers[-2]), primary_exchange="NYSE")
        in_london = replace(in_new_york, con_id=numbers[-1], primary_exchange="LSE", currency="GBP")
        instruments = (*members, in_new_york, in_london)
        series = [*series, _in_pounds(series[-1])]
        by_id = dict(zip((i.con_id for i in instruments), series, strict=True))
        return sorted(instruments, key=lambda i: (i.symbol, i.con_id)), by_id

    @property
    def first_session(self) -> date:
        """3 January 2022."""
        return self._sessions[0]

    @property
    def last_session(self) -> date:
        """The last session of 2030."""
        return self._sessions[-1]


def _terms(seed: int, symbols: int) -> Terms:
    terms = draw_terms(seed, symbols + 1)
    if symbols < BLEMISHED_FROM:
        return terms
    rng = np.random.default_rng([seed, 10])
    tradable = np.delete(np.arange(symbols), NEVER_TRADED)
    late = rng.choice(tradable, size=max(1, symbols // LATE_SHARE), replace=False)
    first = terms.first.copy()
    first[late] = rng.integers(120, 1300, size=len(late))  # sessions: mid 2022 to early 2027
    return replace(terms, first=first)


def _instrument(company: Company, con_id: int) -> Instrument:
    return Instrument(
        con_id=con_id,
        symbol=company.symbol,
        name=company.name,
        primary_exchange=company.exchange,
    )


def _member_since(bars: BarSeries, sessions: Sequence[date]) -> date:
    if not bars.sessions or bars.sessions[0] == sessions[0]:
        return sessions[0]
    return bars.sessions[LISTED_BEFORE_MEMBER]


def _in_pounds(series: BarSeries) -> BarSeries:
    prices = np.maximum(np.round(series.prices / STERLING, 2), 0.01)
    return replace(series, prices=prices, volumes=series.volumes // 2)


_DESCRIBED = (
    "con_id", "symbol", "name", "sec_type", "primary_exchange", "currency", "sector", "industry",
    "min_tick", "stock_type", "member_since",
)  # fmt: skip


def _described(instrument: Instrument) -> str:
    # Not repr: one more field of Instrument would give every market another id, and so a new
    # account without its orders.
    fields = ", ".join(f"{name}={getattr(instrument, name)!r}" for name in _DESCRIBED)
    return f"Instrument({fields})"


def _world_id(instruments: Sequence[Instrument], series: dict[int, BarSeries]) -> str:
    # Over the content, not the seed: another numpy or another calendar may give other bars.
    described = ", ".join(map(_described, instruments))
    digest = hashlib.sha256(f"({described})".encode())
    for instrument in instruments:
        one = series[instrument.con_id]
        days = f"{one.sessions[0]}..{one.sessions[-1]}" if one.sessions else ""
        digest.update(f"{days}{one.splits}".encode())
        digest.update(one.prices.tobytes())
        digest.update(one.volumes.tobytes())
    return digest.hexdigest()[:12]
