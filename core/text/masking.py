"""Secrets struck out wherever text leaves the house.

A secret is masked as a whole, never as a piece of a longer word: a key ``quantity1`` must not
tear up ``quantity10``. From `DISTINCTIVE` characters on it cannot be a piece of anything by
chance, and is masked even within a word. Settings refuse a secret shorter than `SHORTEST`, which
could not be told from other text. The keys of a JSON object are ours and are never masked.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, urlsplit

SHORTEST = 8
DISTINCTIVE = 16
MASK = "[secret]"


class Masker:
    """Strikes out some secrets, in every spelling an address, a form or JSON gives them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {spelling for secret in secrets for spelling in _spellings(secret)}
        self._spellings = sorted(found, key=lambda s: (-len(s), s))
        self._encoded = [s.encode("utf-8", "replace") for s in self._spellings]
        pattern = "|".join(_pattern(s) for s in self._spellings)
        self._pattern = re.compile(pattern)
        self._bytes = re.compile(pattern.encode("utf-8", "replace"))

    def __bool__(self) -> bool:
        return bool(self._spellings)

    def text(self, text: str) -> str:
        """Return the text without the secrets."""
        if not any(spelling in text for spelling in self._spellings):
            return text
        return self._pattern.sub(MASK, text)

    def content(self, content: bytes) -> bytes:
        """Return the bytes without the secrets."""
        # Looked for first: a vendor's whole table is searched so in a tenth of the time.
        if not any(spelling in content for spelling in self._encoded):
            return content
        return self._bytes.sub(MASK.encode(), content)


class _Process:
    """The secrets of this process, for what is shared by all of it: logs and error output."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._masker = Masker(())

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these from now on, as well as those known before."""
        known = self._known | set(secrets)
        if known != self._known:
            self._known, self._masker = known, Masker(known)

    def text(self, text: str) -> str:
        """Return the text without any secret this process has read."""
        return self._masker.text(text)


PROCESS = _Process()


def _spellings(secret: str) -> Iterator[str]:
    # A webhook's secret is its path, and that is what a server repeats.
    path = urlsplit(secret).path.strip("/") if secret.startswith(("https://", "http://")) else ""
    for plain in (secret, path):
        if len(plain) >= SHORTEST:
            yield from (plain, quote(plain), quote(plain, safe=""), quote_plus(plain))
            yield json.dumps(plain)[1:-1]
            yield html.escape(plain)


def _pattern(spelling: str) -> str:
    found = re.escape(spelling)
    whole = f"(?<![A-Za-z0-9]){found}(?![A-Za-z0-9])"
    return found if len(spelling) >= DISTINCTIVE else whole
