"""Stage 6: the gate. Targets become share counts and orders; every limit is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from core.canonical import plain
from core.decoding import decode
from core.storage.runs import StageRecord
from core.types import Contract, Order, TradingTerms
from core.types.frozen import FrozenHolding, frozen_note
from core.untraded import Untraded
from desk.gate import market_context
from desk.gate.portfolio_gate import Optimised
from risk.limits import Check
from risk.measures import mean_return
from tasks.day import Day
from tasks.decide.optimise import OptimiseResult
from tasks.decide.overlay import OverlayResult
from tasks.decide.snapshot import SnapshotResult
from tasks.decide.targets import Targets
from tasks.ingest.ingested import Ingested
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskGateResult(StageResult):
    """What the gate judged, and its verdict.

    Its artefacts: ``verdict``, this in JSON; ``terms``, how the broker says that what it would
    trade trades; ``reference``, what single orders are judged by until the next decision.
    """

    passed: bool
    checks: tuple[Check, ...]
    quantities: Mapping[int, int]  # shares to hold, by conId
    weights: Mapping[int, float]  # what they are worth, of net asset value
    skipped: Mapping[str, str]  # symbol -> why it is left as it is
    left_alone: Mapping[str, Untraded] = field(default_factory=dict)  # the same, in figures
    frozen: tuple[FrozenHolding, ...] = ()  # holdings that no day trades as they are
    broken_by_rounding: Mapping[str, float] = field(default_factory=dict)  # limit -> by how much
    orders: tuple[Order, ...]
    optimised: Optimised


@stage(6, RiskGateResult, retries=2)
def risk_gate(
    day: Day,
    overlaid: StageRecord[OverlayResult],
    ingested: Ingested,
    held: StageRecord[SnapshotResult],
    optimal: StageRecord[OptimiseResult],
) -> Output[RiskGateResult]:
    """Round the targets to lots, make the orders, and hold all of it against every limit."""
    targets = Targets.read(day, overlaid.artefacts["targets"], ingested, held)
    lots = targets.lots(overlaid.result.halted)
    terms = _ask_broker(day, targets.traded(lots.quantities))
    orders = targets.orders(lots.quantities, terms)
    optimised = Optimised(optimal.result.status, optimal.result.relaxations)
    checks = targets.judge(targets.batch(lots.weights, orders), optimised, terms)
    symbols = targets.symbols
    verdict = RiskGateResult(
        passed=all(check.passed for check in checks),
        checks=checks,
        quantities=lots.quantities,
        weights=lots.weights,
        skipped={symbols[con_id]: why for con_id, why in lots.skipped.items()},
        left_alone={symbols[con_id]: each for con_id, each in lots.left_alone.items()},
        frozen=targets.frozen,
        broken_by_rounding=lots.broken,
        orders=orders,
        optimised=optimised,
    )
    # What single orders are judged by until the next decision.
    reference = market_context.record_of(mean_return(targets.returns), targets.sectors)
    return Output(
        result=verdict,
        artefacts={
            "verdict": day.write_record("gate", plain(verdict)),
            "terms": day.write_record("trading_terms", {"terms": [*map(plain, terms.values())]}),
            "reference": day.write_record(market_context.KIND, reference),
        },
        rows_in=int((targets.table["weight"] != 0.0).sum()),
        rows_out=len(orders),
        notes="; ".join(filter(None, (verdict_note(checks), frozen_note(targets.frozen)))),
    )


def _ask_broker(day: Day, contracts: Sequence[Contract]) -> dict[int, TradingTerms]:
    """Ask for the hours and increments of what would trade; nothing where nothing would."""
    if not contracts:
        return {}
    with day.connect() as gateway:
        return gateway.market.trading_terms(
            contracts, progress=partial(day.progress, "trading terms")
        )


def terms_of(day: Day, verdict: StageRecord[RiskGateResult]) -> dict[int, TradingTerms]:
    """Return how what the gate judged trades, by conId."""
    record = decode(_Terms, day.read_record(verdict.artefacts["terms"]))
    return {one.con_id: one for one in record.terms}


@dataclass(frozen=True, slots=True)
class _Terms:
    terms: tuple[TradingTerms, ...]


def verdict_note(checks: Sequence[Check]) -> str:
    """Return one line: passed, or which checks failed."""
    failed = [check for check in checks if not check.passed]
    if not failed:
        return f"passed {len(checks)} of {len(checks)}"
    named = "; ".join(f"{check.name}: {check.detail}" for check in failed)
    return f"FAILED {len(failed)} of {len(checks)}: {named}"
