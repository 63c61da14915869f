"""How much a session may still send: orders, and batches of them.

Counted from what the desk wrote down before each first byte, by account and session, so neither a
restart nor another way of sending begins at zero. A loop that sends the same over and over is
stopped by the number of its batches, however small they are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from core.settings import LimitSettings
from core.text.counts import count
from desk.errors import Throttled
from desk.records.order_changes import ChangeState
from desk.records.schema import CHANGES, INTENTS


@dataclass(frozen=True, slots=True)
class Used:
    """What an account was committed to in a session. A change counts as an order and a batch."""

    orders: int
    batches: int


def used(
    connection: sa.Connection, account: str, session: date, *, besides: Collection[str] = ()
) -> Used:
    """Count the orders and batches of a session, those orders apart that are named."""
    of_session = (INTENTS.c.account == account) & (INTENTS.c.session == session)
    orders, batches = connection.execute(
        sa.select(sa.func.count(), sa.func.count(sa.distinct(INTENTS.c.source))).where(
            of_session, INTENTS.c.order_ref.not_in(list(besides))
        )
    ).one()
    changes = connection.scalar(
        sa.select(sa.func.count())
        .select_from(CHANGES.join(INTENTS, CHANGES.c.order_ref == INTENTS.c.order_ref))
        .where(of_session, CHANGES.c.state != ChangeState.NOT_SENT.value)
    )
    return Used(orders + (changes or 0), batches + (changes or 0))


def refuse_if_too_many(
    connection: sa.Connection, account: str, session: date, *, orders: int, limits: LimitSettings
) -> None:
    """Raise `Throttled` when one more batch of so many orders is more than a session may have.

    Ask within the transaction that commits to them, or under the account's lock.
    """
    before = used(connection, account, session)
    if before.batches + 1 > limits.max_submissions:
        raise Throttled(
            f"{account} has had {count(before.batches, 'batch', 'batches')} of orders and "
            f"changes in the session of {session}, as many as limits.max_submissions "
            "allows; nothing was sent. Find out what sends them before you raise it"
        )
    if before.orders + orders > limits.max_orders_per_session:
        raise Throttled(
            f"{account} has had {before.orders} orders and changes in the session of {session} and "
            f"would have {orders} more, above {limits.max_orders_per_session} "
            "(limits.max_orders_per_session); nothing was sent"
        )
