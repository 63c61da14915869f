"""What an account holds. Amounts are in its base currency unless a field says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from core.money import Rates


class Mode(StrEnum):
    """What a run trades with: the simulator, a paper account, or a live one."""

    SIM = "sim"
    PAPER = "paper"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Position:
    """What the account holds of one instrument. ``market_price`` is in the contract's currency."""

    con_id: int
    symbol: str
    quantity: float
    average_cost: float
    market_price: float
    market_value: float
    sec_type: str = "STK"
    currency: str = "USD"  # of the contract


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

    @property
    def exchange_rates(self) -> Rates:
        """What the account page says that other currencies are worth in the base currency."""
        return Rates(self.currency, self.rates)

    @property
    def stocks(self) -> Snapshot:
        """The same account with its stocks and funds only: what a portfolio is made of."""
        held = tuple(position for position in self.positions if position.sec_type == "STK")
        return replace(self, positions=held)

    @property
    def held(self) -> dict[int, float]:
        """Signed shares and contracts, by conId."""
        return {position.con_id: position.quantity for position in self.positions}

    @property
    def weights(self) -> dict[int, float]:
        """Market value over net asset value, by conId."""
        return {p.con_id: p.market_value / self.net_asset_value for p in self.positions}
