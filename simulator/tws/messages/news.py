"""News on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import Field, message
from simulator.vendors.bulletins import Bulletin
from simulator.vendors.newsroom import Story

HTML = 0
REGULAR = 1  # kind of bulletin; 2 and 3: an exchange is not, and is again, there for trading


def news_providers(providers: Sequence[tuple[str, str]]) -> bytes:
    """Name the providers: code and name."""
    fields: list[Field] = [part for provider in providers for part in provider]
    return message(Answer.NEWS_PROVIDERS, len(providers), *fields)


def historical_news(request_id: int, story: Story) -> bytes:
    """State one headline. Its time is in UTC, as TWS writes it."""
    at = f"{story.published.astimezone(UTC):%Y-%m-%d %H:%M:%S}.0"
    return message(
        Answer.HISTORICAL_NEWS, request_id, at, story.provider, story.article_id, story.headline
    )


def historical_news_end(request_id: int, *, has_more: bool) -> bytes:
    """Say that no more headlines follow, and whether older ones exist."""
    return message(Answer.HISTORICAL_NEWS_END, request_id, has_more)


def news_bulletin(bulletin: Bulletin) -> bytes:
    """State an announcement to everybody."""
    return message(
        Answer.NEWS_BULLETIN, 1, bulletin.number, REGULAR, bulletin.text, bulletin.exchange
    )


def news_article(request_id: int, body: str) -> bytes:
    """State the text of an article."""
    return message(Answer.NEWS_ARTICLE, request_id, HTML, body)
