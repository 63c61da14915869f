"""The account's values by the keys that TWS clients know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simulator.broker.margin import BUYING_POWER
from simulator.broker.valuation import Valuation


class AccountValue(NamedTuple):
    """One value of the account: ``currency`` is empty where the value is no money."""

    key: str
    value: str
    currency: str
    is_ledger: bool = False  # belongs to one currency's ledger, not to the account as a whole


def account_values(valuation: Valuation, account: str) -> list[AccountValue]:
    """Return the values a TWS account shows, by the keys its clients know."""
    equity, margin = valuation.equity, valuation.margin
    with_loan = valuation.equity_with_loan
    available, excess = with_loan - margin.initial, with_loan - margin.maintenance
    leverage = valuation.gross / equity if equity > 0 else 0.0
    plain = {
        "AccountCode": account,
        "AccountReady": "true",
        "AccountType": "INDIVIDUAL",
        "Cushion": f"{valuation.cushion:.6f}",
        "DayTradesRemaining": "-1",
        "Leverage": f"{leverage:.2f}",
    }
    money = {
        "AccruedCash": 0.0,
        "AvailableFunds": available,
        "BuyingPower": max(available, 0.0) * BUYING_POWER,
        "EquityWithLoanValue": with_loan,
        "ExcessLiquidity": excess,
        "FullAvailableFunds": available,
        "FullExcessLiquidity": excess,
        "FullInitMarginReq": margin.initial,
        "FullMaintMarginReq": margin.maintenance,
        "GrossPositionValue": valuation.gross,
        "InitMarginReq": margin.initial,
        "MaintMarginReq": margin.maintenance,
        "NetLiquidation": equity,
        "SettledCash": valuation.total_cash,
        "TotalCashValue": valuation.total_cash,
    }
    return [
        *(AccountValue(key, text, "") for key, text in plain.items()),
        *(AccountValue(key, f"{amount:.2f}", valuation.base) for key, amount in money.items()),
        *ledger_values(valuation),
    ]


def ledger_values(valuation: Valuation) -> list[AccountValue]:
    """Return the ledger of every currency; BASE is the sum of all, in the account's own.

    Positions count in the ledger of dollars, which is what all shares here trade in.
    """
    base, foreign = valuation.base, sorted(valuation.rates)
    positions = {"BASE": 1.0, "USD": valuation.rates.get("USD", 1.0)}
    return [
        *_ledger("BASE", valuation.total_cash, 1.0, valuation, positions.get("BASE")),
        *_ledger(base, valuation.cash, 1.0, valuation, positions.get(base)),
        *(
            value
            for name in foreign
            for value in _ledger(
                name,
                valuation.balances.get(name, 0.0),
                valuation.rates[name],
                valuation,
                positions.get(name),
            )
        ),
    ]


def _ledger(
    currency: str, cash: float, in_base: float, valuation: Valuation, positions: float | None
) -> Iterator[AccountValue]:
    """Yield one currency's ledger; ``positions`` is the rate they are told at, None for none."""
    figures = {
        "FuturesPNL": valuation.futures_gain,
        "OptionMarketValue": valuation.option_value,
        "RealizedPnL": valuation.realized,
        "StockMarketValue": valuation.stock_value,
        "UnrealizedPnL": valuation.unrealized,
    }
    values = {
        name: 0.0 if positions is None else amount / positions for name, amount in figures.items()
    }
    owned = values["StockMarketValue"] + values["OptionMarketValue"] + values["FuturesPNL"]
    money = {
        "AccruedCash": 0.0,
        "CashBalance": cash,
        "NetLiquidationByCurrency": cash + owned,
        "TotalCashBalance": cash,
    }
    yield AccountValue("Currency", currency, currency, is_ledger=True)
    yield AccountValue("ExchangeRate", _rate_text(in_base), currency, is_ledger=True)
    for key, amount in sorted((values | money).items()):
        yield AccountValue(key, f"{amount:.2f}", currency, is_ledger=True)


def _rate_text(in_base: float) -> str:
    """Return an exchange rate as TWS writes it: with two decimals, more where they matter."""
    return "1.00" if in_base == 1.0 else f"{in_base:.7f}"
