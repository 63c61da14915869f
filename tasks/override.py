"""Stage 5: hard overrides from halts, news, sentiment and earnings dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import pandas as pd

from core.calendar import sessions_between
from core.storage.runs import StageRecord
from core.tables import EARNINGS, FEATURES, HEADLINES, TARGETS
from optimiser.overlay.news_overrides import Finding, Overlaid, Rules, apply_overrides, facts_of
from risk.limits import Check
from risk.measures import turnover
from tasks.check import Batch, open_orders_of, portfolio_checks
from tasks.columns import numbers, rows, texts
from tasks.day import Day
from tasks.ingested import Ingested
from tasks.rules import read_rules
from tasks.snapshot import snapshot_of
from tasks.stage import stage


@stage("5 overlay")
def override_targets(
    day: Day, optimal: StageRecord, ingested: Ingested, held: StageRecord
) -> StageRecord:
    """Hold every target against the reviewed rules, and what is left against the limits."""
    reviewed = read_rules()
    floor = max(reviewed.rules.sentiment_floor, day.settings.limits.sentiment_floor)
    rules = replace(reviewed.rules, sentiment_floor=floor)
    table = day.read(optimal.artefacts["optimal"], TARGETS).set_index("con_id")
    halted = halted_names(ingested.quote_table(day))
    overlaid = apply_overrides(
        table["weight_optimal"],
        table["weight_before"],
        facts_of(
            day.read(ingested.features.artefacts["features"], FEATURES),
            day.read(ingested.news.artefacts["headlines"], HEADLINES),
            as_of=day.as_of,
            within=rules.news_counts_for,
            halted=halted,
            sessions_to_earnings=_sessions_to_earnings(day, ingested.earnings),
        ),
        rules=rules,
    )
    table["weight"] = overlaid.weights
    table["override"] = [overlaid.reasons.get(con_id) for con_id in table.index]
    symbols = texts(table["symbol"])
    named = {symbols[int(str(con_id))]: why for con_id, why in overlaid.reasons.items()}
    broken = _newly_broken(day, table, ingested, held, optimal)
    unknown = ingested.earnings.facts["degraded"]
    return StageRecord(
        stage="override",
        artefacts={"targets": day.write("targets", table.reset_index(), TARGETS)},
        facts={
            "overrides": named,
            "findings": [_plain(finding, symbols) for finding in overlaid.findings],
            "halted": sorted(halted & set(symbols)),
            "rules": _rules_facts(rules, reviewed.sha256),
            "earnings_unknown": unknown,
            "turnover": _turnovers(table),
            "newly_broken": [asdict(check) for check in broken],
        },
        rows_in=len(table),
        rows_out=int((table["weight"] != 0.0).sum()),
        notes=_note(named, overlaid, broken, earnings_known=not unknown),
    )


def halted_names(quotes: pd.DataFrame) -> set[int]:
    """Return the conIds whose quote says that trading is halted; not known is not halted."""
    known = quotes["halted"].dropna().astype(bool)
    return {int(str(con_id)) for con_id in known.index[known]}


def sessions_until(day: date, on: date, *, exchange: str) -> int:
    """Return how many sessions lie between a session's day and a date: 0 for the day itself."""
    return len(sessions_between(day, on, exchange=exchange)) - 1 if on > day else 0


def _sessions_to_earnings(day: Day, earnings: StageRecord) -> dict[str, int]:
    today, exchange = day.session.day, day.settings.exchange
    return {
        row["symbol"]: sessions_until(today, row["reports_on"], exchange=exchange)
        for row in rows(day.read(earnings.artefacts["earnings"], EARNINGS))
        if row["reports_on"] >= today
    }


def _newly_broken(
    day: Day, table: pd.DataFrame, ingested: Ingested, held: StageRecord, optimal: StageRecord
) -> list[Check]:
    """Return the limits that the overlaid weights break and the optimal ones did not.

    The gate judges again, after rounding; this tells that an override was the cause.
    """
    snapshot = snapshot_of(day.read_record(held.artefacts["positions"])).stocks
    before, after = (
        portfolio_checks(
            day,
            Batch(numbers(table[column]), (), snapshot, open_orders_of(day, held)),
            ingested,
            table,
            status=optimal.facts["status"],
            relaxations=optimal.facts["relaxations"],
        )
        for column in ("weight_optimal", "weight")
    )
    failed = {check.name for check in before if not check.passed}
    return [check for check in after if not check.passed and check.name not in failed]


def _turnovers(table: pd.DataFrame) -> dict[str, float]:
    held = numbers(table["weight_before"])
    return {
        name: turnover(held, numbers(table[column]))
        for name, column in (("optimal", "weight_optimal"), ("overlaid", "weight"))
    }


def _plain(finding: Finding, symbols: Mapping[int, str]) -> dict[str, Any]:
    con_id = int(str(finding.name))
    return {**asdict(finding), "name": con_id, "symbol": symbols[con_id]}


def _rules_facts(rules: Rules, sha256: str) -> dict[str, Any]:
    return {
        "sha256": sha256,
        "sentiment_floor": rules.sentiment_floor,
        "sessions_before_earnings": rules.sessions_before_earnings,
        "news_hours": rules.news_counts_for.total_seconds() / 3600.0,
        "phrases": [phrase.name for phrase in rules.breaking_news],
    }


def _note(
    named: Iterable[str], overlaid: Overlaid, broken: Iterable[Check], *, earnings_known: bool
) -> str:
    changed = sorted(named)
    rules = sorted({finding.rule for finding in overlaid.findings if finding.changes})
    parts = [
        f"{len(changed)} overridden ({', '.join(changed)}) by {', '.join(rules)}"
        if changed
        else "no override"
    ]
    parts += [f"BREAKS {check.name}: {check.detail}" for check in broken]
    if not earnings_known:
        parts.append("earnings dates not known, the stage of the earnings says why")
    return "; ".join(parts)
