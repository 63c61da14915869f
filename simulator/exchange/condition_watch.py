"""Whether what an order waits for has come, as far as the market has shown it.

A price or a change counts as reached when it was reached in the session since the order began to
wait, of which a running session tells what it has come to. They look at regular hours only, unless
the order says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from simulator.exchange.conditions import Condition, ConditionKind, all_met
from simulator.exchange.orders import OrderRecord
from simulator.exchange.positions import Positions
from simulator.prices.market_view import MarketView, phase


class ConditionWatch:
    """Looks at market and account for the orders that wait.

    ``cushion`` tells the account's excess liquidity in percent of its value; the broker sets it.
    """

    def __init__(self, view: MarketView, positions: Positions) -> None:
        self._view, self._positions = view, positions
        self.cushion: Callable[[], float] = lambda: 0.0

    def is_met(self, order: OrderRecord, now: datetime, *, closed: date | None = None) -> bool:
        """Return whether everything the order waits for has come.

        ``closed`` is the session that ends at this moment.
        """
        terms = order.terms
        if terms.good_after is not None and now < terms.good_after:
            return False
        return all_met(terms.conditions, lambda one: self._holds(one, order, now, closed))

    def _holds(
        self, condition: Condition, order: OrderRecord, now: datetime, closed: date | None
    ) -> bool:
        match condition.kind:
            case ConditionKind.TIME:
                assert condition.at is not None
                return (now >= condition.at) is condition.above
            case ConditionKind.MARGIN:
                cushion = self.cushion()
                return condition.reached(cushion, cushion)
            case ConditionKind.EXECUTION:
                return self._has_traded(condition, order)
        in_session = closed is not None or phase(now).running is not None
        if not in_session and not order.terms.conditions_ignore_hours:
            return False
        seen = self._seen(condition, order.works_since, now, closed)
        return seen is not None and condition.reached(*seen)

    def _has_traded(self, condition: Condition, order: OrderRecord) -> bool:
        for execution in self._positions.executions[order.executions_before :]:
            traded = self._view.instrument(execution.con_id)
            if execution.perm_id != order.perm_id and (
                (condition.symbol, condition.sec_type) == (traded.symbol, traded.sec_type)
            ):
                return True
        return False

    def _seen(
        self, condition: Condition, since: datetime, now: datetime, closed: date | None
    ) -> tuple[float, float] | None:
        """Return from where to where it went since a moment, None where it did not trade."""
        con_id = condition.con_id
        if condition.kind is ConditionKind.VOLUME:
            day = self._view.so_far(con_id, now)
            if closed is not None:
                day = self._view.closed_bar(con_id, closed, now)
            return (day.volume, day.volume) if day else (0.0, 0.0)
        prices = self._range(con_id, since, now, closed)
        if condition.kind is ConditionKind.PRICE or prices is None:
            return prices
        before = self._close_before(con_id, now)
        if not before:
            return None
        low, high = prices
        return 100 * (low / before - 1), 100 * (high / before - 1)

    def _range(
        self, con_id: int, since: datetime, now: datetime, closed: date | None
    ) -> tuple[float, float] | None:
        if closed is not None:
            bar = self._view.closed_bar(con_id, closed, now, since=since)
        else:
            bar = self._view.so_far(con_id, now, since=since)
        if bar is not None:
            return bar.low, bar.high
        mark = self._view.mark(con_id, now) if closed is None else None
        return None if mark is None else (mark, mark)

    def _close_before(self, con_id: int, now: datetime) -> float | None:
        """Return the close that today's change is measured from."""
        summary = self._view.summary(con_id, now)
        if summary is None:
            return None
        where = phase(now)
        return summary.previous_close if where.last_complete == where.day else summary.bar.close
