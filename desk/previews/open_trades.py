"""What an account was committed to here and can close again: shares and strategies.

A trade's id is the order_ref of the order that opened it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from core.canonical import canonical_json
from core.decoding import decode
from core.types import Order, OrderState
from desk.errors import UnknownTrade
from desk.orders import intents
from desk.orders.intents import Intent, IntentState
from desk.previews.planned_order import PlannedOrder
from desk.records.order_events import OVER, last_seen, remember
from desk.records.schema import CLOSINGS, INTENTS, STRATEGIES
from desk.records.store import DeskStore
from ibkr.gateway import Gateway
from risk.limits import Check
from risk.strategies.legs import Strategy

_MOST = 500  # trades told of at once: a desk's memory grows with the years


@dataclass(frozen=True, slots=True)
class Trade:
    """What one order opened, and how much of it was closed. In shares, or in combinations."""

    trade_id: str
    account: str
    session: date
    order: Order
    strategy: Strategy | None  # what the legs of a combination are
    opened: float  # filled; of a strategy also what may still fill, since it is at risk
    closed: float  # filled by the orders that close it, or still able to
    filled: float  # of what was opened, as the broker last showed it

    @property
    def open_quantity(self) -> float:
        """What its own orders leave open. Positions may say less: they are what counts."""
        return max(self.opened - self.closed, 0.0)

    @property
    def positions(self) -> dict[int, float]:
        """The signed positions, by conId, that are surely its own: nothing of what may yet fill."""
        part = max(self.filled - self.closed, 0.0) / self.order.quantity
        return {con_id: change * part for con_id, change in self.order.changes.items()}

    def left(self, held: Mapping[int, float]) -> float:
        """Return what there is to close: of shares never more than is held that way round.

        The legs of a strategy are held against the positions one by one when it is checked.
        """
        if self.strategy is not None:
            return self.open_quantity
        holds = self.order.side.sign * held.get(self.order.con_id, 0.0)
        return max(min(self.open_quantity, holds), 0.0)

    def told(self, held: Mapping[int, float]) -> str:
        """Return its quantities in words."""
        told = f"{self.opened:g} opened, {self.closed:g} closed or about to be"
        if self.strategy is not None:
            return told
        return f"{told}, {held.get(self.order.con_id, 0.0):g} held"


@dataclass(frozen=True, slots=True)
class OpenTrades:
    """Trades in shares of which something is left, oldest first, with how many shares that are."""

    as_of: datetime
    trades: tuple[tuple[Trade, float], ...]


def record(connection: sa.Connection, order_ref: str, plan: PlannedOrder) -> None:
    """Write down what an order is and closes, within the transaction that commits to it."""
    if plan.strategy is not None:
        terms = canonical_json(plan.strategy).decode()
        row = {"order_ref": order_ref, "terms": terms, "closes": plan.closes}
        connection.execute(sa.insert(STRATEGIES).values(**row))
    elif plan.closes is not None:
        connection.execute(sa.insert(CLOSINGS).values(order_ref=order_ref, trade=plan.closes))


def fetch(store: DeskStore, account: str, trade_id: str) -> Trade:
    """Return one trade. Raises `UnknownTrade` for what never opened anything here."""
    for trade in _trades(store, account, INTENTS.c.order_ref == trade_id):
        return trade
    raise UnknownTrade(
        f"{account} never placed an order {trade_id!r} through this desk that opened anything; "
        "see list_trades, and list_strategies for combinations"
    )


def strategies(store: DeskStore, account: str) -> tuple[Trade, ...]:
    """Return every strategy that an account ever opened, oldest first."""
    return _trades(store, account, STRATEGIES.c.order_ref.is_not(None))


def shares(
    store: DeskStore, account: str, con_ids: Collection[int], symbol: str | None = None
) -> tuple[Trade, ...]:
    """Return an account's trades in these instruments, of one symbol if it is named, oldest first.

    The newest 500 of them.
    """
    chosen: list[sa.ColumnElement[bool]] = [
        STRATEGIES.c.order_ref.is_(None),
        INTENTS.c.con_id.in_(list(con_ids)),
    ]
    if symbol is not None:
        chosen.append(INTENTS.c.symbol == symbol)
    return _trades(store, account, *chosen, most=_MOST)


def look(gateway: Gateway, store: DeskStore, symbol: str | None = None) -> OpenTrades:
    """Ask the broker how our orders stand and what is held; return the shares that can be closed.

    The gateway must be open for orders. Raises `GatewayError` when the broker does not say.
    """
    shown = gateway.trading.order_states()
    snapshot = gateway.portfolio.snapshot()
    ours = intents.committed_among(store, shown)
    remember(store, [shown[ref] for ref in sorted(ours)], now=snapshot.as_of)
    found = shares(store, gateway.account, snapshot.held, symbol)
    return OpenTrades(
        as_of=snapshot.as_of,
        trades=tuple((trade, left) for trade in found if (left := trade.left(snapshot.held)) > 0.0),
    )


def closing_check(order: Order, trade: Trade, held: Mapping[int, float]) -> Check:
    """Hold an order that closes a trade against what is left of it."""
    left = trade.left(held)
    return Check(
        "open quantity",
        float(order.quantity),
        left,
        passed=order.quantity <= left,
        detail=f"{left:g} left to close: {trade.told(held)}",
    )


def _trades(
    store: DeskStore, account: str, *conditions: sa.ColumnElement[bool], most: int | None = None
) -> tuple[Trade, ...]:
    """Return an account's trades, oldest first. What closes another trade is none of its own."""
    ended = sa.select(STRATEGIES.c.order_ref).where(STRATEGIES.c.closes.is_not(None))
    chosen = (
        sa.select(INTENTS.c.order_ref, INTENTS.c.session, STRATEGIES.c.terms)
        .outerjoin(STRATEGIES, STRATEGIES.c.order_ref == INTENTS.c.order_ref)
        .where(INTENTS.c.account == account, *conditions)
        .where(INTENTS.c.order_ref.not_in(sa.select(CLOSINGS.c.order_ref)))
        .where(INTENTS.c.order_ref.not_in(ended))
        .order_by(INTENTS.c.committed_at.desc(), INTENTS.c.source.desc(), INTENTS.c.position.desc())
        .limit(most)
    )
    with store.transaction() as connection:
        rows = connection.execute(chosen).mappings().all()[::-1]
        closings = _closings(connection, [row["order_ref"] for row in rows])
    orders = _known(store, [row["order_ref"] for row in rows])
    closing = _known(store, [ref for refs in closings.values() for ref in refs])
    closed = {
        trade_id: sum(_may_fill(*closing[ref]) for ref in refs)
        for trade_id, refs in closings.items()
    }
    return tuple(
        _trade(row, account, orders[row["order_ref"]], closed.get(row["order_ref"], 0.0))
        for row in rows
    )


