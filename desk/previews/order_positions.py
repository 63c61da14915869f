"""The orders for one instrument that an account was committed to, as trades that can be closed.

A trade's id is the order_ref of the order that opened it. Combinations:
`desk.strategies.strategy_positions`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from core.types import ComboOrder, Order
from desk.errors import UnknownTrade
from desk.orders import intents
from desk.orders.intents import Intent, IntentState
from desk.records.order_events import OVER, last_seen, remember
from desk.records.schema import CLOSINGS, INTENTS
from desk.records.store import DeskStore
from ibkr.gateway import Gateway
from risk.limits import Check

_MOST = 500  # trades told of at once: a desk's memory grows with the years


@dataclass(frozen=True, slots=True)
class OrderTrade:
    """One order and how much of what it opened is left. Quantities are shares."""

    trade_id: str
    account: str
    session: date
    order: Order
    opened: float  # filled
    closed: float  # filled by the orders that close it, or still able to

    def left(self, held: Mapping[int, float]) -> float:
        """Return what there is to close: never more than the account holds that way round."""
        holds = self.order.side.sign * held.get(self.order.con_id, 0.0)
        return max(min(self.opened - self.closed, holds), 0.0)


@dataclass(frozen=True, slots=True)
class OpenTrades:
    """Trades of which something is left, oldest first, with how many shares that are."""

    as_of: datetime
    trades: tuple[tuple[OrderTrade, float], ...]


def record(connection: sa.Connection, order_ref: str, trade_id: str) -> None:
    """Write down which trade an order closes, within the transaction that commits to it."""
    connection.execute(sa.insert(CLOSINGS).values(order_ref=order_ref, trade=trade_id))


def fetch(store: DeskStore, account: str, trade_id: str) -> OrderTrade:
    """Return one trade. Raises `UnknownTrade` for what this account never ordered here."""
    for trade in _trades(store, account, INTENTS.c.order_ref == trade_id):
        return trade
    raise UnknownTrade(
        f"{account} never placed an order {trade_id!r} for one instrument through this desk; "
        "see list_trades, and list_strategies for combinations"
    )


def listed(
    store: DeskStore, account: str, con_ids: Collection[int], symbol: str | None = None
) -> tuple[OrderTrade, ...]:
    """Return an account's trades in these instruments, of one symbol if it is named, oldest first.

    The newest 500 of them. An order that closes another one is no trade of its own.
    """
    chosen: list[sa.ColumnElement[bool]] = [
        INTENTS.c.con_id.in_(list(con_ids)),
        INTENTS.c.order_ref.not_in(sa.select(CLOSINGS.c.order_ref)),
    ]
    if symbol is not None:
        chosen.append(INTENTS.c.symbol == symbol)
    return _trades(store, account, *chosen)


def look(gateway: Gateway, store: DeskStore, symbol: str | None = None) -> OpenTrades:
    """Ask the broker how our orders stand and what is held; return what can be closed.

    The gateway must be open for orders. Raises `GatewayError` when the broker does not say.
    """
    shown = gateway.trading.order_states()
    snapshot = gateway.portfolio.snapshot()
    ours = intents.committed_among(store, shown)
    remember(store, [shown[ref] for ref in sorted(ours)], now=snapshot.as_of)
    held = {position.con_id: position.quantity for position in snapshot.positions}
    found = listed(store, gateway.account, held, symbol)
    return OpenTrades(
        as_of=snapshot.as_of,
        trades=tuple((trade, left) for trade in found if (left := trade.left(held)) > 0.0),
    )


def closing_check(order: Order, trade: OrderTrade, held: Mapping[int, float]) -> Check:
    """Hold an order that closes a trade against what is left of it."""
    left = trade.left(held)
    return Check(
        "left of the trade",
        float(order.quantity),
        left,
        passed=order.quantity <= left,
        detail=(
            f"{order.quantity} to close; {trade.opened:g} filled, {trade.closed:g} closed or about "
            f"to be, {held.get(trade.order.con_id, 0.0):g} held"
        ),
    )


def _trades(
    store: DeskStore, account: str, *conditions: sa.ColumnElement[bool]
) -> tuple[OrderTrade, ...]:
    chosen = (
        sa.select(INTENTS.c.order_ref, INTENTS.c.session)
        .where(INTENTS.c.account == account, *conditions)
        .order_by(INTENTS.c.committed_at.desc(), INTENTS.c.source.desc(), INTENTS.c.position.desc())
        .limit(_MOST)
    )
    with store.transaction() as connection:
        sessions = {
            row["order_ref"]: row["session"] for row in connection.execute(chosen).mappings()
        }
        of_trades = sa.select(CLOSINGS).where(CLOSINGS.c.trade.in_(list(sessions)))
        closings = [
            (row["trade"], row["order_ref"]) for row in connection.execute(of_trades).mappings()
        ]
    orders = {i.order.order_ref: i for i in intents.of_names(store, sessions)}
    closing = {i.order.order_ref: i for i in intents.of_names(store, (ref for _, ref in closings))}
    filled = _filled(store, orders.values())
    able = _able_to_fill(store, closing.values())
    return tuple(
        OrderTrade(
            trade_id=ref,
            account=account,
            session=session,
            order=orders[ref].order,
            opened=filled.get(ref, 0.0),
            closed=sum(able[name] for trade, name in closings if trade == ref),
        )
        for ref, session in reversed(sessions.items())
        if not isinstance(orders[ref].order, ComboOrder)
    )


def _filled(store: DeskStore, known: Iterable[Intent]) -> dict[str, float]:
    seen = last_seen(store, [intent.order for intent in known])
    return {ref: state.filled for ref, state in seen.items()}


def _able_to_fill(store: DeskStore, known: Iterable[Intent]) -> dict[str, float]:
    """Return how much of each order was filled or may still be."""
    orders = list(known)
    seen = last_seen(store, [intent.order for intent in orders])
    able: dict[str, float] = {}
    for intent in orders:
        state = seen.get(intent.order.order_ref)
        if state is not None and state.status in OVER:
            able[intent.order.order_ref] = state.filled
        else:
            # A single order leaves in the call that commits to it, or never.
            left = intent.state is not IntentState.INTENDED
            able[intent.order.order_ref] = float(intent.order.quantity) if left else 0.0
    return able
