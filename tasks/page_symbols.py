"""Every symbol's scores and weights, and the overrides, as people see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from core.tables import HEADLINES, SCORES
from core.types import Snapshot
from review.day import Headline, Override, SymbolLine
from signals.contributions import contributions
from signals.weights import BLOCKS
from tasks.columns import numbers, rows
from tasks.day import Day
from tasks.judged import last_judgement
from tasks.page_stages import Records


def symbol_lines(
    day: Day, records: Records, table: Sequence[Mapping[str, Any]], snapshot: Snapshot
) -> list[SymbolLine]:
    """Return every symbol's scores by block, and its weights."""
    scores = day.read(records["signals"].artefacts["scores"], SCORES).set_index("con_id")
    parts = contributions(scores, settings=day.settings.signals)
    by_block = {block: numbers(parts[block]) for block in BLOCKS}
    before = snapshot.weights
    after = last_judgement(records["check"], records["rehearse"])["weights"]
    return [
        SymbolLine(
            symbol=row["symbol"],
            weight_before=before.get(row["con_id"], 0.0),
            weight_after=after.get(str(row["con_id"]), 0.0),
            alpha=row["alpha_score"],
            **{block: by_block[block].get(row["con_id"]) for block in BLOCKS},
        )
        for row in table
    ]


def overrides(day: Day, records: Records, table: Sequence[Mapping[str, Any]]) -> list[Override]:
    """Return the targets that news changed, each with its worst headlines."""
    headlines = day.read(records["news"].artefacts["headlines"], HEADLINES)
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
