"""How much of each alpha score comes from which block."""

from __future__ import annotations

import pandas as pd

from core.settings import SignalSettings
from signals.weights import BLOCKS


def contributions(scores: pd.DataFrame, *, settings: SignalSettings) -> pd.DataFrame:
    """Split each alpha score by block, shape (n, blocks); a row adds up to its alpha score.

    A block's part is in proportion to its weight times its score: what coverage and risk-off
    take is taken from all blocks alike. NaN where the alpha score or the block is not known.

    Parameters
    ----------
    scores
        Columns of `core.tables.SCORES`; the index is kept.

    >>> blocks = {"technical": [0.5], "fundamental": [-0.5], "sentiment": [float("nan")]}
    >>> scores = pd.DataFrame({**blocks, "alpha_score": [0.1]})
    >>> contributions(scores, settings=SignalSettings()).round(3).to_dict("records")
    [{'technical': 0.25, 'fundamental': -0.15, 'sentiment': nan}]
    """
    weights = pd.Series({block: getattr(settings, f"{block}_weight") for block in BLOCKS})
    parts = scores[list(BLOCKS)].astype(float) * weights
    total = parts.sum(axis=1)
    scale = (scores["alpha_score"].astype(float) / total).where(total != 0.0, 0.0)
    return parts.mul(scale.where(scores["alpha_score"].notna()), axis=0)
