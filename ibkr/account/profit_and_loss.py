"""Profit and loss, of the account and of each position, as IBKR works it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import GatewayError
from ibkr.account.holdings import Holdings
from ibkr.wire.concurrent_requests import ask_each
from ibkr.wire.convert import number
from ibkr.wire.messages import Profit
from ibkr.wire.requests import Requests

_ANY_MODEL = ""
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class AccountProfit:
    """What an account gained, in its base currency. None: the broker did not say."""

    account: str
    as_of: datetime
    daily: float | None  # since the last close
    unrealized: float  # of what is held
    realized: float | None  # of what was closed today


@dataclass(frozen=True, slots=True)
class PositionProfit:
    """What one position gained, in the base currency. None: the broker did not say."""

    con_id: int
    symbol: str
    quantity: float
    daily: float | None
    unrealized: float
    realized: float | None
    market_value: float | None


@dataclass(frozen=True, slots=True)
class PositionProfits:
    """What each position gained, by symbol, and why others are unknown, by conId."""

    account: str
    as_of: datetime
    profits: tuple[PositionProfit, ...]
    missing: Mapping[int, str]


async def account_profit(requests: Requests, account: str, *, within: float) -> AccountProfit:
    """Ask what an account gained. Raises `GatewayTimeout` while IBKR has no figures yet."""
    client = requests.client
    words: Sequence[Profit] = await requests.by_id(
        lambda request: client.reqPnL(request, account, _ANY_MODEL),
        what="profit and loss",
        within=within,
        withdraw=client.cancelPnL,
        standing=True,
    )
    told = words[-1]
    return AccountProfit(
        account=account,
        as_of=await requests.current_time(within=within),
        daily=number(told.daily),
        unrealized=_known(told.unrealized),
        realized=number(told.realized),
    )


async def position_profits(requests: Requests, held: Holdings, *, within: float) -> PositionProfits:
    """Ask what each of these positions gained; one that is not told of is reported, not zero."""
    client = requests.client
    symbols = {one.contract.con_id: one.contract.symbol for one in held.holdings}

    async def ask(con_id: int) -> PositionProfit:
        words: Sequence[Profit] = await requests.by_id(
            lambda request: client.reqPnLSingle(request, held.account, _ANY_MODEL, con_id),
            what=f"profit and loss of {symbols[con_id]}",
            within=within,
            withdraw=client.cancelPnLSingle,
            standing=True,
        )
        return _position(con_id, symbols[con_id], words[-1])

    found, failed = await ask_each(list(symbols), ask, at_once=_AT_ONCE)
    return PositionProfits(
        account=held.account,
        as_of=await requests.current_time(within=within),
        profits=tuple(found[con_id] for con_id in symbols if con_id in found),
        missing=failed,
    )


def _position(con_id: int, symbol: str, told: Profit) -> PositionProfit:
    return PositionProfit(
        con_id=con_id,
        symbol=symbol,
        quantity=told.quantity,
        daily=number(told.daily),
        unrealized=_known(told.unrealized),
        realized=number(told.realized),
        market_value=number(told.value),
    )


def _known(figure: float) -> float:
    result = number(figure)
    if result is None:
        raise GatewayError(f"the gateway reported a profit of {figure}")
    return result
