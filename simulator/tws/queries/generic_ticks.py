"""The ticks that a stream gets only when it asks for them by number.

Source: IBKR's list of generic tick types; which of them delayed data have, its delayed-data page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import log, sqrt
from statistics import pstdev

from core.errors import RequestRefused
from simulator.instruments.volatility_smile import SESSIONS_A_YEAR
from simulator.market.market import DailyBar, Instrument
from simulator.prices.market_view import MarketView, phase
from simulator.prices.option_model import computation
from simulator.prices.quotes import drawn
from simulator.tws.messages.market_data import tick_generic, tick_price, tick_size, tick_string
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.vendors.figures.fundamentals import Figures

# What TWS takes for every kind of contract; it sends only those that the contract has.
TICKS: Mapping[int, str] = {
    100: "Option Volume", 101: "Option Open Interest", 104: "Historical Volatility",
    105: "Average Opt Volume", 106: "Option Implied Volatility", 165: "Miscellaneous Stats",
    221: "Mark Price", 225: "Imbalance", 232: "Pl Price", 233: "RTVolume", 236: "Inventory",
    258: "Fundamental Ratios", 292: "News", 293: "Trade Count", 294: "Trade Rate",
    295: "Volume Rate", 318: "Last RTH Trade", 375: "RT Trade Volume",
    411: "Real Time Historical Volatility", 456: "IB Dividends", 460: "Bond Factor Multiplier",
    577: "Etf Nav Last", 586: "IPO Price", 587: "Pl Price Delayed",
    588: "Futures Open Interest", 595: "Short Term Volume", 614: "Etf Nav Misc",
    619: "Slow Mark Price", 623: "Etf Frozen Nav Last",
}  # fmt: skip
STOCK_TICKS: Mapping[int, str] = {**TICKS, 576: "Etf Nav Bid Ask", 578: "Etf Nav Close"}
# Numbers of ticks themselves, which TWS takes for the list's.
ALIASES: Mapping[int, int] = {47: 258, 59: 456, 220: 221}
# What an option has of its own; the rest of the list is about shares, funds and futures.
OPTION_TICKS = frozenset({100, 101, 106, 221, 232, 233, 293, 294, 295, 318, 375, 619})
DELAYED_TICKS = frozenset({101, 106, 165, 221, 232, 236, 258})
# What no daily bar tells: where the bars are real these stay silent.
UNKNOWN_TICKS = frozenset({100, 101, 105, 106, 233, 236, 293, 294, 375, 456, 595})
YEAR, MINUTES, SHARES_A_TRADE = 252, 390, 200
PRICES = frozenset({*range(15, 21), 37, 57, 79})  # ticks that are prices
SHORTABLE = 3.0  # more than 2.5: at least a thousand shares to borrow


def read_ticks(text: str, instrument: Instrument | None) -> frozenset[int]:
    """Read a list of numbers. Raises `RequestRefused` (321) for one that is not legal here."""
    legal = STOCK_TICKS if instrument and instrument.sec_type == "STK" else TICKS
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    # A name after a colon narrows the news of 292 to some providers.
    numbers = [part.partition(":")[0] for part in wanted]
    known = {*legal, *ALIASES}
    wrong = [one for one in numbers if not one.isdigit() or int(one) not in known]
    if wrong:
        kind = instrument.sec_type if instrument else "BAG"
        listed = ",".join(f"{number}({name})" for number, name in sorted(legal.items()))
        raise RequestRefused(
            f"Error validating request.-'bN' : cause - Incorrect generic tick list of {text}.  "
            f"Legal ones for ({kind}) are: {listed}",
            code=VALIDATION_FAILED,
        )
    return frozenset(ALIASES.get(int(one), int(one)) for one in numbers)


Values = Sequence[tuple[int, float | int | str]]
"""Ticks by their own number: whole numbers are sizes."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the generic ticks of one instrument are made from."""

    view: MarketView
    instrument: Instrument
    now: datetime
    figures: Figures | None

    def frames(self, request_id: int, ticks: frozenset[int]) -> Iterator[bytes]:
        """Yield the frames of the ticks asked for, by ascending number."""
        bars = list(self.view.daily(self.instrument.con_id, self.now)[-YEAR:])
        if not bars:
            return
        for number in sorted(ticks - UNKNOWN_TICKS if self.view.is_real else ticks):
            for kind, value in self._values(number, bars):
                yield _frame(request_id, kind, value)

    def _values(self, number: int, bars: list[DailyBar]) -> Values:
        """Return the ticks that a number asks for: their own number and their value."""
        if self.instrument.sec_type == "OPT" and number not in OPTION_TICKS:
            return []
        con_id, last = self.instrument.con_id, bars[-1]
        mark = self.view.mark(con_id, self.now) or last.close
        trade = self._last_trade(mark, last)
        base = self._implied_volatility()
        trades, future = last.volume / SHARES_A_TRADE, self.instrument.sec_type == "FUT"
        values: dict[int, Values] = {
            100: self._option_totals((29, 30), 1, last),
            101: self._option_totals((27, 28), 12, last),
            104: [(23, _volatility(bars))],
            105: [(87, self._options_a_day(last))],
            106: [(24, round(base, 6))],
            165: _ranges(bars),
            221: [(37, mark)],
            232: [(37, mark)],
            233: [(48, trade)],
            236: [(46, SHORTABLE), (89, round(last.volume / 100) * 100)],
            258: [(47, _ratios(self.figures))] if self.figures else [],
            293: [(54, trades)],
            294: [(55, trades / MINUTES)],
            295: [(56, last.volume / MINUTES)],
            318: [(57, last.close)],
            375: [(77, trade)],
            411: [(58, _volatility(bars))],
            456: [(59, self._dividends())],
            588: [(86, 3 * last.volume)] if future else [],
            595: [(kind, last.volume // share) for kind, share in ((63, 130), (64, 78), (65, 39))],
            619: [(79, mark)],
        }
        return values.get(number, [])

    def _implied_volatility(self) -> float:
        """Return what options imply: of an underlying at the money, of an option its own."""
        if self.instrument.sec_type == "OPT":
            model = computation(self.view, self.instrument.con_id, self.now)
            return 0.0 if model is None else model.volatility
        return self.view.securities.base_volatility(self.instrument.con_id, phase(self.now).day)

    def _option_totals(self, kinds: tuple[int, int], times: int, bar: DailyBar) -> Values:
        """Return the calls and the puts: of an underlying all, of an option itself and none."""
        if self.instrument.sec_type == "OPT":
            # Traded or open: in an option there is more open than a day trades.
            own = bar.volume if times == 1 else _open_interest(self.instrument, bar)
            of_kind = kinds if self.instrument.right == "C" else kinds[::-1]
            return [(of_kind[0], own), (of_kind[1], 0)]
        if not self.view.securities.has_options(self.instrument.con_id):
            return []
        total = self._options_a_day(bar) * times
        share = 0.45 + 0.2 * drawn(self.instrument.con_id, bar.session)[0]
        return [(kinds[0], round(total * share)), (kinds[1], round(total * (1 - share)))]

    def _options_a_day(self, bar: DailyBar) -> int:
        return bar.volume // 250

    def _last_trade(self, price: float, bar: DailyBar) -> str:
        at = int(self.now.timestamp() * 1000)
        volume = 0 if phase(self.now).running else bar.volume
        return f"{price:.2f};100;{at};{volume};{price:.4f};true"

    def _dividends(self) -> str:
        """Return past and next twelve months, the next date and amount: ``a,b,YYYYMMDD,c``."""
        today, year = phase(self.now).day, timedelta(days=365)
        paid = self.view.securities.dividends(self.instrument.con_id)
        past = sum(one.amount for one in paid if today - year < one.ex_date <= today)
        # As announced: only the next payment is fixed, a year of them is what it comes to.
        coming = next((one for one in paid if one.ex_date > today), None)
        if coming is None:
            return f"{past:g},,," if past else ",,,"
        return f"{past:g},{4 * coming.amount:g},{coming.ex_date:%Y%m%d},{coming.amount:g}"


def _open_interest(option: Instrument, bar: DailyBar) -> int:
    share = drawn(option.con_id, bar.session)[1]
    return bar.volume * (6 + int(20 * share)) + 10 + int(90 * share)


def _volatility(bars: list[DailyBar]) -> float:
    closes = [bar.close for bar in bars[-31:]]
    if len(closes) < 3:
        return 0.0
    moves = [log(after / before) for before, after in pairwise(closes)]
    return round(pstdev(moves) * sqrt(SESSIONS_A_YEAR), 6)


def _ranges(bars: list[DailyBar]) -> Values:
    """Return the lows and highs of 13, 26 and 52 weeks, and the average volume."""
    found: list[tuple[int, float | int | str]] = []
    for lowest, sessions in ((15, 65), (17, 130), (19, 252)):
        recent = bars[-sessions:]
        found.append((lowest, min(bar.low for bar in recent)))
        found.append((lowest + 1, max(bar.high for bar in recent)))
    recent = bars[-63:]
    return [*found, (21, sum(bar.volume for bar in recent) // len(recent))]


def _frame(request_id: int, kind: int, value: float | str) -> bytes:
    if isinstance(value, str):
        return tick_string(request_id, kind, value)
    if kind in PRICES:
        return tick_price(request_id, kind, value, 0)
    if isinstance(value, int):
        return tick_size(request_id, kind, value)
    return tick_generic(request_id, kind, value)


def _ratios(figures: Figures) -> str:
    named = {
        "PEEXCLXOR": figures.price_earnings,
        "PRICE2BK": figures.price_book,
        "MKTCAP": None if figures.market_cap is None else figures.market_cap / 1e6,
        "TTMROEPCT": None if figures.return_on_equity is None else 100 * figures.return_on_equity,
        "QTOTD2EQ": figures.debt_to_equity,
        "TTMNPMGN": None if figures.net_margin is None else 100 * figures.net_margin,
        "YIELD": None if figures.dividend_yield is None else 100 * figures.dividend_yield,
    }
    missing = -99999.99  # as TWS writes it
    return ";".join(
        f"{name}={missing if value is None else value:.5f}" for name, value in named.items()
    )
