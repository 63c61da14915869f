"""Stage 6: the gate. Targets become share counts and orders; every limit is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import pandas as pd

from core.storage.runs import StageRecord
from core.tables import TARGETS
from core.types import Order, OrderState, Snapshot
from desk.gate import market_context
from desk.gate.account_state import account_state
from desk.gate.desk_gate import Exposure, exposure, weighed
from desk.records.order_ref import order_ref
from desk.records.store import DeskStore
from ibkr.account.portfolio import Portfolio
from optimiser.lots.whole_lots import Lots, Sizing, target_quantities
from risk.account import AccountState
from risk.deadline import check_deadline
from risk.gate import check_constraints
from risk.limits import Check
from risk.measures import mean_return
from tasks.book_limits import book_limits
from tasks.columns import numbers, texts
from tasks.day import Day
from tasks.ingest import contracts_of
from tasks.ingested import Ingested
from tasks.listings import base_prices, listings_of
from tasks.orders import order_records
from tasks.quality import facts_of, quality_checks
from tasks.snapshot import snapshot_of, working_of
from tasks.stage import stage


@dataclass(frozen=True, slots=True)
class Batch:
    """What is judged: the weights wanted, the orders that lead there, and what works already."""

    weights: Mapping[int, float]  # of net asset value, by conId; 0 for what is sold
    orders: tuple[Order, ...]
    snapshot: Snapshot  # stocks only
    working: tuple[OrderState, ...]

    @property
    def others(self) -> tuple[OrderState, ...]:
        """What works beside this batch: an order of its own name is the same order, sent before."""
        own = {order.order_ref for order in self.orders}
        return tuple(state for state in self.working if state.order_ref not in own)

    def targets(self, prices: Mapping[int, float], held: Exposure) -> dict[int, float]:
        """Return the weights wanted, with what is left of our own earlier orders."""
        targets = {con_id: weight for con_id, weight in self.weights.items() if weight != 0.0}
        for con_id, weight in weighed(held.pending.items(), prices, held.net_asset_value):
            targets[con_id] = targets.get(con_id, 0.0) + weight
        return targets


@stage("6 risk gate")
def check_targets(
    day: Day, targets: StageRecord, ingested: Ingested, held: StageRecord, optimal: StageRecord
) -> StageRecord:
    """Round the targets to lots, make the orders, and hold all of it against every limit."""
    snapshot = snapshot_of(day.read_record(held.artefacts["positions"])).stocks
    table = day.read(targets.artefacts["targets"], TARGETS).set_index("con_id")
    lots = lots_of(day, table, ingested, snapshot, targets.facts["halted"])
    orders = orders_for(day, lots.quantities, table, ingested, snapshot)
    optimised = {name: optimal.facts[name] for name in ("status", "relaxations")}
    batch = Batch(lots.weights, orders, snapshot, open_orders_of(day, held))
    checks = judge_batch(day, batch, ingested, table, **optimised)
    failed = [check for check in checks if not check.passed]
    symbols = texts(table["symbol"])
    verdict = {
        "passed": not failed,
        "checks": [asdict(check) for check in checks],
        "quantities": {str(con_id): shares for con_id, shares in lots.quantities.items()},
        "weights": {str(con_id): weight for con_id, weight in lots.weights.items()},
        "skipped": {symbols[con_id]: why for con_id, why in lots.skipped.items()},
        "left_alone": {symbols[con_id]: asdict(each) for con_id, each in lots.left_alone.items()},
        "broken_by_rounding": lots.broken,
        "orders": order_records(orders),
        "optimised": optimised,
    }
    return StageRecord(
        stage="check",
        artefacts={
            "verdict": day.write_record("gate", verdict),
            "reference": day.write_record(market_context.KIND, _reference(day, ingested)),
        },
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
    named = "; ".join(f"{check.name}: {check.detail}" for check in failed)
    return f"FAILED {len(failed)} of {len(checks)}: {named}"


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
        frozen={*halted, *ingested.quarantined, *(set(held) - contracts)},
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


def open_orders_of(day: Day, held: StageRecord) -> tuple[OrderState, ...]:
    """Return the orders that worked at the broker when the snapshot was taken."""
    return working_of(day.read_record(held.artefacts["open_orders"])["orders"])


def judge_batch(
    day: Day,
    batch: Batch,
    ingested: Ingested,
    table: pd.DataFrame,
    *,
    status: str,
    relaxations: Mapping[str, float],
) -> tuple[Check, ...]:
    """Return the whole verdict on a batch: deadline, data, portfolio, account, single orders.

    The only judgement there is: what-if sizing asks it again of the orders that are left.
    """
    held = {position.con_id for position in batch.snapshot.positions}
    return (
        check_deadline(day.as_of, day.session.finish_line),
        *quality_checks(day.settings, facts_of(ingested.market), held=held),
        *portfolio_checks(day, batch, ingested, table, status=status, relaxations=relaxations),
    )


def portfolio_checks(
    day: Day,
    batch: Batch,
    ingested: Ingested,
    table: pd.DataFrame,
    *,
    status: str,
    relaxations: Mapping[str, float] | None = None,
) -> tuple[Check, ...]:
    """Hold weights, as they would be traded, against every limit of portfolio and account.

    What a single order fails at comes last, order by order.
    """
    features, universe = ingested.feature_table(day), ingested.universe_table(day)
    symbols = texts(table["symbol"])
    listings = listings_of(day, table, ingested, batch.snapshot)
    prices = base_prices(listings, batch.snapshot)
    held = exposure(batch.snapshot, batch.others)
    verdict = check_constraints(
        held.weights,
        batch.targets(prices, held),
        limits=day.settings.limits,
        returns=ingested.returns(day),
        adv=numbers(features["adv_20"]),
        prices={con_id: listing.price for con_id, listing in listings.items()},
        rates=batch.snapshot.exchange_rates,
        net_asset_value=held.net_asset_value,
        coverage=min(len(features), facts_of(ingested.market)["fresh"]) / len(universe),
        optimiser_status=status,
        account=_account(day, batch.orders),
        relaxations=relaxations,
        orders=batch.orders,
        foreign=weighed(held.foreign, prices, held.net_asset_value),
        sectors=texts(universe.set_index("con_id")["sector"]),
        names=held.names | symbols,
    )
    return (*verdict.checks, *(one for one in verdict.orders if not one.passed))


def _account(day: Day, orders: Sequence[Order]) -> AccountState:
    with DeskStore.of(day.paths) as store:
        return account_state(
            store,
            day.settings,
            account=day.account,
            session=day.session.day,
            batch=[order.order_ref for order in orders],
            past=day.past,
        )


def _reference(day: Day, ingested: Ingested) -> dict[str, Any]:
    """Return what single orders are judged by until the next decision."""
    universe = ingested.universe_table(day).set_index("con_id")
    return market_context.record_of(mean_return(ingested.returns(day)), texts(universe["sector"]))
