"""Stage 5: hard overrides from halts, news, sentiment and earnings dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import pandas as pd

from core.calendar import sessions_between
from core.storage.runs import StageRecord
from core.tables import EARNINGS, FEATURES, HEADLINES, TARGETS
from core.tables.columns import numbers, rows, texts
from desk.gate.portfolio_gate import Batch, Optimised
from optimiser.overlay.news_overrides import Finding, Overlaid, Rules, apply_overrides, facts_of
from risk.limits import Check
from risk.measures import turnover
from tasks.day import Day
from tasks.decide.judgement import gate_of
from tasks.decide.optimise import OptimiseResult
from tasks.decide.overlay_rules import read_rules
from tasks.decide.snapshot import SnapshotResult, open_orders_of, stocks_held
from tasks.ingest.earnings import EarningsResult
from tasks.ingest.ingested import Ingested
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True)
class RuleMet:
    """A rule that a name met: the evidence, and what the rule made of the weight it found."""

    name: int  # conId
    symbol: str
    rule: str
    evidence: str  # in words; a headline in it is untrusted text
    held: float  # weight before the day
    before: float  # weight before the rule
    after: float


@dataclass(frozen=True, slots=True)
class RulesUsed:
    """The reviewed rules, as they were applied."""

    sha256: str  # of the file
    sentiment_floor: float
    sessions_before_earnings: int
    news_hours: float
    phrases: tuple[str, ...]  # their names


@dataclass(frozen=True, slots=True)
class Turnovers:
    """What reaching the weights takes, both ways, as a fraction of net asset value."""

    optimal: float
    overlaid: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayResult(StageResult):
    """What the overlay made of the optimal weights. Its artefact: ``targets``."""

    overrides: Mapping[str, str] = field(default_factory=dict)  # symbol -> why
    findings: tuple[RuleMet, ...] = ()  # of every rule that was met
    halted: tuple[int, ...] = ()  # conIds
    rules: RulesUsed | None = None  # None: of a day before the rules were a file
    earnings_unknown: str | None = None  # why no earnings date is known
    turnover: Turnovers | None = None  # None: of a day before it was kept
    newly_broken: tuple[Check, ...] = ()  # limits that an override broke


@stage(5, OverlayResult)
def overlay(
    day: Day,
    optimal: StageRecord[OptimiseResult],
    ingested: Ingested,
    held: StageRecord[SnapshotResult],
) -> Output[OverlayResult]:
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
    unknown = ingested.earnings.result.degraded
    return Output(
        result=OverlayResult(
            overrides=named,
            findings=tuple(_met(finding, symbols) for finding in overlaid.findings),
            halted=tuple(sorted(halted & set(symbols))),
            rules=_used(rules, reviewed.sha256),
            earnings_unknown=unknown,
            turnover=_turnovers(table),
            newly_broken=tuple(broken),
        ),
        artefacts={"targets": day.write("targets", table.reset_index(), TARGETS)},
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


def _sessions_to_earnings(day: Day, earnings: StageRecord[EarningsResult]) -> dict[str, int]:
    today, exchange = day.session.day, day.settings.exchange
    return {
        row["symbol"]: sessions_until(today, row["reports_on"], exchange=exchange)
        for row in rows(day.read(earnings.artefacts["earnings"], EARNINGS))
        if row["reports_on"] >= today
    }


def _newly_broken(
    day: Day,
    table: pd.DataFrame,
    ingested: Ingested,
    held: StageRecord[SnapshotResult],
    optimal: StageRecord[OptimiseResult],
) -> list[Check]:
    """Return the limits that the overlaid weights break and the optimal ones did not.

    The gate judges again, after rounding; this tells that an override was the cause.
    """
    snapshot, working = stocks_held(day, held), open_orders_of(day, held)
    optimised = Optimised(optimal.result.status, optimal.result.relaxations)
    gate = gate_of(day, table, ingested, snapshot, optimised)
    before, after = (
        gate.judge(Batch(numbers(table[column]), (), snapshot, working))
        for column in ("weight_optimal", "weight")
    )
    failed = {check.name for check in before if not check.passed}
    return [check for check in after if not check.passed and check.name not in failed]


def _turnovers(table: pd.DataFrame) -> Turnovers:
    held = numbers(table["weight_before"])
    return Turnovers(
        optimal=turnover(held, numbers(table["weight_optimal"])),
        overlaid=turnover(held, numbers(table["weight"])),
    )


def _met(finding: Finding, symbols: Mapping[int, str]) -> RuleMet:
    con_id = int(str(finding.name))
    return RuleMet(
        name=con_id,
        symbol=symbols[con_id],
        rule=finding.rule,
        evidence=finding.evidence,
        held=finding.held,
        before=finding.before,
        after=finding.after,
    )


def _used(rules: Rules, sha256: str) -> RulesUsed:
    return RulesUsed(
        sha256=sha256,
        sentiment_floor=rules.sentiment_floor,
        sessions_before_earnings=rules.sessions_before_earnings,
        news_hours=rules.news_counts_for.total_seconds() / 3600.0,
        phrases=tuple(phrase.name for phrase in rules.breaking_news),
    )


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
