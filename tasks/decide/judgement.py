"""What a batch is judged by on this day, gathered for the gate of the desk."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.tables.columns import numbers, texts
from core.types import Order, Snapshot
from desk.gate.account_state import account_state
from desk.gate.portfolio_gate import Batch, Optimised, PortfolioGate
from desk.records.store import DeskStore
from risk.account import AccountState
from risk.data_quality import quality_checks
from risk.deadline import check_deadline
from risk.limits import Check
from tasks.day import Day
from tasks.decide.listings import base_prices, listings_of
from tasks.ingest.ingested import Ingested


def gate_of(
    day: Day, table: pd.DataFrame, ingested: Ingested, snapshot: Snapshot, optimised: Optimised
) -> PortfolioGate:
    """Return the gate for batches that lead to the targets of a table, by conId."""
    features, universe = ingested.feature_table(day), ingested.universe_table(day)
    listings = listings_of(day, table, ingested, snapshot)

    def account(orders: Sequence[Order]) -> AccountState:
        with DeskStore.of(day.paths) as store:
            return account_state(
                store,
                day.settings,
                account=day.account,
                session=day.session.day,
                batch=[order.order_ref for order in orders],
                past=day.past,
            )

    return PortfolioGate(
        limits=day.settings.limits,
        prices={con_id: listing.price for con_id, listing in listings.items()},
        worth=base_prices(listings, snapshot),
        returns=ingested.returns(day),
        adv=numbers(features["adv_20"]),
        coverage=min(len(features), ingested.quality.fresh) / len(universe),
        sectors=texts(universe.set_index("con_id")["sector"]),
        symbols=texts(table["symbol"]),
        optimised=optimised,
        account=account,
    )


def judge_batch(
    day: Day, ingested: Ingested, gate: PortfolioGate, batch: Batch
) -> tuple[Check, ...]:
    """Return the whole verdict on a batch: deadline, data, portfolio, account, single orders.

    The only judgement there is: what-if sizing asks it again of the orders that are left.
    """
    held = {position.con_id for position in batch.snapshot.positions}
    return (
        check_deadline(day.as_of, day.session.finish_line),
        *quality_checks(day.settings.quality, ingested.quality, held=held),
        *gate.judge(batch),
    )


def verdict_note(checks: Sequence[Check]) -> str:
    """Return one line: passed, or which checks failed."""
    failed = [check for check in checks if not check.passed]
    if not failed:
        return f"passed {len(checks)} of {len(checks)}"
    named = "; ".join(f"{check.name}: {check.detail}" for check in failed)
    return f"FAILED {len(failed)} of {len(checks)}: {named}"
