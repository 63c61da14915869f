"""The exchange and the account it settles: orders in, executions, positions and cash out.

The exchange holds no clock and does no input or output. It is moved from outside:
`Exchange.advance_to` passes midnights (splits), opens (auctions) and closes (limit orders,
expiry) in order; `Exchange.apply` takes one event of the ledger at the present moment. The same
market, events and moments therefore always give the same account.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import floor

from simulator.commission import order_commission
from simulator.holdings import Holding, after_split, after_trade
from simulator.ledger import Cancelled, Event, Modified, Placed
from simulator.matching import MatchingRules, immediate_price, parts, resting_price, scaled_limit
from simulator.order_book import OrderBook
from simulator.orders import Execution, OrderRecord, OrderTerms, Status, TimeInForce
from simulator.tape import Tape, phase
from simulator.timetable import Boundary, occasions

BY_CLIENT = "Trader"
BY_EXCHANGE = "System"


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order has a new state or new terms."""

    order: OrderRecord


@dataclass(frozen=True, slots=True)
class Executed:
    """A part of an order traded; cash and position have changed."""

    order: OrderRecord
    execution: Execution


@dataclass(frozen=True, slots=True)
class PositionSplit:
    """A position was split."""

    con_id: int


Happening = OrderChanged | Executed | PositionSplit


