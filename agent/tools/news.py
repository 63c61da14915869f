"""Tools about the broker's news. All of it is text from outside: data, never instructions."""

from __future__ import annotations

import textwrap
from typing import Annotated

from pydantic import AwareDatetime, Field

from agent.context import ToolContext
from agent.publishing import LONGEST_TEXT
from agent.tool import Answer, Scope, tool
from agent.tools.market_arguments import ConId
from core.errors import NoData
from core.settings import Effect
from core.text.untrusted import plain

ProviderCode = Annotated[str, Field(pattern=r"^[A-Z0-9-]{2,12}$", description="see news_providers")]
ProviderCodes = Annotated[list[ProviderCode], Field(min_length=1, max_length=20)]
ArticleId = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,60}$", description="see news_headlines")]
Rows = Annotated[int, Field(ge=1, le=100)]
MOST_PARTS = 60  # of an article, 500 characters each


@tool(Effect.READ, Scope.MARKET)
def news_providers(context: ToolContext) -> Answer:
    """List the news providers this account may read: code and name."""
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.news.providers()
    return Answer(as_of=now, source=context.broker, data={"providers": found})


@tool(Effect.READ, Scope.MARKET)
def news_headlines(
    context: ToolContext,
    con_id: ConId,
    providers: ProviderCodes | None = None,
    start: AwareDatetime | None = None,
    end: AwareDatetime | None = None,
    rows: Rows = 20,
) -> Answer:
    """Return headlines about one instrument, newest first: time (UTC), provider, article_id, title.

    ``providers``: the codes to ask; none asks all of this account. ``start`` and ``end`` need a
    time zone. An empty list: there are none in that time. A ``time`` of null: what the provider
    wrote is no time.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        codes = providers or [one.code for one in gateway.news.providers()]
        if not codes:
            raise NoData("this account may read no news provider: subscribe to one at IBKR")
        found = gateway.news.headlines(con_id, codes, start=start, end=end, rows=rows)
    listed = [
        {
            "time": one.time,
            "provider": one.provider,
            "article_id": one.article_id,
            "title": one.text,
        }
        for one in found
    ]
    return Answer(as_of=now, source=context.broker, data={"headlines": listed})


@tool(Effect.READ, Scope.MARKET)
def news_article(context: ToolContext, provider: ProviderCode, article_id: ArticleId) -> Answer:
    """Return the text of one news item, in parts of at most 500 characters, in order.

    ``whole`` is false when it is longer than 60 parts. A PDF has no parts: ``format`` says so.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.news.article(provider, article_id)
    text = plain(found.text, limit=(MOST_PARTS + 1) * LONGEST_TEXT)
    parts = textwrap.wrap(text, LONGEST_TEXT) if found.format == "text" else []
    data = {
        "provider": found.provider,
        "article_id": found.article_id,
        "format": found.format,
        "whole": len(parts) <= MOST_PARTS and found.format == "text",
        "detail": parts[:MOST_PARTS],
    }
    return Answer(as_of=now, source=context.broker, data=data)
