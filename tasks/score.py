"""The feature matrix, and stage 2: scores."""

from __future__ import annotations

import pandas as pd

from core.errors import NoData
from core.storage.runs import StageRecord
from core.tables import (
    FEATURES,
    FUNDAMENTALS,
    HEADLINES,
    MACRO,
    QUOTES,
    SCORE_PARTS,
    SCORES,
    UNIVERSE,
)
from signals.blend import score
from signals.features import feature_matrix
from tasks.columns import rows
from tasks.day import Day
from tasks.quality import quarantined, usable_bars
from tasks.stage import stage


@stage("1 features")
def build_features(
    day: Day,
    chosen: StageRecord,
    market: StageRecord,
    fundamentals: StageRecord,
    news: StageRecord,
    macro: StageRecord,
) -> StageRecord:
    """Merge everything staged into one row per symbol."""
    universe = day.read(chosen.artefacts["universe"], UNIVERSE)
    doubted = quarantined(market)
    matrix = feature_matrix(
        universe[~universe["con_id"].isin(list(doubted))],
        day.read(market.artefacts["quotes"], QUOTES),
        usable_bars(day, market),
        day.read(fundamentals.artefacts["fundamentals"], FUNDAMENTALS),
        day.read(news.artefacts["headlines"], HEADLINES),
        day.read(macro.artefacts["macro"], MACRO),
        as_of=day.as_of,
        min_bars=day.settings.universe.min_bars,
        exchange=day.settings.exchange,
    )
    if matrix.features.empty:
        examples = "; ".join(f"{s}: {why}" for s, why in list(matrix.dropped.items())[:3])
        raise NoData(
            f"none of {len(universe)} symbols is usable, {len(doubted)} of them in quarantine "
            f"({examples or '; '.join(list(doubted.values())[:3])})"
        )
    return StageRecord(
        stage="features",
        artefacts={"features": day.write("features", matrix.features, FEATURES)},
        facts={"dropped": matrix.dropped},
        rows_in=len(universe),
        rows_out=len(matrix.features),
        notes=f"{len(matrix.dropped)} symbols not usable" if matrix.dropped else "",
    )


@stage("2 signals")
def compute_scores(day: Day, features: StageRecord) -> StageRecord:
    """Score every symbol and keep what each score is made of."""
    matrix = day.read(features.artefacts["features"], FEATURES)
    scored = score(matrix, settings=day.settings.signals)
    known = int(scored.scores["alpha_score"].notna().sum())
    if known == 0:
        raise NoData(f"not one of {len(matrix)} symbols has an alpha score")
    return StageRecord(
        stage="signals",
        artefacts={
            "scores": day.write("scores", scored.scores, SCORES),
            "score_parts": day.write("score_parts", scored.parts, SCORE_PARTS),
        },
        facts={"scored": known},
        rows_in=len(matrix),
        rows_out=known,
        notes=_leaders(scored.scores),
    )


def _leaders(scores: pd.DataFrame) -> str:
    best = rows(scores.nlargest(3, "alpha_score"))
    return ", ".join(f"{row['symbol']} {row['alpha_score']:+.2f}" for row in best)
