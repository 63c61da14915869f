"""The catalogue: every tool once. MCP, REST and the command line are all made from it."""

from __future__ import annotations

from types import MappingProxyType

from agent import (
    account_tools,
    change_tools,
    contract_tools,
    day_tools,
    desk_tools,
    gateway_tools,
    journal_tools,
    market_tools,
    news_tools,
    option_tools,
    order_tools,
    portfolio_tools,
    rehearsal_tools,
    scanner_tools,
    strategy_tools,
)
from agent.tool import Tool
from core.settings import Effect

CATALOGUE: tuple[Tool, ...] = (
    gateway_tools.gateway_status,
    gateway_tools.gateway_health,
    gateway_tools.server_time,
    market_tools.resolve_contracts,
    market_tools.quotes,
    market_tools.contract_quotes,
    market_tools.order_book,
    market_tools.history,
    market_tools.bars,
    market_tools.data_begins,
    market_tools.top_movers,
    contract_tools.find_contract,
    contract_tools.contract_details,
    contract_tools.describe_contracts,
    contract_tools.trading_hours,
    contract_tools.market_rule,
    contract_tools.search_symbols,
    option_tools.option_expirations,
    option_tools.option_chain,
    option_tools.option_chain_live,
    option_tools.option_greeks,
    scanner_tools.scanner_codes,
    scanner_tools.run_scan,
    news_tools.news_providers,
    news_tools.news_headlines,
    news_tools.news_article,
    account_tools.managed_accounts,
    account_tools.account_summary,
    account_tools.account_ledgers,
    account_tools.portfolio_value,
    account_tools.profit_and_loss,
    account_tools.position_profits,
    portfolio_tools.portfolio_snapshot,
    portfolio_tools.positions,
    portfolio_tools.diff_to_orders,
    rehearsal_tools.what_if,
    rehearsal_tools.what_if_basket,
    order_tools.order_status,
    order_tools.open_orders,
    order_tools.completed_orders,
    order_tools.executions,
    order_tools.watch_orders,
    order_tools.order_states,
    order_tools.await_fills,
    order_tools.cancel_order,
    day_tools.why,
    day_tools.day_summary,
    day_tools.day_report,
    day_tools.dry_day,
    journal_tools.journal_entries,
    journal_tools.journal_verify,
    desk_tools.list_tickets,
    desk_tools.ticket,
    desk_tools.switch_state,
    desk_tools.preview_order,
    strategy_tools.list_strategies,
    strategy_tools.preview_strategy,
    strategy_tools.preview_close_strategy,
    change_tools.list_trades,
    change_tools.preview_close,
    change_tools.preview_change,
    desk_tools.place_order,
    change_tools.change_order,
    change_tools.cancel_all_orders,
    desk_tools.execute_ticket,
    desk_tools.stop,
    desk_tools.resume,
    desk_tools.approve_ticket,
    desk_tools.reject_ticket,
)


def tools(allow: Effect) -> tuple[Tool, ...]:
    """Return the tools that change no more than this; the others do not exist for the caller."""
    return tuple(tool for tool in CATALOGUE if tool.effect in allow.includes)


def tools_by_name(allow: Effect) -> MappingProxyType[str, Tool]:
    """Return the same by name."""
    return MappingProxyType({tool.name: tool for tool in tools(allow)})
