"""Stage 9: the page of the day, and the journal entry that seals it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core import clock
from core.calendar import local_moment
from core.canonical import plain
from core.errors import DataError
from core.storage.provenance import code_hash
from core.storage.runs import Records, StageRecord, record_of
from core.tables import SCORES, TARGETS
from core.tables.columns import rows
from desk.records.audit import DESK, Act, newest, note
from desk.records.store import DeskStore
from journal import Decision, Entry, Sealed, log
from review.day import DayPage
from review.page import render_day
from review.page_parts.stages import artefacts_of
from tasks.day import Day
from tasks.decide.optimise import optimise
from tasks.decide.order_ticket import order_ticket
from tasks.decide.overlay import overlay
from tasks.decide.signals import signals
from tasks.decide.what_if import what_if
from tasks.record.day_page import day_page
from tasks.record.notify import subject
from tasks.stage import Output, StageResult, stage
from tasks.trade.standing import standing
from tasks.trade.submit import submit


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalResult(StageResult):
    """Where the day is in the journal. Its artefact: ``page``."""

    seq: int  # of the entry's first row
    entry: int | None = None  # its number; None: written before it was kept
    head: str  # latest hash
    segment: str  # name of the file
    unchanged_since: str | None = None  # when the same was sealed before; None: now


@stage(9, JournalResult)
def journal(day: Day, made: Records) -> Output[JournalResult]:
    """Draw the page and seal the decision, with the hash of everything it rests on.

    Where the last run of the session sealed the same decision and the desk has not moved since,
    nothing is drawn and nothing sealed: the record is of the page and the entry that are there.
    """
    content = made[standing].result.content
    with DeskStore.of(day.paths) as store:
        earlier = _sealed_before(day, store, content)
        if earlier is not None:
            return earlier
        sealed = _seal(day, made)
        with store.transaction() as connection:
            detail = {"content": content, "record": plain(_as_record(sealed))}
            note(connection, Act(clock.now(), DESK, "sealed", subject(day), detail))
    return sealed


def _as_record(made: Output[JournalResult]) -> StageRecord[JournalResult]:
    return StageRecord(
        stage="journal", result=made.result, artefacts=made.artefacts, notes=made.notes
    )


def _sealed_before(day: Day, store: DeskStore, content: str) -> Output[JournalResult] | None:
    """Return what the session's last sealing came to if that was of the same content."""
    last = newest(store, subject(day), "sealed")
    if last is None or last.detail["content"] != content:
        return None
    try:
        record = record_of(last.detail["record"], JournalResult)
        page = record.artefacts["page"]
        day.store.open(page)
    except DataError:
        return None
    if not (day.paths.journal / "segments" / record.result.segment).is_file():
        return None
    since = local_moment(last.at)
    return Output(
        result=replace(record.result, unchanged_since=since),
        artefacts={"page": page},
        rows_out=0,
        notes=f"unchanged since {since}: nothing written, nothing recorded; {record.notes}",
    )


def _seal(day: Day, made: Records) -> Output[JournalResult]:
    page = day_page(day, made)
    drawn = day.store.put(
        day.paths.page(day.session.day), render_day(page), schema="html", rows=len(page.orders)
    )
    artefacts = artefacts_of(made)
    sealed = log(
        day.paths.journal,
        Entry(
            run_id=day.run_id,
            kind="decision",
            timestamp=clock.now(),
            session=day.session.day,
            facts=decision_facts(day, made, page),
            artefacts=(*artefacts, drawn),
            decisions=decisions_of(day, made),
        ),
    )
    return Output(
        result=JournalResult(
            seq=sealed.seq,
            entry=sealed.number,
            head=sealed.head,
            segment=sealed.segment.name,
        ),
        artefacts={"page": drawn},
        rows_out=len(artefacts) + 1,
        notes=seal_note(sealed),
    )


def seal_note(sealed: Sealed) -> str:
    """Return one line on what was sealed; what had to be set aside comes first."""
    told = f"entry {sealed.number}, hash {sealed.head[:12]}"
    if sealed.set_aside:
        names = ", ".join(path.name for path in sealed.set_aside)
        return f"SET ASIDE unfinished {names}; {told}"
    return told


def decision_facts(day: Day, made: Records, page: DayPage) -> dict[str, Any]:
    """Return what the journal says of a day, as plain JSON values."""
    optimal = made[optimise].result  # expected_*: of its own target, before overrides and lots
    scores = day.read(made[signals].artefacts["scores"], SCORES)
    drivers = scores.nlargest(5, "alpha_score")
    return {
        **plain(Decision(run_key=day.run_key, verdict=page.verdict.value)),
        "mode": day.settings.mode.value,
        "account": day.account,
        "as_of": day.as_of.isoformat(),
        "headline": page.standing.headline,
        "constraints_ok": not page.failed_checks,
        "failed_checks": [check.name for check in page.failed_checks],
        "status": optimal.status,
        "expected_return": optimal.expected_return,
        "expected_volatility": optimal.volatility,
        **gate_facts(page),
        "hash_targets": made[overlay].artefacts["targets"].sha256,
        "hash_orders": made[order_ticket].artefacts["ticket"].sha256,
        "top_drivers": [
            {"symbol": row["symbol"], "alpha_score": row["alpha_score"]} for row in rows(drivers)
        ],
        "orders": len(page.orders),
        "sent": made[submit].result.sent if submit in made else 0,
        "settings": day.settings.decision_hash,
        "code": code_hash(),
    }


def gate_facts(page: DayPage) -> dict[str, Any]:
    """Return the gate's figures of the orders that would be sent, as plain JSON values."""
    after = page.risk.after
    return {
        "gross": after.gross,
        "net": after.net,
        "cash_without_short_proceeds": after.cash,
        "turnover": after.turnover,
        "volatility": after.volatility,
        "value_at_risk": after.value_at_risk.value,
        "value_at_risk_method": after.value_at_risk.method,
        "expected_shortfall": after.expected_shortfall.value,
        "expected_shortfall_method": after.expected_shortfall.method,
        "checks": after.checks,
        "checks_passed": after.passed,
    }


def decisions_of(day: Day, made: Records) -> list[dict[str, Any]]:
    """Return one row for each symbol with an order or an override."""
    table = day.read(made[overlay].artefacts["targets"], TARGETS)
    asked = made[what_if].result
    orders = {order.con_id: plain(order) for order in asked.orders}
    removed = {order.con_id: plain(order) for order in asked.removed}
    return [
        {
            "symbol": row["symbol"],
            "con_id": row["con_id"],
            "payload": {
                "weight_before": row["weight_before"],
                "weight_optimal": row["weight_optimal"],
                "weight": row["weight"],
                "override": row["override"],
                "order": orders.get(row["con_id"]),
                "removed": removed.get(row["con_id"]),
            },
        }
        for row in rows(table)
        if row["con_id"] in orders or row["con_id"] in removed or row["override"]
    ]
