"""What stage 1 gathered, as later stages ask for it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.data_quality import DataQuality
from core.storage.runs import StageRecord
from core.tables import FEATURES, QUOTES, UNIVERSE
from desk.gate.frozen_holdings import Known
from risk.returns import daily_returns
from tasks.day import Day
from tasks.ingest.earnings import EarningsResult
from tasks.ingest.features import FeaturesResult
from tasks.ingest.market import MarketResult, usable_bars
from tasks.ingest.news import NewsResult
from tasks.ingest.universe import UniverseResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What was fetched for the day, source by source, and the features made of it."""

    universe: StageRecord[UniverseResult]
    market: StageRecord[MarketResult]
    news: StageRecord[NewsResult]
    earnings: StageRecord[EarningsResult]
    features: StageRecord[FeaturesResult]

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

    def known(self, day: Day) -> Known:
        """Return what is known of instruments, and why others are not usable."""
        universe, fetched = self.universe_table(day), self.market.result
        con_ids = dict(zip(universe["symbol"].tolist(), universe["con_id"].tolist(), strict=True))
        told = {**self.features.result.dropped, **fetched.no_quote, **fetched.no_bars}
        return Known(
            contracts=set(con_ids.values()),
            usable=set(self.feature_table(day).index.tolist()),
            not_found=self.universe.result.not_found,
            unusable={
                **{con_ids[symbol]: why for symbol, why in told.items() if symbol in con_ids},
                **fetched.judged.quarantined,
            },
        )

    @property
    def quality(self) -> DataQuality:
        """How far bars and quotes are believed."""
        return self.market.result.judged
