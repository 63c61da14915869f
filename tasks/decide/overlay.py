"""Stage 5: hard overrides from halts, news, sentiment and earnings dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from core.storage.runs import StageRecord
from core.tables import EARNINGS, FEATURES, HEADLINES, TARGETS
from core.tables.columns import numbers
from desk.gate.portfolio_gate import Optimised
from optimiser.model.terms import Key
from optimiser.overlay.halts_and_earnings import halted_names, sessions_to_earnings
from optimiser.overlay.overrides import (
    Facts,
    Finding,
    Overlaid,
    Rules,
    apply_overrides,
    facts_of,
)
from optimiser.overlay.rules_file import read_rules
from risk.data_quality import headlines_note
from risk.limits import Check
from risk.measures import turnover
from tasks.day import Day
from tasks.decide.optimise import OptimiseResult
from tasks.decide.snapshot import SnapshotResult
from tasks.decide.targets import Targets
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
    optimised = Optimised(optimal.result.status, optimal.result.relaxations)
    reviewed = read_rules()
    rules = reviewed.rules.with_floor(day.settings.limits.sentiment_floor)
    targets = Targets.read(day, optimal.artefacts["optimal"], ingested, held)
    halted = halted_names(ingested.quote_table(day))
    overlaid = apply_overrides(
        targets.table["weight_optimal"],
        targets.table["weight_before"],
        _facts(day, ingested, rules, halted),
        rules=rules,
    )
    table = _with_overrides(targets.table, overlaid)
    named = {targets.symbols[int(str(name))]: why for name, why in overlaid.reasons.items()}
    # The gate judges again, after rounding; this tells that an override was the cause.
    broken = targets.gate(optimised).newly_broken(
        targets.batch(numbers(table["weight_optimal"])), targets.batch(numbers(table["weight"]))
    )
    return Output(
        result=OverlayResult(
            overrides=named,
            findings=tuple(_met(finding, targets.symbols) for finding in overlaid.findings),
            halted=tuple(sorted(halted & set(targets.symbols))),
            rules=_used(rules, reviewed.sha256),
            earnings_unknown=ingested.earnings.result.degraded,
            turnover=_turnovers(table),
            newly_broken=broken,
        ),
        artefacts={"targets": day.write("targets", table.reset_index(), TARGETS)},
        rows_in=len(table),
        rows_out=int((table["weight"] != 0.0).sum()),
        notes=_note(named, overlaid, broken, _unseen(ingested)),
    )


def _facts(day: Day, ingested: Ingested, rules: Rules, halted: set[int]) -> Mapping[Key, Facts]:
    calendar = day.read(ingested.earnings.artefacts["earnings"], EARNINGS)
    return facts_of(
        day.read(ingested.features.artefacts["features"], FEATURES),
        day.read(ingested.news.artefacts["headlines"], HEADLINES),
        as_of=day.as_of,
        within=rules.news_counts_for,
        halted=halted,
        sessions_to_earnings=sessions_to_earnings(
            calendar, today=day.session.day, exchange=day.settings.sessions
        ),
    )


def _with_overrides(table: pd.DataFrame, overlaid: Overlaid) -> pd.DataFrame:
    changed = table.copy()
    changed["weight"] = overlaid.weights
    changed["override"] = [overlaid.reasons.get(con_id) for con_id in table.index]
    return changed


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


def _unseen(ingested: Ingested) -> list[str]:
    """Say what the rules could see, and what they could not."""
    said = [headlines_note(ingested.news.result.seen)]
    if ingested.news.result.incomplete or ingested.news.result.doubted:
        said.append("news incomplete (see stage 1 news)")
    if ingested.earnings.result.incomplete:
        said.append("earnings calendar unavailable (see stage 1 earnings)")
    return [part for part in said if part]


def _note(
    named: Iterable[str], overlaid: Overlaid, broken: Iterable[Check], unseen: Iterable[str]
) -> str:
    changed = sorted(named)
    rules = sorted({finding.rule for finding in overlaid.findings if finding.changes})
    parts = [
        f"{len(changed)} overridden ({', '.join(changed)}) by {', '.join(rules)}"
        if changed
        else "no override"
    ]
    parts += [f"BREAKS {check.name}: {check.detail}" for check in broken]
    return "; ".join([*parts, *unseen])
