"""What happens to one order: accepted, released, traded, reduced, cancelled.

Which order is looked at, and when, is the exchange's: see `simulator.exchange.exchange`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from math import floor

from simulator.exchange import matching, pegging, stops
from simulator.exchange.condition_watch import ConditionWatch
from simulator.exchange.events import ExchangeEvent, Executed, OrderChanged
from simulator.exchange.execution import executed
from simulator.exchange.matching import MatchingRules
from simulator.exchange.order_book import OrderBook
from simulator.exchange.order_log import Placed
from simulator.exchange.orders import OcaType, OrderRecord, OrderTerms, Status, TimeInForce
from simulator.exchange.positions import Positions
from simulator.exchange.pricing import Pricing
from simulator.market.market import DailyBar

BY_CLIENT = "Trader"
BY_EXCHANGE = "System"


class Lifecycle:
    """Moves orders of one account through their states, at the moment ``now``."""

    def __init__(
        self,
        positions: Positions,
        *,
        now: datetime,
        rules: MatchingRules,
        notify: Callable[[ExchangeEvent], None],
    ) -> None:
        self.now = now
        self.positions = positions
        self.orders = OrderBook()
        self.pricing = Pricing(positions.view, rules)
        self.watch = ConditionWatch(positions.view, positions)
        self._rules = rules
        self._notify = notify

    def place(self, event: Placed) -> None:
        """Take a new order; what can trade at once does."""
        parent = self.orders.find(event.client_id, event.terms.parent_id)
        self.change(
            OrderRecord(
                perm_id=event.perm_id,
                order_id=event.order_id,
                client_id=event.client_id,
                terms=event.terms,
                placed_at=self.now,
                status=Status.PRE_SUBMITTED,
                has_parent=parent is not None and parent.status is not Status.FILLED,
                executions_before=len(self.positions.executions),
            )
        )
        self.trade_at_once(event.perm_id)

    def modify(self, order: OrderRecord, terms: OrderTerms) -> None:
        """Give a working order new terms; it waits again where what it waits for has changed."""
        before = order.terms
        kept = (terms.conditions, terms.good_after) == (before.conditions, before.good_after)
        self.change(
            replace(
                order,
                terms=terms,
                stop=None,
                peg=None,
                released=order.released and kept,
                changed_at=self.now,
            )
        )
        self.trade_at_once(order.perm_id)

    def trade_at_once(self, perm_id: int) -> None:
        """Let an order that came during a session meet the price of that moment."""
        order = self.orders[perm_id]
        terms = order.terms
        if order.is_held or order.status.is_done or terms.time_in_force is TimeInForce.OPG:
            return
        if not self.pricing.is_open(terms, self.now):
            return
        price = self.pricing.running(terms, self.now)
        if price is not None and self.meet(order, price):
            return
        self.stay(perm_id)

    def stay(self, perm_id: int) -> None:
        """Let an order that has met an open market work on, or cancel one that may not."""
        order = self.orders[perm_id]
        if order.status.is_done:
            return
        if order.terms.time_in_force.is_immediate:
            self.cancel(order, BY_EXCHANGE)
        elif not order.awaits_trigger and order.status is Status.PRE_SUBMITTED:
            self.change(replace(order, status=Status.SUBMITTED))

    def meet(self, order: OrderRecord, price: float) -> bool:
        """Let an order see a price of a running market; return whether it traded."""
        if order.awaits_trigger:
            order = self._with_limit(stops.seen(order, price))
            self.change(order)
        terms = order.terms
        if order.awaits_trigger or terms.order_type.is_for_the_close or terms.is_averaged:
            return False
        return self.trade_against(order, price)

    def trade_against(self, order: OrderRecord, reference: float) -> bool:
        """Trade an order in a market around a price, if its terms allow; return whether it did."""
        terms, tick = order.terms, self.pricing.tick(order.terms)
        half = self.pricing.half_spread(terms, reference, self.now)
        if terms.order_type.is_pegged:
            price = pegging.peg(terms, reference, min_tick=tick, half_spread=half)
            order = replace(order, peg=price)
            if price is None or not pegging.trades_at_once(terms, price, reference):
                self.orders.put(order)  # where it stands shows in no report
                return False
        else:
            price = matching.immediate_price(terms, reference, min_tick=tick, half_spread=half)
        if price is None:
            return False
        self._fill(order, price, order.remaining)
        return True

    def rest(self, order: OrderRecord, bar: DailyBar) -> None:
        """Decide an order that worked through a session, or for its close."""
        if order.terms.order_type.is_for_the_close:
            self.trade_against(order, bar.close)
            return
        if order.awaits_trigger:
            order, reference = stops.through(order, bar)
            order = self._with_limit(order)
            self.change(order)
            if reference is None or self.trade_against(order, reference):
                return
            price = stops.limit_after_stop(order, bar)
        elif order.terms.is_averaged:
            tick = self.pricing.tick(order.terms)
            price = matching.average_price(order.terms, bar, min_tick=tick)
        else:
            price = matching.resting_price(order.terms, bar, peg=order.peg)
        if price is not None:
            most = matching.most_of(order.remaining, bar.volume, rules=self._rules)
            self._fill(order, price, most)

    def review(self, *, closed: date | None = None) -> None:
        """Release the orders whose time or conditions have come, and cancel those that end then.

        ``closed`` is the session that ends at this moment: what its range has met is released at
        its closing price. A trade may be what another order waits for, so this goes on until
        nothing changes.
        """
        while any(self._reviewed(order, closed) for order in self.orders.timed):
            pass

    def _reviewed(self, order: OrderRecord, closed: date | None) -> bool:
        """Look at one order again and return whether that changed it."""
        order, terms = self.orders[order.perm_id], order.terms
        if order.status.is_done or order.has_parent or order.released:
            return False
        if not (terms.waits or terms.conditions):
            return False
        if not self.watch.is_met(order, self.now, closed=closed):
            return False
        if not terms.waits:
            self.cancel(order, BY_EXCHANGE)
            return True
        order = replace(order, released=True, changed_at=self.now)
        self.change(order)
        bar = None if closed is None else self.pricing.closed(terms, closed, self.now)
        if bar is None:
            self.trade_at_once(order.perm_id)
        elif terms.time_in_force is not TimeInForce.OPG and not self.meet(order, bar.close):
            self.stay(order.perm_id)
        return True

    def expire(self) -> None:
        """End the orders that were good until now: what the session has not filled is cancelled."""
        for order in self.orders.still_working(self.orders.timed):
            good_till = order.terms.good_till
            if good_till is None or good_till > self.now:
                continue
            if not order.is_held and not order.terms.order_type.is_for_the_close:
                bar = self.pricing.so_far(order.terms, self.now, since=order.works_since)
                if bar is not None:
                    self.rest(order, bar)
            left = self.orders[order.perm_id]
            if not left.status.is_done:
                self.cancel(left, BY_EXCHANGE)

    def next_moment(self, after: datetime, until: datetime) -> datetime | None:
        """Return when the next order expires or stops waiting for its time; None for never."""
        moments = (moment for order in self.orders.timed for moment in _moments(order.terms))
        return min((one for one in moments if after < one <= until), default=None)

    def cancel(self, order: OrderRecord, by: str) -> None:
        """Cancel an order, and its children as long as they wait for it."""
        self.change(replace(order, status=Status.CANCELLED, done_at=self.now, reason=by))
        for child in self.orders.still_working(self.orders.children_of(order)):
            if child.has_parent:
                self.cancel(child, by)

    def change(self, order: OrderRecord) -> None:
        """Keep an order's new state and tell of it, if it is one."""
        if order != self.orders.get(order.perm_id):
            self.orders.put(order)
            self._notify(OrderChanged(order))

    def _with_limit(self, order: OrderRecord) -> OrderRecord:
        """Let the limit of a trailing order follow its stop."""
        terms = order.terms
        if terms.limit_offset is None or order.stop is None:
            return order
        limit = matching.against_the_trader(
            order.stop + terms.side.sign * terms.limit_offset,
            self.pricing.tick(terms),
            terms.side,
        )
        return replace(order, terms=replace(terms, limit_price=limit))

    def _fill(self, order: OrderRecord, price: float, quantity: int) -> None:
        for part in matching.parts(quantity, rules=self._rules) if quantity else ():
            before, order = order, self._execute(order, part, price)
            self._reduce_group(before, order)
        if order.status is Status.FILLED:
            self._free_children(order)

    def _execute(self, order: OrderRecord, quantity: int, price: float) -> OrderRecord:
        after, executions = executed(order, quantity, price, now=self.now, positions=self.positions)
        self.orders.put(after)
        for execution in executions:
            self.positions.executions.append(execution)
            self._notify(Executed(after, execution))
        return after

    def _reduce_group(self, before: OrderRecord, after: OrderRecord) -> None:
        """Cancel or reduce the other orders of the group of one that has traded."""
        for order in self.orders.still_working(self.orders.group_of(after)):
            quantity = order.filled + floor(order.remaining * after.remaining / before.remaining)
            if after.terms.oca_type is OcaType.CANCEL or quantity == order.filled:
                self.cancel(order, BY_EXCHANGE)
            else:
                self.change(replace(order, terms=replace(order.terms, quantity=quantity)))

    def _free_children(self, parent: OrderRecord) -> None:
        for child in self.orders.still_working(self.orders.children_of(parent)):
            self.change(replace(child, has_parent=False, changed_at=self.now))
            self.trade_at_once(child.perm_id)


def _moments(terms: OrderTerms) -> list[datetime]:
    """Return the moments at which an order may change by itself."""
    named = (terms.good_till, terms.good_after, *(one.at for one in terms.conditions))
    return [moment for moment in named if moment is not None]
