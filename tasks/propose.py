"""Stage 8: the order ticket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.storage.runs import StageRecord
from core.tables import TARGETS
from core.types import Order, OrderState
from desk.records.order_ref import is_ours
from desk.records.store import DeskStore
from desk.tickets.order_ticket import Removed, Ticket, TicketLine, TicketStatus
from desk.tickets.registration import decided_before
from tasks.check import open_orders_of
from tasks.columns import numbers, rows
from tasks.day import Day
from tasks.ingested import Ingested
from tasks.judged import last_judgement
from tasks.listings import base_prices, listings_of
from tasks.no_orders import no_orders
from tasks.orders import orders_of
from tasks.snapshot import snapshot_of
from tasks.stage import stage


@stage("8 orders")
def propose_orders(
    day: Day,
    targets: StageRecord,
    ingested: Ingested,
    held: StageRecord,
    verdict: StageRecord,
    rehearsal: StageRecord,
) -> StageRecord:
    """Write the ticket that a person reviews, and that submission is bound to."""
    snapshot = snapshot_of(day.read_record(held.artefacts["positions"])).stocks
    table = day.read(targets.artefacts["targets"], TARGETS)
    by_con_id = {row["con_id"]: row for row in rows(table)}
    listings = listings_of(day, table.set_index("con_id"), ingested, snapshot)
    worth = base_prices(listings, snapshot)
    adv = numbers(ingested.feature_table(day)["adv_20"])
    judged = last_judgement(verdict, rehearsal)["checks"]
    failed = [check for check in judged if not check["passed"]]
    answers = _last_steps(rehearsal)
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
                step=answers.get(order.order_ref),
                beside=beside.get(order.con_id, ""),
            )
            for order in orders_of(rehearsal.facts["orders"])
        ),
        removed=tuple(
            Removed(order.symbol, order.con_id, answers[order.order_ref]["reason"])
            for order in orders_of(rehearsal.facts["removed"])
        ),
        failed_checks=tuple(failed),
    )
    with DeskStore.of(day.paths) as store:
        ticket = decided_before(store, ticket)
    artefact = day.store.put(
        day.paths.ticket(day.session.day),
        ticket.content(),
        schema="json",
        rows=len(ticket.lines),
    )
    why_none = no_orders(ticket, verdict.facts, by_con_id.values(), day.settings)
    return StageRecord(
        stage="propose",
        artefacts={"ticket": artefact},
        facts={
            "status": ticket.status.value,
            "sha256": ticket.sha256,
            "orders": len(ticket.lines),
            "no_orders": why_none,
        },
        rows_in=len(rehearsal.facts["orders"]),
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
    step: Mapping[str, Any] | None,
    beside: str = "",
) -> TicketLine:
    """Return an order with what a reviewer needs to judge it.

    ``worth`` is what one share is worth in the base currency; ``beside`` are the orders that
    others have open in its name, in words.
    """
    notional = order.quantity * worth
    change = order.side.sign * notional / net_asset_value
    answer = (step or {}).get("answer") or {}
    return TicketLine(
        order=order,
        reference_price=target["price"],
        notional=notional,
        weight_before=target["weight_before"],
        weight_after=target["weight_before"] + change,
        alpha_score=target["alpha_score"],
        adv_share=None if not adv else order.quantity / adv,
        maintenance_margin_change=answer.get("maintenance_margin_change"),
        commission=answer.get("commission"),
        flag=_flag(order, target, step, beside),
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


def _flag(
    order: Order, target: Mapping[str, Any], step: Mapping[str, Any] | None, beside: str
) -> str:
    flags = [f"also open by hand: {beside}"] if beside else []
    if step is not None and step["first_quantity"] != order.quantity:
        flags.append(f"sized down from {step['first_quantity']}")
    if target["override"]:
        flags.append("override")
    return ", ".join(flags)


def _last_steps(rehearsal: StageRecord) -> dict[str, dict[str, Any]]:
    """Return each order's last step, with the quantity that was asked first."""
    last: dict[str, dict[str, Any]] = {}
    for step in rehearsal.facts["steps"]:
        ref = step["order_ref"]
        first = last.get(ref, {}).get("first_quantity", step["asked_quantity"])
        last[ref] = {**step, "first_quantity": first}
    return last
