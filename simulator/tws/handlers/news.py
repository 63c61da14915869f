"""News: providers, headlines about a company, articles, bulletins."""

from __future__ import annotations

from datetime import UTC, datetime

from core.errors import RequestRefused
from simulator.prices.market_view import midnight, phase
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages import news as frames
from simulator.tws.messages import times
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.vendors.bulletins import bulletins

MOST_HEADLINES = 300
NOT_SUBSCRIBED = 10276
_PATTERNS = ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S")  # in UTC


def news_providers(client: ClientSession, fields: Fields) -> None:
    """Name the providers."""
    fields.end()
    client.send(frames.news_providers(client.gateway.news.providers))


def historical_news(client: ClientSession, fields: Fields) -> None:
    """Send the newest headlines about a contract, newest first."""
    request_id = fields.identify()
    con_id = fields.whole("conId")
    providers = {code for code in fields.text("providerCodes").split("+") if code}
    begin, end = (_moment(fields.text(name)) for name in ("startDateTime", "endDateTime"))
    most = fields.whole("totalResults")
    fields.skip("historicalNewsOptions")
    fields.end()
    known = {code for code, _ in client.gateway.news.providers}
    unknown = sorted(providers - known)
    if unknown or not providers:
        raise RequestRefused(
            f"News feed is not allowed: {', '.join(unknown) or 'no provider'}", code=NOT_SUBSCRIBED
        )
    gateway = client.gateway
    instrument = gateway.directory.one(ContractQuery(con_id, "", "", "", "", "", ""))
    found = [
        story
        for story in gateway.news.of(instrument, gateway.clock.now())
        if story.provider in providers
        and (begin is None or story.published > begin)
        and (end is None or story.published <= end)
    ]
    shown = found[: max(min(most, MOST_HEADLINES), 0)]
    client.send(*(frames.historical_news(request_id, story) for story in shown))
    client.send(frames.historical_news_end(request_id, has_more=len(found) > len(shown)))


def news_article(client: ClientSession, fields: Fields) -> None:
    """Send the text of an article."""
    request_id = fields.identify()
    provider, article_id = fields.text("providerCode"), fields.text("articleId")
    fields.skip("newsArticleOptions")
    fields.end()
    gateway = client.gateway
    story = gateway.news.article(provider, article_id, gateway.clock.now())
    client.send(frames.news_article(request_id, story.body))


def news_bulletins(client: ClientSession, fields: Fields) -> None:
    """Send announcements as they come, first those of today when all are wanted."""
    fields.skip("version")
    wants_all = fields.flag("allMsgs")
    fields.end()
    now = client.gateway.clock.now()
    client.market_streams.bulletins_since = midnight(phase(now).day) if wants_all else now
    send_bulletins(client)


def send_bulletins(client: ClientSession) -> None:
    """Send what was announced since the last time to a client that wants to know."""
    after, now = client.market_streams.bulletins_since, client.gateway.clock.now()
    if after is not None:
        found = bulletins(client.gateway.view, after=after, until=now)
        client.send(*(frames.news_bulletin(one) for one in found))
        client.market_streams.bulletins_since = now


def cancel_news_bulletins(client: ClientSession, fields: Fields) -> None:
    """Send no more announcements."""
    fields.skip("version")
    fields.end()
    client.market_streams.bulletins_since = None


def _moment(text: str) -> datetime | None:
    """Read a bound, as news or as bars have it; none where it is empty or cannot be read.

    TWS refuses no bound: from one that it cannot read it answers as if there were none
    (ib-api-reloaded/ib_async #108).
    """
    if not text:
        return None
    found = times.parse(text)
    if found is not None:
        return found
    for pattern in _PATTERNS:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


HANDLERS = {
    Request.NEWS_PROVIDERS: news_providers,
    Request.HISTORICAL_NEWS: historical_news,
    Request.NEWS_ARTICLE: news_article,
    Request.NEWS_BULLETINS: news_bulletins,
    Request.CANCEL_NEWS_BULLETINS: cancel_news_bulletins,
}
