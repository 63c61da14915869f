"""The records of stage 1, together."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.storage.runs import StageRecord
from core.tables import FEATURES, QUOTES, UNIVERSE
from risk.returns import daily_returns
from tasks.day import Day
from tasks.quality import quarantined, usable_bars


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
        return daily_returns(
            usable_bars(day, self.market), sessions=day.settings.optimiser.scenarios
        )

    @property
    def quarantined(self) -> frozenset[int]:
        """The conIds whose bars or quotes are not believed: nothing of them is traded."""
        return frozenset(quarantined(self.market))
