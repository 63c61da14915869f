"""The account's figures: as a whole, and by currency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import GatewayError
from ibkr.wire.convert import number
from ibkr.wire.messages import Summarised
from ibkr.wire.request_types import ACCOUNT_SUMMARY
from ibkr.wire.requests import Requests

_EVERY_ACCOUNT = "All"
_EVERY_LEDGER = "$LEDGER:ALL"
_BASE = "BASE"  # the ledger that sums all others up

_NEEDED = {
    "NetLiquidation": "net_asset_value",
    "TotalCashValue": "cash",
    "InitMarginReq": "initial_margin",
    "MaintMarginReq": "maintenance_margin",
    "AvailableFunds": "available_funds",
    "ExcessLiquidity": "excess_liquidity",
}
_TOLD = {
    "EquityWithLoanValue": "equity_with_loan",
    "GrossPositionValue": "gross_position_value",
    "BuyingPower": "buying_power",
    "SettledCash": "settled_cash",
    "AccruedCash": "accrued_cash",
    "Cushion": "cushion",
    "Leverage": "leverage",
    "DayTradesRemaining": "day_trades_remaining",
}
_LEDGER_NEEDED = {"CashBalance": "cash", "NetLiquidationByCurrency": "net_liquidation"}
_LEDGER_TOLD = {
    "ExchangeRate": "exchange_rate",
    "AccruedCash": "accrued_cash",
    "StockMarketValue": "stock_value",
    "OptionMarketValue": "option_value",
    "FuturesPNL": "futures_gain",
    "UnrealizedPnL": "unrealized",
    "RealizedPnL": "realized",
}


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """An account's figures, in its base currency. None: the broker did not say."""

    account: str
    as_of: datetime
    currency: str
    account_type: str
    net_asset_value: float
    cash: float
    initial_margin: float
    maintenance_margin: float
    available_funds: float  # before a new position's initial margin
    excess_liquidity: float  # before liquidation
    equity_with_loan: float | None
    gross_position_value: float | None
    buying_power: float | None
    settled_cash: float | None
    accrued_cash: float | None  # interest and dividends on their way
    cushion: float | None  # excess liquidity over net asset value, fraction
    leverage: float | None  # gross position value over net asset value, fraction
    day_trades_remaining: float | None  # -1: unlimited


@dataclass(frozen=True, slots=True)
class Ledger:
    """What an account holds in one currency, in that currency. None: the broker did not say."""

    currency: str  # "BASE": all currencies together, in the base currency
    cash: float
    net_liquidation: float
    exchange_rate: float | None  # one unit in the base currency
    accrued_cash: float | None
    stock_value: float | None
    option_value: float | None
    futures_gain: float | None
    unrealized: float | None
    realized: float | None


@dataclass(frozen=True, slots=True)
class Ledgers:
    """The ledgers of an account, the base first, then by currency."""

    account: str
    as_of: datetime
    ledgers: tuple[Ledger, ...]


async def account_summary(requests: Requests, account: str, *, within: float) -> AccountSummary:
    """Ask for an account's figures.

    Raises `GatewayError` when one of those that decide is missing: no answer is never a zero.
    """
    tags = ("AccountType", *_NEEDED, *_TOLD)
    rows = await _summarised(requests, account, ",".join(tags), within=within)
    as_of = await requests.current_time(within=within)
    texts = {row.tag: row.value for row in rows}
    currencies = sorted({row.currency for row in rows if row.tag == "NetLiquidation"})
    if len(currencies) != 1:
        raise GatewayError(
            f"the summary of {account} has its net liquidation value in "
            f"{', '.join(currencies) or 'no currency'}; ask again in a moment"
        )
    told: dict[str, Any] = {name: number(texts.get(tag)) for tag, name in _TOLD.items()}
    return AccountSummary(
        account=account,
        as_of=as_of,
        currency=currencies[0],
        account_type=texts.get("AccountType", ""),
        **_needed(texts, _NEEDED, f"the summary of {account}"),
        **told,
    )


async def ledgers(requests: Requests, account: str, *, within: float) -> Ledgers:
    """Ask for an account's ledgers. Raises `GatewayError` when there is none or one has a gap."""
    rows = await _summarised(requests, account, _EVERY_LEDGER, within=within)
    as_of = await requests.current_time(within=within)
    by_currency: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        by_currency[row.currency][row.tag] = row.value
    if not by_currency:
        raise GatewayError(f"the gateway states no ledger of {account}; ask again in a moment")
    found = [_ledger(currency, texts) for currency, texts in by_currency.items()]
    found.sort(key=lambda ledger: (ledger.currency != _BASE, ledger.currency))
    return Ledgers(account, as_of, tuple(found))


async def _summarised(
    requests: Requests, account: str, tags: str, *, within: float
) -> list[Summarised]:
    client = requests.client
    # A summary is a subscription, and TWS refuses the third: one at a time, each taken back.
    async with requests.alone(ACCOUNT_SUMMARY):
        rows: Iterable[Summarised] = await requests.by_id(
            lambda request: client.reqAccountSummary(request, _EVERY_ACCOUNT, tags),
            what="account summary",
            within=within,
            withdraw=client.cancelAccountSummary,
            standing=True,
        )
    own = [row for row in rows if row.account == account]
    if not own:
        raise GatewayError(f"the account summary does not mention {account}")
    return own


def _ledger(currency: str, texts: Mapping[str, str]) -> Ledger:
    told: dict[str, Any] = {name: number(texts.get(tag)) for tag, name in _LEDGER_TOLD.items()}
    return Ledger(
        currency=currency,
        **_needed(texts, _LEDGER_NEEDED, f"the ledger in {currency}"),
        **told,
    )


def _needed(texts: Mapping[str, str], tags: Mapping[str, str], what: str) -> dict[str, float]:
    figures = {name: number(texts.get(tag)) for tag, name in tags.items()}
    missing = [tag for tag, name in tags.items() if figures[name] is None]
    if missing:
        told = ", ".join(f"{tag} = {texts.get(tag, 'absent')}" for tag in missing)
        raise GatewayError(f"{what} is incomplete: {told}")
    return {name: figure for name, figure in figures.items() if figure is not None}
