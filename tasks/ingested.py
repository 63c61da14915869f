"""The records of stage 1, together."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.runs import StageRecord
from core.tables import BARS, FEATURES, QUOTES, UNIVERSE
from risk.returns import daily_returns
from tasks.day import Day


@dataclass(frozen=True, slots=True)
class Ingested:
    """What was fetched for the day, source by source, and the features made of it."""

    universe: StageRecord
    market: StageRecord
    fundamentals: StageRecord
    news: StageRecord
    macro: StageRecord
    earnings: StageRecord
    features: StageRecord

    def universe_table(self, day: Day) -> pd.DataFrame:
        """Return the universe."""
        return day.read(self.universe.artefacts["universe"], UNIVERSE)

    def feature_table(self, day: Day) -> pd.DataFrame:
        """Return the features, by conId."""
        return day.read(self.features.artefacts["features"], FEATURES).set_index("con_id")

    def quote_table(self, day: Day) -> pd.DataFrame:
        """Return the quotes, by conId."""
        return day.read(self.market.artefacts["quotes"], QUOTES).set_index("con_id")

    def returns(self, day: Day) -> pd.DataFrame:
        """Return the return scenarios, one column per conId."""
        bars = day.read(self.market.artefacts["bars"], BARS)
        return daily_returns(bars, sessions=day.settings.optimiser.scenarios)
