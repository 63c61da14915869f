"""What is published: plain JSON in which no text from outside can pass for ours.

Headlines, company names and the broker's words are data, never instructions. Wherever a string
is more than an identifier it is published as ``{source, text, trust: "untrusted"}``: one line, at
most 500 characters, without control, bidi or zero-width characters. A secret of the settings is
masked wherever it turns up as a value; the keys of an answer are ours and stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from core.canonical import canonical_json
from core.errors import DataError
from core.text.masking import Masker
from core.text.untrusted import PARAGRAPH, folded

LONGEST_TEXT = PARAGRAPH
LARGEST_ANSWER = 1_000_000  # bytes: more than that only fills the reader's memory

# An identifier, number, date, path or hash: no blanks, so no sentence.
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:+/%@=$-]{0,128}")
# These may hold a stranger's single word; it is still a stranger's.
_ALWAYS_TEXT = frozenset(
    {"by", "detail", "message", "name", "notes", "override", "reason", "title", "warning"}
)
# Our own vocabulary where it has blanks: contract symbols and what we call our sources.
_OURS = frozenset({"symbol", "source", "trust"})


class Publisher:
    """Turns values into what may be shown."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._masked = Masker(secrets).text

    def plain(self, value: Any, *, source: str) -> Any:
        """Return a value as plain JSON, with every text in a typed field.

        Raises `DataError` for what JSON cannot state, such as NaN, and for an answer that is
        too large.
        """
        content = canonical_json(value)
        if len(content) > LARGEST_ANSWER:
            raise DataError(
                f"the answer has {len(content):,} bytes, more than {LARGEST_ANSWER:,}: "
                "ask for fewer symbols, less history or one session"
            )
        return self._guarded(json.loads(content), source, "")

    def text(self, words: str, *, source: str) -> dict[str, str]:
        """Return text from outside as the typed field it is published in."""
        return {"source": source, "text": self.flat(words), "trust": "untrusted"}

    def flat(self, words: str) -> str:
        """Return text on one line, visible characters only, at most 500, secrets masked."""
        return self._masked(folded(self._masked(words), LONGEST_TEXT))

    def _guarded(self, value: Any, source: str, key: str) -> Any:
        if isinstance(value, Mapping):
            return {folded(k, LONGEST_TEXT): self._guarded(v, source, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self._guarded(each, source, key) for each in value]
        if not isinstance(value, str):
            return value
        if key in _OURS:
            return self.flat(value)
        shown = self.flat(value)
        if key not in _ALWAYS_TEXT and shown == value and _IDENTIFIER.fullmatch(value):
            return value
        return self.text(value, source=source) if value else ""
