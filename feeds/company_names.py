"""The names newspapers use of a company, from the one name that a vendor or the broker gives.

IBKR writes ``PROCTER & GAMBLE CO/THE``, ``ALPHABET INC-CL A`` and ``INTL BUSINESS MACHINES CORP``;
a headline says Procter and Gamble, Alphabet's and Kikundra for Kikundra Technologies. Words are
compared folded: without case, accents, ``and`` and what is between them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import NamedTuple

SHORTEST_NAME = 4  # letters and digits
FEWEST_INITIALS = 3  # "GM" is a manager as well

# "AT&T" is one word, "Procter & Gamble" are two; an apostrophe with s belongs to its word.
_WORD = re.compile(r"\w+(?:&\w+)*(?:['\u2019][sS]\b)?")
_POSSESSIVE = re.compile(r"['\u2019]s$")
_REGISTERED_IN = re.compile(r"\s*/\s*(?:[A-Z]{2}|NEW|ADR|THE)\s*/?\s*$", re.IGNORECASE)

_LEGAL_FORMS = """
    inc incorporated corp corporation co cos company companies ltd limited plc sa nv ag lp llc
    llp se spa ab asa oyj kgaa gmbh com group grp holding holdings hldg hldgs trust class cl the
    a b c d new common stock shs reit reg ord pref adr ads gdr sp spon spons sponsored
    depositary shares unit units"""
# A legal form behind it makes a company of an everyday word, however it is written there.
_FORMS_SAID = (
    {"inc", "incorporated"}, {"corp", "corporation"}, {"co", "company", "cos", "companies"},
    {"ltd", "limited"}, {"plc"}, {"group"}, {"holdings", "holding"}, {"trust"},
)  # fmt: skip
# What companies of a trade have in their names, and newspapers leave out.
_TRADES = """
    aerospace airlines analytics apparel associates automation automotive bancorp bancshares
    bank banks beauty beverage beverages bio biosciences biotech biotechnology biotherapeutics
    brands broadcasting building capital centers chemical chemicals communications communities
    components data devices diagnostics digital drilling dynamics electric electronics energy
    enterprise enterprises entertainment equipment exploration financial foods freight gas
    global gold health healthcare home homes hotels household industries insurance interactive
    international investment investments laboratories labs life lifesciences logistics machinery
    management manufacturing markets materials media medical metals minerals mining motor motors
    networks oil packaging parts partners payments petroleum pharma pharmaceutical
    pharmaceuticals pipelines platforms power products properties property realty rental rentals
    research residential resorts resources restaurants retail science sciences semiconductor
    semiconductors service services software solar solutions steel stores supply surgical
    systems technologies technology telecom telecommunications therapeutics transport
    transportation utilities water wireless worldwide us usa"""
_SHORTENED = {
    "intl": "international", "svcs": "services", "svc": "service", "finl": "financial",
    "inds": "industries", "mgmt": "management", "mfg": "manufacturing", "natl": "national",
    "tech": "technology", "ctrs": "centers", "props": "properties",
}  # fmt: skip
_SMALL = frozenset({"of", "the", "for", "de", "in", "on"})  # within a name, never capital
# Names of one word that are also everyday words, places, people or measures: alone they say
# nothing, whatever their case.
_EVERYDAY = """
    advance advanced advantage air alaska align alliance allied alpha amazing america american
    analog apex apollo applied arch ares arrow arthur atlantic atlas atmos automatic baker ball
    bank basic beacon best beyond bio black block blue booking boston box bridge bright brown
    build builders camden canada capital cardinal carrier carter century charles charter chase
    china church cincinnati citizens city clean clear coherent columbia comfort community
    compass consolidated constellation continental cooper core credit cross crown crystal data
    delta devon diamond digital direct discovery dollar dominion dover dow duke eagle east
    edison edwards element elite emerging emerson empire energy equity erie essex everest
    evolution exact expand express extra fair federal fidelity fifth first five flex flow ford
    fortune forward foundation four franklin freedom fresh frontier future gap gen general
    genesis genuine global globe gold golden grand great green grid growth guardian hamilton
    harbor harmony hartford harvest health heritage hilton home horizon host hunt huntington
    icon illinois impact independence infinity innovation insight inspire integrated interactive
    international intuitive invitation iron jack jackson jacobs jefferson johnson jones key
    kinder king lamb lead legacy level liberty life light lincoln live london madison magic main
    marathon mark market martin mass match matrix maxim media mercury meridian meta metro micro
    mid midland mobile modern monster morgan mosaic mountain mr nasdaq national nature navigator
    new news next noble north northern nova ocean old omega omni one open option orange orbit
    orion pacific packaging palm paramount parker patriot peak penn people perfect philip
    phillips phoenix pilot pinnacle pioneer plains planet platinum polar pool post power
    precision premier prime principal priority pro progress progressive prospect provident
    prudential public pulse pure quest radiant range rapid realty red regency regional regions
    reliable reliance renaissance republic ridge rise river rock rockwell root rose ross royal
    safe sage salem san santa sealed select service shift signal signature silver simon simply
    sky smart smith snap solar solid sound south southern southwest spark spectrum spirit spring
    square standard star state steel sterling stone strategic stride summit sun superior supreme
    surge sweet target texas thomas thomson tower tractor trade travelers tri trinity triumph
    true tyler tyson union unique united unity universal upstart urban vail valley value vector
    vertex victory viking virgin virginia visa vision vital vulcan wagner walker washington
    waste waters wave wells west western white williams willis winnebago wolf workday world
    wright xenon york zebra zenith zimmer zoom"""


# Of these, names of companies that newspapers write about daily: believed where what follows says
# that they act, as in "Target cuts guidance" and "Visa's fees".
_ACTORS = """
    ball block booking carrier delta discovery dover fidelity ford gap hilton match meta monster
    mosaic progressive prudential quest regions snap square target travelers visa workday"""
_ACTS = """
    acquires agrees beats buys cuts delays denies drops earnings faces falls files fires gains
    halts hires jumps launches loses lowers misses names plans plunges posts profit pulls raises
    recalls reports restates rises says sells settles shares shuts sinks slashes slides slumps
    soars spins stock sues surges suspends tumbles unveils warns wins withdraws"""
_FORMS, _TRADE = frozenset(_LEGAL_FORMS.split()), frozenset(_TRADES.split())
_COMMON = frozenset(_EVERYDAY.split())
_ACTOR, _ACT = frozenset(_ACTORS.split()), frozenset(_ACTS.split())


class Words(NamedTuple):
    """The words of a text as they are compared, and which of them could begin a name."""

    shown: tuple[str, ...]  # as they are written
    folded: tuple[str, ...]
    bare: tuple[str, ...]  # without a possessive's ending
    capital: tuple[bool, ...]  # with a capital letter or a digit; small words of names count too
    cased: bool  # whether the text has capital letters at all
    shouted: bool  # and no others


def words_of(text: str) -> Words:
    """Return the words of a headline or a name, ``and`` left out."""
    found = [word for word in _WORD.findall(text) if word.casefold() != "and"]
    folded = tuple(_folded(word) for word in found)
    return Words(
        tuple(found),
        folded,
        tuple(_POSSESSIVE.sub("", word) for word in folded),
        tuple(word in _SMALL or any(c.isupper() or c.isdigit() for c in word) for word in found),
        text != text.lower(),
        text == text.upper(),
    )


def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.casefold().replace("\u2019", "'"))
    return "".join(c for c in apart if not unicodedata.combining(c))


def names_of(companies: Mapping[str, str]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the words of every name newspapers use -> the symbols it stands for.

    Several symbols are share classes of one company. Left out are a ticker in place of a name,
    names too short to be believed, and what two companies could be called in short.
    """
    owners: dict[tuple[str, ...], list[str]] = {}
    in_short: dict[tuple[str, ...], dict[tuple[str, ...], list[str]]] = {}
    for symbol, name in sorted(companies.items()):
        if name == symbol:
            continue
        words = words_of(_REGISTERED_IN.sub("", name)).folded
        whole = _without_forms(words)
        for alias in dict.fromkeys((*_believed(whole), *_with_form(words, whole))):
            owners.setdefault(alias, []).append(symbol)
        short = _without_trade(whole)
        if short != whole and short[0] not in _TRADE:
            for alias in _believed(short):
                in_short.setdefault(alias, {}).setdefault(whole, []).append(symbol)
    for alias, candidates in in_short.items():
        if alias not in owners and len(candidates) == 1:
            owners[alias] = next(iter(candidates.values()))
    return {words: tuple(dict.fromkeys(symbols)) for words, symbols in owners.items()}


