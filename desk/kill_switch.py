"""The kill switch. On disk, so that it holds for every process and survives a restart.

ACTIVE lets orders pass, REDUCING only those that make a position smaller, HALTED none.
Cancelling is always allowed. Whoever sends asks it under the account's lock, right before the
bytes leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from core.calendar import local_moment
from core.errors import StorageError
from core.types import Order
from desk.errors import Stopped
from desk.records.audit import Act, actor, note
from desk.records.schema import KILL_SWITCH
from desk.records.store import DeskStore


class TradingState(StrEnum):
    """What may be sent."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """Where the switch stands, and who put it there."""

    state: TradingState = TradingState.ACTIVE
    by: str = ""
    reason: str = ""
    at: datetime | None = None  # None: it was never touched


def stop(
    store: DeskStore, *, by: str, reason: str, now: datetime, reducing: bool = False
) -> KillSwitch:
    """Let nothing more be sent, or with ``reducing`` only what makes positions smaller."""
    state = TradingState.REDUCING if reducing else TradingState.HALTED
    return _turn(store, KillSwitch(state, actor(by), reason, now), "stopped")


def resume(store: DeskStore, *, by: str, reason: str = "", now: datetime) -> KillSwitch:
    """Let orders pass again. A person puts a name to it."""
    return _turn(store, KillSwitch(TradingState.ACTIVE, actor(by), reason, now), "resumed")


def read(store: DeskStore) -> KillSwitch:
    """Return where the switch stands."""
    with store.transaction() as connection:
        return load(connection)


def load(connection: sa.Connection) -> KillSwitch:
    """Return where the switch stands, within a transaction. `StorageError`: it cannot be told."""
    newest = sa.select(KILL_SWITCH).order_by(KILL_SWITCH.c.id.desc()).limit(1)
    row = connection.execute(newest).mappings().first()
    if row is None:
        return KillSwitch()
    try:
        at = datetime.fromisoformat(row["at"])
        return KillSwitch(TradingState(row["state"]), row["by"], row["reason"], at)
    except (ValueError, TypeError) as error:
        raise StorageError(
            f"the kill switch's newest row cannot be read ({error}), so no order is sent; to write "
            "a new one: daybook stop, or daybook resume --by NAME"
        ) from error


def state(store: DeskStore) -> TradingState:
    """Return what may be sent."""
    return read(store).state


def refuse_if_stopped(store: DeskStore, order: Order, *, held: Mapping[int, float]) -> None:
    """Raise `Stopped` unless the switch lets this order pass; ``held`` is signed, by conId."""
    refuse(read(store), order, held=held)


def refuse(switch: KillSwitch, order: Order, *, held: Mapping[int, float]) -> None:
    """Raise `Stopped` unless a switch that stands so lets this order pass."""
    if switch.state is TradingState.ACTIVE:
        return
    if switch.state is TradingState.REDUCING and _reduces(order, held):
        return
    why = f" ({switch.reason})" if switch.reason else ""
    since = "" if switch.at is None else f" at {local_moment(switch.at)}"
    reducing = switch.state is TradingState.REDUCING
    turned = "allowed only orders that reduce positions" if reducing else "halted trading"
    raise Stopped(
        f"{order.side} {order.quantity} {order.symbol} was not sent: {switch.by} {turned}"
        f"{since}{why}; to resume trading: daybook resume --by NAME"
    )


def _reduces(order: Order, held: Mapping[int, float]) -> bool:
    return all(
        change * held.get(con_id, 0.0) < 0 and abs(change) <= abs(held[con_id])
        for con_id, change in order.changes.items()
    )


def halt(connection: sa.Connection, *, by: str, reason: str, now: datetime) -> None:
    """Let nothing more be sent, within a transaction; for the desk itself."""
    _write(connection, KillSwitch(TradingState.HALTED, by, reason, now), "stopped")


def _turn(store: DeskStore, switch: KillSwitch, action: str) -> KillSwitch:
    with store.transaction() as connection:
        _write(connection, switch, action)
    return switch


def _write(connection: sa.Connection, switch: KillSwitch, action: str) -> None:
    assert switch.at is not None
    connection.execute(
        sa.insert(KILL_SWITCH).values(
            state=switch.state.value,
            by=switch.by,
            reason=switch.reason,
            at=switch.at.isoformat(),
        )
    )
    note(
        connection,
        Act(switch.at, switch.by, action, switch.state.value, {"reason": switch.reason}),
    )
