"""Tickers as the feeds spell them."""

from __future__ import annotations

import re
import unicodedata

_SYMBOL = re.compile(r"[A-Z0-9]+(?:[. -][A-Z0-9]+)*")
LONGEST_SYMBOL = 12


def ibkr_symbol(text: str) -> str | None:
    """Return a ticker in IBKR's spelling (``BRK B`` for ``BRK-B`` or ``BRK.B``), or None.

    Look-alike letters of other alphabets are refused, not folded, and so is what begins, ends or
    goes on with two joints: ``..`` is no symbol and ``A..`` not that of Agilent.
    """
    symbol = unicodedata.normalize("NFKC", text).strip().upper()
    if len(symbol) > LONGEST_SYMBOL or not _SYMBOL.fullmatch(symbol):
        return None
    return " ".join(re.split(r"[. -]", symbol))