def initials_of(companies: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return tickers that newspapers use for the name -> their symbol: IBM, AMD, UPS, CVS.

    Those are the initials of the name's words or its first word; other tickers prove nothing.
    """
    found: dict[str, tuple[str, ...]] = {}
    for symbol, name in companies.items():
        whole = _without_forms(words_of(_REGISTERED_IN.sub("", name)).folded)
        initials = "".join(word[0] for word in whole)
        telling = len(whole) > 1 and len(symbol) >= FEWEST_INITIALS
        if telling and symbol.casefold() in {initials, whole[0]}:
            found[symbol] = (symbol,)
    return found


def actors_of(companies: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return everyday words that are names of companies -> the symbols each stands for."""
    found: dict[str, list[str]] = {}
    for symbol, name in sorted(companies.items()):
        short = _without_trade(_without_forms(words_of(_REGISTERED_IN.sub("", name)).folded))
        if name != symbol and len(short) == 1 and short[0] in _ACTOR:
            found.setdefault(short[0], []).append(symbol)
    return {word: tuple(symbols) for word, symbols in found.items()}


def acts(words: Words, position: int) -> bool:
    """Tell whether a word is what acts in a headline, and no part of a longer name."""
    if position and words.shown[position - 1][:1].isupper():
        return False  # "Price Target cuts"
    following = words.folded[position + 1 : position + 2]
    owns = words.folded[position] != words.bare[position]
    return owns or (bool(following) and following[0] in _ACT)


def is_form(word: str) -> bool:
    """Whether a folded word is a legal form, which may follow any name of its company."""
    return word in _FORMS


def _without_forms(words: tuple[str, ...]) -> tuple[str, ...]:
    kept = [_SHORTENED.get(word, word) for word in words]
    while kept and kept[-1] in _FORMS:
        kept.pop()
    if len(kept) > 1 and kept[0] == "the":
        kept.pop(0)
    return tuple(kept)


def _without_trade(words: tuple[str, ...]) -> tuple[str, ...]:
    kept = list(words)
    while len(kept) > 1 and _is_trade(kept[-1]):
        kept.pop()
    return tuple(kept)


def _is_trade(word: str) -> bool:
    # The broker cuts long names off: "KIKUNDRA TECHNOLOG".
    return word in _TRADE or (len(word) >= 5 and any(t.startswith(word) for t in _TRADE))


def _believed(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    short = sum(map(len, words)) < SHORTEST_NAME
    everyday = len(words) == 1 and (words[0] in _COMMON or words[0].isdigit())
    if not short and not everyday:
        yield words


def _with_form(words: tuple[str, ...], whole: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield a name with each spelling of the legal form behind it: "Target Corp", "HP Inc"."""
    behind = words[len(whole) :]
    if not whole or not behind or words[: len(whole)] != whole or is_form(whole[0]):
        return
    for spellings in _FORMS_SAID:
        if behind[0] in spellings:
            yield from ((*whole, form) for form in sorted(spellings))
