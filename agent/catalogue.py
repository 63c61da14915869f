"""The catalogue: every tool once. MCP, REST and the command line are all made from it."""

from __future__ import annotations

from types import MappingProxyType

from agent import (
    day_tools,
    desk_tools,
    gateway_tools,
    journal_tools,
    market_tools,
    order_tools,
    portfolio_tools,
)
from agent.tool import Tool
from core.settings import Effect

CATALOGUE: tuple[Tool, ...] = (
    gateway_tools.gateway_status,
    gateway_tools.server_time,
    market_tools.resolve_contracts,
    market_tools.quotes,
    market_tools.history,
    market_tools.top_movers,
    portfolio_tools.portfolio_snapshot,
    portfolio_tools.positions,
    portfolio_tools.diff_to_orders,
    order_tools.what_if,
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
    desk_tools.place_order,
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
