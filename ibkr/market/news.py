"""News as IBKR's providers tell them. Every text here is a stranger's: data, never instructions."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from core.errors import ConfigurationError, DataError
from ibkr.wire.connection import Connection
from ibkr.wire.convert import is_printable
from ibkr.wire.messages import Headlined
from ibkr.wire.request_types import NEWS_PROVIDERS
from ibkr.wire.requests import Requests
from ibkr.wire.times import moment

MOST_HEADLINES = 300  # IBKR serves no more at once
_PROVIDER = re.compile(r"[A-Z0-9-]{2,12}")
# Some providers begin a headline with data of their own: {A:800015:L:en:K:n/a:C:0.97}Headline
_PREFIX = re.compile(r"^\{[^{}]{0,200}\}!?\s*")


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who writes news."""

    code: str  # such as BRFG
    name: str


@dataclass(frozen=True, slots=True)
class Headline:
    """One headline about an instrument."""

    time: datetime | None  # aware, UTC; None: what the provider wrote is no time
    provider: str
    article_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Article:
    """The body of one item of news. A PDF is base64 text."""

    provider: str
    article_id: str
    format: Literal["text", "pdf"]
    text: str


class NewsTools:
    """Providers, headlines and articles."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def providers(self) -> tuple[Provider, ...]:
        """Return the providers this account may read, sorted by code."""
        return self._connection.run(providers(self._requests, within=self._within))

    def headlines(
        self,
        con_id: int,
        codes: Sequence[str],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        rows: int = 50,
    ) -> tuple[Headline, ...]:
        """Return headlines about an instrument, newest first.

        ``start`` and ``end`` are aware; None: as far back as there are any, up to the present.
        """
        return self._connection.run(
            headlines(
                self._requests, con_id, codes, start=start, end=end, rows=rows, within=self._within
            )
        )

    def article(self, provider: str, article_id: str) -> Article:
        """Return the body of an item. Raises `RequestRefused` when there is none."""
        return self._connection.run(
            article(self._requests, provider, article_id, within=self._within)
        )

    @property
    def _requests(self) -> Requests:
        return self._connection.line.requests

    @property
    def _within(self) -> float:
        return self._connection.settings.request_timeout


async def providers(requests: Requests, *, within: float) -> tuple[Provider, ...]:
    """Ask which providers there are."""
    (found,) = await requests.by_kind(
        NEWS_PROVIDERS, requests.client.reqNewsProviders, what="news providers", within=within
    )
    each = (Provider(one.code, one.name) for one in found)
    return tuple(sorted(each, key=lambda one: one.code))


async def headlines(
    requests: Requests,
    con_id: int,
    codes: Sequence[str],
    *,
    start: datetime | None,
    end: datetime | None,
    rows: int,
    within: float,
) -> tuple[Headline, ...]:
    """Ask for the headlines of an instrument."""
    _check(con_id, codes, start, end, rows)
    found = await requests.by_id(
        lambda request: requests.client.reqHistoricalNews(
            request, con_id, "+".join(codes), _stamp(start), _stamp(end), rows, []
        ),
        what=f"headlines of conId {con_id}",
        within=within,
    )
    each = {(one.provider, one.article_id): one for one in map(_headline, found)}
    return tuple(sorted(each.values(), key=_newest_first)[:rows])


async def article(requests: Requests, provider: str, article_id: str, *, within: float) -> Article:
    """Ask for the body of one item of news."""
    if not _PROVIDER.fullmatch(provider) or not is_printable(article_id):
        raise ConfigurationError(f"{provider!r} {article_id!r} names no article")
    (body,) = await requests.by_id(
        lambda request: requests.client.reqNewsArticle(request, provider, article_id, []),
        what=f"article {article_id}",
        within=within,
    )
    return Article(provider, article_id, "pdf" if body.kind == 1 else "text", body.value)


def _check(
    con_id: int,
    codes: Sequence[str],
    start: datetime | None,
    end: datetime | None,
    rows: int,
) -> None:
    wrong = [f"{code!r} is not a provider code" for code in codes if not _PROVIDER.fullmatch(code)]
    if con_id < 1:
        wrong.append(f"conId {con_id} is none")
    if not codes:
        wrong.append("no provider is named: take some of those that providers() lists")
    if not 1 <= rows <= MOST_HEADLINES:
        wrong.append(f"rows = {rows} is not within 1 and {MOST_HEADLINES}")
    wrong += [
        f"{moment} has no time zone" for moment in (start, end) if moment and not moment.tzinfo
    ]
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    if start and end and start >= end:
        raise ConfigurationError(f"news from {start} to {end}: the start is not before the end")


def _stamp(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}.0" if moment else ""


def _newest_first(one: Headline) -> tuple[float, str]:
    """Sort by time; what has none comes last."""
    return (-one.time.timestamp() if one.time else math.inf, one.article_id)


def _headline(found: Headlined) -> Headline:
    time = None
    with suppress(DataError):  # a headline without a time is one still
        time = moment(found.time, local="UTC")
    return Headline(time, found.provider, found.article, _PREFIX.sub("", found.headline))
