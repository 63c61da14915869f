"""Taking back every order of ours that still works; the other half of the kill switch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.errors import GatewayError
from core.types import OrderState
from desk import intents
from desk.audit import DESK, Act, note
from desk.keys import PREFIX
from desk.sightings import OVER, remember
from desk.store import DeskStore
from ibkr.gateway import Gateway


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


def _working(known: Mapping[str, OrderState]) -> tuple[OrderState, ...]:
    """Return those that carry our name and may still trade."""
    return tuple(
        state
        for ref, state in known.items()
        if ref.startswith(f"{PREFIX}:") and state.status not in OVER
    )
