"""Text from outside: made plain, short and harmless before anything looks at it."""

from __future__ import annotations

import html
import re
import unicodedata

TITLE_LIMIT = 500

# A tag starts with a letter, a slash or a bang: "P/E < 10 and > 5" is not markup.
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9. -]{0,11}")
# Controls, formats (zero-width, bidirectional overrides), surrogates, private use, unassigned:
# none is needed to read a headline, and each has been used to hide something in one.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def plain(text: str, *, limit: int = TITLE_LIMIT) -> str:
    """Return one line of readable text: no markup, no hidden characters, NFKC, at most ``limit``.

    The words stay untrusted; only their form is made safe.
    """
    text = text[: 8 * limit]  # NFKC of a hostile text takes time; what is cut would not be shown
    text = _TAG.sub(" ", html.unescape(_TAG.sub(" ", text)))
    visible = "".join(
        character
        if unicodedata.category(character) not in _HIDDEN
        else (" " if character.isspace() else "")
        for character in text
    )
    return " ".join(unicodedata.normalize("NFKC", visible).split())[:limit].rstrip()


def ibkr_symbol(text: str) -> str | None:
    """Return a ticker in IBKR's spelling (``BRK B`` for ``BRK-B`` or ``BRK.B``), or None.

    Look-alike letters of other alphabets are refused, not folded.
    """
    symbol = unicodedata.normalize("NFKC", text).strip().upper()
    if not _SYMBOL.fullmatch(symbol):
        return None
    return " ".join(re.split(r"[. -]+", symbol)).strip()
