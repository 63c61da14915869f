"""Stage 1: ratios, scores and growth of every symbol of the universe."""

from __future__ import annotations

from dataclasses import dataclass

from core.storage.runs import StageRecord
from core.tables import FUNDAMENTALS, UNIVERSE
from tasks.day import Day
from tasks.ingest.universe import UniverseResult
from tasks.ingest.vendor_staging import Fetched, VendorResult, fundamentals_vendor, staged_or_empty
from tasks.stage import Output, stage


@dataclass(frozen=True, slots=True)
class FundamentalsResult(VendorResult):
    """What came of asking for fundamentals; its table is ``fundamentals``."""


@stage(1, FundamentalsResult, resumable=True)
def fundamentals(day: Day, chosen: StageRecord[UniverseResult]) -> Output[FundamentalsResult]:
    """Fetch ratios, scores and growth of every symbol of the universe."""

    def fetch() -> Fetched:
        symbols = day.read(chosen.artefacts["universe"], UNIVERSE)["symbol"].tolist()
        vendor = fundamentals_vendor(day.settings)
        parsed, payloads = vendor.fetch(symbols, as_of=day.as_of.date())
        return parsed.frame, payloads, parsed.problems

    return staged_or_empty(day, FundamentalsResult, "fundamentals", FUNDAMENTALS, fetch)
