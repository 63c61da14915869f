"""Scores: features become block scores, block scores become one alpha score per symbol.

1. Each feature of `signals.weights` is scored against the cross-section (`signals.normalise`).
2. A block's score is the weighted mean of its known features. It is null when less than half of
   the block's weight is known.
3. The blend is the weighted mean of the known blocks. It is null when technical is null.
4. coverage c is the share of all weight that is known. The blend is multiplied by sqrt(c):
   skill grows with the square root of the number of independent signals (Grinold 1989, the
   fundamental law), so a part of the evidence deserves that part of the confidence.
5. With stress s (``risk_off``, 0 to 1; not known counts as 0) and v, the symbol's place in the
   upper half of the cross-section of volatility (0 at the median and below, towards 1 at the
   top; not known counts as 1), the result is multiplied by 1 - s v / 2.
6. The expected return of the next session is IC * volatility * z (Grinold, "Alpha is volatility
   times IC times score", Journal of Portfolio Management 1994), z = 3 * alpha_score: a score of
   1 is three robust standard deviations. Averaging blocks narrows the scores, so z varies less
   than a standard normal variable, which errs towards small forecasts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.alpha import VOLATILITY_FLOOR, expected_return
from core.errors import ConfigurationError, DataError, SchemaError
from core.settings import SignalSettings
from core.tables import FEATURES, SCORE_PARTS, SCORES
from core.text.counts import count
from signals.normalise import clipped_score, robust_score
from signals.weights import BLOCKS, FEATURE_WEIGHTS, FeatureWeight

LEAST_KNOWN = 0.5 - 1e-9  # share of a block's weight that must be known; sums of weights round
RISK_OFF_CUT = 0.5  # what full stress takes from the most volatile symbol


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The scores and what they are made of, both sorted by con_id.

    ``scores`` has the columns of `core.tables.SCORES`. ``parts`` has those of
    `core.tables.SCORE_PARTS`: one row per symbol and feature; ``weight`` is the share with which
    the feature entered its block's score, 0 where it is not known, so a block's score is the sum
    of weight times score over its parts.
    """

    scores: pd.DataFrame
    parts: pd.DataFrame


def score(features: pd.DataFrame, *, settings: SignalSettings) -> Scored:
    """Score every symbol of a feature matrix; see the module for the formulas.

    Parameters
    ----------
    features
        Columns of `core.tables.FEATURES`, one row per con_id, any order.
    settings
        Weights of the blocks, and the information coefficient: the expected correlation of
        the score with the return of one session.

    Raises
    ------
    SchemaError
        A column is missing.
    DataError
        A con_id occurs twice.
    ConfigurationError
        All blocks have weight 0.
    """
    table = _checked(features)
    values = table[[row.feature for row in FEATURE_WEIGHTS]].astype(float)
    single = pd.DataFrame({row.feature: _single(values, row) for row in FEATURE_WEIGHTS})
    shares = {block: _shares(single, block) for block in BLOCKS}
    blocks = pd.DataFrame({block: _block_score(single, shares[block]) for block in BLOCKS})
    coverage = _coverage(single, settings)
    alpha = _blend(blocks, settings) * np.sqrt(coverage) * _calm(table)
    volatility = _volatility(table).clip(lower=VOLATILITY_FLOOR)
    scores = table[["con_id", "symbol"]].assign(
        **{block: blocks[block] for block in BLOCKS},
        coverage=coverage,
        alpha_score=alpha,
        volatility=volatility,
        expected_return=expected_return(
            alpha, volatility, information_coefficient=settings.information_coefficient
        ),
    )
    parts = _parts(table, values, single, pd.concat(shares.values(), axis=1))
    return Scored(scores=scores[[column.name for column in SCORES.columns]], parts=parts)


