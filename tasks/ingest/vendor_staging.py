"""Stage 1, from the vendors: what fundamentals, news, macro and earnings have in common.

A vendor that fails costs its block of the score or its rule of the overlay, not the day: the table
is empty, the record says why, and a rerun asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd
from pydantic import SecretStr

from core.errors import VendorError
from core.settings import Settings, VendorSettings
from core.tables import Schema
from feeds.earnings import Earnings
from feeds.fundamentals import Fundamentals
from feeds.http import Fetcher, Payload
from feeds.macro import Macro
from feeds.news import News
from tasks.day import Day
from tasks.stage import Output, StageResult

Fetched = tuple[pd.DataFrame, Sequence[Payload], Sequence[str]]


@dataclass(frozen=True, slots=True)
class VendorResult(StageResult):
    """What a vendor's answer lacks. Artefacts: its table, and every payload as it came."""

    degraded: str | None = None  # why there is nothing of it; None: it answered
    problems: tuple[str, ...] = ()  # parts of the answer that were not usable

    @property
    def incomplete(self) -> bool:
        """Whether the vendor failed."""
        return bool(self.degraded)


V = TypeVar("V", bound=VendorResult)


def staged_or_empty(
    day: Day, kind: type[V], table: str, schema: Schema, fetch: Callable[[], Fetched]
) -> Output[V]:
    """Fetch from a vendor and stage what it said; an empty table where it failed."""
    try:
        frame, payloads, problems = fetch()
        result = kind(None, tuple(problems))
    except VendorError as error:
        frame, payloads = _empty(schema), ()
        result = kind(str(error))
    artefacts = {payload.name: day.stage_raw(payload.name, payload.content) for payload in payloads}
    artefacts[table] = day.stage(table, frame, schema)
    return Output(
        result=result,
        artefacts=artefacts,
        rows_out=len(frame),
        notes=result.degraded or "; ".join(result.problems),
    )


def _empty(schema: Schema) -> pd.DataFrame:
    empty: pd.DataFrame = schema.arrow().empty_table().to_pandas(date_as_object=True)
    return empty


def fundamentals_vendor(settings: Settings) -> Fundamentals:
    """Open the fundamentals vendor. Raises `VendorError` when none is set."""
    url, key = _address(settings.vendors)
    ceiling = settings.limits.max_unreadable
    return Fundamentals(Fetcher(settings.vendors), url, key, ceiling=ceiling)


def macro_vendor(settings: Settings) -> Macro:
    """Open the source of macro gauges, which is the fundamentals vendor's."""
    url, key = _address(settings.vendors)
    return Macro(Fetcher(settings.vendors), url, key, ceiling=settings.limits.max_unreadable)


def earnings_vendor(settings: Settings) -> Earnings:
    """Open the earnings calendar, which is the fundamentals vendor's."""
    url, key = _address(settings.vendors)
    return Earnings(Fetcher(settings.vendors), url, key, ceiling=settings.limits.max_unreadable)


def news_vendor(settings: Settings, urls: Sequence[str]) -> News:
    """Open the news feeds."""
    return News(Fetcher(settings.vendors), urls, ceiling=settings.limits.max_unreadable)


def _address(settings: VendorSettings) -> tuple[str, SecretStr]:
    if settings.fundamentals_url is None or settings.fundamentals_key is None:
        raise VendorError(
            "no fundamentals vendor: set vendors.fundamentals_url and vendors.fundamentals_key"
        )
    return settings.fundamentals_url, settings.fundamentals_key
