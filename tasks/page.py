"""The records of a day, gathered into what people see."""

from __future__ import annotations

from core.calendar import unusual_hours
from core.provenance import code_hash
from core.tables import TARGETS
from core.types import Snapshot
from desk.ticket import Ticket, read_ticket
from desk.tickets import SHORT, TicketState
from review.day import (
    DayPage,
    Risk,
    Verdict,
)
from risk.measures import gross
from tasks.columns import rows
from tasks.day import Day
from tasks.judged import figures_of
from tasks.page_checks import gate_lines, quality_lines, unknown_sources
from tasks.page_orders import order_lines, rehearsals
from tasks.page_stages import Records, artefacts_of, stage_lines
from tasks.page_symbols import overrides, symbol_lines
from tasks.snapshot import snapshot_of


def day_page(day: Day, records: Records) -> DayPage:
    """Gather a day. Stages that have not run yet are simply not shown."""
    ticket = read_ticket(day.store.open(records["propose"].artefacts["ticket"]).read_bytes())
    snapshot = snapshot_of(day.read_record(records["snapshot"].artefacts["positions"])).stocks
    table = rows(day.read(records["override"].artefacts["targets"], TARGETS))
    verdict = day_verdict(ticket, records)
    return DayPage(
        session=day.session.day,
        mode=day.settings.mode,
        account=day.account,
        currency=snapshot.currency,
        net_asset_value=snapshot.net_asset_value,
        as_of=day.as_of,
        opens_at=day.session.open,
        finish_line=day.session.finish_line,
        verdict=verdict,
        verdict_reason=verdict_reason(verdict, records),
        ticket_sha256=ticket.sha256,
        next_step=next_step(verdict, ticket, refused=_refused(records)),
        run_id=day.run_id,
        code_version=code_hash(),
        settings_hash=day.settings.decision_hash,
        world=records["market"].facts.get("world", ""),
        unknown=unknown_sources(records),
        hours=unusual_hours(day.session, exchange=day.settings.exchange),
        risk=_risk(day, records, snapshot),
        orders=order_lines(ticket, snapshot, records),
        checks=tuple(gate_lines(records)),
        binding=tuple(records["optimise"].facts["binding"]),
        symbols=tuple(symbol_lines(day, records, table, snapshot)),
        overrides=tuple(overrides(day, records, table)),
        quality=tuple(quality_lines(records)),
        rehearsals=tuple(rehearsals(snapshot, records)),
        stages=stage_lines(records),
        artefacts=artefacts_of(records),
    )


def day_verdict(ticket: Ticket, records: Records) -> Verdict:
    """Return how the day ended."""
    if ticket.failed_checks:
        return Verdict.RECOMMENDATION_ONLY
    if not ticket.lines:
        return Verdict.NO_ORDERS
    if "submit" in records and records["submit"].facts["states"]:
        return Verdict.EXECUTED
    return Verdict.RECOMMENDATION_ONLY if _came_second(records) else Verdict.PROPOSED


def verdict_reason(verdict: Verdict, records: Records) -> str:
    """Return what the verdict rests on, beyond failed checks."""
    if _came_second(records):
        return "Orders of this session were committed before; see: daybook orders"
    if verdict in {Verdict.NO_ORDERS, Verdict.RECOMMENDATION_ONLY}:
        return str(records["propose"].facts["no_orders"])
    return ""


def next_step(verdict: Verdict, ticket: Ticket, *, refused: str = "") -> str:
    """Return what a person can do; ``refused`` is why the desk did not send by itself."""
    if verdict is Verdict.PROPOSED:
        why = f"Not sent by itself: {refused}. " if refused else ""
        return (
            f"{why}To send ticket {ticket.sha256[:SHORT]}: daybook approve {ticket.session}; "
            f"to refuse it: daybook reject {ticket.session} --reason TEXT"
        )
    if verdict is Verdict.RECOMMENDATION_ONLY:
        return "Nothing will be sent. Correct what failed, then run the day again."
    if verdict is Verdict.EXECUTED:
        return f"Orders that still work are valid for {ticket.session} only."
    return ""


def _refused(records: Records) -> str:
    return records["submit"].facts["held_back"] if "submit" in records else ""


def _came_second(records: Records) -> bool:
    if "register" not in records:
        return False
    proposed = records["propose"].facts
    if proposed["status"] != "proposed" or not proposed["orders"]:
        return False
    return bool(records["register"].facts["state"] == TicketState.RECOMMENDATION)


def _risk(day: Day, records: Records, snapshot: Snapshot) -> Risk:
    return Risk(
        after=figures_of(records["check"], records["rehearse"]),
        gross_before=gross(snapshot.weights.values()),
        gross_limit=day.settings.limits.max_gross,
        cash_limit=day.settings.limits.cash_buffer,
        expected_return=records["optimise"].facts["expected_return"],
    )
