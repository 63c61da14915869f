"""The strategies an account was committed to. A trade's id is the order_ref that opened it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from core.canonical import canonical_json
from core.types import ComboOrder, Side
from desk.errors import UnknownTrade
from desk.orders import intents
from desk.orders.intents import Intent, IntentState
from desk.records.order_events import OVER, last_seen
from desk.records.schema import INTENTS, STRATEGIES
from desk.records.store import DeskStore
from risk.strategy import Strategy, StrategyKind, StrategyLeg


@dataclass(frozen=True, slots=True)
class Trade:
    """One strategy that was opened, and how much of it is left. Quantities are combinations."""

    trade_id: str
    account: str
    session: date
    order: ComboOrder
    strategy: Strategy
    opened: float  # filled, or still able to fill
    closed: float  # filled by the orders that close it, or still able to

    @property
    def left(self) -> float:
        """What there is to close. Positions may say less: they are what counts."""
        return max(self.opened - self.closed, 0.0)


def record(
    connection: sa.Connection, order_ref: str, strategy: Strategy, *, closes: str | None
) -> None:
    """Write down what a combination is, within the transaction that commits to it."""
    connection.execute(
        sa.insert(STRATEGIES).values(
            order_ref=order_ref, terms=canonical_json(strategy).decode(), closes=closes
        )
    )


def fetch(store: DeskStore, account: str, trade_id: str) -> Trade:
    """Return one trade. Raises `UnknownTrade` for what never opened a strategy here."""
    for trade in listed(store, account):
        if trade.trade_id == trade_id:
            return trade
    raise UnknownTrade(
        f"{account} never opened a strategy {trade_id!r} through this desk; see list_strategies"
    )


def listed(store: DeskStore, account: str) -> tuple[Trade, ...]:
    """Return every strategy that an account ever opened, oldest first."""
    chosen = (
        sa.select(STRATEGIES, INTENTS.c.session)
        .join(INTENTS, STRATEGIES.c.order_ref == INTENTS.c.order_ref)
        .where(INTENTS.c.account == account)
        .order_by(INTENTS.c.committed_at, INTENTS.c.order_ref)
    )
    with store.transaction() as connection:
        rows = connection.execute(chosen).mappings().all()
    able = _able_to_fill(store, [row["order_ref"] for row in rows])
    return tuple(
        _trade(row, account, able, [each for each in rows if each["closes"] == row["order_ref"]])
        for row in rows
        if row["closes"] is None
    )


def strategy_of(plain: Mapping[str, Any]) -> Strategy:
    """Read a strategy back from plain JSON."""
    return Strategy(
        kind=StrategyKind(plain["kind"]),
        symbol=plain["symbol"],
        multiplier=plain["multiplier"],
        legs=tuple(
            StrategyLeg(
                side=Side(leg["side"]),
                ratio=leg["ratio"],
                right=leg["right"],
                strike=leg["strike"],
                expiry=date.fromisoformat(leg["expiry"]) if leg["expiry"] else None,
            )
            for leg in plain["legs"]
        ),
    )


def _trade(
    row: Mapping[str, Any] | Any,
    account: str,
    able: Mapping[str, tuple[ComboOrder, float]],
    closings: Iterable[Mapping[str, Any] | Any],
) -> Trade:
    order, opened = able[row["order_ref"]]
    return Trade(
        trade_id=row["order_ref"],
        account=account,
        session=row["session"],
        order=order,
        strategy=strategy_of(json.loads(row["terms"])),
        opened=opened,
        closed=sum(able[each["order_ref"]][1] for each in closings),
    )


def _able_to_fill(
    store: DeskStore, order_refs: Iterable[str]
) -> dict[str, tuple[ComboOrder, float]]:
    """Return each order with how much of it was filled or may still be."""
    known = intents.of_names(store, order_refs)
    seen = last_seen(store, [intent.order for intent in known])
    found: dict[str, tuple[ComboOrder, float]] = {}
    for intent in known:
        assert isinstance(intent.order, ComboOrder), "only combinations are strategies"
        state = seen.get(intent.order.order_ref)
        over = state is not None and state.status in OVER
        quantity = state.filled if state is not None and over else _unseen(intent)
        found[intent.order.order_ref] = intent.order, quantity
    return found


def _unseen(intent: Intent) -> float:
    """Return what an order may fill that was not seen to be over: all of it, once it left."""
    # A single order leaves in the call that commits to it, or never.
    return 0.0 if intent.state is IntentState.INTENDED else float(intent.order.quantity)
