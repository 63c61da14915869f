"""Stage 7: the broker is asked "what if" of every order, and what is left is checked once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.canonical import plain
from core.storage.runs import StageRecord
from core.types import Order, WhatIf
from desk.gate.portfolio_gate import weights_after
from risk.limits import Check
from risk.what_if_answers import Basket, BasketWhatIf, Step
from risk.what_if_size_down import what_if_basket
from tasks.day import Day
from tasks.decide.overlay import OverlayResult
from tasks.decide.risk_gate import RiskGateResult, terms_of, verdict_note
from tasks.decide.snapshot import SnapshotResult
from tasks.decide.targets import Targets
from tasks.ingest.ingested import Ingested
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True)
class BasketChange:
    """The account's margin and equity before the kept orders and after all of them."""

    before: Basket
    after: Basket


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfResult(StageResult):
    """What the broker said, and what it left. Its artefact: ``rehearsal``, this in JSON."""

    passed: bool  # whether the orders that are left pass the gate
    rehearsed: bool  # whether the broker was asked
    orders: tuple[Order, ...]  # that are left, in send order
    checks: tuple[Check, ...] = ()  # of what is left; empty where it is what the gate judged
    weights: Mapping[int, float] = field(default_factory=dict)  # likewise, by conId
    removed: tuple[Order, ...] = ()
    steps: tuple[Step, ...] = ()
    basket: BasketChange | None = None

    @property
    def judged_again(self) -> bool:
        """Whether the orders differ from those that the gate judged first."""
        return bool(self.checks)


@stage(7, WhatIfResult, retries=2)
def what_if(
    day: Day,
    overlaid: StageRecord[OverlayResult],
    ingested: Ingested,
    held: StageRecord[SnapshotResult],
    verdict: StageRecord[RiskGateResult],
) -> Output[WhatIfResult]:
    """Ask the broker "what if" of each order; size down, remove or flag by its answer."""
    orders = verdict.result.orders
    if not (verdict.result.passed and orders):
        why = "no orders" if verdict.result.passed else "the gate failed"
        unasked = WhatIfResult(passed=True, rehearsed=False, orders=orders)
        return _output(day, unasked, len(orders), 0, f"no what-if: {why}")
    targets = Targets.read(day, overlaid.artefacts["targets"], ingested, held)
    found = _ask_broker(day, orders, targets)
    checks: tuple[Check, ...] = ()
    weights: dict[int, float] = {}
    if found.kept != orders:
        # A sale that was removed may break a limit, and every figure people see is of what is left.
        weights = weights_after(found.kept, targets.snapshot, targets.worth)
        left = targets.batch(weights, found.kept)
        checks = targets.judge(left, verdict.result.optimised, terms_of(day, verdict))
    result = WhatIfResult(
        passed=all(check.passed for check in checks),
        rehearsed=True,
        orders=found.kept,
        checks=checks,
        weights=weights,
        removed=found.removed,
        steps=found.steps,
        basket=None if found.basket is None else BasketChange(*found.basket),
    )
    told = what_if_note(found, checks)
    return _output(day, result, len(orders), len(found.kept), told)


def _ask_broker(day: Day, orders: tuple[Order, ...], targets: Targets) -> BasketWhatIf:
    settings, rates = day.settings.orders, targets.snapshot.exchange_rates
    with day.connect(for_orders=True) as gateway:
        return what_if_basket(
            orders,
            _with_progress(
                day, lambda order: gateway.trading.what_if(order).in_base(rates), len(orders)
            ),
            size_down=settings.size_down,
            floor=settings.size_down_floor,
            lot=lambda order: targets.listings[order.con_id].round_lot(even=settings.even_lots),
        )


def what_if_note(found: BasketWhatIf, checks: Sequence[Check]) -> str:
    """Return one line on what became of the orders."""
    counts = (
        f"{len(found.kept)} kept, {len(found.sized_down)} of them sized down, "
        f"{len(found.removed)} removed"
    )
    return f"{counts}; gate again: {verdict_note(checks)}" if checks else counts


def _output(
    day: Day, result: WhatIfResult, asked: int, kept: int, notes: str
) -> Output[WhatIfResult]:
    return Output(
        result=result,
        artefacts={"rehearsal": day.write_record("rehearsal", plain(result))},
        rows_in=asked,
        rows_out=kept,
        notes=notes,
    )


def _with_progress(
    day: Day, what_if: Callable[[Order], WhatIf], total: int
) -> Callable[[Order], WhatIf]:
    asked: set[str] = set()  # an order that is sized down is asked about more than once

    def ask(order: Order) -> WhatIf:
        answer = what_if(order)
        asked.add(order.order_ref)
        day.progress("what-if", len(asked), total)
        return answer

    return ask
