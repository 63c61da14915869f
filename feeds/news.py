"""Headlines about our companies, from RSS and Atom feeds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from core import tables
from core.data_quality import HeadlinesSeen
from core.errors import VendorError
from core.limits import MAX_UNREADABLE
from feeds.dedup import Headline, without_copies
from feeds.entity_linking import Mentions
from feeds.http import FEED_LIMIT, Fetcher, Payload, checked_address
from feeds.rss import Article, Feed, parse_feed

AT_ONCE = 4  # feeds fetched at the same time
NOTHING_SEEN = HeadlinesSeen(read=0, placed=0, undated=0, lost=0)
COLUMNS = [c.name for c in tables.HEADLINES.columns if c.name != "polarity"]


@dataclass(frozen=True, slots=True, eq=False)
class NewsResult:
    """The headlines of one day, what they came from, and what did not work."""

    headlines: pd.DataFrame  # core.tables.HEADLINES without polarity
    payloads: tuple[Payload, ...]
    problems: tuple[str, ...]
    seen: HeadlinesSeen = NOTHING_SEEN
    doubted: Mapping[str, str] = field(default_factory=dict)  # source -> why too much is lost
    sources: tuple[str, ...] = ()  # those that could be read


class News:
    """A list of RSS and Atom feeds; of one too damaged, see `read_news`, the result tells."""

    def __init__(
        self,
        fetcher: Fetcher,
        urls: Sequence[str],
        *,
        ceiling: float = MAX_UNREADABLE.default,
    ) -> None:
        for url in urls:
            checked_address(url, secret=False)
        self._fetcher, self._urls = fetcher, tuple(dict.fromkeys(urls))
        self._ceiling = ceiling

    def fetch(self, companies: Mapping[str, str], *, now: datetime) -> NewsResult:
        """Fetch every feed and return the headlines that name one of the companies.

        Parameters
        ----------
        companies
            Symbol -> company name.
        now
            The moment of the run, aware.

        Raises
        ------
        VendorError
            Feeds are configured and every one of them failed. One that failed among others is
            a problem in the result; so is having none at all.
        """
        if not self._urls:
            nothing = ("no news feed is configured: set DAYBOOK_VENDORS__NEWS_URLS",)
            return NewsResult(_frame([]), (), nothing)
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            answers = list(pool.map(self._get, enumerate(self._urls)))
        payloads = [answer for answer in answers if isinstance(answer, Payload)]
        failures = [answer for answer in answers if isinstance(answer, str)]
        return read_news(payloads, companies, now=now, failures=failures, ceiling=self._ceiling)

    def _get(self, numbered: tuple[int, str]) -> Payload | str:
        index, url = numbered
        try:
            content = self._fetcher.get(url, limit=FEED_LIMIT)
        except VendorError as error:
            return str(error)
        address = checked_address(url, secret=False)
        place = re.sub(r"[^a-z0-9]+", "-", f"{address.host}{address.path}".lower())
        return Payload(f"news-{index:02d}-{place.strip('-')[:60]}.xml", content)


def read_news(
    payloads: Sequence[Payload],
    companies: Mapping[str, str],
    *,
    now: datetime,
    failures: Sequence[str] = (),
    ceiling: float = MAX_UNREADABLE.default,
) -> NewsResult:
    """Derive the headlines of a day from its staged payloads: same payloads, same table.

    ``failures`` are the feeds that sent nothing, in words. A source is doubted of whose items more
    than ``ceiling``, and more than one, could not be read, or of whose feeds so many miss their
    end; what was read of it stays, for bad news is bad wherever it stands. Raises `VendorError`
    when there were feeds and none could be read.
    """
    problems, headlines = list(failures), list[Headline]()
    mentions, placed = Mentions(companies), 0
    feeds: dict[str, list[Feed]] = {}
    for payload in payloads:
        source = _source(payload.name)
        try:
            feed = parse_feed(payload.content, now=now)
        except VendorError as error:
            problems.append(f"{source}: {error}")
            continue
        feeds.setdefault(source, []).append(feed)
        problems += [f"{source}: {problem}" for problem in feed.problems]
        for article in feed.articles:
            known = mentions.found(article)
            placed += bool(known)
            headlines += _headlines(article, source, mentions.ours(known))
    if problems and not feeds:
        raise VendorError(f"no news feed could be read: {'; '.join(problems)}")
    doubts = {source: _doubt(read, ceiling) for source, read in feeds.items()}
    return NewsResult(
        _frame(without_copies(headlines, companies)),
        tuple(payloads),
        tuple(problems),
        _seen([feed for read in feeds.values() for feed in read], placed),
        {source: why for source, why in doubts.items() if why},
        tuple(feeds),
    )


def _seen(feeds: Sequence[Feed], placed: int) -> HeadlinesSeen:
    articles = [article for feed in feeds for article in feed.articles]
    return HeadlinesSeen(
        read=len(articles),
        placed=placed,
        undated=sum(article.published is None for article in articles),
        lost=sum(feed.lost for feed in feeds),
    )


def _doubt(feeds: Sequence[Feed], ceiling: float) -> str:
    cut = sum(feed.cut for feed in feeds)
    if cut > ceiling * len(feeds):
        return "its end is missing, how much of it is not known"
    lost = sum(feed.lost for feed in feeds)
    total = lost + sum(len(feed.articles) for feed in feeds)
    if lost > max(ceiling * total, 1.0):
        return (
            f"{lost} of {total} items cannot be read, more than {ceiling:.0%} "
            "(limits.max_unreadable)"
        )
    return ""


def _source(name: str) -> str:
    return re.sub(r"^news-\d+-|(\.r\d+)?\.xml$", "", name)


def _headlines(article: Article, source: str, symbols: Iterable[str]) -> Iterator[Headline]:
    for symbol in symbols:
        yield Headline(
            symbol=symbol,
            published=article.published,
            source=source,
            title=article.title,
            url=article.url,
        )


def _frame(headlines: Sequence[Headline]) -> pd.DataFrame:
    published = pd.to_datetime(pd.Series([h.published for h in headlines], dtype=object), utc=True)
    frame = pd.DataFrame(
        {
            "symbol": [h.symbol for h in headlines],
            "headline_id": [h.headline_id for h in headlines],
            "published": published.dt.as_unit("us"),
            "source": [h.source for h in headlines],
            "title": [h.title for h in headlines],
            "url": [h.url for h in headlines],
        },
        columns=COLUMNS,
    )
    return frame.sort_values(["symbol", "headline_id"], ignore_index=True)
