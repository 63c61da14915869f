"""Sending an approved ticket at most once, and never losing sight of an order.

1. One process at a time holds the account's lock.
2. The broker is asked what became of the orders committed to before, whatever else happens.
3. The approved bytes, the order cut-off, the kill switch, the broker's hours, positions, prices
   and every limit are checked anew. What fails here leaves the ticket as it was.
4. All approved orders are committed to disk before the first byte is sent. From then on the
   session has this ticket, whatever a later run of it would have wanted; orders of it that are
   approved later are committed the same way.
5. Only orders whose bytes cannot have left are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.calendar import session
from core.errors import WrongAccount
from core.settings import Settings
from core.types import Contract, Order, OrderState, OrderStatus, Snapshot
from desk.clocks import read
from desk.errors import GateRefused, NotPermitted, TicketChanged
from desk.gate import broker_hours, desk_gate
from desk.gate.account_state import PastOf, account_state, recorded
from desk.gate.broker_hours import AgreedSession
from desk.gate.decision_prices import prices_decided, rates_decided
from desk.kill_switch import refuse_if_stopped
from desk.orders import intents
from desk.orders.agreement import refuse_if_ticket_altered
from desk.orders.position_check import fills_since, mismatches, position_checks, unreported
from desk.orders.reconciliation import Reconciled, reconcile, state_of
from desk.orders.sending import Sent, refuse_if_late, send
from desk.records import session_limits
from desk.records.audit import DESK, Act, note
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from desk.tickets.approval_state import approval_of, refuse_if_closed, uncommitted
from desk.tickets.approvals import AUTO
from desk.tickets.ticket_store import TicketRecord, TicketState
from ibkr.gateway import Gateway
from risk.limits import Check


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a ticket's orders."""

    states: tuple[OrderState, ...]  # one per order committed to, in send order
    sent: int  # orders that left in this call
    held_back: str = ""  # why others did not leave; empty when none is left

    @property
    def uncertain(self) -> tuple[OrderState, ...]:
        """Orders whose fate is not known: look at the broker before anything else."""
        return tuple(s for s in self.states if s.status is OrderStatus.UNCERTAIN)


def submit(
    store: DeskStore,
    ticket_sha256: str,
    *,
    open_gateway: Callable[[], Gateway],
    settings: Settings,
    run_key: str,
    home: Path,
    now: datetime,
    past: PastOf = recorded,
) -> Submission:
    """Send a ticket's approved orders, each at most once however often this is called.

    ``open_gateway`` opens the gateway for orders, once the account is ours alone.
    ``run_key`` names session, account, settings and code as they are at present; the decision's
    must be the same. ``home`` is the folder below which the ticket's file is. ``now`` is written
    down as the time; whether it is too late, the gateway's clock tells. ``past`` tells what the
    account was worth before the session.

    Raises
    ------
    NotPermitted
        It may not be sent as things stand (see `desk.errors`); nothing was sent. Never raised
        once the ticket's orders are committed to: then ``held_back`` says why.
    OrdersAltered
        The desk's rows are not what was approved; nothing was sent, and the kill switch is set.
    DeskBusy
        Another process is sending for this account.
    WrongAccount
        The gateway has another account than the ticket.
    UnknownOrders, GatewayError
        What the broker knows is not clear, so nothing can be sent safely.
    """
    refuse_if_ticket_altered(store, ticket_sha256, now=now)
    account = ticket_store.fetch(store, ticket_sha256).ticket.account
    with store.alone(account), open_gateway() as gateway:
        refuse_if_ticket_altered(store, ticket_sha256, now=now)
        if gateway.account != account:
            raise WrongAccount(
                f"the ticket is of {account}, this gateway has {gateway.account}; nothing was sent"
            )
        record = ticket_store.fetch(store, ticket_sha256)
        work = _Submitting(store, gateway, settings, record, run_key, now, past)
        found = work.reconcile()
        if record.state is TicketState.COMMITTED:
            return work.outcome(found, work.go_on(found, home))
        try:
            return work.outcome(found, work.begin(found, home))
        except NotPermitted as error:
            with store.transaction() as connection:
                note(connection, Act(now, DESK, "refused", ticket_sha256, {"why": str(error)}))
            raise


