"""Stage 3: what the account holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.canonical import canonical_json, sha256_of
from core.decoding import decode
from core.storage.runs import StageRecord
from core.text.counts import count
from core.types import OrderState, Snapshot
from desk.orders.open_orders import working_orders
from tasks.day import Day
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True)
class SnapshotResult(StageResult):
    """The account. Its artefacts: ``positions`` and ``open_orders``."""

    net_asset_value: float  # base currency
    cash: float
    holdings: str  # hash of what is held

    @property
    def identity(self) -> str:
        """What is held: its prices change by the minute, and a target does not rest on them."""
        return self.holdings


@stage(3, SnapshotResult, retries=2)
def snapshot(day: Day) -> Output[SnapshotResult]:
    """Ask the gateway for positions, account values and open orders, fresh and complete."""
    with day.connect(for_orders=True) as gateway:
        found = gateway.portfolio.snapshot()
        working = working_orders(gateway.trading)
    return Output(
        result=SnapshotResult(found.net_asset_value, found.cash, holdings_hash(found)),
        artefacts={
            "positions": day.write_record("positions", record_of(found)),
            "open_orders": day.write_record(
                "open_orders", {"orders": [asdict(one) for one in working]}
            ),
        },
        rows_out=len(found.positions),
        notes=f"net asset value {found.net_asset_value:,.0f} {found.currency}"
        + (f", {count(len(working), 'order')} open" if working else ""),
    )


def holdings_hash(found: Snapshot) -> str:
    """Return a hash of what is held: a target is only resumed for the same holdings."""
    held = [[position.con_id, position.quantity] for position in found.positions]
    return sha256_of(canonical_json([found.account, held]))


def record_of(found: Snapshot) -> dict[str, Any]:
    """Return a snapshot as plain JSON values, positions by symbol."""
    positions: dict[str, Any] = {}
    for position in found.positions:
        taken = position.symbol in positions
        name = f"{position.symbol} ({position.con_id})" if taken else position.symbol
        positions[name] = _stated(asdict(position))
    return _stated(asdict(found)) | {"positions": positions}


# Not written where there is nothing to say: a record of such an account reads as it always did.
_OPTIONAL = ("unstated", "currency_pairs")


def _stated(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value or name not in _OPTIONAL}


def snapshot_of(record: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot that `record_of` wrote."""
    return decode(Snapshot, {**record, "positions": list(record["positions"].values())})


def whole_account(day: Day, taken: StageRecord[SnapshotResult]) -> Snapshot:
    """Return the account with all that it holds, options included."""
    return snapshot_of(day.read_record(taken.artefacts["positions"]))


def stocks_held(day: Day, taken: StageRecord[SnapshotResult]) -> Snapshot:
    """Return the account with its stocks and funds only: what a portfolio is made of."""
    return whole_account(day, taken).stocks


def open_orders_of(day: Day, taken: StageRecord[SnapshotResult]) -> tuple[OrderState, ...]:
    """Return the orders that were open at the broker; what they filled is in the positions."""
    record = day.read_record(taken.artefacts["open_orders"])
    return decode(_OpenOrders, record).orders


@dataclass(frozen=True, slots=True)
class _OpenOrders:
    orders: tuple[OrderState, ...]
