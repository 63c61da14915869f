"""Bonds of the invented companies: contracts with a price in percent of what is paid back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from simulator.market.market import Instrument

FIRST_CON_ID = 2_110_000_050
TICK = 0.001
VOLATILITY, VOLUME = 0.05, 2_000  # a year; pieces of 1000 a day
_EIGHTHS = ("", " 1/8", " 1/4", " 3/8", " 1/2", " 5/8", " 3/4", " 7/8")


@dataclass(frozen=True, slots=True)
class Bond:
    """What is agreed of a bond."""

    con_id: int
    issuer: str  # symbol of its shares
    coupon: float  # percent a year
    issued: date
    matures: date
    rating: str
    price: float  # in percent, when the market begins
    callable_from: date | None = None

    @property
    def description(self) -> str:
        """How TWS names it: ``OLDNE 7 1/8 03/01/33``."""
        whole, rest = divmod(self.coupon, 1)
        return f"{self.issuer} {int(whole)}{_EIGHTHS[round(rest * 8)]} {self.matures:%m/%d/%y}"


BONDS = (
    Bond(FIRST_CON_ID, "STDYE", 4.0, date(2021, 6, 15), date(2031, 6, 15), "A2/A", 99.2),
    Bond(FIRST_CON_ID + 1, "STDYE", 5.0, date(2021, 9, 15), date(2036, 9, 15), "A2/A", 101.4,
         callable_from=date(2031, 9, 15)),
    Bond(FIRST_CON_ID + 2, "OLDNE", 7.125, date(2021, 3, 1), date(2033, 3, 1), "B1/B+", 93.5),
)  # fmt: skip
BY_CON_ID = {bond.con_id: bond for bond in BONDS}


def instruments() -> list[Instrument]:
    """Return the bonds as instruments."""
    return [
        Instrument(
            bond.con_id, bond.issuer, bond.description, "BOND", "SMART", min_tick=TICK,
            stock_type="", trading_class=bond.issuer,
        )
        for bond in BONDS
    ]  # fmt: skip
