"""The records of a day, gathered into what people see."""

from __future__ import annotations

from core.calendar import unusual_hours
from core.storage.provenance import code_hash
from core.tables import TARGETS
from core.types import Snapshot
from desk.tickets.order_ticket import read_ticket
from review.day import DayPage, Risk
from review.standing import Standing
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
    return DayPage(
        session=day.session.day,
        mode=day.settings.mode,
        account=day.account,
        currency=snapshot.currency,
        net_asset_value=snapshot.net_asset_value,
        as_of=day.as_of,
        opens_at=day.session.open,
        finish_line=day.session.finish_line,
        standing=Standing.of_record(records["state"].facts["standing"]),
        ticket_sha256=ticket.sha256,
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


def _risk(day: Day, records: Records, snapshot: Snapshot) -> Risk:
    return Risk(
        after=figures_of(records["check"], records["rehearse"]),
        gross_before=gross(snapshot.weights.values()),
        gross_limit=day.settings.limits.max_gross,
        cash_limit=day.settings.limits.cash_buffer,
        expected_return=records["optimise"].facts["expected_return"],
    )
