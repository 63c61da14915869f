"""Headlines as data: made plain, and searched for reviewed phrases. Never instructions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.text.untrusted import folded

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
        text = folded(title, MAX_TITLE).casefold()
        return bool(re.search(self.pattern, text)) and not re.search(self.unless, text)
