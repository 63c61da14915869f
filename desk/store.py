"""What the desk must never forget: the batch it committed to, order by order, in SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from core.errors import DaybookError, StorageError
from core.types import Order, OrderType, Side


class IntentState(StrEnum):
    """How far an order got, as far as we can prove."""

    INTENDED = "intended"  # committed to disk, no byte sent
    SENT = "sent"  # a byte may have left
    ACKNOWLEDGED = "acknowledged"  # the broker named it


class BatchExists(DaybookError):
    """The account already committed to a batch for this session."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One order of the committed batch."""

    order: Order
    state: IntentState


METADATA = sa.MetaData()
INTENTS = sa.Table(
    "intents",
    METADATA,
    sa.Column("order_ref", sa.String, primary_key=True),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("session", sa.Date, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # place in the send order
    sa.Column("ticket_sha256", sa.String, nullable=False),
    sa.Column("con_id", sa.Integer, nullable=False),
    sa.Column("symbol", sa.String, nullable=False),
    sa.Column("side", sa.String, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("order_type", sa.String, nullable=False),
    sa.Column("limit_price", sa.Float),
    sa.Column("time_in_force", sa.String, nullable=False),
    sa.Column("outside_rth", sa.Boolean, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("committed_at", sa.String, nullable=False),
    sa.UniqueConstraint("account", "session", "position"),
)


class DeskStore:
    """The desk's memory. Every change is on disk before the method returns."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot make {path.parent}: {error.strerror}") from error
        self._path = path
        self._engine = sa.create_engine(f"sqlite:///{path}")
        sa.event.listen(self._engine, "connect", _durable)
        with self._writing() as connection:
            METADATA.create_all(connection)

    def batch(self, account: str, session: date) -> tuple[Intent, ...]:
        """Return the committed batch in send order; empty when there is none."""
        chosen = (
            sa.select(INTENTS)
            .where(INTENTS.c.account == account, INTENTS.c.session == session)
            .order_by(INTENTS.c.position)
        )
        with self._writing() as connection:
            return tuple(_intent(row) for row in connection.execute(chosen).mappings())

    def commit_batch(
        self,
        orders: Iterable[Order],
        *,
        account: str,
        session: date,
        ticket_sha256: str,
        at: datetime,
    ) -> None:
        """Commit to a whole batch before the first byte is sent: all of it or nothing.

        Raises `BatchExists` when the account already committed to one for this session.
        """
        rows = [
            {
                "order_ref": order.order_ref,
                "account": account,
                "session": session,
                "position": position,
                "ticket_sha256": ticket_sha256,
                "con_id": order.con_id,
                "symbol": order.symbol,
                "side": order.side.value,
                "quantity": order.quantity,
                "order_type": order.order_type.value,
                "limit_price": order.limit_price,
                "time_in_force": order.time_in_force,
                "outside_rth": order.outside_rth,
                "state": IntentState.INTENDED.value,
                "committed_at": at.isoformat(),
            }
            for position, order in enumerate(orders)
        ]
        try:
            with self._writing() as connection:
                connection.execute(sa.insert(INTENTS), rows)
        except IntegrityError as error:
            raise BatchExists(
                f"{account} already committed to a batch for {session}; nothing was sent"
            ) from error

    def mark(self, order_refs: Iterable[str], state: IntentState) -> None:
        """Record how far these orders got."""
        changed = (
            sa.update(INTENTS)
            .where(INTENTS.c.order_ref.in_(list(order_refs)))
            .values(state=state.value)
        )
        with self._writing() as connection:
            connection.execute(changed)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise StorageError(f"the desk cannot use {self._path}: {error}") from error


def _durable(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = DELETE")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _intent(row: Any) -> Intent:
    order = Order(
        con_id=row["con_id"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=row["quantity"],
        order_type=OrderType(row["order_type"]),
        limit_price=row["limit_price"],
        time_in_force=row["time_in_force"],
        order_ref=row["order_ref"],
        outside_rth=row["outside_rth"],
    )
    return Intent(order=order, state=IntentState(row["state"]))
