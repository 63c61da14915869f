"""Stage 1, from the vendors: fundamentals, headlines, macro gauges and earnings dates.

A vendor that fails costs its block of the score or its rule of the overlay, not the day: the table
is empty, the record says why, and a rerun asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from core.errors import VendorError
from core.storage.artefacts import Artefact
from core.storage.runs import StageRecord
from core.tables import EARNINGS, FUNDAMENTALS, HEADLINES, MACRO, UNIVERSE, Schema
from feeds.http import Fetcher, Payload
from feeds.news import News
from feeds.sentiment import polarity
from tasks.day import Day
from tasks.stage import stage
from tasks.vendors import earnings_vendor, fundamentals_vendor, macro_vendor

Fetched = tuple[pd.DataFrame, Sequence[Payload], Sequence[str]]


@stage("1 fundamentals")
def fetch_fundamentals(day: Day, chosen: StageRecord) -> StageRecord:
    """Fetch ratios, scores and growth of every symbol of the universe."""

    def fetch() -> Fetched:
        symbols = day.read(chosen.artefacts["universe"], UNIVERSE)["symbol"].tolist()
        vendor = fundamentals_vendor(day.settings.vendors)
        parsed, payloads = vendor.fetch(symbols, as_of=day.as_of.date())
        return parsed.frame, payloads, parsed.problems

    return _staged_or_empty(day, "fundamentals", FUNDAMENTALS, fetch)


@stage("1 news")
def fetch_news(day: Day, chosen: StageRecord) -> StageRecord:
    """Fetch headlines about the universe and measure the polarity of each."""

    def fetch() -> Fetched:
        urls = day.settings.vendors.news_urls
        if not urls:
            raise VendorError("no news feed: set vendors.news_urls")
        universe = day.read(chosen.artefacts["universe"], UNIVERSE)
        companies = dict(zip(universe["symbol"], universe["name"], strict=True))
        news = News(Fetcher(day.settings.vendors), urls).fetch(companies, now=day.as_of)
        model = day.settings.signals.sentiment_model
        scored = news.headlines.assign(
            polarity=polarity(news.headlines["title"].tolist(), model=model)
        )
        return scored, news.payloads, news.problems

    return _staged_or_empty(day, "headlines", HEADLINES, fetch, stage_name="news")


@stage("1 macro")
def fetch_macro(day: Day) -> StageRecord:
    """Fetch the gauges of the whole market."""

    def fetch() -> Fetched:
        vendor = macro_vendor(day.settings.vendors)
        parsed, payloads = vendor.fetch(as_of=day.as_of.date())
        return parsed.frame, payloads, parsed.problems

    return _staged_or_empty(day, "macro", MACRO, fetch)


@stage("1 earnings")
def fetch_earnings(day: Day, chosen: StageRecord) -> StageRecord:
    """Fetch the next earnings date of every symbol of the universe."""

    def fetch() -> Fetched:
        symbols = day.read(chosen.artefacts["universe"], UNIVERSE)["symbol"].tolist()
        vendor = earnings_vendor(day.settings.vendors)
        parsed, payloads = vendor.fetch(symbols, as_of=day.as_of.date())
        return parsed.frame, payloads, parsed.problems

    return _staged_or_empty(day, "earnings", EARNINGS, fetch)


def _staged_or_empty(
    day: Day,
    table: str,
    schema: Schema,
    fetch: Callable[[], Fetched],
    *,
    stage_name: str | None = None,
) -> StageRecord:
    try:
        frame, payloads, problems = fetch()
        degraded = None
    except VendorError as error:
        frame, payloads, problems = _empty(schema), (), ()
        degraded = str(error)
    artefacts: dict[str, Artefact] = {
        payload.name: day.stage_raw(payload.name, payload.content) for payload in payloads
    }
    artefacts[table] = day.stage(table, frame, schema)
    return StageRecord(
        stage=stage_name or table,
        artefacts=artefacts,
        facts={"degraded": degraded, "problems": list(problems)},
        rows_out=len(frame),
        notes=degraded or "; ".join(problems),
    )


def _empty(schema: Schema) -> pd.DataFrame:
    empty: pd.DataFrame = schema.arrow().empty_table().to_pandas(date_as_object=True)
    return empty
