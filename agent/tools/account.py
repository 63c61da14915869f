"""Tools about the account: figures, ledgers, what everything is worth and has gained."""

from __future__ import annotations

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.arguments import Symbol
from core.settings import Effect


@tool(Effect.READ, Scope.PORTFOLIO)
def managed_accounts(context: ToolContext) -> Answer:
    """Return the accounts the broker is logged on to, and the one all tools are about."""
    with context.connect() as gateway:
        found = gateway.account_tools.managed()
    data = {"accounts": found.accounts, "selected": found.selected}
    return Answer(as_of=found.as_of, source=context.broker, data=data)


@tool(Effect.READ, Scope.PORTFOLIO)
def account_summary(context: ToolContext) -> Answer:
    """Return the account's figures, in its base ``currency``.

    net_asset_value, cash, initial_margin, maintenance_margin, available_funds (for new
    positions), excess_liquidity (before liquidation), equity_with_loan, gross_position_value,
    buying_power, settled_cash, accrued_cash; cushion and leverage are fractions of net asset
    value; day_trades_remaining -1 is "unlimited". Null is "not known", never zero.
    """
    with context.connect() as gateway:
        found = gateway.account_tools.summary()
    return Answer(as_of=found.as_of, source=context.broker, data=found)


@tool(Effect.READ, Scope.PORTFOLIO)
def account_ledgers(context: ToolContext) -> Answer:
    """Return cash and values by currency.

    The first of ``ledgers`` is BASE, the sum of all in the base currency; the others are each in
    their own currency, with exchange_rate (one unit in the base currency): cash,
    net_liquidation, accrued_cash, stock_value, option_value, futures_gain, unrealized, realized.
    """
    with context.connect() as gateway:
        found = gateway.account_tools.ledgers()
    return Answer(as_of=found.as_of, source=context.broker, data={"ledgers": found.ledgers})


@tool(Effect.READ, Scope.PORTFOLIO)
def portfolio_value(context: ToolContext) -> Answer:
    """Return what the portfolio is worth in the base ``currency``, and each position's part.

    net_asset_value, cash, long_value, short_value (below zero), gross_value; ``positions`` with
    con_id, symbol, sec_type, value in the base currency and weight (fraction of net asset value).
    """
    with context.connect() as gateway:
        found = gateway.account_tools.portfolio_value()
    data = {
        "currency": found.currency,
        "net_asset_value": found.net_asset_value,
        "cash": found.cash,
        "long_value": found.long_value,
        "short_value": found.short_value,
        "gross_value": found.gross_value,
        "positions": [
            {
                "con_id": one.contract.con_id,
                "symbol": one.contract.symbol,
                "sec_type": one.contract.sec_type,
                "value": found.values[one.contract.con_id],
                "weight": found.values[one.contract.con_id] / found.net_asset_value,
            }
            for one in found.holdings
        ],
    }
    return Answer(as_of=found.as_of, source=context.broker, data=data)


@tool(Effect.READ, Scope.PORTFOLIO)
def profit_and_loss(context: ToolContext) -> Answer:
    """Return what the account gained, in the base currency: daily, unrealized, realized.

    daily is since the last close, realized is of what was closed today. Null is "not known".
    """
    with context.connect() as gateway:
        found = gateway.account_tools.profit()
    data = {"daily": found.daily, "unrealized": found.unrealized, "realized": found.realized}
    return Answer(as_of=found.as_of, source=context.broker, data=data)


@tool(Effect.READ, Scope.PORTFOLIO)
def position_profits(context: ToolContext, symbol: Symbol | None = None) -> Answer:
    """Return what each position gained, of one symbol if you name it, in the base currency.

    con_id, symbol, quantity, daily, unrealized, realized, market_value; ``missing`` says by
    con_id why a position's gain is not known.
    """
    with context.connect() as gateway:
        found = gateway.account_tools.position_profits(symbol)
    missing = {str(con_id): why for con_id, why in found.missing.items()}
    data = {"profits": found.profits, "missing": missing}
    return Answer(as_of=found.as_of, source=context.broker, data=data)
