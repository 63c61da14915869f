"""Stage 1: everything staged, merged into one row per symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import NoData
from core.storage.runs import StageRecord
from core.tables import (
    FEATURES,
    FUNDAMENTALS,
    HEADLINES,
    MACRO,
    QUOTES,
    UNIVERSE,
)
from core.text.counts import count
from signals.features import feature_matrix
from tasks.day import Day
from tasks.ingest.fundamentals import FundamentalsResult
from tasks.ingest.macro import MacroResult
from tasks.ingest.market import MarketResult, usable_bars
from tasks.ingest.news import NewsResult
from tasks.ingest.universe import UniverseResult
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True)
class FeaturesResult(StageResult):
    """The features. Its artefact: ``features``."""

    dropped: Mapping[str, str] = field(default_factory=dict)  # symbol -> why it is not usable


@stage(1, FeaturesResult, resumable=True)
def features(
    day: Day,
    chosen: StageRecord[UniverseResult],
    market: StageRecord[MarketResult],
    fundamentals: StageRecord[FundamentalsResult],
    news: StageRecord[NewsResult],
    macro: StageRecord[MacroResult],
) -> Output[FeaturesResult]:
    """Merge everything staged into one row per symbol."""
    universe = day.read(chosen.artefacts["universe"], UNIVERSE)
    doubted = market.result.judged.quarantined
    headlines = day.read(news.artefacts["headlines"], HEADLINES)
    # No score rests on a feed that is not believed; the rule against bad news reads it anyway.
    headlines = headlines[~headlines["source"].isin(list(news.result.doubted))]
    matrix = feature_matrix(
        universe[~universe["con_id"].isin(list(doubted))],
        day.read(market.artefacts["quotes"], QUOTES),
        usable_bars(day, market),
        day.read(fundamentals.artefacts["fundamentals"], FUNDAMENTALS),
        headlines,
        day.read(macro.artefacts["macro"], MACRO),
        as_of=day.as_of,
        min_bars=day.settings.universe.min_bars,
        exchange=day.settings.sessions,
    )
    if matrix.features.empty:
        examples = "; ".join(f"{s}: {why}" for s, why in list(matrix.dropped.items())[:3])
        raise NoData(
            f"none of {count(len(universe), 'symbol')} is usable, {len(doubted)} of them in "
            f"quarantine ({examples or '; '.join(list(doubted.values())[:3])})"
        )
    dropped = len(matrix.dropped)
    return Output(
        result=FeaturesResult(matrix.dropped),
        artefacts={"features": day.write("features", matrix.features, FEATURES)},
        rows_in=len(universe),
        rows_out=len(matrix.features),
        notes=f"{dropped} symbol{'' if dropped == 1 else 's'} not usable" if dropped else "",
    )
