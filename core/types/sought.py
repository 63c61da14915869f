"""What somebody asks for by hand: a symbol, one listing of it, an ISIN, or a conId.

The one reader of such words, for whatever brings them: settings, and files of other programs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_CON_ID = re.compile(r"(?:conId[ =:]*)?([1-9][0-9]{0,9})", re.IGNORECASE)
_LISTING = re.compile(
    r"(?P<symbol>[A-Za-z0-9][A-Za-z0-9 .+'/-]{0,31})"
    r"(?:@(?P<exchange>[A-Z0-9.]+))?(?::(?P<currency>[A-Z]{3}))?"
)
_JOINT = re.compile(r"(?<=[A-Z0-9])[./-](?=[A-Z]{1,2}$)")  # of a class of shares
FORMS = "a symbol, SYMBOL@EXCHANGE:CURRENCY such as VOD@LSE:GBP, an ISIN, or a conId"


@dataclass(frozen=True, slots=True, order=True)
class Sought:
    """One instrument as it was asked for; what is empty or 0 was left open."""

    symbol: str = ""  # as IBKR spells it: BRK B
    exchange: str = ""  # IBKR's code of the primary exchange
    currency: str = ""
    isin: str = ""
    con_id: int = 0

    def __str__(self) -> str:
        """Say it as it would be asked for."""
        name = self.isin or (f"conId {self.con_id}" if self.con_id else self.symbol)
        exchange = f"@{self.exchange}" if self.exchange else ""
        return f"{name}{exchange}" + (f":{self.currency}" if self.currency else "")


def read_sought(text: str) -> Sought:
    """Read one entry of a watch-list. Raises `ValueError` that says what can be written.

    An entry without one capital letter was typed in a hurry and is taken as capitals; in others
    a lower-case letter tells listings apart, such as IBKR's ``AIRp``.

    >>> read_sought("BRK-B"), read_sought("VOD@LSE:GBP").exchange, read_sought("265598").con_id
    (Sought(symbol='BRK B', exchange='', currency='', isin='', con_id=0), 'LSE', 265598)
    """
    entry = text.strip()
    if number := _CON_ID.fullmatch(entry):
        return Sought(con_id=int(number[1]))
    match = _LISTING.fullmatch(entry.upper() if entry == entry.lower() else entry)
    if match is None:
        raise ValueError(f"{entry!r} names no instrument: write {FORMS}")
    symbol = match["symbol"].strip()
    exchange, currency = match["exchange"] or "", match["currency"] or ""
    if _ISIN.fullmatch(symbol):
        if not _is_checked(symbol):
            raise ValueError(f"{symbol} looks like an ISIN, and its check digit is wrong")
        return Sought(isin=symbol, exchange=exchange, currency=currency)
    return Sought(_JOINT.sub(" ", symbol), exchange, currency)


def _is_checked(isin: str) -> bool:
    """Tell whether the check digit of an ISIN is right: ISO 6166, the Luhn sum of its digits."""
    digits = [int(digit) for sign in isin for digit in str(int(sign, 36))]
    doubled = [digit * 2 if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0
