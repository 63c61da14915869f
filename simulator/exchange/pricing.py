"""What the market asks and pays for what an order names: one instrument, or a combination.

The price of a combination is net, per share: the prices of its legs times how many shares each
stands for, over the largest multiplier among them. Two options 1:1 are priced like one option, a
hundred shares and one option like one share.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from core.calendar import is_session
from core.types import Leg
from simulator.clock import NEW_YORK
from simulator.exchange.matching import MatchingRules
from simulator.exchange.orders import OrderTerms
from simulator.market.market import DailyBar
from simulator.prices.market_view import MarketView, phase
from simulator.prices.quotes import half_spread
from simulator.prices.trading_hours import AROUND_THE_CLOCK, extended_session

COMBINATION_TICK = 0.01


class Pricing:
    """Prices of orders from the market view."""

    def __init__(self, view: MarketView, rules: MatchingRules) -> None:
        self._view, self._rules = view, rules

    def tick(self, terms: OrderTerms) -> float:
        """Return the grid of the order's prices."""
        return COMBINATION_TICK if terms.legs else self._view.instrument(terms.con_id).min_tick

    def is_open(self, terms: OrderTerms, now: datetime) -> bool:
        """Return whether everything the order names can trade at this moment."""
        kinds = {self._view.instrument(con_id).sec_type for con_id, _ in terms.trades}
        return not self._view.announced.stop(now) and all(
            _is_open(kind, now, extended=terms.outside_hours) for kind in kinds
        )

    def running(self, terms: OrderTerms, now: datetime) -> float | None:
        """Return the price known of a market that is open, None when there is no trading.

        Outside the regular session it is the last price there was.
        """
        extended = terms.outside_hours
        if not terms.legs:
            return self._running(terms.con_id, now, extended=extended)
        prices = [self._running(leg.con_id, now, extended=extended) for leg in terms.legs]
        return self._net(terms, prices)

    def half_spread(self, terms: OrderTerms, price: float, now: datetime) -> float:
        """Return what trading at once costs on top of a price, per share.

        Half of the quoted spread, of a combination of all its legs; of shares what the rules say.
        """
        if not terms.legs:
            return self._half(terms.con_id, price, now)
        weights = net_weights(terms.legs, self._view)
        return sum(
            abs(weight) * self._half(leg.con_id, self._view.mark(leg.con_id, now) or 0.0, now)
            for weight, leg in zip(weights, terms.legs, strict=True)
        )

    def so_far(self, terms: OrderTerms, now: datetime, *, since: datetime) -> DailyBar | None:
        """Return what a running session has come to since a moment, None where there is none.

        Of a combination, whose legs' extremes tell nothing, the present price alone.
        """
        if not terms.legs:
            return self._view.so_far(terms.con_id, now, since=since)
        price = self.running(terms, now)
        running = phase(now).running
        if price is None or running is None:
            return None
        return DailyBar(running.day, price, price, price, price, 0)

    def closed(
        self, terms: OrderTerms, day: date, now: datetime, *, since: datetime | None = None
    ) -> DailyBar | None:
        """Return a closed session's bar; of a combination its net open and net close.

        Of one instrument only what followed ``since``: an order is not filled by what was before.
        The extremes of its legs need not have come together, so they tell nothing of it.
        """
        if not terms.legs:
            return self._view.closed_bar(terms.con_id, day, now, since=since)
        bars = []
        for leg in terms.legs:
            bar = self._view.closed_bar(leg.con_id, day, now)
            if bar is None:
                return None
            bars.append(bar)
        opened = self._net(terms, [bar.open for bar in bars])
        closed = self._net(terms, [bar.close for bar in bars])
        assert opened is not None
        assert closed is not None
        pairs = zip(bars, terms.legs, strict=True)
        volume = min(bar.volume // leg.ratio for bar, leg in pairs)
        low, high = sorted((opened, closed))
        return DailyBar(day, opened, high, low, closed, volume)

    def _running(self, con_id: int, now: datetime, *, extended: bool) -> float | None:
        if self._view.announced.stop(now):
            return None
        if phase(now).running is not None:
            running = self._view.so_far(con_id, now)
            return None if running is None else running.close
        kind = self._view.instrument(con_id).sec_type
        return self._view.mark(con_id, now) if _is_open(kind, now, extended=extended) else None

    def _half(self, con_id: int, price: float, now: datetime) -> float:
        instrument = self._view.instrument(con_id)
        assumed = self._view.market.assumed_spread
        if instrument.sec_type == "STK" and assumed is not None:
            return assumed / 2 * price
        if instrument.sec_type == "STK":
            return self._rules.half_spread_bps / 1e4 * price
        summary = self._view.summary(con_id, now)
        return instrument.min_tick if summary is None else half_spread(instrument, price, summary)

    def _net(self, terms: OrderTerms, prices: Sequence[float | None]) -> float | None:
        net = 0.0
        for weight, price in zip(net_weights(terms.legs, self._view), prices, strict=True):
            if price is None:
                return None
            net += weight * price
        return round(net, 6)


def net_weights(legs: Sequence[Leg], view: MarketView) -> list[float]:
    """Return what each leg's price counts in the net price of the combination."""
    shares = [view.instrument(leg.con_id).multiplier for leg in legs]
    unit = max(shares)
    return [leg.side.sign * leg.ratio * each / unit for leg, each in zip(legs, shares, strict=True)]


def _is_open(kind: str, now: datetime, *, extended: bool) -> bool:
    """Return whether a kind of instrument trades: with the stock exchange, some also beyond.

    ``extended``: the order may work outside the regular session, where its kind can.
    """
    where = phase(now)
    if where.running is not None:
        return True
    if kind == "STK" and extended and is_session(where.day):
        early, late = extended_session(where.day)
        return early <= now < late
    if kind not in AROUND_THE_CLOCK:
        return False
    local = now.astimezone(NEW_YORK)
    begin, end = AROUND_THE_CLOCK[kind]
    clock = f"{local:%H%M}"
    if end <= clock < begin:
        return False
    day = local.date() + timedelta(days=clock >= begin)  # an evening belongs to the day after
    return day.weekday() < 5
