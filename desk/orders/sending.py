"""The one place from which orders leave.

In chunks, so that a crash leaves few orders in doubt: each chunk is marked as sent before its
first byte, after the gateway's clock was asked. Whether an order may leave is asked for each one
right before its bytes, in a transaction that is held until they are handed to the system: a stop
waits for it, and once a stop is on disk no later order leaves. Runs under the account's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from core.calendar import local_moment
from core.errors import DataError, DaybookError, GatewayError
from core.settings import Settings
from core.types import Order, OrderState, OrderStatus, Side
from desk import kill_switch
from desk.clocks import Clocks, read
from desk.errors import NotPermitted, OrdersAltered
from desk.orders import intents
from desk.orders.agreement import declared, refuse_if_row_differs
from desk.orders.intents import IntentState
from desk.records import order_events
from desk.records.audit import DESK, Act, note
from desk.records.store import DeskStore
from ibkr.gateway import Gateway

CHUNK = 10


@dataclass(frozen=True, slots=True)
class Sent:
    """What left, and why the rest did not."""

    states: Mapping[str, OrderState]  # by order_ref, of what left
    held_back: str = ""  # empty when everything left


def send(
    orders: Sequence[Order],
    *,
    gateway: Gateway,
    store: DeskStore,
    held: Mapping[int, float],
    until: datetime,
    settings: Settings,
    now: datetime,
) -> Sent:
    """Send orders that are committed to, sales first, and write down what the broker answers.

    ``held`` are signed shares by conId, ``until`` is the last moment by either clock, and
    ``settings`` tell how long to wait for acknowledgements and how far the clocks may be apart.
    Never raises over the broker or the switch: it stops, and says why.
    """
    states: dict[str, OrderState] = {}
    for chunk in _chunks(sorted(orders, key=lambda order: order.side is Side.BUY)):
        sender = _Sender(gateway, store, held, until, now)
        try:
            answered = sender.send(chunk, settings)
        except (NotPermitted, GatewayError, DataError) as error:
            return Sent(states, held_back=_said(store, error, now))
        states |= {state.order_ref: state for state in answered}
        if len(answered) < len(chunk):
            return Sent(states, held_back=_said(store, sender.stopped_by, now))
    return Sent(states)


def refuse_if_late(clocks: Clocks, until: datetime) -> None:
    """Raise `NotPermitted` once orders may no longer leave, or when that cannot be known."""
    clocks.refuse_if_apart()
    if clocks.moment > until:
        whose = "the gateway's" if clocks.gateway == clocks.moment else "this computer's"
        raise NotPermitted(
            f"orders can be sent until {local_moment(until)}, and {whose} clock says "
            f"{local_moment(clocks.moment)}: nothing more was sent"
        )


class _Sender:
    """Sends one chunk."""

    def __init__(
        self,
        gateway: Gateway,
        store: DeskStore,
        held: Mapping[int, float],
        until: datetime,
        now: datetime,
    ) -> None:
        self._session, self._until = until.date(), until
        self._clocks: Clocks | None = None
        self._gateway, self._store, self._held, self._now = gateway, store, held, now
        self.stopped_by: DaybookError = GatewayError("the connection to the gateway was lost")

    def send(self, chunk: Sequence[Order], settings: Settings) -> tuple[OrderState, ...]:
        """Return how the orders stand that left; raises only when none has."""
        self._clocks = read(self._gateway, settings)
        refuse_if_late(self._clocks, self._until)
        refs = [order.order_ref for order in chunk]
        self._mark(refs, IntentState.SENT)
        try:
            states = self._gateway.trading.place_orders(
                chunk, timeout=settings.orders.acknowledge_timeout, leaving=self._leaving
            )
        except DaybookError:
            # Raised only before the first byte: these orders can be sent another time.
            self._mark(refs, IntentState.INTENDED)
            raise
        left = {state.order_ref for state in states}
        self._mark([ref for ref in refs if ref not in left], IntentState.INTENDED)
        # Orders that are UNCERTAIN stay marked as sent, and nothing is said of them.
        told = [state for state in states if state.status is not OrderStatus.UNCERTAIN]
        order_events.remember(self._store, told, now=self._now)
        self._mark([state.order_ref for state in told], IntentState.ACKNOWLEDGED)
        _audit(self._store, states, self._now)
        return states

    @contextmanager
    def _leaving(self, order: Order) -> Iterator[None]:
        """Ask whether an order may leave, and keep the answer true until it has."""
        try:
            with self._store.transaction() as connection:
                if self._clocks is not None:
                    refuse_if_late(self._clocks.now(), self._until)
                kill_switch.refuse(kill_switch.load(connection), order, held=self._held)
                refuse_if_row_differs(connection, order, self._session)
                yield
        except DaybookError as error:
            self.stopped_by = error
            raise

    def _mark(self, refs: Iterable[str], state: IntentState) -> None:
        intents.mark(self._store, refs, state, now=self._now)


def _said(store: DeskStore, error: DaybookError, now: datetime) -> str:
    """Return why orders are held back; rows that were altered meanwhile are an incident."""
    if isinstance(error, OrdersAltered):
        return str(declared(store, error.differences, session=error.session, now=now))
    return str(error)


def _audit(store: DeskStore, states: Iterable[OrderState], now: datetime) -> None:
    with store.transaction() as connection:
        for state in states:
            detail = {"symbol": state.symbol, "status": state.status, "perm_id": state.perm_id}
            note(connection, Act(now, DESK, "sent", state.order_ref, detail))


def _chunks(orders: Sequence[Order]) -> Iterator[Sequence[Order]]:
    for start in range(0, len(orders), CHUNK):
        yield orders[start : start + CHUNK]
