"""Every symbol's scores and weights, and the overrides, as people see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from core.tables.columns import rows
from review.day import Headline, Override, SymbolLine


def symbol_lines(
    table: Sequence[Mapping[str, Any]],
    *,
    before: Mapping[int, float],
    after: Mapping[int, float],
    by_block: Mapping[str, Mapping[int, float]],
) -> list[SymbolLine]:
    """Return every symbol's weights, and its alpha by block.

    ``table`` are the rows of the targets; weights and each block's part of alpha are by conId.
    """
    return [
        SymbolLine(
            symbol=row["symbol"],
            weight_before=before.get(row["con_id"], 0.0),
            weight_after=after.get(row["con_id"], 0.0),
            alpha=row["alpha_score"],
            **{block: parts.get(row["con_id"]) for block, parts in by_block.items()},
        )
        for row in table
    ]


def overrides(table: Sequence[Mapping[str, Any]], headlines: pd.DataFrame) -> list[Override]:
    """Return the targets that news changed, each with its worst headlines."""
    return [
        Override(
            symbol=row["symbol"],
            reason=row["override"],
            weight_before=row["weight_optimal"],
            weight_after=row["weight"],
            headlines=tuple(_headlines(headlines[headlines["symbol"] == row["symbol"]])),
        )
        for row in table
        if row["override"]
    ]


def _headlines(table: pd.DataFrame) -> list[Headline]:
    return [
        Headline(
            title=row["title"],
            source=row["source"],
            published=row["published"] and row["published"].to_pydatetime(),
            polarity=row["polarity"],
        )
        for row in rows(table.sort_values("polarity").head(3))
    ]
