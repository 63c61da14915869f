"""Tools about what the account holds, and the orders that would change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.arguments import Holding, Symbol
from core.errors import DataError
from core.settings import Effect
from core.text.counts import count
from core.types import Side, Snapshot, whole_shares
from ibkr.account import holdings
from ibkr.account.orders_from_targets import diff_to_orders as orders_between

Targets = Annotated[dict[Symbol, Holding], Field(min_length=1, max_length=100)]


@tool(Effect.READ, Scope.PORTFOLIO)
def portfolio_snapshot(context: ToolContext) -> Answer:
    """Return the whole account at one moment: value, cash, margin and every position.

    net_asset_value, cash, initial_margin, maintenance_margin and excess_liquidity in the base
    ``currency``; each position with quantity (shares, below zero is short), average_cost,
    market_price, market_value and weight (fraction of net asset value). Complete or an error,
    never a part.
    """
    with context.connect() as gateway:
        snapshot = gateway.portfolio.snapshot()
    data = {
        "account": snapshot.account,
        "currency": snapshot.currency,
        "net_asset_value": snapshot.net_asset_value,
        "cash": snapshot.cash,
        "initial_margin": snapshot.initial_margin,
        "maintenance_margin": snapshot.maintenance_margin,
        "excess_liquidity": snapshot.excess_liquidity,
        "positions": _positions(snapshot),
    }
    return Answer(as_of=snapshot.as_of, source=context.broker, data=data)


@tool(Effect.READ, Scope.PORTFOLIO)
def positions(context: ToolContext, symbol: Symbol | None = None) -> Answer:
    """Return the open positions of every kind, of one symbol if you name it.

    con_id, symbol (an option's is its underlying's), sec_type, quantity (shares or contracts,
    below zero is short), average_cost (of one share or contract), market_price per share,
    market_value, unrealized and realized gain, all in ``currency``; for derivatives expiry, strike,
    right and multiplier. Weights: portfolio_value. An empty list is a flat account: a broker that
    does not answer is an error instead.
    """
    with context.connect() as gateway:
        found = gateway.account_tools.positions(symbol)
    held = [_holding(one) for one in found.holdings]
    return Answer(as_of=found.as_of, source=context.broker, data={"positions": held})


@tool(Effect.READ, Scope.PORTFOLIO)
def diff_to_orders(context: ToolContext, targets: Targets) -> Answer:
    """Work out the orders that lead from the positions held to ``targets``, without sending any.

    ``targets`` maps symbol to the shares to hold afterwards (0 sells all, below zero is short);
    a symbol that you do not name stays as it is. Returns limit ``orders`` in the order they
    should be sent, sales first: con_id, symbol, side, quantity, limit_price per share (the
    reference price and the configured offset beyond it). Nothing is checked against limits yet:
    that is what preview_order does.
    """
    with context.connect() as gateway:
        snapshot = gateway.portfolio.snapshot()
        resolved = gateway.market.resolve(list(targets))
        quotes = gateway.market.bulk_quote(resolved.contracts)
        contracts = {contract.con_id: contract for contract in resolved.contracts}
        prices = {q.con_id: q.reference_price for q in quotes.quotes if q.reference_price}
        _refuse_unknown(resolved.refused)
        terms = gateway.market.trading_terms(resolved.contracts)
        orders = orders_between(
            _whole(targets, {c.symbol: c.con_id for c in resolved.contracts}, snapshot),
            snapshot,
            contracts,
            prices,
            limit_offset=context.settings.orders.limit_offset,
            time_in_force=context.settings.orders.time_in_force,
            order_ref=_unnamed,
            increments={con_id: one.increments for con_id, one in terms.items()},
        )
    shown = [
        {
            "con_id": order.con_id,
            "symbol": order.symbol,
            "side": order.side,
            "quantity": order.quantity,
            "order_type": order.order_type,
            "limit_price": order.limit_price,
            "time_in_force": order.time_in_force,
        }
        for order in orders
    ]
    return Answer(as_of=snapshot.as_of, source=context.broker, data={"orders": shown})


def _positions(snapshot: Snapshot) -> list[dict[str, object]]:
    weights = snapshot.weights
    return [
        {
            "con_id": position.con_id,
            "symbol": position.symbol,
            "quantity": position.quantity,
            "average_cost": position.average_cost,
            "market_price": position.market_price,
            "market_value": position.market_value,
            "weight": weights[position.con_id],
        }
        for position in snapshot.positions
    ]


def _holding(holding: holdings.Holding) -> dict[str, object]:
    terms = holding.terms
    return {
        "con_id": holding.contract.con_id,
        "symbol": holding.contract.symbol,
        "sec_type": holding.contract.sec_type,
        "currency": holding.contract.currency,
        "expiry": terms.expiry,
        "strike": terms.strike,
        "right": terms.right,
        "multiplier": terms.multiplier,
        "quantity": holding.quantity,
        "average_cost": holding.average_cost,
        "market_price": holding.market_price,
        "market_value": holding.market_value,
        "unrealized": holding.unrealized,
        "realized": holding.realized,
    }


def _refuse_unknown(refused: Mapping[str, str]) -> None:
    if refused:
        listed = "; ".join(f"{symbol}: {why}" for symbol, why in refused.items())
        raise DataError(
            f"no orders for {count(len(refused), 'symbol')} without a contract: {listed}"
        )


def _whole(
    targets: Mapping[str, int], con_ids: Mapping[str, int], snapshot: Snapshot
) -> dict[int, int]:
    """Return targets by conId, with every other position as it is."""
    held = {position.con_id: whole_shares(position.quantity) for position in snapshot.positions}
    return {
        **held,
        **{con_ids[symbol]: shares for symbol, shares in targets.items()},
    }


def _unnamed(con_id: int, side: Side) -> str:
    # Only the desk names orders, when it commits to them.
    return f"plan:{con_id}:{side.value}"