@dataclass(frozen=True, slots=True)
class _Submitting:
    """One call of `submit`, under the account's lock."""

    store: DeskStore
    gateway: Gateway
    settings: Settings
    record: TicketRecord
    run_key: str
    now: datetime
    past: PastOf

    def reconcile(self) -> Reconciled:
        ticket = self.record.ticket
        return reconcile(
            self.store,
            self.gateway.trading,
            account=ticket.account,
            session=ticket.session,
            now=self.now,
            patience=self.settings.orders.acknowledge_timeout,
        )

    def begin(self, found: Reconciled, home: Path) -> Sent:
        """Check an approved ticket anew, commit to its orders, send them."""
        clocks = read(self.gateway, self.settings)
        clocks.refuse_if_apart()  # before a wrong one lets the ticket expire
        refuse_if_closed(self.store, self.record, moment=clocks.moment)
        self.record.refuse_if_changed(home)
        approval = approval_of(self.store, self.record.sha256)
        orders = approval.orders_of(self.record.ticket)
        snapshot = self.gateway.portfolio.snapshot()
        until = self._check_again(orders, found, snapshot)
        refuse_if_late(clocks, until)
        self._refuse_if_too_many(len(orders))
        self._commit(orders)
        return self._send(orders, snapshot, until)

    def go_on(self, found: Reconciled, home: Path) -> Sent:
        """Send what is left of a ticket committed to before, and what was approved of it since."""
        # The approved bytes say what leaves; the desk's rows only say how far each order got.
        left_over = {order.order_ref for order in found.sendable}
        with self.store.transaction() as connection:
            added = uncommitted(connection, self.record)
        own = (order for order in self.record.ticket.orders if order.order_ref in left_over)
        orders = [*own, *added]
        if not orders:
            return Sent({})
        try:
            clocks = read(self.gateway, self.settings)
            refuse_if_late(clocks, self.record.ticket.finish_line)
            snapshot = self.gateway.portfolio.snapshot()
            until = self._check_again(orders, found, snapshot)
            refuse_if_late(clocks, until)
            if added:
                self.record.refuse_if_changed(home)
                self._refuse_if_too_many(len(added))
                self._commit(added)
        except NotPermitted as error:
            return Sent({}, held_back=str(error))
        return self._send(orders, snapshot, until)

    def outcome(self, found: Reconciled, sent: Sent) -> Submission:
        """Say how every order of the ticket stands."""
        known = {**found.states, **sent.states}
        return Submission(
            states=tuple(
                state_of(intent, known, {})
                for intent in intents.of_source(self.store, self.record.sha256)
            ),
            sent=len(sent.states),
            held_back=sent.held_back,
        )

    def _check_again(
        self, orders: Sequence[Order], found: Reconciled, snapshot: Snapshot
    ) -> datetime:
        """Raise `NotPermitted` when anything speaks against these orders.

        Returns until when they may leave: the ticket's order cut-off, or an earlier one where the
        broker's hours say so.
        """
        ticket = self.record.ticket
        if self.run_key != ticket.run_key:
            raise TicketChanged(
                f"ticket {self.record.short} was decided as {ticket.run_key}, this would send it "
                f"as {self.run_key}: settings, code or account have changed since. Nothing was "
                "sent; run the day again, or restore what changed"
            )
        for order in orders:
            refuse_if_stopped(self.store, order, held=snapshot.held)
        own_fills = fills_since(found.states.values(), ticket.decided_at)
        beside = unreported(found.states[ref] for ref in self._own(found))
        odd = mismatches(self.record.holdings, own_fills, snapshot, beside)
        market = self._look(orders, found, snapshot)
        hours = self._hours(orders, market)
        checks = (
            *hours.checks,
            desk_gate.capital_check(
                ticket.net_asset_value, snapshot.net_asset_value, limits=self.settings.limits
            ),
            *position_checks(odd, {order.con_id for order in orders}),
            *self._judge(orders, found, snapshot, market),
        )
        if failed := desk_gate.failed(checks):
            remedy = f"to try again until the order cut-off: daybook execute {ticket.session}"
            raise GateRefused(failed, remedy=remedy)
        return min(ticket.finish_line, hours.finish_line) if hours.checks else ticket.finish_line

    def _look(
        self, orders: Sequence[Order], found: Reconciled, snapshot: Snapshot
    ) -> desk_gate.Market:
        fresh = desk_gate.exposure(snapshot, found.working)
        return desk_gate.look(
            self.gateway, fresh, orders, settings=self.settings, session=self.record.ticket.session
        )

    def _hours(self, orders: Sequence[Order], market: desk_gate.Market) -> AgreedSession:
        """Ask the broker for the hours of one contract of each exchange that orders go to."""
        exchange = self.settings.sessions
        return broker_hours.ask(
            self.gateway,
            [
                market.contracts.get(order.con_id) or Contract(order.con_id, order.symbol)
                for order in orders
            ],
            session(self.record.ticket.session, exchange=exchange),
            exchange=exchange,
            unattended=approval_of(self.store, self.record.sha256).by == AUTO,
        )

    def _judge(
        self,
        orders: Sequence[Order],
        found: Reconciled,
        snapshot: Snapshot,
        market: desk_gate.Market,
    ) -> tuple[Check, ...]:
        """Hold orders against every limit, in the prices and exchange rates of the decision."""
        ticket = self.record.ticket
        fresh = desk_gate.exposure(snapshot, found.working)
        decided = prices_decided(self.record, snapshot, market.contracts)
        rates = rates_decided(self.record, snapshot, market.contracts)
        return desk_gate.judge(
            orders,
            desk_gate.as_decided(
                fresh, snapshot, decided, net_asset_value=ticket.net_asset_value, rates=rates
            ),
            market,
            limits=self.settings.limits,
            account=account_state(
                self.store,
                self.settings,
                account=ticket.account,
                session=ticket.session,
                batch=[order.order_ref for order in orders],
                past=self.past,
            ),
            decided=decided,
        )

    def _commit(self, orders: Sequence[Order]) -> None:
        checked = {order.order_ref for order in orders}
        intents.commit_ticket(self.store, self.record, now=self.now, only=checked)

    def _own(self, found: Reconciled) -> list[str]:
        """Return the names of the ticket's orders that are committed to: all since the decision."""
        return [o.order_ref for o in self.record.ticket.orders if o.order_ref in found.states]

    def _refuse_if_too_many(self, orders: int) -> None:
        ticket, limits = self.record.ticket, self.settings.limits
        with self.store.transaction() as connection:
            session_limits.refuse_if_too_many(
                connection, ticket.account, ticket.session, orders=orders, limits=limits
            )

    def _send(self, orders: Sequence[Order], snapshot: Snapshot, until: datetime) -> Sent:
        return send(
            orders,
            gateway=self.gateway,
            store=self.store,
            held=snapshot.held,
            until=until,
            settings=self.settings,
            now=self.now,
        )
