"""What the gateway does with each request: one file per topic, one function per message."""

from __future__ import annotations

from simulator.handlers import (
    account,
    contracts,
    history,
    market_data,
    order_reports,
    orders,
    scanner,
    session,
)

HANDLERS = {
    **session.HANDLERS,
    **contracts.HANDLERS,
    **market_data.HANDLERS,
    **history.HANDLERS,
    **account.HANDLERS,
    **orders.HANDLERS,
    **order_reports.HANDLERS,
    **scanner.HANDLERS,
}
