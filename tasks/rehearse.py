"""Stage 7: every order is rehearsed at the broker, and what is left is checked once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core.storage.runs import StageRecord
from core.tables import TARGETS
from core.types import Order, Snapshot
from risk.limits import Check
from risk.rehearsal import Rehearsal, rehearse
from tasks.check import Batch, judge_batch, open_orders_of, verdict_note
from tasks.day import Day
from tasks.ingested import Ingested
from tasks.listings import base_prices, listings_of
from tasks.orders import order_records, orders_of
from tasks.snapshot import snapshot_of
from tasks.stage import stage


@stage("7 what-if", retries=2)
def rehearse_orders(
    day: Day, targets: StageRecord, ingested: Ingested, held: StageRecord, verdict: StageRecord
) -> StageRecord:
    """Ask the broker "what if" of each order; size down, remove or flag by its answer."""
    orders = orders_of(verdict.facts["orders"])
    if not verdict.facts["passed"]:
        return _not_rehearsed(day, orders, "the gate failed")
    if not orders:
        return _not_rehearsed(day, orders, "no orders")
    table = day.read(targets.artefacts["targets"], TARGETS).set_index("con_id")
    snapshot = snapshot_of(day.read_record(held.artefacts["positions"])).stocks
    listings = listings_of(day, table, ingested, snapshot)
    even = day.settings.orders.even_lots
    with day.connect(for_orders=True) as gateway:
        rehearsal = rehearse(
            orders,
            _with_progress(day, gateway.trading.what_if, len(orders)),
            size_down=day.settings.orders.size_down,
            floor=day.settings.orders.size_down_floor,
            lot=lambda order: listings[order.con_id].round_lot(even=even),
        )
    checks: Sequence[Check] = ()
    weights: Mapping[int, float] = {}
    if rehearsal.kept != orders:
        # A sale that was removed may break a limit, and every figure people see is of what is left.
        weights = weights_after(rehearsal.kept, snapshot, base_prices(listings, snapshot))
        batch = Batch(weights, tuple(rehearsal.kept), snapshot, open_orders_of(day, held))
        checks = judge_batch(day, batch, ingested, table, **verdict.facts["optimised"])
    return _record(day, orders, rehearsal, checks, weights)


def weights_after(
    orders: Sequence[Order], snapshot: Snapshot, prices: Mapping[int, float]
) -> dict[int, float]:
    """Return the weights that orders lead to, by conId; prices in the base currency."""
    weights = dict(snapshot.weights)
    for order in orders:
        change = order.side.sign * order.quantity * prices[order.con_id]
        weights[order.con_id] = weights.get(order.con_id, 0.0) + change / snapshot.net_asset_value
    return weights


def _record(
    day: Day,
    orders: Sequence[Order],
    rehearsal: Rehearsal,
    checks: Sequence[Check],
    weights: Mapping[int, float],
) -> StageRecord:
    failed = [check for check in checks if not check.passed]
    facts: dict[str, Any] = {
        "passed": not failed,
        "rehearsed": True,
        "checks": [asdict(check) for check in checks],
        "weights": {str(con_id): weight for con_id, weight in weights.items()},
        "orders": order_records(rehearsal.kept),
        "removed": order_records(rehearsal.removed),
        "steps": [asdict(step) for step in rehearsal.steps],
        "basket": _basket(rehearsal),
    }
    counts = (
        f"{len(rehearsal.kept)} kept, {len(rehearsal.sized_down)} of them sized down, "
        f"{len(rehearsal.removed)} removed"
    )
    return StageRecord(
        stage="rehearse",
        artefacts={"rehearsal": day.write_record("rehearsal", facts)},
        facts=facts,
        rows_in=len(orders),
        rows_out=len(rehearsal.kept),
        notes=f"{counts}; gate again: {verdict_note(checks)}" if checks else counts,
    )


def _not_rehearsed(day: Day, orders: Sequence[Order], why: str) -> StageRecord:
    facts: dict[str, Any] = {
        "passed": True,
        "rehearsed": False,
        "checks": [],
        "weights": {},
        "orders": order_records(orders),
        "removed": [],
        "steps": [],
        "basket": None,
    }
    return StageRecord(
        stage="rehearse",
        artefacts={"rehearsal": day.write_record("rehearsal", facts)},
        facts=facts,
        rows_in=len(orders),
        rows_out=0,
        notes=f"not rehearsed: {why}",
    )


def _basket(rehearsal: Rehearsal) -> dict[str, Any] | None:
    """Return the account's margin and equity before the kept orders and after all of them."""
    if rehearsal.basket is None:
        return None
    before, after = rehearsal.basket
    return {"before": asdict(before), "after": asdict(after)}


def _with_progress(day: Day, what_if: Any, total: int) -> Any:
    asked: set[str] = set()  # an order that is sized down is asked about more than once

    def ask(order: Order) -> Any:
        answer = what_if(order)
        asked.add(order.order_ref)
        day.progress("what-if", len(asked), total)
        return answer

    return ask
