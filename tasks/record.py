"""Stage 9: the page of the day, the sealed journal entry, and the message about both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import journal
from core import clock
from core.errors import DataError
from core.storage.artefacts import Artefact
from core.storage.provenance import code_hash
from core.storage.runs import StageRecord
from core.tables import SCORES, TARGETS
from desk.records.audit import DESK, Act, newest, note
from desk.records.store import DeskStore
from review.day import DayPage
from review.page import render_day
from review.slack import ticket_message
from tasks.columns import rows
from tasks.day import Day
from tasks.message import delivered, subject
from tasks.page import day_page
from tasks.page_stages import Records, artefacts_of
from tasks.stage import stage


@stage("9 journal")
def seal_day(day: Day, records: Mapping[str, StageRecord]) -> StageRecord:
    """Draw the page and seal the decision, with the hash of everything it rests on.

    Where the last run of the session sealed the same decision and the desk has not moved since,
    nothing is drawn and nothing sealed: the record is of the page and the entry that are there.
    """
    content = records["state"].facts["content"]
    with DeskStore.of(day.paths) as store:
        earlier = _sealed_before(day, store, content)
        if earlier is not None:
            return earlier
        record = _seal(day, records)
        with store.transaction() as connection:
            detail = {"content": content, "record": asdict(record)}
            note(connection, Act(clock.now(), DESK, "sealed", subject(day), detail))
    return record


@stage("9 message")
def notify(day: Day, records: Mapping[str, StageRecord]) -> StageRecord:
    """Send the review message. A message that cannot be sent is noted, the day stands."""
    message = ticket_message(
        day_page(day, records),
        report=records["seal"].artefacts["page"].path,
        head=records["seal"].facts["head"],
    )
    return delivered(day, message, about=records["state"].facts["content"])


def _sealed_before(day: Day, store: DeskStore, content: str) -> StageRecord | None:
    """Return the record of the session's last sealing if that was of the same content."""
    last = newest(store, subject(day), "sealed")
    if last is None or last.detail["content"] != content:
        return None
    plain = last.detail["record"]
    page = Artefact(**plain["artefacts"]["page"])
    segment = day.paths.journal / "segments" / plain["facts"]["segment"]
    try:
        day.store.open(page)
    except DataError:
        return None
    if not segment.is_file():
        return None
    since = f"{last.at:%Y-%m-%d %H:%M} UTC"
    return StageRecord(
        stage="seal",
        artefacts={"page": page},
        facts={**plain["facts"], "unchanged_since": since},
        rows_out=0,
        notes=f"unchanged since {since}: nothing written, nothing sealed; {plain['notes']}",
    )


def _seal(day: Day, records: Mapping[str, StageRecord]) -> StageRecord:
    page = day_page(day, records)
    drawn = day.store.put(
        day.paths.page(day.session.day), render_day(page), schema="html", rows=len(page.orders)
    )
    sealed = journal.log(
        day.paths.journal,
        journal.Entry(
            run_id=day.run_id,
            kind="decision",
            timestamp=clock.now(),
            session=day.session.day,
            facts=decision_facts(day, records, page),
            artefacts=(*artefacts_of(records), drawn),
            decisions=decisions_of(day, records),
        ),
    )
    return StageRecord(
        stage="seal",
        artefacts={"page": drawn},
        facts={
            "seq": sealed.seq,
            "entry": sealed.number,
            "head": sealed.head,
            "segment": str(sealed.segment.name),
            "unchanged_since": None,
        },
        rows_out=len(artefacts_of(records)) + 1,
        notes=seal_note(sealed),
    )


def seal_note(sealed: journal.Sealed) -> str:
    """Return one line on what was sealed; what had to be set aside comes first."""
    told = f"entry {sealed.number}, head {sealed.head[:12]}"
    if sealed.set_aside:
        names = ", ".join(path.name for path in sealed.set_aside)
        return f"SET ASIDE unfinished {names}; {told}"
    return told


def decision_facts(day: Day, records: Records, page: DayPage) -> dict[str, Any]:
    """Return what the journal says of a day, as plain JSON values."""
    optimal = records["optimise"].facts  # expected_*: of its own target, before overrides and lots
    scores = day.read(records["signals"].artefacts["scores"], SCORES)
    drivers = scores.nlargest(5, "alpha_score")
    return {
        "run_key": day.run_key,
        "mode": day.settings.mode.value,
        "account": day.account,
        "as_of": day.as_of.isoformat(),
        "verdict": page.verdict.value,
        "headline": page.standing.headline,
        "constraints_ok": not page.failed_checks,
        "failed_checks": [check.name for check in page.failed_checks],
        "status": optimal["status"],
        "expected_return": optimal["expected_return"],
        "expected_volatility": optimal["volatility"],
        **gate_facts(page),
        "hash_targets": records["override"].artefacts["targets"].sha256,
        "hash_orders": records["propose"].artefacts["ticket"].sha256,
        "top_drivers": [
            {"symbol": row["symbol"], "alpha_score": row["alpha_score"]} for row in rows(drivers)
        ],
        "orders": len(page.orders),
        "sent": records["submit"].facts["sent"] if "submit" in records else 0,
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


def decisions_of(day: Day, records: Records) -> list[dict[str, Any]]:
    """Return one row for each symbol with an order or an override."""
    table = day.read(records["override"].artefacts["targets"], TARGETS)
    facts = records["rehearse"].facts
    orders = {order["con_id"]: order for order in facts["orders"]}
    removed = {order["con_id"]: order for order in facts["removed"]}
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
