"""The headlines of the vendors, as IBKR's news services have them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.errors import RequestRefused
from simulator.market.market import Instrument
from simulator.vendors.members import news_symbol
from simulator.vendors.news import COMPANIES, MARKETS, SOURCES, Headline
from simulator.vendors.vendor_facts import VendorFacts

PROVIDERS = {"SIMC": COMPANIES, "SIMM": MARKETS}  # code -> feed
_CODES = {feed: code for code, feed in PROVIDERS.items()}
NO_SUCH_NEWS = 10172


@dataclass(frozen=True, slots=True)
class Story:
    """One headline of one provider."""

    provider: str
    article_id: str
    published: datetime  # aware, UTC
    headline: str
    body: str


class Newsroom:
    """News by contract and by article id."""

    def __init__(self, vendor_facts: VendorFacts) -> None:
        self._facts = vendor_facts

    @property
    def providers(self) -> list[tuple[str, str]]:
        """Codes and names of the providers; none where the companies are real."""
        if not self._facts.has_news:
            return []
        return [(code, SOURCES[feed]) for code, feed in sorted(PROVIDERS.items())]

    def of(self, instrument: Instrument, now: datetime) -> list[Story]:
        """Return the stories about a company of the last 72 hours, newest first."""
        symbol = news_symbol(instrument.symbol)
        return [_story(item) for item in self._facts.headlines(now) if item.symbol == symbol]

    def article(self, provider: str, article_id: str, now: datetime) -> Story:
        """Return a story. Raises `RequestRefused` when the provider has none of that id."""
        for item in self._facts.headlines(now):
            story = _story(item)
            if (story.provider, story.article_id) == (provider, article_id):
                return story
        raise RequestRefused(
            f"Failed to request news article:No data available for {provider} {article_id}",
            code=NO_SUCH_NEWS,
        )


def _story(item: Headline) -> Story:
    code = _CODES[item.feed]
    body = (
        f"<p>{item.title}.</p><p>{SOURCES[item.feed]}, {item.published:%d %B %Y, %H:%M} UTC. "
        "An invented story of the daybook simulator; not real news.</p>"
    )
    return Story(code, f"{code}${item.guid}", item.published, item.title, body)
