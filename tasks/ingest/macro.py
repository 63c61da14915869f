"""Stage 1: the gauges of the whole market."""

from __future__ import annotations

from dataclasses import dataclass

from core.tables import MACRO
from tasks.day import Day
from tasks.ingest.vendor_staging import Fetched, VendorResult, macro_vendor, staged_or_empty
from tasks.stage import Output, stage


@dataclass(frozen=True, slots=True)
class MacroResult(VendorResult):
    """What came of asking for the gauges; its table is ``macro``."""


@stage(1, MacroResult, resumable=True)
def macro(day: Day) -> Output[MacroResult]:
    """Fetch the gauges of the whole market."""

    def fetch() -> Fetched:
        vendor = macro_vendor(day.settings)
        parsed, payloads = vendor.fetch(as_of=day.as_of.date())
        return parsed.frame, payloads, parsed.problems

    return staged_or_empty(day, MacroResult, "macro", MACRO, fetch)
