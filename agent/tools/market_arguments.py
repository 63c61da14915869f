"""The types of arguments about contracts, options and bars, checked like all the others."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.tools.arguments import SYMBOL
from ibkr.contracts.search import ContractQuery, SecType

ConId = Annotated[int, Field(ge=1, le=2**31 - 1, description="IBKR's id of a contract")]
ConIds = Annotated[list[ConId], Field(min_length=1, max_length=100)]
Exchange = Annotated[str, Field(pattern=r"^[A-Z0-9.]{1,16}$", description="SMART, or one exchange")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
TradingClass = Annotated[str, Field(pattern=r"^[A-Z0-9. ]{1,12}$")]
Strike = Annotated[float, Field(gt=0.0, le=1e6, description="per share of the underlying")]
OptionRight = Annotated[Literal["C", "P"], Field(description="C for calls, P for puts")]
Fraction = Annotated[float, Field(gt=0.0, le=1.0, description="0.1 is 10 %")]
Delta = Annotated[float, Field(ge=0.0, le=1.0, description="without its sign")]

Bound = Annotated[float, Field(ge=0.0, le=1e15)]


class Wanted(BaseModel):
    """What is known of a contract; whatever is left out may be anything."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    symbol: Annotated[str, Field(pattern=SYMBOL, description="as IBKR spells it; EUR for EUR.USD")]
    sec_type: SecType = "STK"
    exchange: Exchange = "SMART"
    primary_exchange: Annotated[str, Field(pattern=r"^[A-Z0-9.]{0,16}$")] = ""
    currency: Currency = "USD"
    expiry: date | None = None
    strike: Strike | None = None
    right: OptionRight | None = None
    trading_class: TradingClass | None = None

    @property
    def query(self) -> ContractQuery:
        """The question to ask IBKR."""
        return ContractQuery(
            symbol=self.symbol,
            sec_type=self.sec_type,
            exchange=self.exchange,
            primary_exchange=self.primary_exchange,
            currency=self.currency,
            expiry=self.expiry,
            strike=self.strike,
            right=self.right,
            trading_class=self.trading_class or "",
        )


class DeltaRange(BaseModel):
    """A range of deltas without their sign, both ends included."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    low: Delta
    high: Delta


class StrikeRange(BaseModel):
    """A range of strikes, both ends included; an end that is left out is open."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    low: Strike | None = None
    high: Strike | None = None


class ScanBounds(BaseModel):
    """What a scanned instrument must exceed or stay below. Prices per share, volume in shares."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    price_above: Bound | None = None
    price_below: Bound | None = None
    volume_above: Annotated[int, Field(ge=0)] | None = None
    market_cap_above: Annotated[Bound, Field(description="millions")] | None = None
    market_cap_below: Annotated[Bound, Field(description="millions")] | None = None
