"""Stage 7: every order is rehearsed at the broker, and what is left is checked once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd

from core.runs import StageRecord
from core.tables import TARGETS
from core.types import Order
from optimiser.lots import SMALLEST_LOT, round_lot
from risk.limits import Check
from risk.rehearsal import Rehearsal, rehearse
from tasks.check import Batch, open_orders_of, portfolio_checks, verdict_note
from tasks.columns import numbers
from tasks.day import Day
from tasks.ingested import Ingested
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
    with day.connect(for_orders=True) as gateway:
        rehearsal = rehearse(
            orders,
            _with_progress(day, gateway.trading.what_if, len(orders)),
            size_down=day.settings.orders.size_down,
            floor=day.settings.orders.size_down_floor,
            lot=partial(_lot, day, numbers(table["price"])),
        )
    checks: Sequence[Check] = ()
    if rehearsal.kept != orders:
        checks = _checks_of_the_rest(day, rehearsal.kept, table, ingested, held)
    return _record(day, orders, rehearsal, checks)


def _checks_of_the_rest(
    day: Day,
    kept: Sequence[Order],
    table: pd.DataFrame,
    ingested: Ingested,
    held: StageRecord,
) -> Sequence[Check]:
    """Check the portfolio that the surviving orders lead to: a removed sale may break a limit."""
    snapshot = snapshot_of(day.read_record(held.artefacts["positions"])).stocks
    weights, prices = dict(snapshot.weights), numbers(table["price"])
    for order in kept:
        change = order.side.sign * order.quantity * prices[order.con_id]
        weights[order.con_id] = weights.get(order.con_id, 0.0) + change / snapshot.net_asset_value
    batch = Batch(weights, tuple(kept), snapshot, open_orders_of(day, held))
    return portfolio_checks(day, batch, ingested, table, status="optimal")


def _record(
    day: Day, orders: Sequence[Order], rehearsal: Rehearsal, checks: Sequence[Check]
) -> StageRecord:
    failed = [check for check in checks if not check.passed]
    facts: dict[str, Any] = {
        "passed": not failed,
        "rehearsed": True,
        "checks": [asdict(check) for check in checks],
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
        notes=f"{counts}; {verdict_note(checks)}" if failed else counts,
    )


def _not_rehearsed(day: Day, orders: Sequence[Order], why: str) -> StageRecord:
    facts: dict[str, Any] = {
        "passed": True,
        "rehearsed": False,
        "checks": [],
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


def _lot(day: Day, prices: Mapping[int, float], order: Order) -> int:
    return round_lot(prices[order.con_id]) if day.settings.orders.even_lots else SMALLEST_LOT