def _checked(features: pd.DataFrame) -> pd.DataFrame:
    missing = [c.name for c in FEATURES.columns if c.name not in features.columns]
    if missing:
        raise SchemaError("features", [f"column {name!r} is missing" for name in missing])
    repeated = sorted(set(features["con_id"][features["con_id"].duplicated()]))
    if repeated:
        raise DataError(f"{count(len(repeated), 'con_id')} given twice, for example {repeated[0]}")
    return features.sort_values("con_id", ignore_index=True)


def _single(values: pd.DataFrame, row: FeatureWeight) -> pd.Series[float]:
    scored = clipped_score if row.is_z else robust_score
    return scored(row.sign * values[row.feature])


def _shares(single: pd.DataFrame, block: str) -> pd.DataFrame:
    """Return each feature's share in its block: rows add up to 1, or to 0 for a null block."""
    weights = pd.Series({r.feature: r.weight for r in FEATURE_WEIGHTS if r.block == block})
    known = single[weights.index].notna() * weights
    total = known.sum(axis=1)
    return known.div(total.where(total >= LEAST_KNOWN), axis=0).fillna(0.0)


def _block_score(single: pd.DataFrame, share: pd.DataFrame) -> pd.Series[float]:
    total = (share * single[share.columns]).sum(axis=1).clip(-1.0, 1.0)
    return total.where(share.sum(axis=1) > 0)


def _block_weights(settings: SignalSettings) -> pd.Series[float]:
    weights = pd.Series({block: getattr(settings, f"{block}_weight") for block in BLOCKS})
    if not weights.sum() > 0:
        raise ConfigurationError(
            "signals.technical_weight, fundamental_weight and sentiment_weight are all 0; "
            "give at least one block a weight"
        )
    return weights / weights.sum()


def _coverage(single: pd.DataFrame, settings: SignalSettings) -> pd.Series[float]:
    """Return the share of all weight, over blocks and their features, that is known."""
    blocks = _block_weights(settings)
    weights = pd.Series({r.feature: r.weight * blocks[r.block] for r in FEATURE_WEIGHTS})
    return (single.notna() * weights).sum(axis=1).clip(0.0, 1.0)


def _blend(blocks: pd.DataFrame, settings: SignalSettings) -> pd.Series[float]:
    weights = _block_weights(settings)
    known = (blocks.notna() * weights).sum(axis=1)
    blend = (blocks * weights).sum(axis=1) / known.where(known > 0)
    return blend.where(blocks["technical"].notna()).clip(-1.0, 1.0)


def _calm(table: pd.DataFrame) -> pd.Series[float]:
    """Return what risk-off leaves of each symbol's score, from 1 - `RISK_OFF_CUT` to 1."""
    volatility = _volatility(table)
    place = (volatility.rank() - 0.5) / volatility.count()
    upper = (2 * place - 1).clip(lower=0.0).fillna(1.0)
    stress = table["risk_off"].astype(float).fillna(0.0).clip(0.0, 1.0)
    return 1 - RISK_OFF_CUT * stress * upper


def _volatility(table: pd.DataFrame) -> pd.Series[float]:
    volatility = table["volatility_20"].astype(float)
    return volatility.where(np.isfinite(volatility))


def _parts(
    table: pd.DataFrame, values: pd.DataFrame, single: pd.DataFrame, shares: pd.DataFrame
) -> pd.DataFrame:
    # Side by side as (symbol, feature), then row after row: a frame for each feature takes longer.
    names = [row.feature for row in FEATURE_WEIGHTS]
    count = len(names)
    parts = table[["con_id", "symbol"]].loc[table.index.repeat(count)].reset_index(drop=True)
    parts["block"] = [row.block for row in FEATURE_WEIGHTS] * len(table)
    parts["feature"] = names * len(table)
    for column, wide in (("value", values), ("score", single), ("weight", shares)):
        parts[column] = wide[names].to_numpy().ravel()
    parts = parts[[column.name for column in SCORE_PARTS.columns]]
    return parts.sort_values(list(SCORE_PARTS.key), ignore_index=True)
