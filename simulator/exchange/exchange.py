"""The exchange and the account it settles: orders in, executions, positions and cash out.

The exchange holds no clock and does no input or output. It is moved from outside:
`Exchange.advance_to` passes midnights (splits, dividends), opens (auctions) and closes (resting
orders, expiry) in order; `Exchange.apply` takes one event of the ledger at the present moment.
The same market, events and moments therefore always give the same account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from math import floor

from simulator.exchange import matching, stops
from simulator.exchange.corporate_actions import expire, pay_dividends, split
from simulator.exchange.events import ExchangeEvent, Executed, OrderChanged, PositionChanged
from simulator.exchange.execution import executed
from simulator.exchange.holdings import Holding
from simulator.exchange.matching import MatchingRules
from simulator.exchange.order_book import OrderBook
from simulator.exchange.order_log import Cancelled, Event, Modified, Placed
from simulator.exchange.orders import Execution, OcaType, OrderRecord, Status, TimeInForce
from simulator.exchange.positions import Positions, since
from simulator.exchange.pricing import Pricing
from simulator.exchange.session_events import Boundary, session_events
from simulator.market.market import DailyBar
from simulator.prices.market_view import MarketView

BY_CLIENT = "Trader"
BY_EXCHANGE = "System"


class Exchange:
    """Orders, executions, positions and cash of one account at one moment."""

    def __init__(
        self,
        view: MarketView,
        *,
        now: datetime,
        cash: float,
        rules: MatchingRules | None = None,
        account: str = "",
    ) -> None:
        self.view = view
        self.now = now
        self.account = account
        self.positions = Positions(view, cash=cash, now=now)
        self.orders = OrderBook()
        self._rules = rules or MatchingRules()
        self.pricing = Pricing(view, self._rules)
        self._watchers: list[Callable[[ExchangeEvent], None]] = []

    @property
    def cash(self) -> float:
        """Cash in base currency."""
        return self.positions.cash

    @property
    def holdings(self) -> dict[int, Holding]:
        """What is held, by conId; none without shares."""
        return self.positions.holdings

    @property
    def executions(self) -> list[Execution]:
        """All executions, in order of time."""
        return self.positions.executions

    def watch(self, watcher: Callable[[ExchangeEvent], None]) -> None:
        """Call ``watcher`` with everything that happens from here on."""
        self._watchers.append(watcher)

    def executions_since(self, moment: datetime) -> list[Execution]:
        """Return the executions at or after a moment, oldest first."""
        return since(self.executions, moment)

    def advance_to(self, moment: datetime) -> None:
        """Pass every midnight, open and close up to and including ``moment``."""
        for event in session_events(self.now, moment):
            self.now = event.at
            match event.boundary:
                case Boundary.MIDNIGHT:
                    self._begin_day(event.day)
                case Boundary.OPEN:
                    self._open()
                case Boundary.CLOSE:
                    self._close(event.day)
        self.now = moment

    def apply(self, event: Event) -> None:
        """Take one accepted event at the present moment.

        A change of an order that is already done is dropped: it was filled in the meantime.
        """
        if isinstance(event, Placed):
            self._place(event)
            return
        order = self.orders.get(event.perm_id)
        if order is None or order.status.is_done:
            return
        match event:
            case Modified(terms=terms):
                self._change(replace(order, terms=terms, stop=None))
                self._trade_at_once(event.perm_id)
            case Cancelled():
                self._cancel(order, BY_CLIENT)

    # At each boundary of a session

    def _begin_day(self, day: date) -> None:
        working = self.orders.working
        touched = {con_id for order in working for con_id, _ in order.terms.trades}
        for con_id in sorted({*self.holdings, *touched}):
            ratio = self.view.splits_on(con_id, day)
            if ratio != 1.0:
                self._split(con_id, ratio)
        self.positions.begin_day(self.now)
        self._notify_positions(pay_dividends(self.positions, day, self.now))

    def _split(self, con_id: int, ratio: float) -> None:
        price = self.view.mark(con_id, self.now)
        if con_id in self.holdings and price is not None:
            self.positions.split(con_id, ratio, price)
            self._notify_positions([con_id])
        for order in self.orders.working:
            if con_id in {traded for traded, _ in order.terms.trades}:
                after = split(order, ratio, min_tick=self.pricing.tick(order.terms))
                if after is None:
                    self._cancel(order, BY_EXCHANGE)
                else:
                    self._change(after)

    def _open(self) -> None:
        for listed in self.orders.working:
            if self.orders[listed.perm_id].status.is_done or listed.has_parent:
                continue
            price = self.pricing.running(listed.terms, self.now)
            if price is not None and self._meet(self.orders[listed.perm_id], price):
                continue
            order = self.orders[listed.perm_id]
            if order.terms.time_in_force is TimeInForce.OPG:
                self._cancel(order, BY_EXCHANGE)
            elif price is not None and not order.awaits_trigger:
                self._change(replace(order, status=Status.SUBMITTED))

    def _close(self, day: date) -> None:
        # Of a stop and a limit that the session's range both reached, the stop is taken first.
        waiting = [order for order in self.orders.working if not order.has_parent]
        for order in self.orders.still_working(
            sorted(waiting, key=lambda order: not order.awaits_trigger)
        ):
            if order.terms.time_in_force is not TimeInForce.OPG:
                # Otherwise it came too late for this session's auction and waits for the next.
                bar = self.pricing.closed(order.terms, day, self.now)
                if bar is not None:
                    self._rested(order, bar)
        for order in self.orders.still_working(self.orders.working):
            if order.terms.time_in_force is TimeInForce.DAY:
                self._cancel(order, BY_EXCHANGE)
            elif order.status is Status.SUBMITTED:
                self._change(replace(order, status=Status.PRE_SUBMITTED))
        self._end_listings()

    def _rested(self, order: OrderRecord, bar: DailyBar) -> None:
        """Decide an order that worked through a session, or for its close."""
        if order.terms.order_type.is_for_the_close:
            self._trade_against(order, bar.close)
            return
        if not order.awaits_trigger:
            price = matching.resting_price(order.terms, bar)
            if price is not None:
                self._fill(
                    order, price, matching.most_of(order.remaining, bar.volume, rules=self._rules)
                )
            return
        order, reference = stops.through(order, bar)
        self._change(order)
        if reference is None or self._trade_against(order, reference):
            return
        limit = stops.limit_after_stop(order, bar)
        if limit is not None:
            self._fill(
                order, limit, matching.most_of(order.remaining, bar.volume, rules=self._rules)
            )

    def _fill_from(self, bar: DailyBar, order: OrderRecord, price: float) -> None:
        """Fill a resting order, as far as the session's volume allows."""
        most = matching.most_of(order.remaining, bar.volume, rules=self._rules)
        self._fill(order, price, most)

    def _end_listings(self) -> None:
        """Cancel the orders of what has traded for the last time, and settle its positions."""
        for order in self.orders.still_working(self.orders.working):
            trades = order.terms.trades
            if not all(self.view.is_listed(con_id, self.now) for con_id, _ in trades):
                self._cancel(order, BY_EXCHANGE)
        self._notify_positions(expire(self.positions, self.now))

    # For one order

    def _place(self, event: Placed) -> None:
        parent = self.orders.find(event.client_id, event.terms.parent_id)
        self._change(
            OrderRecord(
                perm_id=event.perm_id,
                order_id=event.order_id,
                client_id=event.client_id,
                terms=event.terms,
                placed_at=self.now,
                status=Status.PRE_SUBMITTED,
                has_parent=parent is not None and parent.status is not Status.FILLED,
            )
        )
        self._trade_at_once(event.perm_id)

    def _trade_at_once(self, perm_id: int) -> None:
        """Let an order that came during a session meet the only price known of it, the open."""
        order = self.orders[perm_id]
        terms = order.terms
        if order.has_parent or terms.time_in_force is TimeInForce.OPG:
            return
        if not self.pricing.is_open(terms, self.now):
            return
        price = self.pricing.running(terms, self.now)
        if price is not None and self._meet(order, price):
            return
        order = self.orders[perm_id]
        if not order.awaits_trigger and order.status is Status.PRE_SUBMITTED:
            self._change(replace(order, status=Status.SUBMITTED))

    def _meet(self, order: OrderRecord, price: float) -> bool:
        """Let an order see a price of a running market; return whether it traded."""
        if order.awaits_trigger:
            order = stops.seen(order, price)
            self._change(order)
        if order.awaits_trigger or order.terms.order_type.is_for_the_close:
            return False
        return self._trade_against(order, price)

    def _trade_against(self, order: OrderRecord, reference: float) -> bool:
        price = matching.immediate_price(
            order.terms,
            reference,
            min_tick=self.pricing.tick(order.terms),
            half_spread=self.pricing.half_spread(order.terms, reference, self.now),
        )
        if price is None:
            return False
        self._fill(order, price, order.remaining)
        return True

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
            self.executions.append(execution)
            self._notify(Executed(after, execution))
        return after

    def _reduce_group(self, before: OrderRecord, after: OrderRecord) -> None:
        """Cancel or reduce the other orders of the group of one that has traded."""
        for order in self.orders.still_working(self.orders.group_of(after)):
            quantity = order.filled + floor(order.remaining * after.remaining / before.remaining)
            if after.terms.oca_type is OcaType.CANCEL or quantity == order.filled:
                self._cancel(order, BY_EXCHANGE)
            else:
                self._change(replace(order, terms=replace(order.terms, quantity=quantity)))

    def _free_children(self, parent: OrderRecord) -> None:
        for child in self.orders.still_working(self.orders.children_of(parent)):
            self._change(replace(child, has_parent=False))
            self._trade_at_once(child.perm_id)

    def _cancel(self, order: OrderRecord, by: str) -> None:
        self._change(replace(order, status=Status.CANCELLED, done_at=self.now, reason=by))
        for child in self.orders.still_working(self.orders.children_of(order)):
            if child.has_parent:
                self._cancel(child, by)

    def _change(self, order: OrderRecord) -> None:
        if order != self.orders.get(order.perm_id):
            self.orders.put(order)
            self._notify(OrderChanged(order))

    def _notify_positions(self, con_ids: Iterable[int]) -> None:
        for con_id in con_ids:
            self._notify(PositionChanged(self.account, con_id))

    def _notify(self, event: ExchangeEvent) -> None:
        for watcher in self._watchers:
            watcher(event)