def _closings(connection: sa.Connection, trade_ids: Collection[str]) -> dict[str, list[str]]:
    """Return the names of the orders that close these trades, by trade."""
    chosen = sa.union_all(
        sa.select(CLOSINGS.c.trade, CLOSINGS.c.order_ref).where(CLOSINGS.c.trade.in_(trade_ids)),
        sa.select(STRATEGIES.c.closes, STRATEGIES.c.order_ref).where(
            STRATEGIES.c.closes.in_(trade_ids)
        ),
    )
    found: dict[str, list[str]] = {}
    for trade_id, order_ref in connection.execute(chosen):
        found.setdefault(trade_id, []).append(order_ref)
    return found


_Known = tuple[Intent, OrderState | None]  # an order, and the last state the broker showed


def _known(store: DeskStore, order_refs: Iterable[str]) -> dict[str, _Known]:
    known = intents.of_names(store, order_refs)
    seen = last_seen(store, [intent.order for intent in known])
    return {each.order.order_ref: (each, seen.get(each.order.order_ref)) for each in known}


def _trade(row: Mapping[str, Any] | Any, account: str, known: _Known, closed: float) -> Trade:
    intent, seen = known
    strategy = None if row["terms"] is None else decode(Strategy, json.loads(row["terms"]))
    filled = 0.0 if seen is None else seen.filled
    return Trade(
        trade_id=row["order_ref"],
        account=account,
        session=row["session"],
        order=intent.order,
        strategy=strategy,
        opened=filled if strategy is None else _may_fill(intent, seen),
        closed=closed,
        filled=filled,
    )


def _may_fill(intent: Intent, seen: OrderState | None) -> float:
    """Return how much of an order was filled or may still be: all of it, once it left."""
    if seen is not None and seen.status in OVER:
        return seen.filled
    # A single order leaves in the call that commits to it, or never.
    return 0.0 if intent.state is IntentState.INTENDED else float(intent.order.quantity)
