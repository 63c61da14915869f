"""What became of the orders we are committed to, as the broker shows them.

Asked on every start, before anything else. Three answers for an order:

- the broker shows it, in its open orders, completed orders or executions: that is its state;
- it does not, and no byte of the order can have left: it may still be sent;
- it does not, but a byte may have left: UNCERTAIN. Held and reported, never sent again, because
  a late message may still arrive.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from core.text.counts import count
from core.types import Order, OrderState, OrderStatus, Snapshot
from desk.errors import UnknownOrders
from desk.orders import intents
from desk.orders.intents import Intent, IntentState
from desk.records.order_events import OVER, last_seen, remember
from desk.records.order_ref import is_ours
from desk.records.store import DeskStore
from ibkr.gateway import Gateway, TradingToolsProtocol

ASK_AGAIN_AFTER = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Where every order of a session stands."""

    states: Mapping[str, OrderState]  # of each order committed to, by order_ref
    sendable: tuple[Order, ...]  # committed to, and no byte has left
    working: tuple[OrderState, ...]  # whatever may still trade at the broker, ours or not

    @property
    def uncertain(self) -> tuple[OrderState, ...]:
        """Orders whose fate is not known: look at the broker before anything else."""
        return tuple(s for s in self.states.values() if s.status is OrderStatus.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class AccountNow:
    """Where the orders of a session stand, and the account as it was right after."""

    orders: Reconciled
    snapshot: Snapshot

    def states_of(self, committed: Iterable[Intent]) -> tuple[OrderState, ...]:
        """Return how these orders of the session stand, in their order."""
        return tuple(self.orders.states[intent.order.order_ref] for intent in committed)


def look_back(
    store: DeskStore, gateway: Gateway, *, session: date, now: datetime, patience: float = 0.0
) -> AccountNow:
    """Reconcile a session's orders, then ask what the account holds; see `reconcile`."""
    orders = reconcile(
        store,
        gateway.trading,
        account=gateway.account,
        session=session,
        now=now,
        patience=patience,
    )
    return AccountNow(orders, gateway.portfolio.snapshot())


def reconcile(
    store: DeskStore,
    trading: TradingToolsProtocol,
    *,
    account: str,
    session: date,
    now: datetime,
    patience: float = 0.0,
    pause: Callable[[float], None] = time.sleep,
) -> Reconciled:
    """Ask the broker what it knows of the orders of a session, and write it down.

    ``patience`` is how many seconds to go on asking for an order that left and is not shown.

    Raises
    ------
    UnknownOrders
        The broker shows orders of ours that this desk never committed to: its memory was lost,
        or another desk works on the account.
    GatewayError
        The broker did not say what it knows. No answer is never "no orders".
    """
    committed = intents.of_session(store, account, session)
    known = trading.order_states()
    for _ in range(int(patience // ASK_AGAIN_AFTER)):
        if not any(_missing(intent, known) for intent in committed):
            break
        pause(ASK_AGAIN_AFTER)
        known = trading.order_states()
    by_hand = trading.orders_by_hand()
    _refuse_unknown(store, known, account)
    ours = [known[i.order.order_ref] for i in committed if i.order.order_ref in known]
    shown = [state.order_ref for state in ours]
    _mark_left(store, committed, shown, now)  # first: what was seen and not marked is an incident
    remember(store, ours, now=now)
    intents.mark(store, shown, IntentState.ACKNOWLEDGED, now=now)
    return _reconciled(store, committed, known, by_hand)


def _with_record(shown: OrderState, earlier: OrderState) -> OrderState:
    """Return what is shown, with the executions and commissions that are on record.

    The broker lists executions of the day only and commissions only to the client that sent the
    order. Some executions of an order are all it has, the others were corrected; none at all are
    none that are listed, and what was done stays done.
    """
    if not shown.fills:
        filled = shown.filled
        if not shown.legs:  # of a combination it counts combinations, not what its legs traded
            filled = max(filled, sum(fill.quantity for fill in earlier.fills))
        return replace(shown, fills=earlier.fills, filled=filled)
    on_record = {fill.execution_id: fill.commission for fill in earlier.fills}
    fills = (
        replace(fill, commission=on_record.get(fill.execution_id))
        if fill.commission is None
        else fill
        for fill in shown.fills
    )
    return replace(shown, fills=tuple(fills))


def state_of(
    intent: Intent, known: Mapping[str, OrderState], seen: Mapping[str, OrderState]
) -> OrderState:
    """Return how an order stands: what the broker shows, else what it last showed, else not known.

    ``seen`` is what was shown earlier; only an end counts from it.
    """
    ref = intent.order.order_ref
    earlier = seen.get(ref)
    if ref in known:
        return known[ref] if earlier is None else _with_record(known[ref], earlier)
    if earlier is not None and earlier.status in OVER:
        return earlier
    if intent.state is IntentState.INTENDED:
        return OrderState.of(
            intent.order, status=OrderStatus.PENDING, message="committed to, not sent"
        )
    lost = "sent, and in none of the broker's lists: look there before anything else"
    if earlier is None:
        return OrderState.of(intent.order, status=OrderStatus.UNCERTAIN, message=lost)
    return replace(earlier, status=OrderStatus.UNCERTAIN, message=f"{lost}; was {earlier.status}")


def _reconciled(
    store: DeskStore,
    committed: Sequence[Intent],
    known: Mapping[str, OrderState],
    by_hand: tuple[OrderState, ...],
) -> Reconciled:
    seen = last_seen(store, [intent.order for intent in committed])
    states = {i.order.order_ref: state_of(i, known, seen) for i in committed}
    uncertain = [s for s in states.values() if s.status is OrderStatus.UNCERTAIN]
    shown = [state for state in known.values() if state.status not in OVER]
    return Reconciled(
        states=states,
        sendable=tuple(
            intent.order
            for intent in committed
            if intent.state is IntentState.INTENDED and intent.order.order_ref not in known
        ),
        # An order whose fate is not known may still trade: it counts.
        working=(*shown, *by_hand, *(s for s in uncertain if s.order_ref not in known)),
    )


def _mark_left(
    store: DeskStore, committed: Sequence[Intent], shown: Collection[str], now: datetime
) -> None:
    """Record as sent what the broker shows and was not known to have left."""
    unmarked = [
        intent.order.order_ref
        for intent in committed
        if intent.state is IntentState.INTENDED and intent.order.order_ref in shown
    ]
    intents.mark(store, unmarked, IntentState.SENT, now=now)


def _missing(intent: Intent, known: Mapping[str, OrderState]) -> bool:
    return intent.state is IntentState.SENT and intent.order.order_ref not in known


def _refuse_unknown(store: DeskStore, known: Iterable[str], account: str) -> None:
    ours = {ref for ref in known if is_ours(ref)}
    strangers = sorted(ours - intents.committed_among(store, ours))
    if strangers:
        raise UnknownOrders(
            f"the broker shows {count(len(strangers), 'order')} of daybook on {account} that this "
            f"desk does not know, such as {strangers[0]}: its records were lost, or another desk "
            "trades this account. Nothing was sent; look in TWS first"
        )
