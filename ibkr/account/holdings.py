"""What an account holds, of every kind of instrument and in every currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import ib_async

from core.errors import GatewayError
from core.types import Contract
from ibkr.account.snapshot import AccountPage, account_figures, exchange_rates
from ibkr.contracts.details import Right, Terms
from ibkr.wire.convert import number, price, session_date
from ibkr.wire.messages import Held, Valued

_RIGHTS: dict[str, Right] = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}


@dataclass(frozen=True, slots=True)
class Holding:
    """One position. Prices and values are in the contract's own currency."""

    contract: Contract
    terms: Terms  # of a derivative
    quantity: float  # shares or contracts, below zero is short
    average_cost: float | None  # of one share or contract, so multiplied for a derivative
    market_price: float | None  # per share, also of an option
    market_value: float | None  # None, as above: the broker does not say
    unrealized: float | None
    realized: float | None  # since the last reset of the day


@dataclass(frozen=True, slots=True)
class Holdings:
    """The positions of an account, all of them or those asked for, by symbol, then conId."""

    account: str
    as_of: datetime
    holdings: tuple[Holding, ...]

    def of(self, symbol: str) -> Holdings:
        """Return those of one symbol; an option's symbol is its underlying's."""
        chosen = tuple(one for one in self.holdings if one.contract.symbol == symbol)
        return Holdings(self.account, self.as_of, chosen)


@dataclass(frozen=True, slots=True)
class PortfolioValue:
    """What an account is worth, in its base currency."""

    account: str
    as_of: datetime
    currency: str
    net_asset_value: float
    cash: float
    long_value: float
    short_value: float  # below zero
    values: Mapping[int, float]  # of each position, by conId
    holdings: tuple[Holding, ...]

    @property
    def gross_value(self) -> float:
        """Long and short positions together, regardless of sign."""
        return self.long_value - self.short_value


def holdings_of(page: AccountPage) -> Holdings:
    """Return the positions of an account page. Raises `GatewayError` when one is not readable."""
    rows = [_holding(held, valued) for held, valued in page.positions.values()]
    rows.sort(key=lambda one: (one.contract.symbol, one.contract.con_id))
    return Holdings(page.account, page.as_of, tuple(rows))


def portfolio_value(page: AccountPage) -> PortfolioValue:
    """Value every position in the base currency, at the rates the page itself states.

    Raises `GatewayError` when a figure or a rate is missing: half a sum is no value.
    """
    held = holdings_of(page).holdings
    currency, figures = account_figures(page.values)
    rates = exchange_rates(page.values)
    unknown = sorted({one.contract.currency for one in held} - set(rates))
    if unknown:
        raise GatewayError(
            f"the account page states no exchange rate for {', '.join(unknown)}; "
            "ask again in a moment"
        )
    values = {
        one.contract.con_id: _stated_value(one) * rates[one.contract.currency] for one in held
    }
    return PortfolioValue(
        account=page.account,
        as_of=page.as_of,
        currency=currency,
        net_asset_value=figures["net_asset_value"],
        cash=figures["cash"],
        long_value=sum(value for value in values.values() if value > 0),
        short_value=sum(value for value in values.values() if value < 0),
        values=values,
        holdings=held,
    )


def _stated_value(holding: Holding) -> float:
    if holding.contract.sec_type == "CASH":
        return 0.0  # a conversion of currency: its money is in the cash already
    if holding.market_value is None:
        named = f"{holding.contract.symbol} (conId {holding.contract.con_id})"
        raise GatewayError(
            f"the broker states no market value of {named}: the sum over all positions is not "
            "known; ask for positions instead, which lists what is known of each"
        )
    return holding.market_value


def _holding(held: Held, valued: Valued) -> Holding:
    raw, quantity = held.contract, number(held.quantity)
    if quantity is None:
        raise GatewayError(f"position {raw.symbol} (conId {raw.conId}) has no quantity")
    return Holding(
        contract=_contract(raw),
        terms=_terms(raw),
        quantity=quantity,
        average_cost=number(held.average_cost),
        market_price=number(valued.market_price),
        market_value=number(valued.market_value),
        unrealized=number(valued.unrealized),
        realized=number(valued.realized),
    )


def _contract(raw: ib_async.Contract) -> Contract:
    return Contract(
        con_id=raw.conId,
        symbol=raw.symbol,
        sec_type=raw.secType,
        exchange="SMART",
        primary_exchange=raw.primaryExchange or raw.exchange,
        currency=raw.currency,
        name=raw.localSymbol,
    )


def _terms(raw: ib_async.Contract) -> Terms:
    stated = raw.lastTradeDateOrContractMonth
    try:
        expiry = session_date(stated) if stated else None
    except ValueError:
        expiry = None  # a month only, as for some futures
    return Terms(
        expiry=expiry,
        strike=price(raw.strike),
        right=_RIGHTS.get(raw.right),
        multiplier=price(raw.multiplier) or 1.0,
        trading_class=raw.tradingClass,
    )
