"""Stage 8: the order ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.storage.runs import StageRecord
from core.tables.columns import numbers, rows
from core.types import Order
from desk.records.store import DeskStore
from desk.tickets.order_ticket import Removed, Ticket, TicketLine, TicketStatus
from desk.tickets.registration import decided_before
from desk.tickets.ticket_lines import Basis, orders_of_others, ticket_line
from review.page_parts.no_orders import no_orders
from risk.limits import Check
from risk.what_if_answers import asked_of
from tasks.day import Day
from tasks.decide.final_verdict import last_checks, status_of
from tasks.decide.overlay import OverlayResult
from tasks.decide.risk_gate import RiskGateResult, terms_of
from tasks.decide.snapshot import SnapshotResult
from tasks.decide.targets import Targets
from tasks.decide.what_if import WhatIfResult
from tasks.ingest.ingested import Ingested
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTicketResult(StageResult):
    """The ticket. Its artefact: ``ticket``."""

    status: TicketStatus
    sha256: str  # of the ticket: what an approval is bound to
    orders: int
    no_orders: str = ""  # why there are none, in words


@stage(8, OrderTicketResult)
def order_ticket(
    day: Day,
    overlaid: StageRecord[OverlayResult],
    ingested: Ingested,
    held: StageRecord[SnapshotResult],
    verdict: StageRecord[RiskGateResult],
    what_if: StageRecord[WhatIfResult],
) -> Output[OrderTicketResult]:
    """Write the ticket that a person reviews, and that submission is bound to."""
    targets = Targets.read(day, overlaid.artefacts["targets"], ingested, held)
    failed = [c for c in last_checks(verdict.result, what_if.result) if not c.passed]
    terms = terms_of(day, verdict)
    cutoff = targets.agreed(terms[order.con_id] for order in what_if.result.orders).finish_line
    with DeskStore.of(day.paths) as store:
        ticket = decided_before(store, _ticket(day, targets, what_if.result, failed, cutoff))
    artefact = day.store.put(
        day.paths.ticket(day.session.day),
        ticket.content(),
        schema="json",
        rows=len(ticket.lines),
    )
    why_none = no_orders(
        ticket,
        rows(targets.table),
        day.settings,
        status=verdict.result.optimised.status,
        left_alone=verdict.result.left_alone,
    )
    return Output(
        result=OrderTicketResult(
            status=ticket.status,
            sha256=ticket.sha256,
            orders=len(ticket.lines),
            no_orders=why_none,
        ),
        artefacts={"ticket": artefact},
        rows_in=len(what_if.result.orders),
        rows_out=len(ticket.lines),
        notes=f"no orders: {why_none}" if why_none else ticket.status.value.replace("_", " "),
    )


def _ticket(
    day: Day, targets: Targets, what_if: WhatIfResult, failed: list[Check], cutoff: datetime
) -> Ticket:
    asked = asked_of(what_if.steps)
    return Ticket(
        account=day.account,
        mode=day.settings.mode.value,
        session=day.session.day,
        run_key=day.run_key,
        status=status_of(failed),
        decided_at=day.as_of,
        finish_line=cutoff,
        net_asset_value=targets.snapshot.net_asset_value,
        lines=tuple(_lines(targets, what_if)),
        removed=tuple(
            Removed(order.symbol, order.con_id, asked[order.order_ref].last.reason)
            for order in what_if.removed
        ),
        failed_checks=tuple(failed),
        frozen=targets.frozen,
    )


def _lines(targets: Targets, what_if: WhatIfResult) -> list[TicketLine]:
    decided = {row["con_id"]: row for row in rows(targets.table.reset_index())}
    adv = numbers(targets.features["adv_20"])
    asked, beside = asked_of(what_if.steps), orders_of_others(targets.working)

    def basis(order: Order) -> Basis:
        row = decided[order.con_id]
        return Basis(
            price=row["price"],
            worth=targets.worth[order.con_id],
            weight_before=row["weight_before"],
            alpha_score=row["alpha_score"],
            overridden=bool(row["override"]),
            adv=adv.get(order.con_id),
        )

    return [
        ticket_line(
            order,
            basis(order),
            net_asset_value=targets.snapshot.net_asset_value,
            asked=asked.get(order.order_ref),
            beside=beside.get(order.con_id, ""),
        )
        for order in what_if.orders
    ]
