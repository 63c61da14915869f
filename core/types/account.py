"""What an account holds. Amounts are in its base currency unless a field says otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.money import Rates


class Mode(StrEnum):
    """What a run trades with: the simulator, a paper account, or a live one."""

    SIM = "sim"
    PAPER = "paper"
    LIVE = "live"


LEAST_PRICE = 1e-6  # per share; tables state no smaller one
Figure = Literal["average cost", "market price", "market value"]


@dataclass(frozen=True, slots=True)
class Position:
    """What the account holds of one instrument. ``market_price`` is in the contract's currency.

    A figure that the broker does not state is 0 and named in ``unstated``: one holding that
    nobody values must not hide the account.
    """

    con_id: int
    symbol: str
    quantity: float
    average_cost: float
    market_price: float
    market_value: float
    sec_type: str = "STK"
    currency: str = "USD"  # of the contract
    unstated: tuple[Figure, ...] = ()

    @property
    def is_valued(self) -> bool:
        """Whether the broker says what it is worth."""
        return "market value" not in self.unstated

    @property
    def is_worth_something(self) -> bool:
        """Whether a share has a value that a price can state."""
        return abs(self.market_value) >= LEAST_PRICE * abs(self.quantity) > 0.0

    @property
    def fraction(self) -> float:
        """The part of a share beyond the whole ones, signed as the quantity: it is never traded."""
        return self.quantity - whole_shares(self.quantity)


def whole_shares(quantity: float) -> int:
    """Return the shares of a holding that can be traded: the API of IBKR takes whole ones only.

    >>> whole_shares(10.5), whole_shares(-0.25), whole_shares(-3.0)
    (10, 0, -3)
    """
    return math.trunc(quantity)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The account at one moment: complete, or not taken at all."""

    account: str
    as_of: datetime
    currency: str
    net_asset_value: float
    cash: float
    initial_margin: float
    maintenance_margin: float
    excess_liquidity: float
    positions: tuple[Position, ...]  # sorted by symbol, then conId
    rates: Mapping[str, float] = field(default_factory=dict)  # base currency per unit of each
    # What conversions of currency left in the list of positions; their money is in the cash.
    currency_pairs: tuple[Position, ...] = ()

    @property
    def exchange_rates(self) -> Rates:
        """What the account page says that other currencies are worth in the base currency."""
        return Rates(self.currency, self.rates)

    @property
    def stocks(self) -> Snapshot:
        """The same account with its stocks and funds only: what a portfolio is made of.

        One that the broker gives no value is not among them: it has no weight to reckon with.
        """
        held = tuple(p for p in self.positions if p.sec_type == "STK" and p.is_worth_something)
        return replace(self, positions=held)

    @property
    def set_aside(self) -> tuple[Position, ...]:
        """What `stocks` leaves out: instruments of other kinds, and stocks without a value."""
        kept = {position.con_id for position in self.stocks.positions}
        return tuple(position for position in self.positions if position.con_id not in kept)

    @property
    def at_stake(self) -> dict[int, float]:
        """What of each holding set aside counts as lost, of net asset value; NaN: not known.

        Its whole value, long or short, by conId. A future's is that of what it stands for, which
        is what the account page states.
        """
        return {
            p.con_id: abs(p.market_value) / self.net_asset_value if p.is_valued else math.nan
            for p in self.set_aside
        }

    @property
    def held(self) -> dict[int, float]:
        """Signed shares and contracts, by conId."""
        return {position.con_id: position.quantity for position in self.positions}

    @property
    def weights(self) -> dict[int, float]:
        """Market value over net asset value, by conId."""
        return {p.con_id: p.market_value / self.net_asset_value for p in self.positions}
