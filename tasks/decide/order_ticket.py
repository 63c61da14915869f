"""Stage 8: the order ticket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.storage.runs import StageRecord
from core.tables import TARGETS
from core.tables.columns import numbers, rows
from core.types import Order, OrderState
from desk.records.order_ref import is_ours
from desk.records.store import DeskStore
from desk.tickets.order_ticket import Removed, Ticket, TicketLine, TicketStatus
from desk.tickets.registration import decided_before
from risk.rehearsal import Asked, asked_of
from tasks.day import Day
from tasks.decide.last_judgement import last_checks
from tasks.decide.listings import base_prices, listings_of
from tasks.decide.no_orders import no_orders
from tasks.decide.overlay import OverlayResult
from tasks.decide.risk_gate import RiskGateResult
from tasks.decide.snapshot import SnapshotResult, open_orders_of, stocks_held
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
    targets: StageRecord[OverlayResult],
    ingested: Ingested,
    held: StageRecord[SnapshotResult],
    verdict: StageRecord[RiskGateResult],
    rehearsal: StageRecord[WhatIfResult],
) -> Output[OrderTicketResult]:
    """Write the ticket that a person reviews, and that submission is bound to."""
    snapshot = stocks_held(day, held)
    table = day.read(targets.artefacts["targets"], TARGETS)
    by_con_id = {row["con_id"]: row for row in rows(table)}
    listings = listings_of(day, table.set_index("con_id"), ingested, snapshot)
    worth = base_prices(listings, snapshot)
    adv = numbers(ingested.feature_table(day)["adv_20"])
    failed = [c for c in last_checks(verdict.result, rehearsal.result) if not c.passed]
    asked = asked_of(rehearsal.result.steps)
    beside = _orders_of_others(open_orders_of(day, held))
    ticket = Ticket(
        account=day.account,
        mode=day.settings.mode.value,
        session=day.session.day,
        run_key=day.run_key,
        status=TicketStatus.RECOMMENDATION_ONLY if failed else TicketStatus.PROPOSED,
        decided_at=day.as_of,
        finish_line=day.session.finish_line,
        net_asset_value=snapshot.net_asset_value,
        lines=tuple(
            ticket_line(
                order,
                by_con_id[order.con_id],
                worth=worth[order.con_id],
                net_asset_value=snapshot.net_asset_value,
                adv=adv.get(order.con_id),
                asked=asked.get(order.order_ref),
                beside=beside.get(order.con_id, ""),
            )
            for order in rehearsal.result.orders
        ),
        removed=tuple(
            Removed(order.symbol, order.con_id, asked[order.order_ref].last.reason)
            for order in rehearsal.result.removed
        ),
        failed_checks=tuple(asdict(check) for check in failed),
    )
    with DeskStore.of(day.paths) as store:
        ticket = decided_before(store, ticket)
    artefact = day.store.put(
        day.paths.ticket(day.session.day),
        ticket.content(),
        schema="json",
        rows=len(ticket.lines),
    )
    why_none = no_orders(ticket, verdict.result, by_con_id.values(), day.settings)
    return Output(
        result=OrderTicketResult(
            status=ticket.status,
            sha256=ticket.sha256,
            orders=len(ticket.lines),
            no_orders=why_none,
        ),
        artefacts={"ticket": artefact},
        rows_in=len(rehearsal.result.orders),
        rows_out=len(ticket.lines),
        notes=f"no orders: {why_none}" if why_none else ticket.status.value.replace("_", " "),
    )


def ticket_line(
    order: Order,
    target: Mapping[str, Any],
    *,
    worth: float,
    net_asset_value: float,
    adv: float | None,
    asked: Asked | None,
    beside: str = "",
) -> TicketLine:
    """Return an order with what a reviewer needs to judge it.

    ``worth`` is what one share is worth in the base currency; ``beside`` are the orders that
    others have open in its name, in words.
    """
    notional = order.quantity * worth
    change = order.side.sign * notional / net_asset_value
    answer = None if asked is None else asked.last.answer
    return TicketLine(
        order=order,
        reference_price=target["price"],
        notional=notional,
        weight_before=target["weight_before"],
        weight_after=target["weight_before"] + change,
        alpha_score=target["alpha_score"],
        adv_share=None if not adv else order.quantity / adv,
        maintenance_margin_change=None if answer is None else answer.maintenance_margin_change,
        commission=None if answer is None else answer.commission,
        flag=_flag(order, target, asked, beside),
    )


def _orders_of_others(working: Iterable[OrderState]) -> dict[int, str]:
    """Return what is open and not ours, in words, by conId."""
    found: dict[int, str] = {}
    for state in working:
        if not is_ours(state.order_ref):
            told = f"{state.side} {state.quantity - state.filled:g}"
            earlier = f"{found[state.con_id]} and " if state.con_id in found else ""
            found[state.con_id] = f"{earlier}{told}"
    return found


def _flag(order: Order, target: Mapping[str, Any], asked: Asked | None, beside: str) -> str:
    flags = [f"also open by hand: {beside}"] if beside else []
    if asked is not None and asked.first_quantity != order.quantity:
        flags.append(f"sized down from {asked.first_quantity}")
    if target["override"]:
        flags.append("override")
    return ", ".join(flags)
