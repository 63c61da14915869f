"""The same story told twice counts once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rapidfuzz import fuzz, process

from core.canonical import sha256_of
from feeds.lexicon import direction

SIMILAR = 80.0  # token_set_ratio; a syndicated copy measured 82
COPIED_WITHIN = timedelta(days=3)  # the same words a week later are news again
MOST_COMPARED = 200  # the latest headlines of a symbol that a further one is compared with

_WORD = re.compile(r"\w+")
_UNDATED = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Headline:
    """One headline about one symbol."""

    symbol: str
    published: datetime | None
    source: str
    title: str
    url: str

    @property
    def normalised(self) -> str:
        """The title's words in lower case."""
        return " ".join(_words(self.title))

    @property
    def headline_id(self) -> str:
        """Name of the story: the first 16 digits of the hash of its normalised title."""
        return sha256_of(self.normalised.encode())[:16]


def without_copies(headlines: Iterable[Headline], companies: Mapping[str, str]) -> list[Headline]:
    """Return the headlines of each symbol without copies, the earliest of each kept.

    ``companies``: symbol -> name; its words are no likeness, as every headline of a company has
    them. Sorted by symbol, then time (undated last). The cost is bounded: each headline is
    compared with at most 200 others.
    """
    by_symbol: dict[str, list[Headline]] = {}
    for headline in headlines:
        by_symbol.setdefault(headline.symbol, []).append(headline)
    return [
        kept
        for symbol in sorted(by_symbol)
        for kept in _originals(
            by_symbol[symbol], names={*_words(symbol), *_words(companies.get(symbol, ""))}
        )
    ]


def _originals(headlines: list[Headline], *, names: set[str]) -> list[Headline]:
    kept: list[Headline] = []
    stories: list[str] = []
    seen: set[str] = set()
    for headline in sorted(headlines, key=_order):
        title = headline.normalised
        if not title or title in seen:
            continue
        seen.add(title)
        story = " ".join(word for word in title.split() if word not in names) or title
        if not _is_copy(headline, story, kept[-MOST_COMPARED:], stories[-MOST_COMPARED:]):
            kept.append(headline)
            stories.append(story)
    return kept


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _order(headline: Headline) -> tuple[datetime, str, str, str]:
    return headline.published or _UNDATED, headline.source, headline.title, headline.url


def _is_copy(headline: Headline, story: str, kept: list[Headline], stories: list[str]) -> bool:
    near = process.extract(
        story, stories, scorer=fuzz.token_set_ratio, score_cutoff=SIMILAR, limit=None
    )
    return any(
        _close_in_time(headline, kept[index]) and not _contradicts(story, other)
        for other, _, index in near
    )


def _close_in_time(one: Headline, other: Headline) -> bool:
    if one.published is None or other.published is None:
        return True
    return abs(one.published - other.published) <= COPIED_WITHIN


def _contradicts(one: str, other: str) -> bool:
    """Tell whether similar titles say opposite things, as "beats estimates" and "misses" do."""
    mine, theirs = set(one.split()), set(other.split())
    return direction(mine - theirs) * direction(theirs - mine) < 0
