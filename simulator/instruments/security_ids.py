"""Security numbers of invented companies: ISIN (ISO 6166) and CUSIP, with right check digits.

The numbers are of the range that CUSIP keeps free for whoever makes up his own: the second half of
the issuer is ``99`` and one sign more, so that no real security has one of them. A real company's
number is in no file of bars and is never made up.
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator.market.market import Instrument

SIGNS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # of a CUSIP: no I and no O
COUNTRY = "US"
PLACES = 6  # signs that tell one security from the others
NUMBERED = frozenset({"STK", "BOND"})


class SecurityIds:
    """ISIN and CUSIP of shares, funds and bonds.

    What has the same name is one security, listed more than once, and has one number.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._first: dict[str, int] = {}  # the conId that gives a name its number
        self._by_number: dict[str, list[int]] = {}
        for item in sorted(instruments, key=lambda one: one.con_id):
            if item.sec_type in NUMBERED:
                self._first.setdefault(item.name, item.con_id)
                for number in self.of(item).values():
                    self._by_number.setdefault(number, []).append(item.con_id)

    def of(self, instrument: Instrument) -> dict[str, str]:
        """Return an instrument's numbers by their kind, none for what has no number."""
        if instrument.sec_type not in NUMBERED or instrument.name not in self._first:
            return {}
        cusip = with_cusip_digit(_eight_signs(self._first[instrument.name]))
        return {"ISIN": with_isin_digit(COUNTRY + cusip), "CUSIP": cusip}

    def listings(self, number: str) -> list[int]:
        """Return the conIds of everything listed under a number."""
        return self._by_number.get(number, [])


def _eight_signs(con_id: int) -> str:
    """Return the eight signs of a CUSIP before its check digit."""
    signs = []
    for _ in range(PLACES):
        con_id, place = divmod(con_id, len(SIGNS))
        signs.append(SIGNS[place])
    return "".join(signs[:3]) + "99" + "".join(signs[3:])


def with_cusip_digit(eight: str) -> str:
    """Append the check digit of a CUSIP: every second value doubled, the digits summed."""
    values = [_value(sign) * (1 + place % 2) for place, sign in enumerate(eight)]
    return eight + str(-sum(value // 10 + value % 10 for value in values) % 10)


def with_isin_digit(eleven: str) -> str:
    """Append the check digit of an ISIN (ISO 6166): letters as numbers, then Luhn's sum."""
    digits = [int(digit) for sign in eleven for digit in str(_value(sign))]
    doubled = [digit * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return eleven + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def _value(sign: str) -> int:
    return int(sign, 36)
