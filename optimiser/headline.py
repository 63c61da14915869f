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


def plain_title(title: str) -> str:
    """Return one line of visible characters, at most `MAX_TITLE` of them.

    Compatibility forms are folded (NFKC), so full-width letters cannot hide a phrase; control,
    direction and zero-width characters go, so a reason cannot rewrite the page that shows it.
    """
    folded = unicodedata.normalize("NFKC", title[: 4 * MAX_TITLE])
    spaced = " ".join(folded.split())
    return "".join(c for c in spaced if unicodedata.category(c)[0] != "C")[:MAX_TITLE]
