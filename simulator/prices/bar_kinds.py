"""What bars may be of besides trades: the two sides of the quote, its middle, volatility."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from simulator.market.market import DailyBar, Dividend, Instrument
from simulator.prices.intraday import TimedBar
from simulator.prices.market_view import MarketView, Summary
from simulator.prices.quotes import half_spread

TRADED = frozenset({"TRADES", "ADJUSTED_LAST"})
QUOTED = frozenset({"MIDPOINT", "BID", "ASK", "BID_ASK"})
VOLATILITIES = frozenset({"HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY"})
# What there is of each kind of instrument; currencies trade at no exchange that reports trades.
SERVED = {
    "STK": TRADED | QUOTED | VOLATILITIES,
    "IND": frozenset({"TRADES"}) | VOLATILITIES,
    "CASH": QUOTED,
    "FUT": frozenset({"TRADES"}) | QUOTED,
    "OPT": frozenset({"TRADES"}) | QUOTED,
    "BOND": frozenset({"TRADES"}) | QUOTED,
}
Bar = TypeVar("Bar", DailyBar, TimedBar)


def quoted(bars: Sequence[Bar], what: str, instrument: Instrument, summary: Summary) -> list[Bar]:
    """Turn bars of trades into bars of a side: BID_ASK opens and ends with the mean sides."""
    shifts = {"BID": (-1, -1, -1, -1), "ASK": (1, 1, 1, 1), "BID_ASK": (-1, 1, -1, 1)}
    signs = shifts.get(what)
    if signs is None:
        return list(bars)
    found = []
    for bar in bars:
        half = half_spread(instrument, bar.close, summary)
        prices = (
            max(round(price + sign * half, 6), instrument.min_tick)
            for price, sign in zip(bar[1:5], signs, strict=True)
        )
        open_, high, low, close = prices
        found.append(type(bar)(bar[0], open_, max(open_, high), min(low, close), close, bar.volume))
    return found


def volatility_bars(
    bars: Sequence[DailyBar], what: str, view: MarketView, con_id: int
) -> list[DailyBar]:
    """Return a volatility a year for each session, known before it."""
    factor = 1.0 if what == "OPTION_IMPLIED_VOLATILITY" else 0.93  # realised is a little lower
    found = []
    for bar in bars:
        level = round(factor * view.securities.base_volatility(con_id, bar.session), 6)
        found.append(DailyBar(bar.session, level, level, level, level, 0))
    return found


def without_dividends(
    bars: Sequence[DailyBar], dividends: Sequence[Dividend]
) -> Sequence[DailyBar]:
    """Scale what came before each dividend so that the series shows no fall at it."""
    found = list(bars)
    for dividend in dividends:
        at = next((i for i, bar in enumerate(found) if bar.session >= dividend.ex_date), 0)
        if at == 0:
            continue
        factor = 1 - dividend.amount / found[at - 1].close
        found[:at] = [_scaled(bar, factor) for bar in found[:at]]
    return found


def _scaled(bar: DailyBar, factor: float) -> DailyBar:
    open_, high, low, close = (round(price * factor, 6) for price in bar[1:5])
    return DailyBar(bar.session, open_, high, low, close, bar.volume)
