"""Stage 1: the next earnings date of every symbol of the universe."""

from __future__ import annotations

from dataclasses import dataclass

from core.storage.runs import StageRecord
from core.tables import EARNINGS, UNIVERSE
from tasks.day import Day
from tasks.ingest.universe import UniverseResult
from tasks.ingest.vendor_staging import Fetched, VendorResult, earnings_vendor, staged_or_empty
from tasks.stage import Output, stage


@dataclass(frozen=True, slots=True)
class EarningsResult(VendorResult):
    """What came of asking for earnings dates; its table is ``earnings``."""


@stage(1, EarningsResult, resumable=True)
def earnings(day: Day, chosen: StageRecord[UniverseResult]) -> Output[EarningsResult]:
    """Fetch the next earnings date of every symbol of the universe."""

    def fetch() -> Fetched:
        symbols = day.read(chosen.artefacts["universe"], UNIVERSE)["symbol"].tolist()
        vendor = earnings_vendor(day.settings)
        parsed, payloads = vendor.fetch(symbols, as_of=day.as_of.date())
        return parsed.frame, payloads, parsed.problems

    return staged_or_empty(day, EarningsResult, "earnings", EARNINGS, fetch)
