"""The one place from which orders leave.

In chunks, so that a crash leaves few orders in doubt: each chunk is marked as sent right before
its bytes, after the kill switch and the gateway's clock were asked. Runs under the account's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import DataError, GatewayError
from core.types import Order, OrderState, OrderStatus, Side
from desk import intents, sightings
from desk.audit import DESK, Act, note
from desk.errors import NotPermitted
from desk.intents import IntentState
from desk.store import DeskStore
from desk.switch import refuse_if_stopped
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
    timeout: float,
    now: datetime,
) -> Sent:
    """Send orders that are committed to, sales first, and write down what the broker answers.

    ``held`` are signed shares by conId, ``until`` the last moment by the gateway's clock, and
    ``timeout`` the seconds to wait for acknowledgements. Never raises over the broker or the
    switch: it stops, and says why.
    """
    states: dict[str, OrderState] = {}
    for chunk in _chunks(sorted(orders, key=lambda order: order.side is Side.BUY)):
        try:
            refuse_if_late(gateway.server_time(), until)
            for order in chunk:
                refuse_if_stopped(store, order, held=held)
            answered = _send_chunk(chunk, gateway, store, timeout=timeout, now=now)
        except (NotPermitted, GatewayError, DataError) as error:
            return Sent(states, held_back=str(error))
        states |= {state.order_ref: state for state in answered}
    return Sent(states)


def refuse_if_late(moment: datetime, until: datetime) -> None:
    """Raise `NotPermitted` once orders may no longer leave."""
    if moment > until:
        raise NotPermitted(
            f"orders may leave until {until:%Y-%m-%d %H:%M} UTC, and the gateway's clock says "
            f"{moment:%Y-%m-%d %H:%M} UTC: nothing more was sent"
        )


def _send_chunk(
    chunk: Sequence[Order], gateway: Gateway, store: DeskStore, *, timeout: float, now: datetime
) -> tuple[OrderState, ...]:
    refs = [order.order_ref for order in chunk]
    trading = gateway.trading
    intents.mark(store, refs, IntentState.SENT)
    try:
        states = trading.place_orders(chunk, timeout=timeout)
    except (GatewayError, DataError):
        # Raised only before the first byte: these orders can be sent another time.
        intents.mark(store, refs, IntentState.INTENDED)
        raise
    # Orders that are UNCERTAIN stay marked as sent, and nothing is said of them.
    told = [state for state in states if state.status is not OrderStatus.UNCERTAIN]
    sightings.remember(store, told, now=now)
    intents.mark(store, [state.order_ref for state in told], IntentState.ACKNOWLEDGED)
    _audit(store, states, now)
    return states


def _audit(store: DeskStore, states: Iterable[OrderState], now: datetime) -> None:
    with store.transaction() as connection:
        for state in states:
            detail = {"symbol": state.symbol, "status": state.status, "perm_id": state.perm_id}
            note(connection, Act(now, DESK, "sent", state.order_ref, detail))


def _chunks(orders: Sequence[Order]) -> Iterator[Sequence[Order]]:
    for start in range(0, len(orders), CHUNK):
        yield orders[start : start + CHUNK]
