"""Stage 6: the gate. Targets become share counts and orders; every limit is checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial

import pandas as pd

from core.runs import StageRecord
from core.tables import TARGETS
from core.types import Order, Snapshot
from desk.keys import order_ref
from ibkr.portfolio import Portfolio
from optimiser.lots import BookLimits, Lots, Sizing, target_quantities
from risk.deadline import check_deadline
from risk.gate import check_constraints
from risk.limits import Check
from risk.order import check_order
from tasks.columns import numbers, texts
from tasks.day import Day
from tasks.ingest import contracts_of
from tasks.ingested import Ingested
from tasks.listings import listings_of
from tasks.orders import order_records
from tasks.snapshot import snapshot_of
from tasks.stage import stage


@stage("6 risk gate")
def check_targets(
    day: Day, targets: StageRecord, ingested: Ingested, held: StageRecord, optimal: StageRecord
) -> StageRecord:
    """Round the targets to lots, make the orders, and hold all of it against every limit."""
    snapshot = snapshot_of(day.read_record(held.artefacts["positions"])).stocks
    table = day.read(targets.artefacts["targets"], TARGETS).set_index("con_id")
    lots = lots_of(day, table, ingested, snapshot, targets.facts["halted"])
    orders = orders_for(day, lots.quantities, table, ingested, snapshot)
    checks = (
        check_deadline(day.as_of, day.session.finish_line),
        *portfolio_checks(
            day, lots.weights, snapshot, ingested, table, status=optimal.facts["status"]
        ),
        *_order_checks(day, orders, table, ingested, snapshot),
    )
    failed = [check for check in checks if not check.passed]
    symbols = texts(table["symbol"])
    verdict = {
        "passed": not failed,
        "checks": [asdict(check) for check in checks],
        "quantities": {str(con_id): shares for con_id, shares in lots.quantities.items()},
        "weights": {str(con_id): weight for con_id, weight in lots.weights.items()},
        "skipped": {symbols[con_id]: why for con_id, why in lots.skipped.items()},
        "orders": order_records(orders),
    }
    return StageRecord(
        stage="check",
        artefacts={"verdict": day.write_record("gate", verdict)},
        facts=verdict,
        rows_in=int((table["weight"] != 0.0).sum()),
        rows_out=len(orders),
        notes=verdict_note(checks),
    )


def verdict_note(checks: Sequence[Check]) -> str:
    """Return one line: passed, or which checks failed."""
    failed = [check for check in checks if not check.passed]
    if not failed:
        return f"passed {len(checks)} of {len(checks)}"
    return "FAILED " + "; ".join(f"{check.name}: {check.detail}" for check in failed)


def lots_of(
    day: Day, table: pd.DataFrame, ingested: Ingested, snapshot: Snapshot, halted: Iterable[int]
) -> Lots:
    """Return the positions, in whole shares, that the targets stand for."""
    limits, orders = day.settings.limits, day.settings.orders
    contracts = {contract.con_id for contract in contracts_of(ingested.universe_table(day))}
    held = {position.con_id: position.quantity for position in snapshot.positions}
    return target_quantities(
        numbers(table["weight"]),
        listings=listings_of(day, table, ingested, snapshot),
        current=held,
        sizing=Sizing(
            net_asset_value=snapshot.net_asset_value,
            base=snapshot.currency,
            rates=snapshot.rates,
            even_lots=orders.even_lots,
            no_trade_band=orders.no_trade_band,
            min_trade_value=orders.min_trade_value,
        ),
        limits=BookLimits(
            max_single=limits.max_single,
            max_gross=limits.max_gross,
            cash_buffer=limits.cash_buffer,
        ),
        frozen={*halted, *(set(held) - contracts)},  # without a contract there is no order
    )


def orders_for(
    day: Day,
    quantities: Mapping[int, int],
    table: pd.DataFrame,
    ingested: Ingested,
    snapshot: Snapshot,
) -> tuple[Order, ...]:
    """Return the orders that lead from the positions held to these quantities."""
    contracts = contracts_of(ingested.universe_table(day))
    settings = day.settings.orders
    return Portfolio.diff_to_orders(
        quantities,
        snapshot,
        {contract.con_id: contract for contract in contracts},
        numbers(table["price"]),
        limit_offset=settings.limit_offset,
        time_in_force=settings.time_in_force,
        order_ref=partial(order_ref, day.account, day.session.day),
    )


def portfolio_checks(
    day: Day,
    weights: Mapping[int, float],
    snapshot: Snapshot,
    ingested: Ingested,
    table: pd.DataFrame,
    *,
    status: str,
) -> tuple[Check, ...]:
    """Hold weights, as they would be traded, against every limit of the portfolio."""
    features, universe = ingested.feature_table(day), ingested.universe_table(day)
    return check_constraints(
        snapshot.weights,
        {con_id: weight for con_id, weight in weights.items() if weight != 0.0},
        limits=day.settings.limits,
        returns=ingested.returns(day),
        adv=numbers(features["adv_20"]),
        prices=numbers(table["price"]),
        net_asset_value=snapshot.net_asset_value,
        coverage=len(features) / len(universe),
        optimiser_status=status,
        sectors=texts(universe.set_index("con_id")["sector"]),
        names=texts(table["symbol"]),
    ).checks


def _order_checks(
    day: Day,
    orders: Iterable[Order],
    table: pd.DataFrame,
    ingested: Ingested,
    snapshot: Snapshot,
) -> list[Check]:
    """Return the checks of single orders that failed, and one that says how many were made."""
    adv = numbers(ingested.feature_table(day)["adv_20"])
    prices = numbers(table["price"])
    checks = [
        replace(check, name=f"{order.symbol} {check.name}")
        for order in orders
        for check in check_order(
            order,
            reference_price=prices[order.con_id],
            net_asset_value=snapshot.net_asset_value,
            adv=adv.get(order.con_id, math.nan),
            limits=day.settings.limits,
        )
    ]
    failed = [check for check in checks if not check.passed]
    passed = len(checks) - len(failed)
    detail = f"{passed} of {len(checks)} checks of single orders passed"
    return [Check("orders", float(len(failed)), 0.0, passed=not failed, detail=detail), *failed]
