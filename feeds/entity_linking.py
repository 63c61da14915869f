"""Which companies a headline is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from feeds.rss import Article
from feeds.tickers import ibkr_symbol

_US_EXCHANGES = frozenset(
    {"NYSE", "NYSEAMERICAN", "NYSEARCA", "NYSEMKT", "NASDAQ", "NASDAQGS", "NASDAQGM", "NASDAQCM"}
    | {"AMEX", "CBOE", "BATS"}
)
_LISTED = re.compile(r"\b([A-Za-z][A-Za-z ]{2,14}?)\s*:\s*([A-Z]{1,6}(?:[.-][A-Z]{1,2})?)\b")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]{4,80})[)\]]")
_CASHTAG = re.compile(r"(?<![\w$])\$([A-Z]{1,5}(?:[.-][A-Z])?)(?!\w)")
_WORD = re.compile(r"\w+")

_LEGAL_FORMS = """
    inc incorporated corp corporation co company companies ltd limited plc sa nv ag lp llc com
    group holding holdings trust class the a b c new common stock reit"""
# One-word names that are also everyday words, places, people or measures.
_COMMON_NAMES = """
    alaska ball best block boston bright carrier chase citizens crown delta discovery dover
    eagle edison equity everest first ford general global grand home hunt invitation jones lamb
    level marathon match meta monster mosaic national news open paramount pool principal
    progressive prudential public realty regions republic royal sealed simon smith snap southern
    square stanley state steel stride summit target trade travelers union united universal visa
    waters western williams"""
# Tickers that are also a feed's subjects: not believed when a category says nothing more.
_COMMON_TICKERS = "AI ALL APP ARE CEO ETF EV IPO IT NEWS NOW ON SEC SO TECH TV UK US USA"
SHORTEST_NAME = 4  # letters and digits


class Mentions:
    """Finds companies in headlines by ticker, else by name."""

    def __init__(self, companies: Mapping[str, str]) -> None:
        self._symbols = frozenset(companies)
        self._names = _names(companies)
        self._longest = max((len(name) for name in self._names), default=0)

    def of(self, article: Article) -> tuple[str, ...]:
        """Return the symbols an article names, sorted; none is an answer.

        A stated ticker settles it, even one that is not ours: "Apple Hospitality (NYSE: APLE)"
        is not about Apple.
        """
        stated = set(_listed(article)) | (set(_subjects(article)) & self._symbols)
        found = stated or set(self._named(article.title))
        return tuple(sorted(found & self._symbols))

    def _named(self, title: str) -> Iterator[str]:
        words, position = _WORD.findall(title), 0
        while position < len(words):
            # The longest name first: "Bank of America" is not about America.
            for length in range(self._longest, 0, -1):
                symbols = self._names.get(tuple(words[position : position + length]))
                if symbols is not None:
                    yield from symbols
                    position += length - 1
                    break
            position += 1


def _listed(article: Article) -> Iterator[str]:
    """Yield every ticker stated outright; a foreign listing as ``exchange:ticker``."""
    for text in (article.title, article.summary):
        for bracket in _BRACKETS.findall(text):
            for exchange, ticker in _LISTED.findall(bracket):
                yield _listing(exchange, ticker)
        for ticker in _CASHTAG.findall(text):
            yield ibkr_symbol(ticker) or ticker
    for scheme, term in article.categories:
        listed = _LISTED.fullmatch(term)
        if listed:
            yield _listing(listed[1], listed[2])
        elif re.search(r"symbol|ticker|stock", scheme, re.IGNORECASE):
            yield ibkr_symbol(term) or term


def _subjects(article: Article) -> Iterator[str]:
    """Yield the categories that may be tickers: "FDA" is one in form only."""
    for _, term in article.categories:
        if re.fullmatch(r"[A-Z]{1,5}(?:[ .-][A-Z])?", term) and term not in _COMMON_TICKERS.split():
            yield ibkr_symbol(term) or term


def _listing(exchange: str, ticker: str) -> str:
    if exchange.replace(" ", "").upper() not in _US_EXCHANGES:
        return f"{exchange}:{ticker}"
    return ibkr_symbol(ticker) or ticker


def _names(companies: Mapping[str, str]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return words of a name -> symbols, several for the share classes of one company.

    Short and common names are left out, and a ticker that stands in for an unknown name.
    """
    common = set(_COMMON_NAMES.split())
    owners: dict[tuple[str, ...], list[str]] = {}
    for symbol, name in sorted(companies.items()):
        words = _distinctive(name)
        short = sum(map(len, words)) < SHORTEST_NAME or name == symbol
        everyday = len(words) == 1 and words[0].casefold() in common
        if not short and not everyday:
            owners.setdefault(words, []).append(symbol)
    return {words: tuple(symbols) for words, symbols in owners.items()}


def _distinctive(name: str) -> tuple[str, ...]:
    words, forms = _WORD.findall(name), _LEGAL_FORMS.split()
    while words and words[-1].casefold() in forms:
        words.pop()
    if len(words) > 1 and words[0].casefold() == "the":
        words.pop(0)
    return tuple(words)
