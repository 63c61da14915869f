"""The polarity of headlines: one number each, from -1 (bad for the company) to +1."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from core.errors import ConfigurationError
from core.text.untrusted import plain
from feeds import finbert
from feeds.lexicon import OVERLAY
from feeds.phrases import mark_phrases


def polarity(titles: Sequence[str], *, model: str) -> list[float]:
    """Score headlines.

    Parameters
    ----------
    titles
        Untrusted text, one headline each.
    model
        ``vader``: word weights and rules with our financial lexicon, no download.
        ``finbert``: the transformer, from the extra ``[finbert]``.

    Returns
    -------
    One finite number per title, in -1…+1; 0 where the model sees nothing.

    Raises
    ------
    ConfigurationError
        The model is unknown or not installed.
    """
    if model == "vader":
        return [_compound(plain(title)) for title in titles]
    if model == "finbert":
        return finbert.polarity([plain(title) for title in titles])
    raise ConfigurationError(
        f"signals.sentiment_model = {model}: no such model; use vader or finbert"
    )


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    analyser = SentimentIntensityAnalyzer()
    analyser.lexicon.update(OVERLAY)
    return analyser


def _compound(title: str) -> float:
    # VADER takes words in capitals for shouting; in a headline they are tickers and acronyms.
    scores = _analyser().polarity_scores(mark_phrases(title).casefold())
    return float(scores["compound"])
