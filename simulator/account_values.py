"""The account's values by the keys that TWS clients know."""

from __future__ import annotations

from typing import NamedTuple

from simulator.margin import BUYING_POWER
from simulator.valuation import BASE, Valuation


class AccountValue(NamedTuple):
    """One value of the account: ``currency`` is empty where the value is no money."""

    key: str
    value: str
    currency: str
    is_ledger: bool = False  # belongs to one currency's ledger, not to the account as a whole


def account_values(valuation: Valuation, account: str) -> list[AccountValue]:
    """Return the values a TWS account shows, by the keys its clients know."""
    equity, margin = valuation.equity, valuation.margin
    available, excess = equity - margin.initial, equity - margin.maintenance
    cushion = max(excess, 0.0) / equity if equity > 0 else 0.0
    leverage = valuation.gross / equity if equity > 0 else 0.0
    plain = {
        "AccountCode": account,
        "AccountReady": "true",
        "AccountType": "INDIVIDUAL",
        "Cushion": f"{cushion:.6f}",
        "DayTradesRemaining": "-1",
        "Leverage": f"{leverage:.2f}",
    }
    money = {
        "AccruedCash": 0.0,
        "AvailableFunds": available,
        "BuyingPower": max(available, 0.0) * BUYING_POWER,
        "EquityWithLoanValue": equity,
        "ExcessLiquidity": excess,
        "FullAvailableFunds": available,
        "FullExcessLiquidity": excess,
        "FullInitMarginReq": margin.initial,
        "FullMaintMarginReq": margin.maintenance,
        "GrossPositionValue": valuation.gross,
        "InitMarginReq": margin.initial,
        "MaintMarginReq": margin.maintenance,
        "NetLiquidation": equity,
        "SettledCash": valuation.cash,
        "TotalCashValue": valuation.cash,
    }
    return [
        *(AccountValue(key, text, "") for key, text in plain.items()),
        *(AccountValue(key, f"{amount:.2f}", BASE) for key, amount in money.items()),
        *ledger_values(valuation, "BASE"),
        *ledger_values(valuation, BASE),
    ]


def ledger_values(valuation: Valuation, currency: str) -> list[AccountValue]:
    """Return the values of one currency's ledger; BASE is the sum of all currencies."""
    money = {
        "AccruedCash": 0.0,
        "CashBalance": valuation.cash,
        "NetLiquidationByCurrency": valuation.equity,
        "RealizedPnL": valuation.realized,
        "StockMarketValue": valuation.stock_value,
        "TotalCashBalance": valuation.cash,
        "UnrealizedPnL": valuation.unrealized,
    }
    return [
        AccountValue("Currency", currency, currency, is_ledger=True),
        AccountValue("ExchangeRate", "1.00", currency, is_ledger=True),
        *(
            AccountValue(key, f"{amount:.2f}", currency, is_ledger=True)
            for key, amount in money.items()
        ),
    ]
