"""Stage 6: the gate. Targets become share counts and orders; every limit is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from core.canonical import plain
from core.storage.runs import StageRecord
from core.tables import TARGETS
from core.tables.columns import numbers, texts
from core.types import Order, Snapshot
from desk.gate import market_context
from desk.gate.portfolio_gate import Batch, Optimised
from desk.records.order_ref import order_ref
from ibkr.account.portfolio import Portfolio
from optimiser.lots.whole_lots import LeftAlone, Lots, Sizing, target_quantities
from risk.limits import Check
from risk.measures import mean_return
from tasks.day import Day
from tasks.decide.book_limits import book_limits
from tasks.decide.judgement import gate_of, judge_batch, verdict_note
from tasks.decide.listings import listings_of
from tasks.decide.optimise import OptimiseResult
from tasks.decide.overlay import OverlayResult
from tasks.decide.snapshot import SnapshotResult, open_orders_of, stocks_held
from tasks.ingest.ingested import Ingested
from tasks.ingest.universe import contracts_of
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskGateResult(StageResult):
    """What the gate judged, and its verdict.

    Its artefacts: ``verdict``, this in JSON, and ``reference``, what single orders are judged by
    until the next decision.
    """

    passed: bool
    checks: tuple[Check, ...]
    quantities: Mapping[int, int]  # shares to hold, by conId
    weights: Mapping[int, float]  # what they are worth, of net asset value
    skipped: Mapping[str, str]  # symbol -> why it is left as it is
    left_alone: Mapping[str, LeftAlone] = field(default_factory=dict)  # the same, in figures
    broken_by_rounding: Mapping[str, float] = field(default_factory=dict)  # limit -> by how much
    orders: tuple[Order, ...]
    optimised: Optimised


@stage(6, RiskGateResult)
def risk_gate(
    day: Day,
    targets: StageRecord[OverlayResult],
    ingested: Ingested,
    held: StageRecord[SnapshotResult],
    optimal: StageRecord[OptimiseResult],
) -> Output[RiskGateResult]:
    """Round the targets to lots, make the orders, and hold all of it against every limit."""
    snapshot = stocks_held(day, held)
    table = day.read(targets.artefacts["targets"], TARGETS).set_index("con_id")
    lots = lots_of(day, table, ingested, snapshot, targets.result.halted)
    orders = orders_for(day, lots.quantities, table, ingested, snapshot)
    optimised = Optimised(optimal.result.status, optimal.result.relaxations)
    batch = Batch(lots.weights, orders, snapshot, open_orders_of(day, held))
    checks = judge_batch(day, ingested, gate_of(day, table, ingested, snapshot, optimised), batch)
    symbols = texts(table["symbol"])
    verdict = RiskGateResult(
        passed=all(check.passed for check in checks),
        checks=checks,
        quantities=lots.quantities,
        weights=lots.weights,
        skipped={symbols[con_id]: why for con_id, why in lots.skipped.items()},
        left_alone={symbols[con_id]: each for con_id, each in lots.left_alone.items()},
        broken_by_rounding=lots.broken,
        orders=orders,
        optimised=optimised,
    )
    return Output(
        result=verdict,
        artefacts={
            "verdict": day.write_record("gate", plain(verdict)),
            "reference": day.write_record(market_context.KIND, _reference(day, ingested)),
        },
        rows_in=int((table["weight"] != 0.0).sum()),
        rows_out=len(orders),
        notes=verdict_note(checks),
    )


def lots_of(
    day: Day, table: pd.DataFrame, ingested: Ingested, snapshot: Snapshot, halted: Iterable[int]
) -> Lots:
    """Return the positions, in whole shares, that the targets stand for."""
    orders, weights = day.settings.orders, numbers(table["weight"])
    contracts = {contract.con_id for contract in contracts_of(ingested.universe_table(day))}
    held = {position.con_id: position.quantity for position in snapshot.positions}
    in_play = {*held, *(con_id for con_id, weight in weights.items() if weight != 0.0)}
    return target_quantities(
        weights,
        listings=listings_of(day, table, ingested, snapshot),
        current=held,
        sizing=Sizing(
            net_asset_value=snapshot.net_asset_value,
            rates=snapshot.exchange_rates,
            even_lots=orders.even_lots,
            no_trade_band=orders.no_trade_band,
            min_trade_value=orders.min_trade_value,
        ),
        limits=book_limits(day, ingested, in_play),
        # Without a contract there is no order, without a price one believes there is none either.
        frozen={*halted, *ingested.quality.quarantined, *(set(held) - contracts)},
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


def _reference(day: Day, ingested: Ingested) -> dict[str, Any]:
    """Return what single orders are judged by until the next decision."""
    universe = ingested.universe_table(day).set_index("con_id")
    return market_context.record_of(mean_return(ingested.returns(day)), texts(universe["sector"]))
