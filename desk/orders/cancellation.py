"""Taking back every order of ours that still works; the other half of the kill switch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.errors import GatewayError
from core.types import OrderState
from desk.orders import intents
from desk.records.audit import DESK, Act, actor, note
from desk.records.order_events import OVER, remember
from desk.records.order_ref import PREFIX
from desk.records.store import DeskStore
from ibkr.gateway import FullGateway, Gateway
from ibkr.orders.cancel_all import GlobalCancel


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What was taken back, and what the broker still shows as working afterwards."""

    asked: tuple[OrderState, ...]
    still_working: tuple[OrderState, ...]
    problems: tuple[str, ...]

    @property
    def flat(self) -> bool:
        """Whether the broker, asked again, shows no working order of ours."""
        return not self.still_working


def cancel_all(
    gateway: Gateway, store: DeskStore, *, timeout: float, now: datetime
) -> Cancellation:
    """Cancel every working order that carries our name, then ask the broker what still works.

    Orders that people or other programs placed are left alone. An order that cannot be cancelled
    does not keep the others. The gateway must be open for orders; it cancels those of its own
    client id. Raises `GatewayError` when the broker does not say what works.
    """
    problems: list[str] = []
    asked = _working(gateway.trading.order_states())
    for state in asked:
        try:
            gateway.trading.cancel(state.order_ref, timeout=timeout)
        except GatewayError as error:
            problems.append(f"{state.symbol}: {error}")
    after = gateway.trading.order_states()
    left = _working(after)
    ours = intents.committed_among(store, after)
    remember(store, [after[ref] for ref in sorted(ours)], now=gateway.server_time())
    with store.transaction() as connection:
        detail = {"asked": [s.order_ref for s in asked], "left": [s.order_ref for s in left]}
        note(connection, Act(now, DESK, "cancelled", gateway.account, detail))
    return Cancellation(asked, left, tuple(problems))


def cancel_everything(
    gateway: FullGateway,
    store: DeskStore,
    *,
    by: str,
    reason: str,
    timeout: float,
    now: datetime,
) -> GlobalCancel:
    """Cancel every order of every client and by hand, in all accounts of the login.

    Then ask the broker until it shows none that works, or the time is over. The gateway must be
    open for orders. Raises `GatewayError` when the broker does not say what works.
    """
    with store.transaction() as connection:
        why = {"reason": reason}
        note(connection, Act(now, actor(by), "cancelling everything", gateway.account, why))
    done = gateway.orders.cancel_everything(timeout=timeout)
    after = gateway.trading.order_states()
    ours = intents.committed_among(store, after)
    remember(store, [after[ref] for ref in sorted(ours)], now=done.as_of)
    with store.transaction() as connection:
        detail = {
            "asked": [order.perm_id for order in done.asked],
            "left": [order.perm_id for order in done.still_working],
        }
        note(connection, Act(now, by, "cancelled everything", gateway.account, detail))
    return done


def _working(known: Mapping[str, OrderState]) -> tuple[OrderState, ...]:
    """Return those that carry our name and may still trade."""
    return tuple(
        state
        for ref, state in known.items()
        if ref.startswith(f"{PREFIX}:") and state.status not in OVER
    )