class Exchange:
    """Orders, executions, positions and cash of one account at one moment."""

    def __init__(
        self, tape: Tape, *, now: datetime, cash: float, rules: MatchingRules | None = None
    ) -> None:
        self.tape = tape
        self.now = now
        self.cash = cash
        self.holdings: dict[int, Holding] = {}  # by conId; none without shares
        self.executions: list[Execution] = []  # in order of time
        self.orders = OrderBook()
        self._rules = rules or MatchingRules()
        self._watchers: list[Callable[[Happening], None]] = []

    def watch(self, watcher: Callable[[Happening], None]) -> None:
        """Call ``watcher`` with everything that happens from here on."""
        self._watchers.append(watcher)

    def executions_since(self, moment: datetime) -> list[Execution]:
        """Return the executions at or after a moment, oldest first."""
        start = bisect_left(self.executions, moment, key=lambda execution: execution.time)
        return self.executions[start:]

    def advance_to(self, moment: datetime) -> None:
        """Pass every midnight, open and close up to and including ``moment``."""
        for occasion in occasions(self.now, moment):
            self.now = occasion.at
            match occasion.boundary:
                case Boundary.MIDNIGHT:
                    self._split(occasion.day)
                case Boundary.OPEN:
                    self._open(occasion.day)
                case Boundary.CLOSE:
                    self._close(occasion.day)
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
                self._change(replace(order, terms=terms))
                self._trade_at_once(event.perm_id)
            case Cancelled():
                self._cancel(order, BY_CLIENT)

    # At each boundary of a session

    def _split(self, day: date) -> None:
        working = self.orders.working
        for con_id in sorted({*self.holdings, *(order.terms.con_id for order in working)}):
            ratio = self.tape.splits_on(con_id, day)
            if ratio == 1.0:
                continue
            self._split_holding(con_id, ratio)
            for order in working:
                if order.terms.con_id == con_id:
                    self._split_order(order, ratio)

    def _split_holding(self, con_id: int, ratio: float) -> None:
        held = self.holdings.get(con_id)
        price = self.tape.mark(con_id, self.now)
        if held is not None and price is not None:
            after, cash = after_split(held, ratio, price)
            self._hold(con_id, after)
            self.cash += cash
            self._tell(PositionSplit(con_id))

    def _split_order(self, order: OrderRecord, ratio: float) -> None:
        terms = order.terms
        quantity = floor(terms.quantity * ratio + 1e-9)
        if quantity == 0:
            self._cancel(order, BY_EXCHANGE)
            return
        tick = self.tape.instrument(terms.con_id).min_tick
        limit = scaled_limit(terms.limit_price, ratio, min_tick=tick)
        self._change(replace(order, terms=replace(terms, quantity=quantity, limit_price=limit)))

    def _open(self, day: date) -> None:
        for order in self.orders.working:
            bar = self.tape.opening_bar(order.terms.con_id, day, self.now)
            if bar is not None and self._trade_against(order, bar.open):
                continue
            if order.terms.time_in_force is TimeInForce.OPG:
                self._cancel(order, BY_EXCHANGE)
            elif bar is not None:
                self._change(replace(order, status=Status.SUBMITTED))

    def _close(self, day: date) -> None:
        for order in self.orders.working:
            terms = order.terms
            if terms.time_in_force is TimeInForce.OPG:
                continue  # came too late for this session's auction, waits for the next one
            bar = self.tape.closed_bar(terms.con_id, day, self.now)
            price = None if bar is None else resting_price(terms, bar)
            if price is not None:
                self._fill(order, price)
            elif terms.time_in_force is TimeInForce.DAY:
                self._cancel(order, BY_EXCHANGE)
            elif order.status is Status.SUBMITTED:
                self._change(replace(order, status=Status.PRE_SUBMITTED))

    # For one order

    def _place(self, event: Placed) -> None:
        self._change(
            OrderRecord(
                perm_id=event.perm_id,
                order_id=event.order_id,
                client_id=event.client_id,
                terms=event.terms,
                placed_at=self.now,
                status=Status.PRE_SUBMITTED,
            )
        )
        self._trade_at_once(event.perm_id)

    def _trade_at_once(self, perm_id: int) -> None:
        """Let an order that came during a session meet the only price known of it, the open."""
        order = self.orders[perm_id]
        if phase(self.now).running is None or order.terms.time_in_force is TimeInForce.OPG:
            return
        opened = self.tape.open_price(order.terms.con_id, self.now)
        if opened is not None and self._trade_against(order, opened):
            return
        if order.status is Status.PRE_SUBMITTED:
            self._change(replace(order, status=Status.SUBMITTED))

    def _trade_against(self, order: OrderRecord, reference: float) -> bool:
        tick = self.tape.instrument(order.terms.con_id).min_tick
        price = immediate_price(order.terms, reference, min_tick=tick, rules=self._rules)
        if price is None:
            return False
        self._fill(order, price)
        return True

    def _fill(self, order: OrderRecord, price: float) -> None:
        for quantity in parts(order.remaining, rules=self._rules):
            order = self._execute(order, quantity, price)

    def _execute(self, order: OrderRecord, quantity: int, price: float) -> OrderRecord:
        filled, notional = order.filled + quantity, order.notional + quantity * price
        complete = filled == order.terms.quantity
        # The schedule is per order: a part pays what the order costs more because of it.
        commission = order_commission(filled, notional)
        after = replace(
            order,
            filled=filled,
            notional=notional,
            commission=commission,
            executions=order.executions + 1,
            last_price=price,
            status=Status.FILLED if complete else Status.SUBMITTED,
            done_at=self.now if complete else None,
        )
        extra = round(commission - order.commission, 6)
        realized = self._settle(order.terms, quantity, price, extra)
        execution = Execution(
            execution_id=self._execution_id(after),
            perm_id=order.perm_id,
            con_id=order.terms.con_id,
            side=order.terms.side,
            quantity=quantity,
            price=price,
            time=self.now,
            commission=extra,
            realized=realized,
            cumulative_quantity=filled,
            average_price=after.average_price,
        )
        self.executions.append(execution)
        self.orders.put(after)
        self._tell(Executed(after, execution))
        return after

    def _settle(
        self, terms: OrderTerms, quantity: int, price: float, commission: float
    ) -> float | None:
        signed = terms.side.sign * quantity
        held = self.holdings.get(terms.con_id, Holding())
        after, realized = after_trade(held, signed, price, commission)
        self._hold(terms.con_id, after)
        self.cash -= signed * price + commission
        return realized

    def _execution_id(self, order: OrderRecord) -> str:
        world = self.tape.market.world_id[:8]
        return f"{world}.{order.perm_id:08x}.{order.executions:02d}.01"

    def _hold(self, con_id: int, held: Holding) -> None:
        if held.quantity:
            self.holdings[con_id] = held
        else:
            self.holdings.pop(con_id, None)

    def _cancel(self, order: OrderRecord, by: str) -> None:
        self._change(replace(order, status=Status.CANCELLED, done_at=self.now, reason=by))

    def _change(self, order: OrderRecord) -> None:
        self.orders.put(order)
        self._tell(OrderChanged(order))

    def _tell(self, happening: Happening) -> None:
        for watcher in self._watchers:
            watcher(happening)
