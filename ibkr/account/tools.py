"""The account, question by question; all at once: `ibkr.account.portfolio.Portfolio.snapshot`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.errors import GatewayError
from ibkr.account.holdings import Holdings, PortfolioValue, holdings_of, portfolio_value
from ibkr.account.profit_and_loss import (
    AccountProfit,
    PositionProfits,
    account_profit,
    position_profits,
)
from ibkr.account.snapshot import read_account
from ibkr.account.summary import AccountSummary, Ledgers, account_summary, ledgers
from ibkr.wire.connection import Connection
from ibkr.wire.request_types import ACCOUNTS
from ibkr.wire.requests import Requests


@dataclass(frozen=True, slots=True)
class ManagedAccounts:
    """The accounts this user may see, and the one that everything here is about."""

    as_of: datetime
    accounts: tuple[str, ...]
    selected: str


class AccountTools:
    """Questions about the account of one connection.

    Each is asked anew and answered whole, with the gateway's time, or raises `GatewayError`: no
    answer is never an empty account.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def managed(self) -> ManagedAccounts:
        """Return the accounts that the gateway is logged on to, in its order."""
        return self._connection.run(
            _managed(self._requests, self._connection.account, within=self._within)
        )

    def summary(self) -> AccountSummary:
        """Return value, cash, margin and what is left of it, in the base currency."""
        return self._connection.run(
            account_summary(self._requests, self._connection.account, within=self._within)
        )

    def ledgers(self) -> Ledgers:
        """Return cash and values by currency, first the sum of all in the base currency."""
        return self._connection.run(
            ledgers(self._requests, self._connection.account, within=self._within)
        )

    def positions(self, symbol: str | None = None) -> Holdings:
        """Return what is held, of one symbol if it is named, of any kind and currency."""
        held = self._connection.run(self._holdings())
        return held if symbol is None else held.of(symbol)

    def portfolio_value(self) -> PortfolioValue:
        """Return what everything held is worth, position by position, in the base currency."""
        return self._connection.run(self._portfolio_value())

    def profit(self) -> AccountProfit:
        """Return what the account gained: today, unrealized, realized."""
        return self._connection.run(
            account_profit(self._requests, self._connection.account, within=self._within)
        )

    def position_profits(self, symbol: str | None = None) -> PositionProfits:
        """Return what each position gained, of one symbol if it is named."""
        return self._connection.run(self._position_profits(symbol))

    async def _holdings(self) -> Holdings:
        page = await read_account(self._requests, self._connection.account, within=self._within)
        return holdings_of(page)

    async def _portfolio_value(self) -> PortfolioValue:
        page = await read_account(self._requests, self._connection.account, within=self._within)
        return portfolio_value(page)

    async def _position_profits(self, symbol: str | None) -> PositionProfits:
        held = await self._holdings()
        chosen = held if symbol is None else held.of(symbol)
        return await position_profits(self._requests, chosen, within=self._within)

    @property
    def _requests(self) -> Requests:
        return self._connection.line.requests

    @property
    def _within(self) -> float:
        return self._connection.settings.request_timeout


async def _managed(requests: Requests, account: str, *, within: float) -> ManagedAccounts:
    (listed,) = await requests.by_kind(
        ACCOUNTS, requests.client.reqManagedAccts, what="managed accounts", within=within
    )
    accounts = tuple(name.strip() for name in listed.split(",") if name.strip())
    if account not in accounts:
        raise GatewayError(
            f"the gateway no longer lists {account}, only {listed or 'none'}: log it on again"
        )
    return ManagedAccounts(await requests.current_time(within=within), accounts, account)
