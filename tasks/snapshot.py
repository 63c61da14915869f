"""Stage 3: what the account holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from core.canonical import canonical_json, sha256_of
from core.storage.runs import StageRecord
from core.types import Leg, OrderState, OrderStatus, Position, Side, Snapshot
from desk.orders.open_orders import working_orders
from tasks.day import Day
from tasks.stage import stage


@stage("3 snapshot", retries=2)
def take_snapshot(day: Day) -> StageRecord:
    """Ask the gateway for positions, account values and working orders, fresh and complete."""
    with day.connect(for_orders=True) as gateway:
        snapshot = gateway.portfolio.snapshot()
        working = working_orders(gateway.trading)
    return StageRecord(
        stage="snapshot",
        artefacts={
            "positions": day.write_record("positions", record_of(snapshot)),
            "open_orders": day.write_record(
                "open_orders", {"orders": [asdict(one) for one in working]}
            ),
        },
        facts={
            "net_asset_value": snapshot.net_asset_value,
            "cash": snapshot.cash,
            "holdings": holdings_hash(snapshot),
        },
        rows_out=len(snapshot.positions),
        notes=f"net asset value {snapshot.net_asset_value:,.0f} {snapshot.currency}"
        + (f", {len(working)} orders open" if working else ""),
    )


def holdings_hash(snapshot: Snapshot) -> str:
    """Return a hash of what is held: a target is only resumed for the same holdings."""
    held = [[position.con_id, position.quantity] for position in snapshot.positions]
    return sha256_of(canonical_json([snapshot.account, held]))


def record_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as plain JSON values, positions by symbol."""
    positions: dict[str, Any] = {}
    for position in snapshot.positions:
        taken = position.symbol in positions
        name = f"{position.symbol} ({position.con_id})" if taken else position.symbol
        positions[name] = asdict(position)
    return asdict(snapshot) | {"positions": positions}


def working_of(records: Iterable[Mapping[str, Any]]) -> tuple[OrderState, ...]:
    """Return the orders that `working_orders` found; what they filled is in the positions."""
    return tuple(
        OrderState(
            **{
                **record,
                "side": Side(record["side"]),
                "status": OrderStatus(record["status"]),
                "fills": (),
                "legs": tuple(Leg(**{**leg, "side": Side(leg["side"])}) for leg in record["legs"]),
            }
        )
        for record in records
    )


def snapshot_of(record: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot that `record_of` wrote."""
    positions = tuple(Position(**each) for each in record["positions"].values())
    as_of = datetime.fromisoformat(record["as_of"])
    return Snapshot(**{**record, "as_of": as_of, "positions": positions})
