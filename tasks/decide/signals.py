"""Stage 2: the score of every symbol, and what each score is made of."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.errors import NoData
from core.storage.runs import StageRecord
from core.tables import FEATURES, SCORE_PARTS, SCORES
from core.tables.columns import rows
from core.text.counts import count
from signals.blend import score
from tasks.day import Day
from tasks.ingest.features import FeaturesResult
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True)
class SignalsResult(StageResult):
    """The scores. Its artefacts: ``scores`` and ``score_parts``."""

    scored: int  # symbols with an alpha score


@stage(2, SignalsResult, resumable=True)
def signals(day: Day, features: StageRecord[FeaturesResult]) -> Output[SignalsResult]:
    """Score every symbol and keep what each score is made of."""
    matrix = day.read(features.artefacts["features"], FEATURES)
    scored = score(matrix, settings=day.settings.signals)
    known = int(scored.scores["alpha_score"].notna().sum())
    if known == 0:
        raise NoData(f"not one of {count(len(matrix), 'symbol')} has an alpha score")
    return Output(
        result=SignalsResult(known),
        artefacts={
            "scores": day.write("scores", scored.scores, SCORES),
            "score_parts": day.write("score_parts", scored.parts, SCORE_PARTS),
        },
        rows_in=len(matrix),
        rows_out=known,
        notes=_leaders(scored.scores),
    )


def _leaders(scores: pd.DataFrame) -> str:
    best = rows(scores.nlargest(3, "alpha_score"))
    return ", ".join(f"{row['symbol']} {row['alpha_score']:+.2f}" for row in best)
