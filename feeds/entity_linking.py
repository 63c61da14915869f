"""Which companies a headline is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from feeds.company_names import (
    Words,
    actors_of,
    acts,
    initials_of,
    is_form,
    names_of,
    words_of,
)
from feeds.rss import Article
from feeds.universe.tickers import ibkr_symbol

# Exchanges as newspapers name them; what else stands before a colon, as in "(Photo: AP)", is none.
_ABROAD = re.compile(
    r"""(?:nasdaq[ ](?:stockholm|helsinki|copenhagen|iceland|baltic|first[ ]north|omx|nordic|dubai)
    |euronext|tsx|lse|lon|london|aim|cse|neo|asx|nzx|hkex|hkse|hkg|sehk|hong[ ]kong|tse|tyo|tokyo
    |sse|szse|sha|she|krx|kosdaq|kospi|nse|bse|sgx|fra|frankfurt|fse|fwb|etr|xetra|epa|ams|ebr|bit
    |bme|six|swx|vtx|sto|omx|hel|cph|ose|osl|oslo|wse|b3|bovespa|bmv|jse|tase|idx|klse|twse|isin
    )(?:[ -][a-z0-9 -]*)?""",
    re.IGNORECASE | re.VERBOSE,
)
# Here a ticker is one of IBKR's US symbols: NYSE American, NasdaqGS, Nasdaq Global Select Market.
_US = re.compile(
    r"(?:new york stock exchange|nyse|nasdaq|amex|cboe|bats|otc|pink)[a-z ]*|ticker|symbol|stock",
    re.IGNORECASE,
)
_TICKER = r"[A-Z]{1,6}(?:[.-][A-Z]{1,2})?"
_LISTED = re.compile(rf"([A-Za-z][A-Za-z0-9 -]{{1,39}}?)\s*:\s*\$?({_TICKER}|[A-Z0-9.]{{2,12}})")
_SEPARATOR = re.compile(r"\s*[,;/|&]\s*|\s+and\s+")
_BRACKETS = re.compile(r"[(\[<]([^()\[\]<>]{2,120})[)\]>]")
_IN_TEXT = re.compile(rf"\b(NYSE|NASDAQ|Nasdaq|AMEX)\s?:\s?({_TICKER})\b")
_LINK = re.compile(rf"\[({_TICKER})\]\([^()\s]*\)")  # of markdown, around a ticker
_CASHTAG = re.compile(r"(?<![\w$])\$([A-Z]{1,5}(?:[.-][A-Z])?)(?!\w)")
_BARE = re.compile(rf"({_TICKER}?)(?:\.(?:O|OQ|N|K)| US)?")  # with Reuters' or Bloomberg's ending

# Tickers that are also a feed's subjects: not believed when a category says nothing more.
_COMMON_TICKERS = "AI ALL APP ARE CEO ETF EV IPO IT NEWS NOW ON SEC SO TECH TV UK US USA"


class Mentions:
    """Finds companies in headlines by ticker, else by name."""

    def __init__(self, companies: Mapping[str, str]) -> None:
        self._symbols = frozenset(companies)
        self._names = names_of(companies)
        self._initials = initials_of(companies)
        self._actors = actors_of(companies)
        self._longest = max((len(name) for name in self._names), default=0)

    def of(self, article: Article) -> tuple[str, ...]:
        """Return the symbols of ours that an article names, sorted; none is an answer."""
        return self.ours(self.found(article))

    def ours(self, found: Iterable[str]) -> tuple[str, ...]:
        """Return which of the symbols are ours, sorted."""
        return tuple(sorted(self._symbols.intersection(found)))

    def found(self, article: Article) -> set[str]:
        """Return whom an article is about, ours and others; empty: that is not known.

        A stated ticker settles it, even one that is not ours: "Apple Hospitality (NYSE: APLE)"
        is not about Apple.
        """
        stated = set(_listed(article)) | (set(_subjects(article)) & self._symbols)
        if not stated:
            return set(self._named(words_of(article.title)))
        return stated | self._listed_abroad(article.title)

    def _named(self, words: Words, *, last: bool = False) -> Iterator[str]:
        """Yield the symbols of the names in a text; with ``last`` of one that ends it."""
        position, length = 0, len(words.folded)
        while length and is_form(words.folded[length - 1]) and last:
            length -= 1
        while position < length:
            # The longest name first: "Bank of America" is not about America.
            for end in range(min(position + self._longest, length), position, -1):
                symbols = self._called(words, position, end)
                if symbols:
                    if not last or end == length:
                        yield from symbols
                    position = end - 1
                    break
            position += 1

    def _called(self, words: Words, start: int, end: int) -> tuple[str, ...]:
        """Return whose name these words are. "apple pie" is not about Apple, nor "best buy"."""
        # In a feed without capitals two words are a name, and one is a word.
        named = all(words.capital[start:end]) if words.cased else end - start > 1
        if not named:
            return ()
        exactly = words.folded[start:end]
        possessive = (*exactly[:-1], words.bare[end - 1])
        known = self._names.get(exactly) or self._names.get(possessive, ())
        if known or words.shouted or end - start > 1:
            return known
        if acts(words, start) and words.bare[start] in self._actors:
            return self._actors[words.bare[start]]
        initials = words.shown[start][: len(words.bare[start])]
        return () if initials in _COMMON_TICKERS.split() else self._initials.get(initials, ())

    def _listed_abroad(self, title: str) -> set[str]:
        """Return whose name a foreign listing stands directly behind: "Acme plc (LSE: ACM)"."""
        return {
            symbol
            for bracket in _BRACKETS.finditer(title)
            if all(":" in listing for listing in _in_bracket(bracket[1])) and ":" in bracket[1]
            for symbol in self._named(words_of(title[: bracket.start()]), last=True)
        }


def _listed(article: Article) -> Iterator[str]:
    """Yield every ticker stated outright; a foreign listing as ``exchange:ticker``."""
    for told in (article.title, article.summary):
        text = _LINK.sub(r"\1", told)
        for bracket in _BRACKETS.findall(text):
            yield from _in_bracket(bracket)
        for exchange, ticker in _IN_TEXT.findall(text):
            yield from _listing(exchange, ticker)
        for ticker in _CASHTAG.findall(text):
            yield ibkr_symbol(ticker) or ticker
    for scheme, term in article.categories:
        listed = _LISTED.fullmatch(term)
        if listed:
            yield from _listing(listed[1], listed[2])
        elif re.search(r"symbol|ticker|stock", scheme, re.IGNORECASE):
            yield ibkr_symbol(term) or term


def _in_bracket(text: str) -> Iterator[str]:
    """Yield the listings of a list such as ``NYSE: EVEX, EVEXW; B3: EVEB31``."""
    exchange = ""
    for part in _SEPARATOR.split(text.strip()):
        listed = _LISTED.fullmatch(part)
        if listed:
            exchange = listed[1]
            yield from _listing(exchange, listed[2])
        elif exchange and re.fullmatch(_TICKER, part):
            yield from _listing(exchange, part)


def _listing(exchange: str, ticker: str) -> Iterator[str]:
    if _ABROAD.fullmatch(exchange):
        yield f"{exchange}:{ticker}"
    elif _US.fullmatch(exchange):
        yield ibkr_symbol(ticker) or ticker


def _subjects(article: Article) -> Iterator[str]:
    """Yield what may be tickers: categories and what a bracket holds alone. "FDA" is none."""
    bare = [
        found[1]
        for bracket in _BRACKETS.findall(article.title)
        for part in _SEPARATOR.split(bracket.strip())
        if len(part) > 1 and (found := _BARE.fullmatch(part))
    ]
    terms = [t for _, t in article.categories if re.fullmatch(r"[A-Z]{1,5}(?:[ .-][A-Z])?", t)]
    for term in (*bare, *terms):
        if term not in _COMMON_TICKERS.split():
            yield ibkr_symbol(term) or term
