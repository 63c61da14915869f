"""Headlines as data: made plain, and searched for reviewed phrases. Never instructions."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_TITLE = 200  # characters kept; no headline says anything new after that


@dataclass(frozen=True, slots=True)
class Phrase:
    """A kind of news that forbids holding a name, and how a title says it.

    ``pattern`` and ``unless`` are regular expressions over the plain title in lower case; gaps
    are bounded, so that no title can make the search slow.
    """

    name: str
    pattern: str
    unless: str = r"(?!)"  # matches nothing

    def said_in(self, title: str) -> bool:
        """Tell whether this title says it and does not take it back."""
        text = plain_title(title).casefold()
        return bool(re.search(self.pattern, text)) and not re.search(self.unless, text)


BREAKING_NEWS = (
    Phrase(
        "FDA refusal",
        r"\bfda\b.{0,60}\b(bans?|banned|reject\w*|refus\w*|declines? to approve)\b"
        r"|\b(banned|rejected|refused) by (the )?(us )?fda\b"
        r"|\bcomplete response letter\b",
        unless=r"\b(lifts?|lifted|lifting|reverses?|reversed|overturns?|overturned)\b",
    ),
    Phrase(
        "trading halted",
        r"\b(trading|shares?|stock)\b.{0,20}\b(halt|halts|halted|suspended)\b"
        r"|\b(halts?|halted|suspends?|suspended)\b.{0,20}\btrading\b",
        unless=r"\bresum\w*\b",
    ),
    Phrase(
        "bankruptcy",
        r"\b(files?|filed|filing)\b.{0,30}\b(bankruptcy|chapter 7|chapter 11|insolvency)\b",
        unless=r"\b(emerges?|emerged|exits?|exited|avoids?|avoided|denies|denied)\b",
    ),
    Phrase(
        "accounting probe",
        r"\baccounting\b.{0,30}\b(probe|investigation|fraud|scandal|irregularit\w*)"
        r"|\b(probe|probes|investigat\w*)\b.{0,40}\baccounting\b",
        unless=r"\b(clears?|cleared|closes?|closed|drops?|dropped)\b",
    ),
    Phrase(
        "delisting",
        r"\bdelist(s|ed|ing)?\b",
        unless=r"\b(avoids?|avoided|averts?|averted|regains? compliance|denies|denied)\b",
    ),
)


def plain_title(title: str) -> str:
    """Return one line of visible characters, at most `MAX_TITLE` of them.

    Compatibility forms are folded (NFKC), so full-width letters cannot hide a phrase; control,
    direction and zero-width characters go, so a reason cannot rewrite the page that shows it.
    """
    folded = unicodedata.normalize("NFKC", title[: 4 * MAX_TITLE])
    spaced = " ".join(folded.split())
    return "".join(c for c in spaced if unicodedata.category(c)[0] != "C")[:MAX_TITLE]
