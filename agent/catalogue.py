"""The catalogue: every tool once. MCP, REST and the command line are all made from it."""

from __future__ import annotations

from types import MappingProxyType

from agent.tool import Tool
from agent.tools import (
    account,
    contracts,
    day,
    desk,
    gateway,
    journal,
    market,
    news,
    options,
    order_changes,
    orders,
    portfolio,
    scanner,
    strategies,
    what_if,
)
from core.settings import Effect

CATALOGUE: tuple[Tool, ...] = (
    gateway.gateway_status,
    gateway.gateway_health,
    gateway.server_time,
    market.resolve_contracts,
    market.quotes,
    market.contract_quotes,
    market.order_book,
    market.history,
    market.bars,
    market.data_begins,
    market.top_movers,
    contracts.find_contract,
    contracts.contract_details,
    contracts.describe_contracts,
    contracts.trading_hours,
    contracts.market_rule,
    contracts.search_symbols,
    options.option_expirations,
    options.option_chain,
    options.option_chain_live,
    options.option_greeks,
    scanner.scanner_codes,
    scanner.run_scan,
    news.news_providers,
    news.news_headlines,
    news.news_article,
    account.managed_accounts,
    account.account_summary,
    account.account_ledgers,
    account.portfolio_value,
    account.profit_and_loss,
    account.position_profits,
    portfolio.portfolio_snapshot,
    portfolio.positions,
    portfolio.diff_to_orders,
    what_if.what_if,
    what_if.what_if_basket,
    orders.order_status,
    orders.open_orders,
    orders.completed_orders,
    orders.executions,
    orders.watch_orders,
    orders.order_states,
    orders.await_fills,
    orders.cancel_order,
    day.why,
    day.day_summary,
    day.day_report,
    day.dry_day,
    journal.journal_entries,
    journal.journal_verify,
    desk.list_tickets,
    desk.ticket,
    desk.switch_state,
    desk.preview_order,
    strategies.list_strategies,
    strategies.preview_strategy,
    strategies.preview_close_strategy,
    order_changes.list_trades,
    order_changes.preview_close,
    order_changes.preview_change,
    desk.place_order,
    order_changes.change_order,
    order_changes.cancel_all_orders,
    desk.execute_ticket,
    desk.stop,
    desk.resume,
    desk.approve_ticket,
    desk.reject_ticket,
)


def tools(allow: Effect) -> tuple[Tool, ...]:
    """Return the tools that change no more than this; the others do not exist for the caller."""
    return tuple(tool for tool in CATALOGUE if tool.effect in allow.includes)


def tools_by_name(allow: Effect) -> MappingProxyType[str, Tool]:
    """Return the same by name."""
    return MappingProxyType({tool.name: tool for tool in tools(allow)})
