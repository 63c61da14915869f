"""The day's headlines: synthetic, reproducible, and never ahead of the market.

Each calendar day's stories are drawn from the seed and the day alone, so a story reads the same
whenever it is asked for. Their tone leans on what the price has done before that day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from core.canonical import sha256_of
from simulator.market.market import Instrument
from simulator.prices.market_view import MarketView
from simulator.untidy.names import as_printed
from simulator.untidy.oddities import Untidiness
from simulator.vendors.members import members, news_symbol
from simulator.vendors.templates import (
    BREAKING_NEGATIVE,
    BREAKING_POSITIVE,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
)

WINDOW = timedelta(hours=72)
STORIES_A_DAY = 0.4  # per constituent; 1.2 over the window
BREAKING_SHARE = 0.03  # of the stories that have a tone
SYNDICATED_SHARE = 0.12
TICKER_IN_TITLE = 0.6
TONE_THRESHOLD = 0.45
LOOK_BACK, USUAL = 5, 60  # sessions: whose return colours the news, and by which it is scaled

MARKETS, COMPANIES = "markets", "companies"
SOURCES = {MARKETS: "Meridian Markets", COMPANIES: "Harbour Company News"}


@dataclass(frozen=True, slots=True)
class Headline:
    """One story in one feed."""

    feed: str  # MARKETS or COMPANIES
    guid: str
    title: str
    symbol: str  # as newspapers write it
    published: datetime  # aware, UTC
    tone: int  # -1, 0 or +1; for tests, never served


def headlines(view: MarketView, seed: int, now: datetime) -> list[Headline]:
    """Return the headlines of the 72 hours up to ``now`` in both feeds, newest first."""
    since = now - WINDOW
    # A day more: a story of the evening before may be printed again after midnight.
    first = since.astimezone(UTC).date() - timedelta(days=1)
    days = [first + timedelta(days=i) for i in range(WINDOW.days + 2)]
    stories = [story for day in days for story in _stories_of(view, seed, day)]
    recent = [story for story in stories if since < story.published <= now]
    return sorted(recent, key=lambda story: (story.published, story.guid), reverse=True)


def _stories_of(view: MarketView, seed: int, day: date) -> list[Headline]:
    rng = np.random.default_rng([seed, int(view.market.world_id, 16), day.toordinal()])
    begin = datetime.combine(day, time(), UTC)
    found: list[Headline] = []
    for instrument in members(view, begin):
        mood = _mood(view, instrument, begin)
        for number in range(rng.poisson(STORIES_A_DAY)):
            story = _story(rng, instrument, begin, mood, number, view.untidy)
            found.append(story)
            if rng.random() < SYNDICATED_SHARE:
                found.append(_syndicated(rng, story))
    return found


def _mood(view: MarketView, instrument: Instrument, now: datetime) -> float:
    """Return the recent return in units of its usual size: 0 when too little is known."""
    bars = view.daily(instrument.con_id, now)[-(USUAL + 1) :]
    if len(bars) <= LOOK_BACK + 1:
        return 0.0
    logs = np.log([bar.close for bar in bars])
    usual = float(np.diff(logs).std()) * math.sqrt(LOOK_BACK)
    return float(logs[-1] - logs[-1 - LOOK_BACK]) / usual if usual > 0 else 0.0


def _story(
    rng: np.random.Generator,
    instrument: Instrument,
    begin: datetime,
    mood: float,
    number: int,
    untidy: Untidiness,
) -> Headline:
    feeling = 0.35 * math.tanh(mood / 1.5) + 0.6 * rng.standard_normal()
    tone = int(feeling > TONE_THRESHOLD) - int(feeling < -TONE_THRESHOLD)
    symbol = news_symbol(instrument.symbol)
    name = instrument.name
    if rng.random() < TICKER_IN_TITLE:
        name = f"{name} ({instrument.primary_exchange}: {symbol})"
    if "newspapers" in untidy:
        name = as_printed(instrument, untidy, begin.date(), number)
    title = _template(rng, tone, instrument.sector).format(
        name=name,
        percent=int(rng.integers(2, 30)),
        dollars=10 * int(rng.integers(2, 90)),
        count=100 * int(rng.integers(2, 60)),
    )
    return Headline(
        feed=MARKETS if rng.random() < 0.5 else COMPANIES,
        guid=_guid(symbol, begin.date().isoformat(), str(number), title),
        title=title,
        symbol=symbol,
        # Most likely around the New York morning.
        published=begin
        + timedelta(seconds=int((14.0 + 4.0 * rng.standard_normal()) % 24.0 * 3600)),
        tone=tone,
    )


def _template(rng: np.random.Generator, tone: int, sector: str | None) -> str:
    if tone and rng.random() < BREAKING_SHARE:
        stock = BREAKING_POSITIVE if tone > 0 else BREAKING_NEGATIVE
        return _choice(rng, [text for only, text in stock if only in {None, sector}])
    return _choice(rng, {1: POSITIVE, 0: NEUTRAL, -1: NEGATIVE}[tone])


def _choice(rng: np.random.Generator, texts: Sequence[str]) -> str:
    return texts[int(rng.integers(len(texts)))]


def _syndicated(rng: np.random.Generator, story: Headline) -> Headline:
    """Return the same story as the other feed prints it, a little later and a little changed."""
    changes = (f"UPDATE 1-{story.title}", f"{story.title} - newswire", f"{story.title} (corrected)")
    title = _choice(rng, changes)
    return replace(
        story,
        feed=COMPANIES if story.feed == MARKETS else MARKETS,
        guid=_guid(story.guid, title),
        title=title,
        published=story.published + timedelta(minutes=int(rng.integers(1, 90))),
    )


def _guid(*parts: str) -> str:
    return sha256_of("/".join(parts).encode())[:24]
