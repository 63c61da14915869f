"""The day as people see it, gathered from the records of its stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.calendar import unusual_hours
from core.storage.provenance import code_hash
from core.storage.runs import Records, RunBook
from core.tables import HEADLINES, SCORES, TARGETS
from core.tables.columns import numbers, rows
from core.types import Snapshot
from desk.tickets.order_ticket import read_ticket
from review.day import DayPage, Quality, Risk, SymbolLine
from review.page_parts.binding import binding_line
from review.page_parts.checks import gate_lines
from review.page_parts.data_sources import (
    failed_sources,
    headlines_unseen,
    missing_symbols,
    unknown_sources,
)
from review.page_parts.orders import order_lines, what_ifs
from review.page_parts.stages import artefacts_of, stage_lines
from review.page_parts.symbols import overrides, symbol_lines
from risk.figures import figures
from risk.limits import Check
from risk.measures import gross
from signals.contributions import contributions
from signals.weights import BLOCKS
from tasks.day import Day
from tasks.decide.final_verdict import last_checks, last_weights
from tasks.decide.optimise import optimise
from tasks.decide.order_ticket import order_ticket
from tasks.decide.overlay import overlay
from tasks.decide.risk_gate import risk_gate
from tasks.decide.signals import signals
from tasks.decide.snapshot import snapshot, stocks_held
from tasks.decide.what_if import what_if
from tasks.ingest.earnings import earnings
from tasks.ingest.features import features
from tasks.ingest.fundamentals import fundamentals
from tasks.ingest.macro import macro
from tasks.ingest.market import market
from tasks.ingest.news import news
from tasks.ingest.universe import universe
from tasks.trade.standing import standing


def day_page(day: Day, made: Records) -> DayPage:
    """Gather a day. Stages that have not run yet are simply not shown."""
    ticket = read_ticket(day.store.open(made[order_ticket].artefacts["ticket"]).read_bytes())
    held = stocks_held(day, made[snapshot])
    table = rows(day.read(made[overlay].artefacts["targets"], TARGETS))
    gate, asked = made[risk_gate].result, made[what_if].result
    checks = last_checks(gate, asked)
    stands = made[standing].result
    headlines = day.read(made[news].artefacts["headlines"], HEADLINES)
    return DayPage(
        session=day.session.day,
        mode=day.settings.mode,
        account=day.account,
        currency=held.currency,
        net_asset_value=held.net_asset_value,
        as_of=day.as_of,
        opens_at=day.session.open,
        finish_line=day.session.finish_line,
        standing=stands.standing,
        ticket_sha256=ticket.sha256,
        run_id=day.run_id,
        code_version=code_hash(),
        settings_hash=day.settings.decision_hash,
        world=made[market].result.world,
        unknown=unknown_sources(source_failures(made), made[news].result.doubted),
        hours=unusual_hours(day.session, exchange=day.settings.sessions),
        risk=_risk(day, made, held, checks),
        orders=order_lines(ticket, held, stands.standing, stands.states),
        checks=tuple(gate_lines(checks, judged_again=asked.judged_again)),
        binding=tuple(binding_line(limit) for limit in made[optimise].result.binding),
        symbols=tuple(_symbols(day, made, table, held)),
        overrides=tuple(overrides(table, headlines)),
        frozen=ticket.frozen,
        quality=tuple(_quality(made)),
        what_ifs=tuple(what_ifs(held, asked.orders, asked.removed, asked.steps)),
        stages=stage_lines(made),
        artefacts=artefacts_of(made),
    )


def _risk(day: Day, made: Records, held: Snapshot, checks: Sequence[Check]) -> Risk:
    return Risk(
        after=figures(checks),
        gross_before=gross(held.weights.values()),
        gross_limit=day.settings.limits.max_gross,
        cash_limit=day.settings.limits.cash_buffer,
        expected_return=made[optimise].result.expected_return,
    )


def source_failures(made: Records | RunBook) -> dict[str, str | None]:
    """Return why each source told nothing, None where it did, by the name of its stage."""
    return {
        fundamentals.name: made[fundamentals].result.degraded,
        news.name: made[news].result.degraded,
        macro.name: made[macro].result.degraded,
        earnings.name: made[earnings].result.degraded,
    }


def _symbols(
    day: Day, made: Records, table: list[dict[str, Any]], held: Snapshot
) -> list[SymbolLine]:
    scores = day.read(made[signals].artefacts["scores"], SCORES).set_index("con_id")
    parts = contributions(scores, settings=day.settings.signals)
    return symbol_lines(
        table,
        before=held.weights,
        after=last_weights(made[risk_gate].result, made[what_if].result),
        by_block={block: numbers(parts[block]) for block in BLOCKS},
    )


def _quality(made: Records) -> list[Quality]:
    fetched = made[market]
    missing = missing_symbols(
        listed=made[universe].rows_in or 0,
        asked=fetched.rows_in or 0,
        refused=made[universe].result.refused,
        no_bars=fetched.result.no_bars,
        no_quote=fetched.result.no_quote,
        quality=fetched.result.judged,
        dropped=made[features].result.dropped,
    )
    unseen = headlines_unseen(made[news].result.seen)
    return [*missing, *unseen, *failed_sources(source_failures(made))]
