"""The exchange and the account it settles: orders in, executions, positions and cash out.

The exchange holds no clock and does no input or output. It is moved from outside:
`Exchange.advance_to` passes midnights (splits, dividends), opens (auctions) and closes (resting
orders, expiry) in order, and the moments that orders name; `Exchange.apply` takes one event of the
ledger at the present moment. The same market, events and moments therefore always give the same
account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType

from simulator.exchange.corporate_actions import exercise, expire, pay_dividends, split
from simulator.exchange.events import ExchangeEvent, PositionChanged
from simulator.exchange.holdings import Holding
from simulator.exchange.lifecycle import BY_CLIENT, BY_EXCHANGE, Lifecycle
from simulator.exchange.matching import MatchingRules
from simulator.exchange.order_book import OrderBook
from simulator.exchange.order_log import Cancelled, Event, Exercised, Modified, Placed
from simulator.exchange.orders import Execution, Status, TimeInForce
from simulator.exchange.positions import Positions, since
from simulator.exchange.pricing import Pricing
from simulator.exchange.session_events import Boundary, SessionEvent, session_events
from simulator.prices.market_view import MarketView
from simulator.untidy.holdings import Stated


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
        opening: Mapping[int, Holding] = MappingProxyType({}),
        beside: tuple[Stated, ...] = (),
    ) -> None:
        """Open an account that begins with ``cash`` and what it holds, by conId.

        ``beside`` is what the broker will state that it holds, though nothing here knows it.
        """
        self.beside = beside
        self.view = view
        self.account = account
        self.positions = Positions(view, cash=cash, now=now, opening=opening)
        self._desk = Lifecycle(
            self.positions, now=now, rules=rules or MatchingRules(), notify=self._notify
        )
        self._passed = now  # up to which moment, included, orders have expired and woken
        self._watchers: list[Callable[[ExchangeEvent], None]] = []

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self._desk.now

    @property
    def orders(self) -> OrderBook:
        """All orders of the account."""
        return self._desk.orders

    @property
    def pricing(self) -> Pricing:
        """Prices of what orders name."""
        return self._desk.pricing

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

    def know_cushion(self, cushion: Callable[[], float]) -> None:
        """Learn how to tell the account's excess liquidity, in percent of its value."""
        self._desk.watch.cushion = cushion

    def executions_since(self, moment: datetime) -> list[Execution]:
        """Return the executions at or after a moment, oldest first."""
        return since(self.executions, moment)

    def advance_to(self, moment: datetime) -> None:
        """Pass every midnight, open and close up to and including ``moment``."""
        for event in session_events(self.now, moment, self.view.announced):
            self._pass_moments(event.at, to_the_end=False)
            self._desk.now = event.at
            self._pass_boundary(event)
        self._pass_moments(moment, to_the_end=True)
        self._desk.now = moment

    def apply(self, event: Event) -> None:
        """Take one accepted event at the present moment.

        A change of an order that is already done is dropped: it was filled in the meantime.
        """
        match event:
            case Placed():
                self._desk.place(event)
            case Exercised():
                self._notify_positions(exercise(self.positions, event, self.now))
            case Modified() | Cancelled():
                order = self.orders.get(event.perm_id)
                if order is None or order.status.is_done:
                    return
                if isinstance(event, Modified):
                    self._desk.modify(order, event.terms)
                else:
                    self._desk.cancel(order, BY_CLIENT)
        self._desk.review()

    # What passes without an order

    def _pass_moments(self, until: datetime, *, to_the_end: bool) -> None:
        """Let orders expire and wake at the moments they name; what falls on ``until`` too.

        Not ``to_the_end`` leaves that for later: the boundary of a session at the same moment
        goes first, so that an order good until the close takes part in the session.
        """
        while (moment := self._desk.next_moment(self._passed, until)) is not None:
            if moment == until and not to_the_end:
                return
            self._desk.now = self._passed = moment
            self._desk.expire()
            self._desk.review()
        if to_the_end:
            self._passed = until

    def _pass_boundary(self, event: SessionEvent) -> None:
        match event.boundary:
            case Boundary.MIDNIGHT:
                self._begin_day(event.day)
            case Boundary.EARLY:
                self._meet_early()
            case Boundary.OPEN:
                self._open()
                self._desk.review()
            case Boundary.CLOSE:
                self._close(event.day)
            case Boundary.LATE:
                self._end_day()

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
                    self._desk.cancel(order, BY_EXCHANGE)
                else:
                    self._desk.change(after)

    def _meet_early(self) -> None:
        for order in self.orders.still_working(self.orders.working):
            if order.terms.outside_hours:
                self._desk.trade_at_once(order.perm_id)

    def _open(self) -> None:
        for order in self.orders.still_working(self.orders.working):
            if order.is_held:
                continue
            price = self.pricing.running(order.terms, self.now)
            if price is not None and self._desk.meet(order, price):
                continue
            if order.terms.time_in_force is TimeInForce.OPG:
                self._desk.cancel(self.orders[order.perm_id], BY_EXCHANGE)
            elif price is not None or order.terms.time_in_force.is_immediate:
                self._desk.stay(order.perm_id)

    def _close(self, day: date) -> None:
        # Of a stop and a limit that the session's range both reached, the stop is taken first.
        waiting = [order for order in self.orders.working if not order.is_held]
        for order in self.orders.still_working(
            sorted(waiting, key=lambda order: not order.awaits_trigger)
        ):
            if order.terms.time_in_force is not TimeInForce.OPG:
                # Otherwise it came too late for this session's auction and waits for the next.
                bar = self.pricing.closed(order.terms, day, self.now, since=order.works_since)
                if bar is not None:
                    self._desk.rest(order, bar)
        self._desk.review(closed=day)
        self._retire(outside_hours=False)
        self._end_listings()

    def _end_day(self) -> None:
        """End the hours in which only orders that may work outside the session still worked."""
        self._retire(outside_hours=True)

    def _retire(self, *, outside_hours: bool) -> None:
        """Cancel the day orders of a market that closes, and let the others wait for it."""
        for order in self.orders.still_working(self.orders.working):
            if order.terms.outside_hours is not outside_hours:
                continue
            if order.terms.time_in_force is TimeInForce.DAY:
                self._desk.cancel(order, BY_EXCHANGE)
            elif order.status is Status.SUBMITTED:
                self._desk.change(replace(order, status=Status.PRE_SUBMITTED))

    def _end_listings(self) -> None:
        """Cancel the orders of what has traded for the last time, and settle its positions."""
        for order in self.orders.still_working(self.orders.working):
            trades = order.terms.trades
            if not all(self.view.is_listed(con_id, self.now) for con_id, _ in trades):
                self._desk.cancel(order, BY_EXCHANGE)
        self._notify_positions(expire(self.positions, self.now))

    def _notify_positions(self, con_ids: Iterable[int]) -> None:
        for con_id in con_ids:
            self._notify(PositionChanged(self.account, con_id))

    def _notify(self, event: ExchangeEvent) -> None:
        for watcher in self._watchers:
            watcher(event)
