"""Stage 1: headlines about the universe and the polarity of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core.data_quality import HeadlinesSeen
from core.errors import VendorError
from core.storage.runs import StageRecord
from core.tables import HEADLINES, UNIVERSE
from feeds.news import NewsResult as FeedsRead
from feeds.sentiment import polarity
from risk.data_quality import headlines_note
from tasks.day import Day
from tasks.ingest.universe import UniverseResult
from tasks.ingest.vendor_staging import Fetched, VendorResult, news_vendor, staged_or_empty
from tasks.stage import Output, stage


@dataclass(frozen=True, slots=True)
class NewsResult(VendorResult):
    """What came of reading the feeds; its table is ``headlines``.

    Headlines of a feed that was too damaged are in the table all the same, for the rule against bad
    news; no score rests on them. Degraded where there is no other feed.
    """

    seen: HeadlinesSeen | None = None  # None: no feed answered, or of a day before it was counted
    doubted: tuple[str, ...] = ()  # sources of which too much is lost


@stage(1, NewsResult, resumable=True)
def news(day: Day, chosen: StageRecord[UniverseResult]) -> Output[NewsResult]:
    """Fetch headlines about the universe and the polarity of each."""
    read: list[FeedsRead] = []

    def fetch() -> Fetched:
        urls = day.settings.vendors.news_urls
        if not urls:
            raise VendorError("no news feed: set vendors.news_urls")
        universe = day.read(chosen.artefacts["universe"], UNIVERSE)
        companies = dict(zip(universe["symbol"], universe["name"], strict=True))
        vendor = news_vendor(day.settings, urls)
        found = vendor.fetch(companies, now=day.as_of)
        read.append(found)
        model = day.settings.signals.sentiment_model
        scored = found.headlines.assign(
            polarity=polarity(found.headlines["title"].tolist(), model=model)
        )
        return scored, found.payloads, found.problems

    staged = staged_or_empty(day, NewsResult, "headlines", HEADLINES, fetch)
    return replace(staged, **_told(staged.result, read[0])) if read else staged


def _told(result: NewsResult, read: FeedsRead) -> dict[str, Any]:
    """Return the result and the note of feeds that answered."""
    doubts = "; ".join(f"{source}: {why}" for source, why in read.doubted.items())
    alone = set(read.sources) == set(read.doubted)
    parts = (headlines_note(read.seen), doubts, *result.problems)
    return {
        "result": replace(
            result,
            seen=read.seen,
            doubted=tuple(read.doubted),
            degraded=doubts if doubts and alone else None,
        ),
        "notes": "; ".join(part for part in parts if part),
    }
